/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/efimap.h"
#include "tests/unit/prop.h"

#define STRIDE  48 /* larger than a descriptor, as EDK II has it */
#define ENTRIES 1024
#define LIMIT   BIT(40)

static uint8_t map[ENTRIES * STRIDE];
static size_t map_bytes;
static struct efimap efimap;

static void add(uint32_t type, uint64_t base, uint64_t pages, uint64_t attributes)
{
	uint64_t d[5] = {type, base, 0, pages, attributes};

	assert_true(map_bytes + STRIDE <= sizeof(map));
	memset(map + map_bytes, 0xff, STRIDE);
	memcpy(map + map_bytes, d, sizeof(d));
	map_bytes += STRIDE;
}

static enum err parse(uint32_t max)
{
	return efimap_read(&efimap, map, map_bytes, STRIDE, LIMIT, max);
}

static void check(uint32_t i, uint64_t base, uint64_t bytes)
{
	assert_int_equal(efimap.ram[i].base, base);
	assert_int_equal(efimap.ram[i].bytes, bytes);
}

static void test_types(void **state)
{
	map_bytes = 0;
	/* Not in order; what touches is one. */
	add(EFIMAP_CONVENTIONAL, 0x5000, 1, EFIMAP_WB);
	add(EFIMAP_BOOT_SERVICES_DATA, 0x4000, 1, EFIMAP_WB | BIT(63));
	add(EFIMAP_BOOT_SERVICES_CODE, 0x3000, 1, 0xf);
	add(EFIMAP_LOADER_DATA, 0x2000, 1, EFIMAP_WB);
	add(EFIMAP_LOADER_CODE, 0x1000, 1, EFIMAP_WB);
	add(EFIMAP_CONVENTIONAL, 0x8000, 2, EFIMAP_WB);
	add(EFIMAP_CONVENTIONAL, 0x10000, 16, 0x7);                   /* cannot be cached */
	add(EFIMAP_CONVENTIONAL, 0x20000, 16, EFIMAP_WB | EFIMAP_SP); /* set aside */
	add(EFIMAP_RESERVED, 0x30000, 16, EFIMAP_WB);
	add(EFIMAP_RUNTIME_SERVICES_CODE, 0x40000, 16, EFIMAP_WB);
	add(EFIMAP_RUNTIME_SERVICES_DATA, 0x50000, 16, EFIMAP_WB);
	add(EFIMAP_UNUSABLE, 0x60000, 16, EFIMAP_WB);
	add(EFIMAP_ACPI_RECLAIM, 0x70000, 16, EFIMAP_WB);
	add(EFIMAP_ACPI_NVS, 0x80000, 16, EFIMAP_WB);
	add(EFIMAP_MMIO, 0x90000, 16, EFIMAP_WB);
	add(EFIMAP_PERSISTENT, 0xa0000, 16, EFIMAP_WB);
	add(0x80000001, 0xb0000, 16, EFIMAP_WB);
	add(EFIMAP_CONVENTIONAL, LIMIT - 0x1000, 3, EFIMAP_WB);
	add(EFIMAP_CONVENTIONAL, LIMIT + 0x4000, 1, EFIMAP_WB);
	assert_int_equal(parse(8), ERR_OK);
	assert_int_equal(efimap.ram_count, 3);
	check(0, 0x1000, 0x5000);
	check(1, 0x8000, 0x2000);
	check(2, LIMIT - 0x1000, 0x1000);
	assert_int_equal(efimap.ram_bytes, 0x8000);
	assert_int_equal(efimap.lost_bytes, 0x3000);
	/* Of too many the smallest go. */
	assert_int_equal(parse(1), ERR_OK);
	assert_int_equal(efimap.ram_count, 1);
	check(0, 0x1000, 0x5000);
	assert_int_equal(efimap.ram_bytes, 0x5000);
	assert_int_equal(efimap.lost_bytes, 0x6000);
}

static void test_wrong(void **state)
{
	map_bytes = 0;
	add(EFIMAP_CONVENTIONAL, 0x1000, 1, EFIMAP_WB);
	assert_int_equal(efimap_read(&efimap, map, map_bytes, 39, LIMIT, 8), ERR_INVALID);
	assert_int_equal(efimap_read(&efimap, map, map_bytes, 0, LIMIT, 8), ERR_INVALID);
	/* Half a descriptor is none. */
	assert_int_equal(efimap_read(&efimap, map, STRIDE - 1, STRIDE, LIMIT, 8), ERR_OK);
	assert_int_equal(efimap.ram_count, 0);
	add(EFIMAP_CONVENTIONAL, 0x1800, 1, EFIMAP_WB);
	assert_int_equal(parse(8), ERR_INVALID);
	map_bytes -= STRIDE;
	add(EFIMAP_CONVENTIONAL, 0x2000, UINT64_MAX / 0x1000, EFIMAP_WB);
	assert_int_equal(parse(8), ERR_INVALID);
	map_bytes -= STRIDE;
	add(EFIMAP_MMIO, 0x2000, UINT64_MAX / 0x1000 + 1, EFIMAP_WB);
	assert_int_equal(parse(8), ERR_INVALID);
	map_bytes = 0;
	for (uint64_t i = 0; i <= EFIMAP_MAX_PIECES; i++)
		add(EFIMAP_CONVENTIONAL, 0x2000 * i, 1, EFIMAP_WB);
	assert_int_equal(parse(8), ERR_NO_MEMORY);
}

/* Against a page table of a small machine. */
static void test_random(void **state)
{
	struct prop p = prop_start("efimap");
	bool ram[256];

	for (uint32_t run = 0; run < 2000; run++) {
		uint64_t pages = 0;

		memset(ram, 0, sizeof(ram));
		map_bytes = 0;
		for (uint32_t at = 0; at < ARRAY_SIZE(ram);) {
			uint32_t left = ARRAY_SIZE(ram) - at;
			uint32_t n = 1 + prop_below(&p, left < 20 ? left : 20);
			uint32_t type = prop_below(&p, 16);
			bool is_ram = (type >= 1 && type <= 4) || type == 7;

			add(type, at * KIB(4), n, EFIMAP_WB);
			memset(ram + at, is_ram, n);
			pages += is_ram ? n : 0;
			at += n;
		}
		assert_int_equal(parse(EFIMAP_MAX_PIECES), ERR_OK);
		assert_int_equal(efimap.ram_bytes, KIB(4) * pages);
		for (uint32_t i = 0; i < efimap.ram_count; i++) {
			uint64_t end = efimap.ram[i].base + efimap.ram[i].bytes;

			assert_true(i + 1 == efimap.ram_count || end < efimap.ram[i + 1].base);
			for (uint64_t at = efimap.ram[i].base; at < end; at += KIB(4))
				assert_true(ram[at / KIB(4)]);
		}
		assert_int_equal(parse(4), ERR_OK);
		assert_true(efimap.ram_count <= 4);
		assert_int_equal(efimap.ram_bytes + efimap.lost_bytes, KIB(4) * pages);
	}
}

static bool is_memory(uint64_t base, uint64_t bytes)
{
	return efimap_is_memory(map, map_bytes, STRIDE, base, bytes);
}

static void test_is_memory(void **state)
{
	map_bytes = 0;
	add(EFIMAP_CONVENTIONAL, 0x1000, 2, EFIMAP_WB);
	add(EFIMAP_ACPI_NVS, 0x5000, 1, 0xf);
	add(EFIMAP_RUNTIME_SERVICES_DATA, 0x7000, 1, EFIMAP_WB | BIT(63));
	add(EFIMAP_MMIO, 0x9000, 1, EFIMAP_WB | BIT(63));
	add(EFIMAP_MMIO_PORT, 0xb000, 1, EFIMAP_WB);
	add(EFIMAP_RESERVED, 0xd000, 1, 0x1); /* cannot be cached */
	add(EFIMAP_RESERVED, 0xf000, 1, EFIMAP_WB);
	assert_true(is_memory(0x1000, 1));
	assert_true(is_memory(0x2fff, 0x1000));
	assert_true(is_memory(0, 0x1001));
	assert_true(is_memory(0, UINT64_MAX));
	assert_true(is_memory(0x5800, 0x10));
	assert_true(is_memory(0x7000, 0x1000));
	assert_true(is_memory(0xf000, 0x1000));
	assert_false(is_memory(0, 0x1000));
	assert_false(is_memory(0x3000, 0x2000));
	assert_false(is_memory(0x9000, 0x6000));
	assert_false(is_memory(0x10000, UINT64_MAX));
	assert_false(is_memory(0x1000, 0));
	assert_false(efimap_is_memory(map, map_bytes, EFIMAP_STRIDE_MIN - 1, 0x1000, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_is_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
