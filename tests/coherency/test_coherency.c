/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "tests/coherency/decode.h"
#include "tests/coherency/model.h"
#include "tests/coherency/walk.h"

#define BASE  0x40000000
#define BYTES MIB(4)
#define CODE  (BASE + 0x1000)
#define ALL   0xffff
#define PC    0x1234

static struct model m;

static int setup(void **state)
{
	memset(&m, 0, sizeof(m));
	m.base = BASE;
	m.bytes = BYTES;
	m.lines = calloc(BYTES / MODEL_LINE_BYTES, sizeof(*m.lines));
	m.touched = calloc(BYTES >> MODEL_CHUNK_SHIFT, 1);
	return !m.lines || !m.touched;
}

static int teardown(void **state)
{
	free(m.lines);
	free(m.touched);
	return 0;
}

static enum model_kind fetch(unsigned int cpu, uint64_t pa, uint16_t words)
{
	uint16_t found;

	return model_fetch(&m, cpu, pa, words, true, &found);
}

static void write_word(uint64_t pa)
{
	assert_int_equal(model_write(&m, 0, pa, 4, true, PC), MODEL_FINE);
}

static void clean(unsigned int cpu, uint64_t pa)
{
	model_clean(&m, cpu, pa, false);
	model_dsb(&m, cpu);
}

static void test_never_written(void **state)
{
	assert_int_equal(fetch(0, CODE, ALL), MODEL_FINE);
	assert_int_equal(fetch(0, BASE - 64, ALL), MODEL_FINE);
	assert_int_equal(fetch(0, BASE + BYTES, ALL), MODEL_FINE);
}

/* A word's state says nothing about its neighbours'; what was found is not found again. */
static void test_words(void **state)
{
	uint16_t found;

	write_word(CODE + 4);
	assert_int_equal(fetch(0, CODE, 1 | 4), MODEL_FINE);
	assert_int_equal(model_fetch(&m, 0, CODE, ALL, true, &found), MODEL_NOT_CLEANED);
	assert_int_equal(found, 2);
	assert_int_equal(fetch(0, CODE, ALL), MODEL_FINE);
	/* Unaligned, over the end of the line. */
	model_write(&m, 0, CODE + 63, 2, true, PC);
	assert_int_equal(fetch(0, CODE, 0x7fff), MODEL_FINE);
	assert_int_equal(fetch(0, CODE, ALL), MODEL_NOT_CLEANED);
	assert_int_equal(fetch(0, CODE + 64, 1), MODEL_NOT_CLEANED);
}

static void test_by_address(void **state)
{
	write_word(CODE);
	clean(0, CODE);
	model_invalidate(&m, 0, CODE);
	model_dsb(&m, 0);
	assert_int_equal(fetch(1, CODE, 1), MODEL_FINE);
	assert_int_equal(fetch(0, CODE, 1), MODEL_NOT_SYNCHRONISED);
	write_word(CODE);
	clean(0, CODE);
	model_invalidate(&m, 0, CODE);
	model_dsb(&m, 0);
	model_sync(&m, 0);
	assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
}

/* One CPU's barrier does not complete another's maintenance. */
static void test_barrier_of_another(void **state)
{
	write_word(CODE);
	model_clean(&m, 0, CODE, false);
	model_dsb(&m, 1);
	assert_int_equal(fetch(1, CODE, 1), MODEL_CLEAN_INCOMPLETE);
}

/* A write between a clean and its barrier is not cleaned by it. */
static void test_write_meanwhile(void **state)
{
	write_word(CODE);
	write_word(CODE + 4);
	model_clean(&m, 0, CODE, false);
	write_word(CODE + 4);
	model_dsb(&m, 0);
	model_invalidate_all(&m, 0, true);
	model_dsb(&m, 0);
	model_sync(&m, 0);
	assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
	assert_int_equal(fetch(0, CODE, 2), MODEL_NOT_CLEANED);
}

static void test_invalidate_all(void **state)
{
	write_word(CODE);
	write_word(CODE + 64);
	clean(0, CODE);
	model_invalidate_all(&m, 0, true);
	assert_int_equal(fetch(0, CODE, 1), MODEL_INVALIDATION_INCOMPLETE);
	clean(0, CODE + 64); /* too late, and the barrier completes the invalidation */
	assert_int_equal(fetch(1, CODE + 64, 1), MODEL_NOT_INVALIDATED);

	write_word(CODE);
	clean(0, CODE);
	model_invalidate_all(&m, 0, true);
	model_dsb(&m, 0);
	assert_int_equal(fetch(0, CODE, 1), MODEL_NOT_SYNCHRONISED);
	write_word(CODE);
	clean(0, CODE);
	model_invalidate_all(&m, 0, true);
	model_dsb(&m, 0);
	assert_int_equal(fetch(1, CODE, 1), MODEL_FINE);
}

/* A neighbour that is written and cleaned later does not undo an invalidation of all lines. */
static void test_neighbour(void **state)
{
	unsigned int every_cpu;

	for (every_cpu = 0; every_cpu < 2; every_cpu++) {
		write_word(CODE);
		clean(0, CODE);
		model_invalidate_all(&m, 0, every_cpu);
		model_dsb(&m, 0);
		model_sync(&m, 0);
		write_word(CODE + 8);
		clean(0, CODE);
		assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
		assert_int_equal(fetch(0, CODE, 4), MODEL_NOT_INVALIDATED);
	}
}

static void test_own_cache_only(void **state)
{
	write_word(CODE);
	clean(0, CODE);
	model_invalidate_all(&m, 0, false);
	model_dsb(&m, 0);
	model_sync(&m, 0);
	assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
	assert_int_equal(fetch(1, CODE, 1), MODEL_NOT_INVALIDATED);
}

static void test_idc_dic(void **state)
{
	m.idc = true;
	write_word(CODE);
	model_invalidate(&m, 0, CODE);
	model_dsb(&m, 0);
	model_sync(&m, 0);
	assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
	write_word(CODE);
	assert_int_equal(fetch(0, CODE, 1), MODEL_NOT_INVALIDATED);
	m.dic = true;
	write_word(CODE);
	assert_int_equal(fetch(0, CODE, 1), MODEL_FINE);
	assert_int_equal(model_read_uncached(&m, CODE, 8), MODEL_READ_PAST_CACHES);
}

static void test_past_caches(void **state)
{
	uint16_t found;

	write_word(CODE);
	clean(0, CODE);
	assert_int_equal(model_read_uncached(&m, CODE + 4, 8), MODEL_FINE);
	assert_int_equal(model_read_uncached(&m, CODE, 8), MODEL_READ_PAST_CACHES);
	write_word(CODE);
	assert_int_equal(model_fetch(&m, 0, CODE, 1, false, &found), MODEL_FETCH_PAST_CACHES);
	write_word(CODE);
	model_clean(&m, 0, CODE, true);
	model_dsb(&m, 0);
	assert_int_equal(model_fetch(&m, 0, CODE, 1, false, &found), MODEL_FINE);
	assert_int_equal(model_discard(&m, 0, CODE), MODEL_FINE);
	assert_int_equal(model_write(&m, 0, CODE, 4, false, PC), MODEL_FINE);
	assert_int_equal(fetch(0, CODE, 1), MODEL_NOT_INVALIDATED);
	write_word(CODE);
	assert_int_equal(model_write(&m, 0, CODE + 8, 4, false, PC), MODEL_WRITE_PAST_CACHES);
	write_word(CODE);
	assert_int_equal(model_discard(&m, 0, CODE), MODEL_DISCARDED);
	write_word(CODE);
	model_clean_all(&m, 0);
	assert_int_equal(model_read_uncached(&m, CODE, 4), MODEL_FINE);
}

/* The short cut for writes is taken only where a write leaves everything as it is. */
static void test_write_again(void **state)
{
	assert_false(model_write_again(&m, CODE, 4, PC));
	write_word(CODE);
	assert_true(model_write_again(&m, CODE, 4, PC));
	assert_false(model_write_again(&m, CODE, 8, PC));
	model_clean(&m, 0, CODE, false);
	assert_false(model_write_again(&m, CODE, 4, PC));
	model_dsb(&m, 0);
	assert_false(model_write_again(&m, CODE, 4, PC));
	assert_true(model_write_again(&m, BASE - 4, 4, PC));
}

/* More lines than are remembered: a barrier is made up, nothing is lost. */
static void test_overflow(void **state)
{
	uint64_t i;

	free(m.lines);
	free(m.touched);
	m.bytes = (uint64_t)(MODEL_MAX_PENDING + 1) * MODEL_LINE_BYTES + MIB(2);
	m.lines = calloc(m.bytes / MODEL_LINE_BYTES, sizeof(*m.lines));
	m.touched = calloc(m.bytes >> MODEL_CHUNK_SHIFT, 1);
	assert_true(m.lines && m.touched);
	for (i = 0; i <= MODEL_MAX_PENDING; i++) {
		write_word(BASE + i * MODEL_LINE_BYTES);
		model_clean(&m, 0, BASE + i * MODEL_LINE_BYTES, true);
	}
	assert_int_equal(m.overflows, 1);
	model_dsb(&m, 0);
	for (i = 0; i <= MODEL_MAX_PENDING; i++)
		assert_int_equal(model_read_uncached(&m, BASE + i * MODEL_LINE_BYTES, 4),
				 MODEL_FINE);
}

static void test_decode(void **state)
{
	static const struct {
		uint32_t insn;
		enum decode_op op;
		unsigned int rt;
	} list[] = {
		{0xd50b7b23, OP_DC_CLEAN_POU, 3},  /* dc cvau, x3 */
		{0xd50b7a21, OP_DC_CLEAN_POC, 1},  /* dc cvac, x1 */
		{0xd50b7e3e, OP_DC_CLEAN_POC, 30}, /* dc civac, x30 */
		{0xd5087620, OP_DC_DISCARD, 0},    /* dc ivac, x0 */
		{0xd50b7424, OP_DC_ZERO, 4},       /* dc zva, x4 */
		{0xd5087e42, OP_DC_SET_WAY, 2},    /* dc cisw, x2 */
		{0xd50b7525, OP_IC_ADDRESS, 5},    /* ic ivau, x5 */
		{0xd508751f, OP_IC_ALL, 31},       /* ic iallu */
		{0xd508711f, OP_IC_ALL_CPUS, 31},  /* ic ialluis */
		{0xd5033b9f, OP_DSB, 31},          /* dsb ish */
		{0xd5033f9f, OP_DSB, 31},          /* dsb sy */
		{0xd503379f, OP_DSB, 31},          /* dsb nsh */
		{0xd5033a9f, OP_NONE, 31},         /* dsb ishst */
		{0xd503399f, OP_NONE, 31},         /* dsb ishld */
		{0xd5033bbf, OP_NONE, 31},         /* dmb ish */
		{0xd5033fdf, OP_SYNC, 31},         /* isb */
		{0xd69f03e0, OP_SYNC, 0},          /* eret */
		{0xd508831f, OP_TLBI, 31},         /* tlbi vmalle1is */
		{0xd50c8721, OP_TLBI, 1},          /* tlbi vae2, x1 */
		{0xd5181000, OP_CONTROL, 0},       /* msr sctlr_el1, x0 */
		{0xd51c1103, OP_CONTROL, 3},       /* msr hcr_el2, x3 */
		{0xd5182020, OP_TABLES, 0},        /* msr ttbr1_el1, x0 */
		{0xd51c2101, OP_TABLES, 1},        /* msr vttbr_el2, x1 */
		{0xd4000002, OP_LEAVES, 2},        /* hvc #0 */
		{0xd503201f, OP_NONE, 31},         /* nop */
		{0xd5381000, OP_NONE, 0},          /* mrs x0, sctlr_el1 */
		{0x910003fd, OP_NONE, 29},         /* mov x29, sp */
	};
	unsigned int i, rt;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		assert_int_equal(decode(list[i].insn, &rt), list[i].op);
		assert_int_equal(rt, list[i].rt);
	}
	assert_true(decode_is_load_store(0xf9000001));  /* str x1, [x0] */
	assert_true(decode_is_load_store(0xa9bf7bfd));  /* stp x29, x30, [sp, #-16]! */
	assert_true(decode_is_load_store(0x3d800000));  /* str q0, [x0] */
	assert_true(decode_is_load_store(0xb8210002));  /* ldadd w1, w2, [x0] */
	assert_true(decode_is_load_store(0xc8007c20));  /* stxr w0, x0, [x1] */
	assert_false(decode_is_load_store(0x8b010000)); /* add x0, x0, x1 */
	assert_true(decode_is_patchable(0x14000001));
	assert_true(decode_is_patchable(0x97ffffff));
	assert_true(decode_is_patchable(0xd503201f));
	assert_false(decode_is_patchable(0xd65f03c0));
	assert_false(decode_is_patchable(0x54000000)); /* b.eq */
}

static uint64_t memory[8 * 512];

static bool memory_read(void *arg, uint64_t pa, uint64_t *value)
{
	if (pa < BASE || pa >= BASE + sizeof(memory))
		return false;
	*value = memory[(pa - BASE) / 8];
	return true;
}

#define TABLE(n) (BASE + (uint64_t)(n)*4096)

static void test_walk(void **state)
{
	/* 48 bits of VA below, 39 above; 4 KiB granules. */
	struct walk_registers r = {.sctlr_el1 = 1,
				   .tcr_el1 = 16 | 25 << 16 | UINT64_C(2) << 30,
				   .ttbr0_el1 = TABLE(0),
				   .ttbr1_el1 = TABLE(4) | UINT64_C(7) << 48};
	uint64_t pa = 0;

	memset(memory, 0, sizeof(memory));
	memory[0 * 512 + 1] = TABLE(1) | 3;
	memory[1 * 512 + 2] = TABLE(2) | 3;
	memory[2 * 512 + 3] = TABLE(3) | 3;
	memory[3 * 512 + 4] = UINT64_C(0x0060000087654000) | 3;
	memory[2 * 512 + 5] = 0x80200000 | 1;
	memory[4 * 512 + 511] = 0xc0000000 | 1;
	assert_true(walk(&r, 1, BIT(39) | 2 * BIT(30) | 3 * BIT(21) | 4 * BIT(12) | 0xabc,
			 memory_read, NULL, &pa));
	assert_int_equal(pa, 0x87654abc);
	assert_true(
		walk(&r, 0, BIT(39) | 2 * BIT(30) | 5 * BIT(21) | 0x12345, memory_read, NULL, &pa));
	assert_int_equal(pa, 0x80212345);
	assert_true(walk(&r, 1, ~UINT64_C(0) - 0xfff, memory_read, NULL, &pa));
	assert_int_equal(pa, 0xfffff000);
	assert_false(walk(&r, 1, 0, memory_read, NULL, &pa));

	/* Stage 2 over MMU-off: 36 bits from level 1, identity but for one block. */
	r = (struct walk_registers){.hcr_el2 = 1, .vtcr_el2 = 28 | 1 << 6, .vttbr_el2 = TABLE(5)};
	memory[5 * 512 + 1] = TABLE(6) | 3;
	memory[6 * 512 + 7] = 0xa0000000 | 1;
	assert_true(walk(&r, 1, BIT(30) + 7 * BIT(21) + 5, memory_read, NULL, &pa));
	assert_int_equal(pa, 0xa0000005);
	assert_false(walk(&r, 1, BIT(30), memory_read, NULL, &pa));
	assert_false(walk(&r, 1, BIT(36), memory_read, NULL, &pa));
	assert_true(walk(&r, 2, BIT(36), memory_read, NULL, &pa));
	assert_int_equal(pa, BIT(36));
}

#define MODEL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MODEL_TEST(test_never_written),   MODEL_TEST(test_words),
		MODEL_TEST(test_by_address),      MODEL_TEST(test_barrier_of_another),
		MODEL_TEST(test_write_meanwhile), MODEL_TEST(test_invalidate_all),
		MODEL_TEST(test_neighbour),       MODEL_TEST(test_own_cache_only),
		MODEL_TEST(test_idc_dic),         MODEL_TEST(test_past_caches),
		MODEL_TEST(test_write_again),     MODEL_TEST(test_overflow),
		cmocka_unit_test(test_decode),    cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
