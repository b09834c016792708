/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/pgtable.h"
#include "lib/walk.h"
#include "tests/unit/prop.h"

/* Memory with just the descriptors that a test puts there; the rest reads as 0 up to LIMIT. */
#define LIMIT BIT(40)

struct memory {
	unsigned int count;
	struct {
		uint64_t at, value;
	} word[32];
};

static bool memory_read(void *ctx, uint64_t address, uint64_t *value)
{
	const struct memory *m = ctx;

	assert_true(bits_is_aligned(address, 8));
	*value = 0;
	for (unsigned int i = 0; i < m->count; i++) {
		if (m->word[i].at == address)
			*value = m->word[i].value;
	}
	return address < LIMIT;
}

static void put(struct memory *m, uint64_t at, uint64_t value)
{
	m->word[m->count].at = at;
	m->word[m->count++].value = value;
}

#define PAGE  3
#define TABLE 3
#define BLOCK 1
#define AF    BIT(10)

#define TG0_4K  (UINT64_C(0) << 14)
#define TG0_64K (UINT64_C(1) << 14)
#define TG0_16K (UINT64_C(2) << 14)
#define TG1_4K  (UINT64_C(2) << 30)
#define IPS_40  (UINT64_C(2) << 32)
#define IPS_48  (UINT64_C(5) << 32)

static struct walk stage1(struct memory *m, uint64_t ttbr0, uint64_t ttbr1, uint64_t tcr,
			  uint64_t va)
{
	uint64_t ttbr[2] = {ttbr0, ttbr1};
	struct walk_memory memory = {memory_read, m};
	struct walk w;

	walk_stage1(&w, ttbr, tcr, va, &memory);
	return w;
}

/* Linux's usual: 4 KiB, 48 bits, both halves. */
static void test_linux(void **unused)
{
	uint64_t tcr = 16 | 16 << 16 | TG0_4K | TG1_4K | IPS_48;
	uint64_t va = 0xffff800008123456;
	struct memory m = {0};
	struct walk w;

	put(&m, 0x41000000 + 256 * 8, 0x41001000 | TABLE);
	put(&m, 0x41001000, 0x41002000 | TABLE);
	put(&m, 0x41002000 + 0x40 * 8, 0x41003000 | TABLE);
	put(&m, 0x41003000 + 0x123 * 8, 0x8765000 | PAGE | AF | 3 << 8 | 4 << 2 | BIT(53));
	/* ASID and CnP are no part of the address. */
	w = stage1(&m, 0, BIT(48) | 0x41000001, tcr, va);
	assert_int_equal(w.end, WALK_DONE);
	assert_true(w.upper);
	assert_int_equal(w.steps, 4);
	assert_int_equal(w.step[3].level, 3);
	assert_int_equal(w.step[3].at, 0x41003000 + 0x123 * 8);
	assert_int_equal(w.output, 0x8765456);
	assert_int_equal(w.bytes, KIB(4));
	assert_int_equal(w.memory, 4);
	assert_int_equal(w.shareability, 3);
	assert_true(w.accessed);
	assert_int_equal(w.rights, WALK_READ | WALK_WRITE | WALK_EL0_EXEC);
	w = stage1(&m, 0x41000000, 0, tcr, 0x800008123456);
	assert_int_equal(w.end, WALK_DONE);
	assert_false(w.upper);
	w = stage1(&m, 0x41000000, 0x41000000, tcr, 0x1000);
	assert_int_equal(w.end, WALK_UNMAPPED);
	assert_int_equal(w.steps, 1);
}

static void test_ranges(void **unused)
{
	uint64_t tcr = 25 | 25 << 16 | TG0_4K | TG1_4K | IPS_40; /* 39 bits: from level 1 */
	struct memory m = {0};

	put(&m, 0x10000, GIB(3) | BLOCK);
	put(&m, 0x10000 + 511 * 8, GIB(4) | BLOCK | BIT(7) | BIT(6));
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, 0x3fffffff).output, 0xffffffff);
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, 0x3fffffff).bytes, GIB(1));
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, UINT64_MAX).output, 0x13fffffff);
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, UINT64_MAX).rights,
			 WALK_READ | WALK_EXEC | WALK_EL0_READ | WALK_EL0_EXEC);
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, BIT(39)).end, WALK_NO_RANGE);
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, BIT(63)).end, WALK_NO_RANGE);
	assert_int_equal(stage1(&m, 0x10000, 0x10000, tcr, ~BIT(39)).end, WALK_NO_RANGE);
	/* Tagged: TBI0, TBI1. */
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | BIT(37), UINT64_C(0xab) << 56).end,
			 WALK_DONE);
	assert_int_equal(stage1(&m, 0, 0x10000, tcr | BIT(38), ~BIT(60)).end, WALK_DONE);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | BIT(7), 0).end, WALK_DISABLED);
	assert_int_equal(stage1(&m, 0, 0x10000, tcr | BIT(23), UINT64_MAX).end, WALK_DISABLED);
	/* T0SZ of 64 bits and of nearly none; TG1 0. */
	assert_int_equal(stage1(&m, 0x10000, 0, tcr & ~UINT64_C(63), 0).end, WALK_SETTINGS);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | 63, 0).end, WALK_SETTINGS);
	assert_int_equal(stage1(&m, 0, 0x10000, tcr & ~TG1_4K, UINT64_MAX).end, WALK_SETTINGS);
}

/* What tables say on the way holds for all below, unless HPD0 says otherwise. */
static void test_inherited(void **unused)
{
	uint64_t tcr = 25 | 25 << 16 | TG0_4K | TG1_4K | IPS_40;
	struct memory m = {0};

	put(&m, 0x10000, 0x11000 | TABLE | BIT(62) | BIT(61) | BIT(60) | BIT(59));
	put(&m, 0x11000, MIB(2) | BLOCK | BIT(6));
	assert_int_equal(stage1(&m, 0x10000, 0, tcr, 0).rights, WALK_READ);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | BIT(41), 0).rights,
			 WALK_READ | WALK_WRITE | WALK_EL0_READ | WALK_EL0_WRITE | WALK_EL0_EXEC);
}

static void test_ends(void **unused)
{
	uint64_t tcr = 16 | TG0_4K | IPS_40;
	struct memory m = {0};

	put(&m, 0x10000, 0x20000 | BLOCK); /* no block at level 0 */
	put(&m, 0x10008, 0x20000 | TABLE);
	put(&m, 0x20000, LIMIT | TABLE); /* above IPS */
	put(&m, 0x20008, 0x30000 | TABLE);
	put(&m, 0x30000, (LIMIT - KIB(4)) | TABLE);
	put(&m, LIMIT - KIB(4), 0x5000 | BLOCK); /* level 3 has none */
	put(&m, LIMIT - KIB(4) + 8, 0x5000 | PAGE);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr, 0).end, WALK_RESERVED);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr, BIT(39)).end, WALK_TOO_HIGH);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | IPS_48, BIT(39)).end, WALK_UNREADABLE);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr | IPS_48, BIT(39)).steps, 2);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr, BIT(39) | BIT(30)).end, WALK_RESERVED);
	assert_int_equal(stage1(&m, 0x10000, 0, tcr, BIT(39) | BIT(30) | 0x1008).output, 0x5008);
	assert_int_equal(stage1(&m, LIMIT, 0, tcr, 0).end, WALK_UNREADABLE);
	assert_int_equal(stage1(&m, LIMIT, 0, tcr, 0).steps, 0);
}

static void test_other_granules(void **unused)
{
	struct memory m = {0};
	struct walk w;

	/* 64 KiB, 42 bits: levels 2 and 3, a level 2 block has 512 MiB. */
	put(&m, 0x100000 + 5 * 8, 0x110000 | TABLE);
	put(&m, 0x110000 + 0x1fff * 8, 0x7770000 | PAGE);
	put(&m, 0x100000 + 6 * 8, (UINT64_C(7) << 29) | BLOCK);
	w = stage1(&m, 0x100000, 0, 22 | TG0_64K | IPS_48, (UINT64_C(6) << 29) - 1);
	assert_int_equal(w.output, 0x777ffff);
	assert_int_equal(w.granule_bytes, KIB(64));
	w = stage1(&m, 0x100000, 0, 22 | TG0_64K | IPS_48, (UINT64_C(6) << 29) + 0x12345);
	assert_int_equal(w.output, (UINT64_C(7) << 29) + 0x12345);
	assert_int_equal(w.bytes, MIB(512));
	/* 64 KiB, 48 bits: a table of 64 entries at level 1. */
	put(&m, 0x200000 + 63 * 8, 0x100000 | TABLE);
	w = stage1(&m, 0x200000, 0, 16 | TG0_64K | IPS_48, MASK(47, 42) | UINT64_C(6) << 29);
	assert_int_equal(w.output, UINT64_C(7) << 29);
	assert_int_equal(w.step[0].level, 1);
	/* 16 KiB, 48 bits: two entries at level 0. */
	put(&m, 0x300008, 0x304000 | TABLE);
	put(&m, 0x304000 + 0x7ff * 8, 0x308000 | TABLE);
	put(&m, 0x308000, 0x30c000 | TABLE);
	put(&m, 0x30c000 + 8, 0x5554000 | PAGE);
	put(&m, 0x308008, MIB(32) | BLOCK);
	w = stage1(&m, 0x300000, 0, 16 | TG0_16K | IPS_48, BIT(47) | MASK(46, 36) | 0x4321);
	assert_int_equal(w.output, 0x5554321);
	assert_int_equal(w.steps, 4);
	w = stage1(&m, 0x300000, 0, 16 | TG0_16K | IPS_48, BIT(47) | MASK(46, 36) | MIB(32) | 5);
	assert_int_equal(w.output, MIB(32) + 5);
	/* 16 KiB, 36 bits: level 2. */
	w = stage1(&m, 0x308000, 0, 28 | TG0_16K | IPS_48, MIB(32) | 7);
	assert_int_equal(w.output, MIB(32) + 7);
	assert_int_equal(w.step[0].level, 2);
}

/* --- stage 2, as lib/pgtable makes it --- */

#define ARENA_PAGES 512
#define ARENA_PA    GIB(5)

struct arena {
	_Alignas(4096) uint64_t page[ARENA_PAGES][512];
	uint64_t used;
};

static uint64_t arena_alloc(void *ctx)
{
	struct arena *a = ctx;

	return a->used < ARENA_PAGES ? ARENA_PA + a->used++ * 4096 : 0;
}

static uint64_t *arena_va(void *ctx, uint64_t pa)
{
	struct arena *a = ctx;

	return a->page[(pa - ARENA_PA) / 4096];
}

static bool arena_read(void *ctx, uint64_t address, uint64_t *value)
{
	struct arena *a = ctx;

	if (!bits_contains(ARENA_PA, a->used * 4096, address, 8))
		return false;
	*value = a->page[(address - ARENA_PA) / 4096][address / 8 % 512];
	return true;
}

static void compare(struct pgtable *pt, struct arena *a, uint64_t ipa)
{
	struct pgtable_leaf leaf = pgtable_walk(pt, ipa);
	struct walk_memory memory = {arena_read, a};
	struct walk w;

	walk_stage2(&w, pt->root | UINT64_C(7) << 48, pgtable_tcr(pt, 5), ipa, &memory);
	assert_int_equal(w.end, leaf.mapped ? WALK_DONE : WALK_UNMAPPED);
	if (!leaf.mapped)
		return;
	assert_int_equal(w.output, leaf.pa + (ipa - leaf.va));
	assert_int_equal(w.bytes, leaf.bytes);
	assert_int_equal(w.step[w.steps - 1].level, leaf.level);
	assert_int_equal(!!(w.rights & WALK_WRITE), !!(leaf.attr & PGTABLE_W));
	assert_int_equal(!!(w.rights & WALK_EXEC), !!(leaf.attr & PGTABLE_X));
	assert_int_equal(!!(w.rights & WALK_EL0_EXEC), !!(leaf.attr & PGTABLE_X));
}

static void test_stage2(void **unused)
{
	static const struct pgtable_ops ops = {arena_alloc, arena_va, NULL};
	static struct arena a;
	struct prop p = prop_start("walk");

	for (unsigned int bits = 32; bits <= 48; bits++) {
		struct pgtable pt;
		uint64_t root, pages;

		memset(&a, 0, sizeof(a));
		pages = pgtable_root_bytes(PGTABLE_STAGE2, bits) / 4096;
		root = ARENA_PA;
		a.used = pages;
		assert_int_equal(pgtable_init(&pt, PGTABLE_STAGE2, bits, &ops, &a, root), ERR_OK);
		for (int i = 0; i < 60; i++) {
			uint64_t ipa = prop_u64(&p) & MASK(bits - 1, 12);
			uint64_t size = BIT(12 + prop_below(&p, 20));

			ipa = bits_align_down(ipa, size);
			(void)!pgtable_map(&pt, ipa, ipa ^ GIB(1), size,
					   PGTABLE_R | (unsigned int)prop_below(&p, 4) << 1);
			compare(&pt, &a, ipa);
			compare(&pt, &a, ipa + size - 1);
			compare(&pt, &a, prop_u64(&p) & MASK(bits - 1, 0));
		}
	}
}

static void test_stage2_ranges(void **unused)
{
	struct memory m = {0};
	struct walk_memory memory = {memory_read, &m};
	struct walk w;

	put(&m, 0x10000, GIB(1) | BLOCK | BIT(6) | BIT(54));
	walk_stage2(&w, 0x10000, 25 | 1 << 6 | 5 << 16, BIT(39), &memory);
	assert_int_equal(w.end, WALK_NO_RANGE);
	walk_stage2(&w, 0x10000, 25 | 1 << 6 | 5 << 16, 3, &memory);
	assert_int_equal(w.output, GIB(1) + 3);
	assert_int_equal(w.rights, WALK_READ | WALK_EL0_READ);
	/* 48 bits do not begin at level 2; 25 bits not at level 1. */
	walk_stage2(&w, 0x10000, 16 | 5 << 16, 0, &memory);
	assert_int_equal(w.end, WALK_SETTINGS);
	walk_stage2(&w, 0x10000, 39 | 1 << 6 | 5 << 16, 0, &memory);
	assert_int_equal(w.end, WALK_SETTINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),          cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_inherited),      cmocka_unit_test(test_ends),
		cmocka_unit_test(test_other_granules), cmocka_unit_test(test_stage2),
		cmocka_unit_test(test_stage2_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
