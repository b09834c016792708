/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/layout.h"
#include "tests/unit/prop.h"

#define LIST_MAX 8
#define SPACE    64 /* addresses of the model: a bit each */

struct list {
	struct boot_region region[LIST_MAX];
	uint32_t count;
};

static enum err merge(struct list *l, uint64_t base, uint64_t bytes)
{
	return layout_merge(l->region, &l->count, LIST_MAX, base, bytes);
}

static enum err cut(struct list *l, uint64_t base, uint64_t bytes)
{
	return layout_cut(l->region, &l->count, LIST_MAX, base, bytes);
}

/* want: base and bytes of each. */
static void check_list(const struct list *l, uint32_t count, const uint64_t *want)
{
	assert_int_equal(l->count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(l->region[i].base, want[2 * i]);
		assert_int_equal(l->region[i].bytes, want[2 * i + 1]);
	}
}

static void test_merge(void **state)
{
	struct list l = {.count = 0};

	assert_int_equal(merge(&l, 5, 0), ERR_OK);
	check_list(&l, 0, NULL);
	assert_int_equal(merge(&l, 20, 10), ERR_OK);
	assert_int_equal(merge(&l, 0, 10), ERR_OK);
	assert_int_equal(merge(&l, 40, 10), ERR_OK);
	check_list(&l, 3, (uint64_t[]){0, 10, 20, 10, 40, 10});
	/* One that touches both neighbours; one inside; one around everything. */
	assert_int_equal(merge(&l, 10, 10), ERR_OK);
	check_list(&l, 2, (uint64_t[]){0, 30, 40, 10});
	assert_int_equal(merge(&l, 42, 3), ERR_OK);
	check_list(&l, 2, (uint64_t[]){0, 30, 40, 10});
	assert_int_equal(merge(&l, 0, 100), ERR_OK);
	check_list(&l, 1, (uint64_t[]){0, 100});
	/* Up to the last byte that has an end. */
	assert_int_equal(merge(&l, UINT64_MAX - 1, 2), ERR_RANGE);
	assert_int_equal(merge(&l, UINT64_MAX, UINT64_MAX), ERR_RANGE);
	assert_int_equal(merge(&l, UINT64_MAX - 1, 1), ERR_OK);
	check_list(&l, 2, (uint64_t[]){0, 100, UINT64_MAX - 1, 1});
}

static void test_merge_full(void **state)
{
	struct list l = {.count = 0};

	for (uint64_t i = 0; i < LIST_MAX; i++)
		assert_int_equal(merge(&l, 10 * i, 5), ERR_OK);
	assert_int_equal(merge(&l, 6, 3), ERR_NO_MEMORY);
	assert_int_equal(merge(&l, 10 * LIST_MAX, 5), ERR_NO_MEMORY);
	assert_int_equal(cut(&l, 11, 1), ERR_NO_MEMORY);
	assert_int_equal(l.count, LIST_MAX);
	/* What makes no further region has room. */
	assert_int_equal(cut(&l, 10, 1), ERR_OK);
	assert_int_equal(cut(&l, 24, 1), ERR_OK);
	assert_int_equal(merge(&l, 5, 2), ERR_OK);
	assert_int_equal(l.count, LIST_MAX);
	assert_int_equal(merge(&l, 0, 15), ERR_OK);
	assert_int_equal(l.count, LIST_MAX - 1);
}

static void test_cut(void **state)
{
	struct list l = {.count = 0};

	assert_int_equal(cut(&l, 0, 10), ERR_OK);
	assert_int_equal(merge(&l, 10, 30), ERR_OK);
	assert_int_equal(merge(&l, 50, 30), ERR_OK);
	assert_int_equal(cut(&l, 20, 0), ERR_OK);
	assert_int_equal(cut(&l, 0, 10), ERR_OK);
	assert_int_equal(cut(&l, 40, 10), ERR_OK);
	check_list(&l, 2, (uint64_t[]){10, 30, 50, 30});
	assert_int_equal(cut(&l, 20, 10), ERR_OK);
	check_list(&l, 3, (uint64_t[]){10, 10, 30, 10, 50, 30});
	assert_int_equal(cut(&l, 15, 40), ERR_OK);
	check_list(&l, 2, (uint64_t[]){10, 5, 55, 25});
	assert_int_equal(cut(&l, UINT64_MAX, 1), ERR_RANGE);
	assert_int_equal(cut(&l, 0, UINT64_MAX), ERR_OK);
	check_list(&l, 0, NULL);
}

static uint64_t bits_of(uint64_t base, uint64_t bytes)
{
	return bytes == 0 ? 0 : MASK(base + bytes - 1, base);
}

/* Sorted, with a gap between any two, and the bytes of the model. */
static void check_model(const struct list *l, uint64_t want)
{
	uint64_t got = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		assert_int_not_equal(l->region[i].bytes, 0);
		assert_true(i == 0 ||
			    l->region[i - 1].base + l->region[i - 1].bytes < l->region[i].base);
		got |= bits_of(l->region[i].base, l->region[i].bytes);
	}
	assert_int_equal(got, want);
}

static uint32_t runs(uint64_t model)
{
	return __builtin_popcountll(model & ~(model << 1));
}

static void test_lists_against_model(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 2000; round++) {
		struct list l = {.count = 0};
		uint64_t model = 0;

		for (int step = 0; step < 40; step++) {
			uint64_t base = prop_below(&p, SPACE);
			uint64_t bytes = prop_between(&p, 0, SPACE - base);
			bool add = prop_one_in(&p, 2);
			uint64_t next;
			enum err err;

			bytes = prop_one_in(&p, 4) ? bytes : bytes % 5;
			next = add ? model | bits_of(base, bytes) : model & ~bits_of(base, bytes);
			err = add ? merge(&l, base, bytes) : cut(&l, base, bytes);
			assert_int_equal(err, runs(next) > LIST_MAX ? ERR_NO_MEMORY : ERR_OK);
			model = err == ERR_OK ? next : model;
			check_model(&l, model);
			base = prop_below(&p, SPACE);
			bytes = prop_between(&p, 1, SPACE - base);
			assert_int_equal(layout_in(l.region, l.count, base, bytes),
					 (bits_of(base, bytes) & ~model) == 0);
		}
	}
}

static void test_busy(void **state)
{
	static struct layout_busy busy;

	assert_int_equal(layout_busy_add(&busy, 7, 0, "nothing"), ERR_OK);
	assert_int_equal(layout_busy_add(&busy, 2, UINT64_MAX - 1, "wraps"), ERR_RANGE);
	assert_int_equal(busy.count, 0);
	assert_null(layout_busy_at(&busy, 0, UINT64_MAX));
	assert_int_equal(layout_busy_add(&busy, 10, 10, "a"), ERR_OK);
	assert_int_equal(layout_busy_add(&busy, 15, 10, "b"), ERR_OK);
	assert_null(layout_busy_at(&busy, 0, 10));
	assert_null(layout_busy_at(&busy, 12, 0));
	assert_null(layout_busy_at(&busy, 25, 10));
	assert_string_equal(layout_busy_at(&busy, 0, 11), "a");
	assert_string_equal(layout_busy_at(&busy, 17, 1), "a");
	assert_string_equal(layout_busy_at(&busy, 24, UINT64_MAX), "b");
	while (busy.count < LAYOUT_MAX_BUSY)
		assert_int_equal(layout_busy_add(&busy, 0, 1, "more"), ERR_OK);
	assert_int_equal(layout_busy_add(&busy, 0, 1, "more"), ERR_NO_MEMORY);
}

/* The whole place is in one region of RAM, below the limit, and free. */
static bool fits(const struct list *ram, uint64_t busy, uint64_t base, uint64_t bytes,
		 uint64_t limit)
{
	return base + bytes <= limit && layout_in(ram->region, ram->count, base, bytes) &&
	       (bits_of(base, bytes) & busy) == 0;
}

static void check_places(const struct list *ram, const struct layout_busy *busy, uint64_t taken,
			 struct prop *p)
{
	uint64_t align = BIT(prop_below(p, 5));
	uint64_t bytes = prop_between(p, 1, prop_one_in(p, 4) ? SPACE : 8);
	uint64_t limit = prop_between(p, 0, SPACE);
	uint64_t low = SPACE, high = SPACE, got;

	for (uint64_t base = 0; base + bytes <= SPACE; base += align) {
		if (!fits(ram, taken, base, bytes, limit))
			continue;
		low = low == SPACE ? base : low;
		high = base;
	}
	got = SPACE;
	assert_int_equal(layout_lowest(ram->region, ram->count, busy, bytes, align, limit, &got),
			 low == SPACE ? ERR_NOT_FOUND : ERR_OK);
	assert_int_equal(got, low);
	got = SPACE;
	assert_int_equal(layout_highest(ram->region, ram->count, busy, bytes, align, limit, &got),
			 high == SPACE ? ERR_NOT_FOUND : ERR_OK);
	assert_int_equal(got, high);
}

static void test_places_against_model(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 5000; round++) {
		struct layout_busy busy = {.count = 0};
		struct list ram = {.count = 0};
		uint64_t taken = 0;

		for (uint64_t n = prop_below(&p, 5); n != 0; n--) {
			uint64_t base = prop_below(&p, SPACE);

			assert_int_equal(merge(&ram, base, prop_between(&p, 0, SPACE - base)),
					 ERR_OK);
		}
		for (uint64_t n = prop_below(&p, 6); n != 0; n--) {
			uint64_t base = prop_below(&p, SPACE);
			uint64_t bytes = prop_between(&p, 0, (SPACE - base) / 4);

			assert_int_equal(layout_busy_add(&busy, base, bytes, ""), ERR_OK);
			taken |= bits_of(base, bytes);
		}
		check_places(&ram, &busy, taken, &p);
	}
}

/* Where rounding up the end of what is busy comes out at 0, the search ends. */
static void test_busy_to_the_end(void **state)
{
	struct boot_region ram = {0, MIB(64)};
	struct layout_busy busy = {.count = 0};
	uint64_t base = 7;

	assert_int_equal(layout_busy_add(&busy, KIB(4), UINT64_MAX - KIB(4), ""), ERR_OK);
	assert_int_equal(layout_lowest(&ram, 1, &busy, MIB(2), MIB(2), UINT64_MAX, &base),
			 ERR_NOT_FOUND);
	assert_int_equal(layout_highest(&ram, 1, &busy, MIB(2), MIB(2), UINT64_MAX, &base),
			 ERR_NOT_FOUND);
	assert_int_equal(base, 7);
	assert_int_equal(layout_lowest(&ram, 1, &busy, KIB(4), KIB(4), UINT64_MAX, &base), ERR_OK);
	assert_int_equal(base, 0);
}

/* Its parts follow each other, large enough and aligned; the promise holds. */
static void test_kept(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 1000; round++) {
		uint64_t image = prop_between(&p, 1, MIB(1));
		uint64_t ram = prop_between(&p, MIB(256), GIB(1024));
		uint32_t cpus = prop_between(&p, 1, BOOT_MAX_CPUS);
		uint64_t consoles = prop_between(&p, 0, MIB(24));
		struct layout_kept k = layout_kept(image, ram, cpus, consoles);

		assert_true(k.image >= LAYOUT_LOG_BYTES);
		assert_true(k.bootinfo - k.image >= image);
		assert_true(k.wait_code - k.bootinfo >= sizeof(struct bootinfo));
		assert_true(k.mailboxes - k.wait_code >= KIB(4));
		assert_int_equal(k.stacks - k.mailboxes, (cpus - 1) * KIB(4));
		assert_int_equal(k.pool - k.stacks, cpus * HYP_STACK_BYTES);
		assert_true(k.bytes - k.pool >= KIB(512) + ram / 4096 + consoles);
		assert_true(bits_is_aligned(k.image | k.bootinfo | k.wait_code | k.mailboxes |
						    k.stacks | k.pool,
					    KIB(4)));
		assert_true(bits_is_aligned(k.bytes, MIB(2)));
		assert_true(k.bytes <= layout_kept_limit(ram));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_full),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lists_against_model),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_places_against_model),
		cmocka_unit_test(test_busy_to_the_end),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
