/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/efimap.h"

/* The input: how far descriptors are apart, the most pieces, the limit, and the map. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	size_t stride = fuzz_take(&in, 1);
	uint32_t max = fuzz_take(&in, 1);
	uint64_t limit = fuzz_take(&in, 8);
	struct efimap efimap;
	uint64_t sum = 0;

	if (efimap_read(&efimap, in.data, in.bytes, stride, limit, max) != ERR_OK)
		return 0;
	FUZZ_CHECK(efimap.ram_count <= max);
	for (uint32_t i = 0; i < efimap.ram_count; i++) {
		const struct boot_region *r = &efimap.ram[i];

		FUZZ_CHECK(r->bytes != 0 && r->bytes <= limit && r->base <= limit - r->bytes);
		FUZZ_CHECK(i == 0 || r->base > r[-1].base + r[-1].bytes);
		sum += r->bytes;
	}
	FUZZ_CHECK(sum == efimap.ram_bytes);
	return 0;
}
