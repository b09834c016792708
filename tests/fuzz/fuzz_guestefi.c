/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/efimap.h"
#include "lib/guestefi.h"

#define OUT 0x40000000

/* A region of whole pages. */
static struct boot_region take_region(struct fuzz_input *in)
{
	uint64_t base = fuzz_take(in, 3) << 12;

	return (struct boot_region){base, fuzz_take(in, 2) << 12};
}

/* No entry is kept memory or, but for the last, that of the tables. */
static void check_map(const struct guestefi *g, const uint8_t *out, const struct guestefi_out *done)
{
	const uint8_t *map = out + (done->map - OUT);
	struct efimap_entry entry;
	enum err err;
	size_t i = 0;

	FUZZ_CHECK(done->map_bytes % GUESTEFI_DESC_BYTES == 0 && done->map_bytes != 0);
	while ((err = efimap_entry(map, done->map_bytes, GUESTEFI_DESC_BYTES, i, &entry)) ==
	       ERR_OK) {
		bool last = ++i * GUESTEFI_DESC_BYTES == done->map_bytes;

		FUZZ_CHECK(entry.bytes != 0 && !(entry.attributes & BIT(63)));
		FUZZ_CHECK(entry.type != EFIMAP_MMIO && entry.type != EFIMAP_LOADER_DATA);
		if (last)
			break;
		FUZZ_CHECK(!bits_overlap(entry.base, entry.bytes, g->kept.base, g->kept.bytes));
		FUZZ_CHECK(!bits_overlap(entry.base, entry.bytes, g->tables.base, g->tables.bytes));
		FUZZ_CHECK(entry.type != EFIMAP_CONVENTIONAL ||
			   (entry.base >= g->ram->base &&
			    entry.base - g->ram->base < g->ram->bytes &&
			    entry.bytes <= g->ram->bytes - (entry.base - g->ram->base)));
	}
	FUZZ_CHECK(err == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct guestefi g = {.kept = take_region(&in), .rsdp = fuzz_take(&in, 4)};
	struct boot_region ram = {0, UINT64_MAX};
	struct guestefi_out done;
	uint64_t less;
	size_t room;
	uint8_t *out;
	enum err err;

	g.tables = take_region(&in);
	g.tables.bytes += 4096;
	g.stride = (uint32_t)fuzz_take(&in, 1);
	less = fuzz_take(&in, 1);
	if (less & 1)
		ram = take_region(&in);
	g.ram = &ram;
	g.ram_count = 1;
	g.map = in.data;
	g.map_bytes = in.bytes;
	room = guestefi_room(&g);
	room -= less < room ? less : 0;
	out = malloc(room);
	err = guestefi_write(&g, out, OUT, room, &done);
	FUZZ_CHECK(less != 0 || err == ERR_OK);
	if (err == ERR_OK)
		check_map(&g, out, &done);
	free(out);
	return 0;
}
