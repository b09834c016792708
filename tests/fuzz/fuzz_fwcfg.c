/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/fwcfg.h"

/* A guest at work on the device; every byte of a transfer's source is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	static const uint8_t item[100] = {1};
	static struct fwcfg f;

	fwcfg_init(&f);
	FUZZ_CHECK(fwcfg_add(&f, FWCFG_KERNEL_DATA, item, sizeof(item)) == ERR_OK);
	FUZZ_CHECK(fwcfg_add_u32(&f, FWCFG_KERNEL_SIZE, sizeof(item)) == ERR_OK);
	while (in.bytes != 0) {
		uint8_t descriptor[FWCFG_DMA_BYTES];
		struct fwcfg_transfer t;
		uint64_t op = fuzz_take(&in, 1);
		uint32_t width = 1u << (op & 3);
		uint64_t address;

		if (op & 4) {
			(void)fwcfg_read(&f, fuzz_take(&in, 1), width);
		} else if (op & 8) {
			(void)fwcfg_write(&f, fuzz_take(&in, 1), width, fuzz_take(&in, 8),
					  &address);
		} else {
			for (size_t i = 0; i < sizeof(descriptor); i++)
				descriptor[i] = fuzz_take(&in, 1);
			if (fwcfg_dma(&f, descriptor, &t) != ERR_OK)
				continue;
			FUZZ_CHECK(t.from_bytes <= t.bytes);
			for (uint64_t i = 0; i < t.from_bytes; i++)
				FUZZ_CHECK(t.from[i] < 0x80); /* as all items are */
		}
	}
	return 0;
}
