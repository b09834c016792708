/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/pgtable.h"
#include "tests/unit/prop.h"

#define PAGE KIB(4)

/*
 * Memory for tables: the physical address of a page says where it is in the arena, and differs
 * from the address that the code under test sees.
 */
#define ARENA_PAGES 4096
#define ARENA_PA    GIB(5)

struct arena {
	uint64_t *memory;
	uint64_t used; /* pages */
	uint64_t limit;
	struct pgtable *pt;
	uint64_t broken; /* calls of the callback */
};

static uint64_t arena_alloc(void *ctx)
{
	struct arena *a = ctx;

	return a->used < a->limit ? ARENA_PA + a->used++ * PAGE : 0;
}

static uint64_t *arena_va(void *ctx, uint64_t pa)
{
	struct arena *a = ctx;

	assert_true(bits_is_aligned(pa, PAGE));
	assert_true(bits_contains(ARENA_PA, a->used * PAGE, pa, PAGE));
	return a->memory + (pa - ARENA_PA) / sizeof(uint64_t);
}

/* Break-before-make: the entry reads as a hole of the block's size; the new table is complete. */
static void arena_broken(void *ctx, uint64_t va, uint64_t bytes)
{
	struct arena *a = ctx;
	struct pgtable_leaf leaf = pgtable_walk(a->pt, va);
	const uint64_t *child = arena_va(a, ARENA_PA + (a->used - 1) * PAGE);

	assert_false(leaf.mapped);
	assert_int_equal(leaf.va, va);
	assert_int_equal(leaf.bytes, bytes);
	for (int i = 0; i < 512; i++)
		assert_int_equal(child[i] & 1, 1);
	a->broken++;
}

static const struct pgtable_ops live_ops = {arena_alloc, arena_va, arena_broken};
static const struct pgtable_ops plain_ops = {arena_alloc, arena_va, NULL};

static void arena_init(struct arena *a, struct pgtable *pt)
{
	*a = (struct arena){.limit = ARENA_PAGES, .pt = pt};
	a->memory = aligned_alloc(PAGE, ARENA_PAGES * PAGE);
	memset(a->memory, 0, ARENA_PAGES * PAGE);
}

static void arena_reset(struct arena *a)
{
	memset(a->memory, 0, a->used * PAGE);
	a->used = 0;
	a->limit = ARENA_PAGES;
	a->broken = 0;
}

/* In an empty arena. */
static uint64_t root_alloc(struct arena *a, enum pgtable_stage stage, unsigned int bits)
{
	uint64_t root = ARENA_PA + a->used * PAGE;

	assert_true(bits_is_aligned(root, pgtable_root_bytes(stage, bits)));
	a->used += pgtable_root_bytes(stage, bits) / PAGE;
	return root;
}

static void make(struct arena *a, struct pgtable *pt, enum pgtable_stage stage, unsigned int bits)
{
	arena_reset(a);
	assert_int_equal(pgtable_init(pt, stage, bits, &live_ops, a, root_alloc(a, stage, bits)),
			 ERR_OK);
}

static int setup(void **state)
{
	static struct arena a;
	static struct pgtable pt;

	arena_init(&a, &pt);
	*state = &a;
	return 0;
}

static int teardown(void **state)
{
	struct arena *a = *state;

	free(a->memory);
	return 0;
}

/*
 * The model: a page of input addresses each, from base on. 0 is a hole, else the output address
 * with the attributes in the low bits and bit 11 set.
 */
#define MODEL_PAGES  (3 * 512 * 512)
#define MODEL_MAPPED BIT(11)

struct model {
	uint64_t base;
	uint64_t *page;
};

static uint64_t leaf_page(const struct pgtable_leaf *leaf, uint64_t va)
{
	return leaf->mapped ? (leaf->pa + (va - leaf->va)) | leaf->attr | MODEL_MAPPED : 0;
}

static void compare(const struct pgtable *pt, const struct model *m)
{
	uint64_t end = m->base + MODEL_PAGES * PAGE;
	uint64_t va = m->base;

	while (va < end) {
		struct pgtable_leaf leaf = pgtable_walk(pt, va);

		assert_true(leaf.bytes >= PAGE && bits_contains(leaf.va, leaf.bytes, va, PAGE));
		for (; va < end && va < leaf.va + leaf.bytes; va += PAGE) {
			uint64_t want = m->page[(va - m->base) / PAGE];

			if (leaf_page(&leaf, va) != want)
				fail_msg("at %#llx: %#llx, want %#llx", (unsigned long long)va,
					 (unsigned long long)leaf_page(&leaf, va),
					 (unsigned long long)want);
		}
	}
}

/* How many pages from va on does the table hold as an operation wanted them? */
static uint64_t done_pages(const struct pgtable *pt, uint64_t va, uint64_t count, uint64_t want)
{
	for (uint64_t i = 0; i < count; i++) {
		struct pgtable_leaf leaf = pgtable_walk(pt, va + i * PAGE);

		if (leaf_page(&leaf, va + i * PAGE) != (want == 0 ? 0 : want + i * PAGE))
			return i;
	}
	return count;
}

/* A range of the window, often aligned to blocks and often small. */
static void pick_range(struct prop *p, uint64_t *first, uint64_t *count)
{
	static const uint64_t units[] = {1, 1, 512, 512 * 512};
	uint64_t unit = units[prop_below(p, ARRAY_SIZE(units))];
	uint64_t room;

	*first = prop_below(p, MODEL_PAGES) / unit * unit;
	room = MODEL_PAGES - *first;
	*count = prop_below(p, 3 * unit + 1);
	if (prop_one_in(p, 4))
		*count += prop_below(p, 1024);
	if (*count > room)
		*count = room;
}

static unsigned int pick_attr(struct prop *p, enum pgtable_stage stage)
{
	static const unsigned int stage1[] = {PGTABLE_R, PGTABLE_R | PGTABLE_W,
					      PGTABLE_R | PGTABLE_X, PGTABLE_R | PGTABLE_DEVICE,
					      PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE};

	return stage == PGTABLE_STAGE2 ? prop_below(p, 16) : stage1[prop_below(p, 5)];
}

static void step_map(struct prop *p, struct pgtable *pt, struct model *m)
{
	unsigned int attr = pick_attr(p, pt->stage);
	uint64_t first, count, free_pages = 0;

	pick_range(p, &first, &count);

	uint64_t va = m->base + first * PAGE;
	uint64_t unit = prop_one_in(p, 2) ? GIB(1) : prop_one_in(p, 2) ? MIB(2) : PAGE;
	uint64_t pa = prop_below(p, GIB(256)) / unit * unit + va % unit;
	enum err err = pgtable_map(pt, va, pa, count * PAGE, attr);

	while (free_pages < count && m->page[first + free_pages] == 0)
		free_pages++;
	if (err == ERR_NO_MEMORY) {
		uint64_t done = done_pages(pt, va, free_pages, pa | attr | MODEL_MAPPED);

		assert_true(done < count);
		free_pages = done;
	} else {
		assert_int_equal(err, free_pages == count ? ERR_OK : ERR_OVERLAP);
	}
	for (uint64_t i = 0; i < free_pages; i++)
		m->page[first + i] = (pa + i * PAGE) | attr | MODEL_MAPPED;
}

static void step_unmap(struct prop *p, struct pgtable *pt, struct model *m)
{
	uint64_t first, count;

	pick_range(p, &first, &count);

	uint64_t va = m->base + first * PAGE;
	enum err err = pgtable_unmap(pt, va, count * PAGE);
	uint64_t done = count;

	if (err == ERR_NO_MEMORY) {
		done = done_pages(pt, va, count, 0);
		assert_true(done < count);
	} else {
		assert_int_equal(err, ERR_OK);
	}
	memset(&m->page[first], 0, done * sizeof(m->page[0]));
}

static void test_against_model(void **state)
{
	struct prop p = prop_start(__func__);
	struct arena *a = *state;
	struct pgtable *pt = a->pt;
	struct model m = {.page = malloc(MODEL_PAGES * sizeof(uint64_t))};
	uint64_t splits = 0;

	/* Longer where chance brings few blocks that have to be split. */
	for (int round = 0; round < 25 || (splits <= 10 && round < 250); round++) {
		unsigned int bits = prop_between(&p, 32, 48);
		uint64_t room = (BIT(bits) - MODEL_PAGES * PAGE) / GIB(1);

		make(a, pt, prop_one_in(&p, 2) ? PGTABLE_STAGE2 : PGTABLE_EL2_STAGE1, bits);
		if (prop_one_in(&p, 3))
			a->limit = prop_between(&p, 8, 28);
		memset(m.page, 0, MODEL_PAGES * sizeof(uint64_t));
		m.base = prop_below(&p, room + 1) * GIB(1);
		for (int i = 0; i < 12; i++) {
			if (prop_below(&p, 5) < 3)
				step_map(&p, pt, &m);
			else
				step_unmap(&p, pt, &m);
			compare(pt, &m);
		}
		splits += a->broken;
	}
	assert_true(splits > 10); /* the cases reach what they are for */
	free(m.page);
}

/* No leaf of a fresh mapping could be part of a larger one. */
static void test_largest_blocks(void **state)
{
	struct prop p = prop_start(__func__);
	struct arena *a = *state;
	struct pgtable *pt = a->pt;

	for (int round = 0; round < 200; round++) {
		uint64_t bytes = prop_between(&p, 1, prop_one_in(&p, 2) ? 5000 : 900000) * PAGE;
		uint64_t unit = prop_one_in(&p, 2) ? GIB(1) : MIB(2);
		uint64_t va = prop_below(&p, GIB(500)) / PAGE * PAGE;
		uint64_t pa = prop_below(&p, GIB(500)) / unit * unit + va % unit;

		make(a, pt, PGTABLE_STAGE2, 48);
		assert_int_equal(pgtable_map(pt, va, pa, bytes, PGTABLE_R), ERR_OK);
		for (uint64_t at = va; at < va + bytes;) {
			struct pgtable_leaf leaf = pgtable_walk(pt, at);
			uint64_t larger = leaf.bytes * 512;
			uint64_t start = bits_align_down(at, larger);

			assert_true(leaf.mapped && leaf.va == at);
			assert_int_equal(leaf.bytes, PAGE << (9 * (3 - leaf.level)));
			if (larger <= GIB(1) && bits_contains(va, bytes, start, larger))
				assert_int_not_equal((va - pa) % larger, 0);
			at += leaf.bytes;
		}
	}
}

/* The descriptor of a leaf, found with nothing but the tables. */
static uint64_t raw_leaf(struct arena *a, const struct pgtable *pt, uint64_t va)
{
	unsigned int shift = pt->start_level == 0 ? 39 : 30;
	/* Of a first table of several pages, the page. */
	uint64_t desc = (pt->root + (va >> shift >> 9) * PAGE) | 3;

	for (;; shift -= 9) {
		desc = arena_va(a, desc & 0xfffffffff000)[va >> shift & 511];
		if ((desc & 3) != 3 || shift == 12)
			return desc;
	}
}

static void check_raw(struct arena *a, enum pgtable_stage stage, uint64_t bytes, unsigned int attr,
		      uint64_t want)
{
	struct pgtable *pt = a->pt;
	uint64_t pa = UINT64_C(0xabc) << 30;

	make(a, pt, stage, 44);
	assert_int_equal(pgtable_map(pt, GIB(7), pa, bytes, attr), ERR_OK);
	assert_int_equal(raw_leaf(a, pt, GIB(7)), pa | want);
	assert_int_equal(pgtable_walk(pt, GIB(7)).attr, attr);
}

/* Expected bits put together by hand from DDI 0487 D8.3. */
static void test_descriptors(void **state)
{
	const uint64_t xn = UINT64_C(1) << 54;
	struct arena *a = *state;

	check_raw(a, PGTABLE_EL2_STAGE1, PAGE, PGTABLE_R | PGTABLE_W, xn | 0x747);
	check_raw(a, PGTABLE_EL2_STAGE1, PAGE, PGTABLE_R | PGTABLE_X, 0x7c7);
	check_raw(a, PGTABLE_EL2_STAGE1, PAGE, PGTABLE_R, xn | 0x7c7);
	check_raw(a, PGTABLE_EL2_STAGE1, MIB(2), PGTABLE_R | PGTABLE_W, xn | 0x745);
	check_raw(a, PGTABLE_EL2_STAGE1, PAGE, PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE, xn | 0x443);
	check_raw(a, PGTABLE_STAGE2, GIB(1), PGTABLE_R | PGTABLE_W | PGTABLE_X, 0x7fd);
	check_raw(a, PGTABLE_STAGE2, MIB(2), PGTABLE_R | PGTABLE_X, 0x77d);
	check_raw(a, PGTABLE_STAGE2, PAGE, PGTABLE_R | PGTABLE_W | PGTABLE_X, 0x7ff);
	check_raw(a, PGTABLE_STAGE2, PAGE, PGTABLE_W, xn | 0x7bf);
	check_raw(a, PGTABLE_STAGE2, PAGE, 0, xn | 0x73f);
	check_raw(a, PGTABLE_STAGE2, PAGE, PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE, xn | 0x4c7);
}

static void test_errors(void **state)
{
	struct arena *a = *state;
	struct pgtable *pt = a->pt;
	const unsigned int rw = PGTABLE_R | PGTABLE_W;

	arena_reset(a);
	assert_int_equal(pgtable_init(pt, PGTABLE_STAGE2, 31, &live_ops, a, PAGE), ERR_RANGE);
	assert_int_equal(pgtable_init(pt, PGTABLE_STAGE2, 49, &live_ops, a, PAGE), ERR_RANGE);
	assert_int_equal(pgtable_init(pt, PGTABLE_STAGE2, 40, &live_ops, a, 0), ERR_NO_MEMORY);

	make(a, pt, PGTABLE_EL2_STAGE1, 40);
	assert_int_equal(pgtable_map(pt, 1, 0, PAGE, rw), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0x800, PAGE, rw), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0, PAGE + 1, rw), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0, PAGE, rw | 16), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0, PAGE, rw | PGTABLE_X), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0, PAGE, PGTABLE_R | PGTABLE_X | PGTABLE_DEVICE),
			 ERR_INVALID);
	assert_int_equal(pgtable_map(pt, 0, 0, PAGE, PGTABLE_W), ERR_INVALID);
	assert_int_equal(pgtable_map(pt, BIT(40), 0, PAGE, rw), ERR_RANGE);
	assert_int_equal(pgtable_map(pt, BIT(40) - PAGE, 0, 2 * PAGE, rw), ERR_RANGE);
	assert_int_equal(pgtable_map(pt, PAGE, 0, 0 - PAGE, rw), ERR_RANGE);
	assert_int_equal(pgtable_map(pt, 0, BIT(48), PAGE, rw), ERR_RANGE);
	assert_int_equal(pgtable_map(pt, 0, BIT(48) - PAGE, 2 * PAGE, rw), ERR_RANGE);
	assert_int_equal(pgtable_unmap(pt, 1, PAGE), ERR_INVALID);
	assert_int_equal(pgtable_unmap(pt, 0, 1), ERR_INVALID);
	assert_int_equal(pgtable_unmap(pt, BIT(40), PAGE), ERR_RANGE);
	assert_int_equal(pgtable_unmap(pt, PAGE, 0 - PAGE), ERR_RANGE);
	assert_int_equal(a->used, 1); /* none of them got as far as a table */

	assert_int_equal(pgtable_map(pt, BIT(40) - PAGE, BIT(48) - PAGE, PAGE, rw), ERR_OK);
	assert_int_equal(pgtable_map(pt, BIT(40) - PAGE, 0, PAGE, rw), ERR_OVERLAP);
	assert_int_equal(pgtable_map(pt, 0, 0, 0, rw), ERR_OK);
	assert_int_equal(pgtable_unmap(pt, 0, BIT(40)), ERR_OK);
	assert_false(pgtable_walk(pt, BIT(40) - PAGE).mapped);
	assert_int_equal(pgtable_walk(pt, BIT(40)).bytes, 0);
	assert_int_equal(pgtable_walk(pt, UINT64_MAX).bytes, 0);
}

/* Without the callback nothing is called, and the block is replaced all the same. */
static void test_split_of_unused_table(void **state)
{
	struct arena *a = *state;
	struct pgtable *pt = a->pt;

	arena_reset(a);
	assert_int_equal(pgtable_init(pt, PGTABLE_STAGE2, 39, &plain_ops, a,
				      root_alloc(a, PGTABLE_STAGE2, 39)),
			 ERR_OK);
	assert_int_equal(pgtable_map(pt, 0, GIB(1), GIB(1), PGTABLE_R), ERR_OK);
	assert_int_equal(a->used, 1);
	assert_int_equal(pgtable_unmap(pt, MIB(2) + PAGE, PAGE), ERR_OK);
	assert_int_equal(a->used, 3);
	assert_int_equal(a->broken, 0);
	assert_int_equal(pgtable_walk(pt, MIB(4)).bytes, MIB(2));
	assert_int_equal(pgtable_walk(pt, MIB(2)).bytes, PAGE);
	assert_int_equal(pgtable_walk(pt, MIB(2)).pa, GIB(1) + MIB(2));
	assert_false(pgtable_walk(pt, MIB(2) + PAGE).mapped);
	assert_int_equal(pgtable_walk(pt, MIB(2) + 2 * PAGE).attr, PGTABLE_R);
}

/* 16 GiB in blocks of 1 GiB need no page besides the root and one table. */
static void test_cheap_direct_map(void **state)
{
	struct arena *a = *state;
	struct pgtable *pt = a->pt;

	make(a, pt, PGTABLE_EL2_STAGE1, 48);
	assert_int_equal(pgtable_map(pt, GIB(1), GIB(1), GIB(16), PGTABLE_R | PGTABLE_W), ERR_OK);
	assert_int_equal(a->used, 2);
}

/* Bits put together by hand from the descriptions of the registers. */
static void test_registers(void **state)
{
	struct pgtable s1 = {.stage = PGTABLE_EL2_STAGE1, .input_bits = 48, .start_level = 0};
	struct pgtable s2 = {.stage = PGTABLE_STAGE2, .input_bits = 44, .start_level = 0};
	struct pgtable s2_joined = {.stage = PGTABLE_STAGE2, .input_bits = 40, .start_level = 1};
	struct pgtable s2_small = {.stage = PGTABLE_STAGE2, .input_bits = 39, .start_level = 1};

	assert_int_equal(pgtable_tcr(&s1, 5), 0x80853510);
	assert_int_equal(pgtable_tcr(&s1, 6), 0x80853510);
	assert_int_equal(pgtable_tcr(&s1, 0), 0x80803510);
	assert_int_equal(pgtable_tcr(&s2, 4), 0x80043594);
	assert_int_equal(pgtable_tcr(&s2_joined, 2), 0x80023558);
	assert_int_equal(pgtable_tcr(&s2_small, 2), 0x80023559);
	assert_int_equal(pgtable_mair(), 0xff04);
}

/* How large the first table is, and that every address has an entry of its own in it. */
static void test_first_table(void **state)
{
	struct arena *a = *state;
	struct pgtable *pt = a->pt;
	unsigned int bits;

	for (bits = 32; bits <= 48; bits++) {
		unsigned int pages = bits >= 40 && bits <= 42 ? 1u << (bits - 39) : 1;
		uint64_t last = BIT(bits) - GIB(1);

		assert_int_equal(pgtable_root_bytes(PGTABLE_EL2_STAGE1, bits), PAGE);
		assert_int_equal(pgtable_root_bytes(PGTABLE_STAGE2, bits), pages * PAGE);
		make(a, pt, PGTABLE_STAGE2, bits);
		assert_int_equal(pt->start_level, bits > 42 ? 0 : 1);
		assert_int_equal(pgtable_map(pt, last, GIB(5), GIB(1), PGTABLE_R), ERR_OK);
		assert_int_equal(raw_leaf(a, pt, last), GIB(5) + 0x77d + PGTABLE_DESC_XN);
	}
}

/* Descriptors of level 2, for one who keeps them himself. */
static void test_entries(void **state)
{
	struct arena *a = *state;
	struct pgtable *pt = a->pt;
	uint64_t *first, *entry;

	make(a, pt, PGTABLE_STAGE2, 36);
	assert_null(pgtable_entry(pt, GIB(3), 2));
	assert_null(pgtable_entry(pt, BIT(36), 2));
	assert_int_equal(pgtable_entry_make(pt, BIT(36), 2, &entry), ERR_RANGE);
	assert_int_equal(pgtable_entry_make(pt, GIB(3), 2, &first), ERR_OK);
	assert_int_equal(a->used, 2);
	assert_ptr_equal(pgtable_entry(pt, GIB(3) + PAGE, 2), first);
	assert_int_equal(pgtable_entry_make(pt, GIB(4) - PAGE, 2, &entry), ERR_OK);
	assert_ptr_equal(entry, first + 511);
	assert_int_equal(a->used, 2);
	pgtable_entry_write(first, pgtable_stage2_block(GIB(9), PGTABLE_R | PGTABLE_W, false));
	assert_int_equal(pgtable_walk(pt, GIB(3)).pa, GIB(9));
	assert_int_equal(pgtable_walk(pt, GIB(3)).attr, PGTABLE_R | PGTABLE_W);
	assert_int_equal(pgtable_entry_make(pt, GIB(3), 3, &entry), ERR_OVERLAP);
	assert_null(pgtable_entry(pt, GIB(3), 3));
	assert_int_equal(pgtable_stage2_block(GIB(9), PGTABLE_R, false),
			 GIB(9) + 0x77d + PGTABLE_DESC_XN);
	assert_int_equal(pgtable_stage2_block(GIB(9), PGTABLE_R, true),
			 GIB(9) + 0x759 + PGTABLE_DESC_XN);
	a->limit = a->used;
	assert_int_equal(pgtable_entry_make(pt, 0, 2, &entry), ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_largest_blocks),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_split_of_unused_table),
		cmocka_unit_test(test_cheap_direct_map),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_first_table),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
