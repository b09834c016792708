/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/cfiflash.h"

/* A guest at work on a bank; what it programs is read, so that a wrong pointer is found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	static uint8_t contents[CFIFLASH_BUFFER_BYTES];
	static struct cfiflash flash;

	cfiflash_reset(&flash, fuzz_take(&in, 1) & 1);
	while (in.bytes != 0) {
		uint64_t op = fuzz_take(&in, 1);
		uint32_t offset = fuzz_take(&in, 4);
		struct cfiflash_effect effect;

		if (op & 4) {
			(void)cfiflash_read(&flash, offset, 1u << (op & 3));
			continue;
		}
		/* Near each other, so that buffered programs come about. */
		offset = op & 8 ? offset % CFIFLASH_BYTES : offset % CFIFLASH_BUFFER_BYTES;
		effect = cfiflash_write(&flash, offset, 1u << (op & 3) % 3, fuzz_take(&in, 2));
		if (effect.what == CFIFLASH_NOTHING)
			continue;
		FUZZ_CHECK(!flash.read_only);
		FUZZ_CHECK(bits_contains(0, CFIFLASH_BYTES, effect.offset, effect.bytes));
		if (effect.what == CFIFLASH_PROGRAM) {
			FUZZ_CHECK(effect.bytes <= sizeof(contents));
			cfiflash_program(contents, effect.data, effect.bytes);
		}
	}
	return 0;
}
