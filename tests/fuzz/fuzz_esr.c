/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/esr.h"

/* Any syndrome at all decodes to values within their ranges. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint64_t esr = fuzz_take(&in, 8);
	uint64_t value = fuzz_take(&in, 8);
	struct esr_access access = esr_access(esr);
	uint64_t extended = esr_access_extend(&access, value);
	uint64_t low = access.bytes == 8 ? UINT64_MAX : BIT(8 * access.bytes) - 1;

	FUZZ_CHECK(access.reg < 32);
	FUZZ_CHECK(access.bytes == 1 || access.bytes == 2 || access.bytes == 4 ||
		   access.bytes == 8);
	if (access.wide || access.bytes < 8)
		FUZZ_CHECK((extended & low) == (value & low));
	FUZZ_CHECK(access.wide || extended >> 32 == 0);
	FUZZ_CHECK((unsigned int)esr_fault(esr) < ESR_FAULT_COUNT);
	FUZZ_CHECK(esr_fault_level(esr) >= -2 && esr_fault_level(esr) <= 3);
	FUZZ_CHECK(esr_sysreg(esr) < 0x10000 && esr_sysreg_rt(esr) < 32);
	FUZZ_CHECK(esr_class_name(esr_class(esr)) != NULL);
	FUZZ_CHECK(esr_fault_name(esr_fault(esr)) != NULL);
	return 0;
}
