/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/timerframe.h"

/* A guest at work on both frames while time goes on: what was foretold of its lines comes true. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint64_t count = fuzz_take(&in, 8), at, value, alone;
	struct timerframe f;

	timerframe_reset(&f, (uint32_t)fuzz_take(&in, 4));
	while (in.bytes != 0) {
		uint64_t op = fuzz_take(&in, 1);
		unsigned int width = 1u << (op & 3);
		enum timerframe_page page = op & 4 ? TIMERFRAME_CTL : TIMERFRAME_BASE;
		uint64_t offset = fuzz_take(&in, 2) % TIMERFRAME_BYTES & -(uint64_t)width;

		if (op & 8) {
			(void)timerframe_write(&f, page, count, offset, width,
					       fuzz_take(&in, width));
		} else if (timerframe_read(&f, page, count, offset, width, &value)) {
			FUZZ_CHECK(width == 8 || value >> (8 * width) == 0);
			if (page == TIMERFRAME_BASE && timerframe_is_count(offset))
				FUZZ_CHECK(
					timerframe_read_count(&f, count, offset, width, &alone) &&
					alone == value);
		}
		FUZZ_CHECK((f.cntacr & ~TIMERFRAME_ALL) == 0);
		for (int which = TIMERFRAME_PHYS; which < TIMERFRAME_TIMERS; which++) {
			FUZZ_CHECK(f.timer[which].ctl <= (TIMERFRAME_ENABLE | TIMERFRAME_IMASK));
			if (!timerframe_rises(&f, which, count, &at))
				continue;
			FUZZ_CHECK(at > count && timerframe_line(&f, which, at));
			FUZZ_CHECK(!timerframe_line(&f, which, at - 1));
			if (op & 0x10)
				count = at;
		}
		if (op & 0x20)
			count += fuzz_take(&in, 4);
	}
	return 0;
}
