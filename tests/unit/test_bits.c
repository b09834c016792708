/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/bits.h"
#include "tests/unit/prop.h"

/* Ranges in a space of 8 addresses at either end of the 64-bit space, as sets of bytes. */
#define SPACE 8

static unsigned int byte_set(unsigned int first, unsigned int count)
{
	return ((1u << count) - 1) << first;
}

static void check_ranges(uint64_t base, unsigned int a, unsigned int a_size, unsigned int b,
			 unsigned int b_size)
{
	unsigned int set_a = byte_set(a, a_size);
	unsigned int set_b = byte_set(b, b_size);

	assert_int_equal(bits_overlap(base + a, a_size, base + b, b_size), (set_a & set_b) != 0);
	/* An empty range is in another when its address is within or at the end of it. */
	if (b_size != 0)
		assert_int_equal(bits_contains(base + a, a_size, base + b, b_size),
				 (set_b & ~set_a) == 0);
	else
		assert_int_equal(bits_contains(base + a, a_size, base + b, b_size),
				 b >= a && b <= a + a_size);
}

static void test_ranges_exhaustively(void **state)
{
	const uint64_t bases[] = {0, 100, UINT64_MAX - SPACE + 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++)
		for (unsigned int a = 0; a < SPACE; a++)
			for (unsigned int a_size = 0; a + a_size <= SPACE; a_size++)
				for (unsigned int b = 0; b < SPACE; b++)
					for (unsigned int b_size = 0; b + b_size <= SPACE; b_size++)
						check_ranges(bases[i], a, a_size, b, b_size);
}

/* Sizes that would wrap an address must not make a range look contained. */
static void test_ranges_that_wrap(void **state)
{
	assert_false(bits_contains(0x1000, 0x1000, 0x1800, UINT64_MAX));
	assert_false(bits_contains(0x1000, 0x1000, UINT64_MAX, 2));
	assert_true(bits_contains(0, UINT64_MAX, 0, UINT64_MAX));
	assert_true(bits_contains(1, UINT64_MAX, UINT64_MAX, 1));
	assert_true(bits_overlap(0, UINT64_MAX, UINT64_MAX - 1, 1));
	assert_true(bits_overlap(UINT64_MAX, 1, 5, UINT64_MAX));
	assert_false(bits_overlap(UINT64_MAX, 1, 0, UINT64_MAX));
}

static void test_fields(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 20000; i++) {
		unsigned int lo = prop_below(&p, 64);
		unsigned int hi = prop_between(&p, lo, 63);
		uint64_t value = prop_value(&p);
		uint64_t field = prop_value(&p);
		uint64_t set = bits_set(value, hi, lo, field);

		for (unsigned int bit = 0; bit < 64; bit++) {
			bool inside = bit >= lo && bit <= hi;
			uint64_t want = inside ? field >> (bit - lo) : value >> bit;

			assert_int_equal(MASK(hi, lo) >> bit & 1, inside);
			assert_int_equal(set >> bit & 1, want & 1);
		}
		assert_int_equal(bits_get(set, hi, lo), field & (MASK(hi, lo) >> lo));
	}
}

static void test_constants(void **state)
{
	assert_int_equal(KIB(3), 3072);
	assert_int_equal(MIB(3), 3145728);
	assert_int_equal(GIB(5), 5368709120);
	assert_int_equal(BIT(0), 1);
	assert_int_equal(BIT(63), 0x8000000000000000);
}

static void test_align(void **state)
{
	for (uint64_t align = 1; align <= 16; align *= 2) {
		for (uint64_t value = 0; value < 64; value++) {
			uint64_t down = value / align * align;

			assert_int_equal(bits_align_down(value, align), down);
			assert_int_equal(bits_align_up(value, align),
					 value % align == 0 ? value : down + align);
			assert_int_equal(bits_is_aligned(value, align), value % align == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_exhaustively),
		cmocka_unit_test(test_ranges_that_wrap),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_align),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
