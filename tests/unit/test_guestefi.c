/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/acpi.h"
#include "lib/efimap.h"
#include "lib/guestefi.h"

#define STRIDE  48
#define OUT     0x40100000
#define RUNTIME BIT(63)

#define SYSTEM_BYTES 120

struct map {
	uint8_t bytes[16 * STRIDE];
	uint32_t count;
};

static void put(struct map *map, uint32_t type, uint64_t base, uint64_t bytes, uint64_t attributes)
{
	uint8_t *p = map->bytes + (size_t)map->count++ * STRIDE;

	acpi_put(p, type, 4);
	acpi_put(p + 8, base, 8);
	acpi_put(p + 16, 0x1234, 8);
	acpi_put(p + 24, bytes / 4096, 8);
	acpi_put(p + 32, attributes, 8);
}

/* In memory of its size, so that a byte too many is seen. */
static uint8_t *write_some(const struct guestefi *g, size_t room, struct guestefi_out *done,
			   enum err *err)
{
	uint8_t *out = malloc(room + (room == 0));

	*err = guestefi_write(g, out, OUT, room, done);
	return out;
}

static void check(const uint8_t *out, const struct guestefi_out *done, uint32_t i, uint32_t type,
		  uint64_t base, uint64_t end, uint64_t attributes)
{
	struct efimap_entry entry;

	assert_int_equal(efimap_entry(out + (done->map - OUT), done->map_bytes, GUESTEFI_DESC_BYTES,
				      i, &entry),
			 ERR_OK);
	assert_int_equal(entry.type, type);
	assert_int_equal(entry.base, base);
	assert_int_equal(entry.base + entry.bytes, end);
	assert_int_equal(entry.attributes, attributes);
}

static const struct boot_region all = {0, UINT64_C(1) << 47};

static struct guestefi make(struct map *map)
{
	return (struct guestefi){.ram = &all,
				 .ram_count = 1,
				 .map = map->bytes,
				 .map_bytes = (size_t)map->count * STRIDE,
				 .stride = STRIDE,
				 .kept = {0x50000000, 0x200000},
				 .tables = {0x40100000, 0x3000},
				 .rsdp = 0x40100040,
				 .smbios3 = 0xbfed0000};
}

/* Kept memory is gone, the tables' is theirs, what was firmware's own for a while is free. */
static void test_map(void **state)
{
	struct map map = {.count = 0};
	struct guestefi_out done;
	struct guestefi g;
	enum err err;
	uint8_t *out;

	put(&map, EFIMAP_CONVENTIONAL, 0x40000000, 0x10000000, EFIMAP_WB);
	put(&map, EFIMAP_LOADER_DATA, 0x50000000, 0x100000, EFIMAP_WB);
	put(&map, EFIMAP_BOOT_SERVICES_DATA, 0x50100000, 0x200000, EFIMAP_WB);
	put(&map, EFIMAP_MMIO, 0x9000000, 0x1000, RUNTIME);
	put(&map, EFIMAP_RUNTIME_SERVICES_DATA, 0x60000000, 0x10000, EFIMAP_WB | RUNTIME);
	put(&map, EFIMAP_ACPI_RECLAIM, 0x60010000, 0x1000, EFIMAP_WB);
	put(&map, EFIMAP_ACPI_RECLAIM, 0x60011000, 0x1000, EFIMAP_WB);
	put(&map, EFIMAP_CONVENTIONAL, 0x60012000, 0, EFIMAP_WB);
	put(&map, EFIMAP_RESERVED, 0x60012000, 0x1000, EFIMAP_WB);
	g = make(&map);
	out = write_some(&g, guestefi_room(&g), &done, &err);
	assert_int_equal(err, ERR_OK);
	check(out, &done, 0, EFIMAP_CONVENTIONAL, 0x40000000, 0x40100000, EFIMAP_WB);
	check(out, &done, 1, EFIMAP_CONVENTIONAL, 0x40103000, 0x50000000, EFIMAP_WB);
	check(out, &done, 2, EFIMAP_CONVENTIONAL, 0x50200000, 0x50300000, EFIMAP_WB);
	check(out, &done, 3, EFIMAP_RUNTIME_SERVICES_DATA, 0x60000000, 0x60010000, EFIMAP_WB);
	check(out, &done, 4, EFIMAP_ACPI_RECLAIM, 0x60010000, 0x60012000, EFIMAP_WB);
	check(out, &done, 5, EFIMAP_RESERVED, 0x60012000, 0x60013000, EFIMAP_WB);
	check(out, &done, 6, EFIMAP_ACPI_RECLAIM, 0x40100000, 0x40103000, EFIMAP_WB);
	assert_int_equal(done.map_bytes, 7 * GUESTEFI_DESC_BYTES);
	free(out);
}

/* Both regions in one, at its ends, and the worst that can be is what there is room for. */
static void test_cuts(void **state)
{
	static const uint64_t kept[] = {0x40000000, 0x40003000, 0x40008000};

	for (uint32_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct map map = {.count = 0};
		struct guestefi_out done;
		struct guestefi g;
		uint64_t bytes = 0;
		struct efimap_entry entry;
		enum err err;
		uint8_t *out;

		put(&map, EFIMAP_CONVENTIONAL, 0x40000000, 0xa000, EFIMAP_WB);
		g = make(&map);
		g.kept = (struct boot_region){kept[i], 0x2000};
		g.tables = (struct boot_region){0x40005000, 0x1000};
		out = write_some(&g, guestefi_room(&g), &done, &err);
		assert_int_equal(err, ERR_OK);
		for (uint32_t k = 0; efimap_entry(out + (done.map - OUT), done.map_bytes,
						  GUESTEFI_DESC_BYTES, k, &entry) == ERR_OK;
		     k++) {
			assert_false(bits_overlap(entry.base, entry.bytes, kept[i], 0x2000));
			bytes += entry.bytes;
		}
		assert_int_equal(bytes, 0xa000 - 0x2000);
		free(out);
	}
}

/* Free memory that Caisson does not count as RAM is nobody's; what is not free stays. */
static void test_lost(void **state)
{
	static const struct boot_region ram[] = {{0x40000000, 0x10000000}, {0x80000000, 0x8000}};
	struct map map = {.count = 0};
	struct guestefi_out done;
	struct guestefi g;
	enum err err;
	uint8_t *out;

	put(&map, EFIMAP_CONVENTIONAL, 0x40000000, 0x8000000, EFIMAP_WB);
	put(&map, EFIMAP_CONVENTIONAL, 0x48000000, 0x8000000, EFIMAP_WB);
	put(&map, EFIMAP_BOOT_SERVICES_DATA, 0x70000000, 0x1000, EFIMAP_WB);
	put(&map, EFIMAP_ACPI_NVS, 0x70001000, 0x1000, EFIMAP_WB);
	put(&map, EFIMAP_CONVENTIONAL, 0x80000000, 0x10000, EFIMAP_WB);
	g = make(&map);
	g.ram = ram;
	g.ram_count = ARRAY_SIZE(ram);
	out = write_some(&g, guestefi_room(&g), &done, &err);
	assert_int_equal(err, ERR_OK);
	check(out, &done, 0, EFIMAP_CONVENTIONAL, 0x40000000, 0x40100000, EFIMAP_WB);
	check(out, &done, 1, EFIMAP_CONVENTIONAL, 0x40103000, 0x50000000, EFIMAP_WB);
	check(out, &done, 2, EFIMAP_ACPI_NVS, 0x70001000, 0x70002000, EFIMAP_WB);
	check(out, &done, 3, EFIMAP_CONVENTIONAL, 0x80000000, 0x80008000, EFIMAP_WB);
	check(out, &done, 4, EFIMAP_ACPI_RECLAIM, 0x40100000, 0x40103000, EFIMAP_WB);
	assert_int_equal(done.map_bytes, 5 * GUESTEFI_DESC_BYTES);
	free(out);
}

static uint32_t crc32(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	while (bytes-- != 0) {
		uint32_t value = (crc ^ *data++) & 0xff;

		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? 0xedb88320 ^ value >> 1 : value >> 1;
		crc = value ^ crc >> 8;
	}
	return ~crc;
}

static void test_system_table(void **state)
{
	static const uint8_t acpi20[] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11};
	struct map map = {.count = 0};
	struct guestefi_out done;
	struct guestefi g;
	const uint8_t *tables;
	uint32_t crc;
	uint8_t *out;
	enum err err;

	put(&map, EFIMAP_CONVENTIONAL, 0x40000000, 0x10000000, EFIMAP_WB);
	g = make(&map);
	out = write_some(&g, guestefi_room(&g), &done, &err);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(done.system_table, OUT);
	assert_memory_equal(out, "IBI SYST", 8);
	assert_int_equal(acpi_field(out + 12, 4), SYSTEM_BYTES);
	crc = (uint32_t)acpi_field(out + 16, 4);
	acpi_put(out + 16, 0, 4);
	assert_int_equal(crc, crc32(out, SYSTEM_BYTES));
	assert_memory_equal(out + (acpi_field(out + 24, 8) - OUT), "C\0a\0i\0s\0s\0o\0n\0\0", 16);
	assert_int_equal(acpi_field(out + 88, 8), 0); /* runtime services */
	assert_int_equal(acpi_field(out + 104, 8), 3);
	tables = out + (acpi_field(out + 112, 8) - OUT);
	assert_memory_equal(tables, acpi20, sizeof(acpi20));
	assert_int_equal(acpi_field(tables + 16, 8), g.rsdp);
	assert_int_equal(acpi_field(tables + 24 + 16, 8), g.smbios3);
	/* EFI_RT_PROPERTIES_TABLE: version 1, 8 bytes, no service. */
	tables = out + (acpi_field(tables + 48 + 16, 8) - OUT);
	assert_int_equal(acpi_field(tables, 8), 0x80001);
	free(out);
}

/* Every room that is too small is told, and not left. */
static void test_room(void **state)
{
	struct map map = {.count = 0};
	struct guestefi_out done;
	struct guestefi g;
	uint64_t needed;
	enum err err;

	put(&map, EFIMAP_CONVENTIONAL, 0x40000000, 0x10000000, EFIMAP_WB);
	put(&map, EFIMAP_RESERVED, 0x50000000, 0x10000000, EFIMAP_WB);
	g = make(&map);
	free(write_some(&g, guestefi_room(&g), &done, &err));
	assert_int_equal(err, ERR_OK);
	needed = done.map + done.map_bytes - OUT;
	assert_true(needed <= guestefi_room(&g));
	for (size_t room = 0; room < needed; room++) {
		free(write_some(&g, room, &done, &err));
		assert_int_equal(err, ERR_NO_MEMORY);
	}
	g.stride = 0;
	free(write_some(&g, guestefi_room(&g), &done, &err));
	assert_int_equal(err, ERR_OK);
	assert_int_equal(done.map_bytes, GUESTEFI_DESC_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),  cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_lost), cmocka_unit_test(test_system_table),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
