/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/ctr.h"
#include "tests/unit/prop.h"

#define IDC BIT(28)
#define DIC BIT(29)

/* Neoverse N1: lines of 64 bytes, PIPT; and one that needs no maintenance. */
#define N1    UINT64_C(0x8444c004)
#define LARGE (N1 | IDC | DIC)

static void test_safe(void **state)
{
	assert_true(ctr_is_safe(N1, N1));
	assert_true(ctr_is_safe(LARGE, LARGE));
	assert_true(ctr_is_safe(LARGE, N1));
	assert_false(ctr_is_safe(N1, N1 | IDC));
	assert_false(ctr_is_safe(N1, N1 | DIC));
	assert_false(ctr_is_safe(N1 | IDC, LARGE));

	/* Lines: smaller ones only. */
	assert_true(ctr_is_safe(N1, bits_set(N1, 3, 0, 3)));
	assert_false(ctr_is_safe(N1, bits_set(N1, 3, 0, 5)));
	assert_true(ctr_is_safe(N1, bits_set(N1, 19, 16, 3)));
	assert_false(ctr_is_safe(N1, bits_set(N1, 19, 16, 5)));

	/* Granules: larger ones, or not told. */
	assert_true(ctr_is_safe(N1, bits_set(N1, 23, 20, 5)));
	assert_false(ctr_is_safe(N1, bits_set(N1, 23, 20, 3)));
	assert_true(ctr_is_safe(N1, bits_set(N1, 27, 24, 0)));
	assert_false(ctr_is_safe(bits_set(N1, 27, 24, 0), N1));

	/* Policy: PIPT may be shown as VIPT, nothing else. */
	assert_true(ctr_is_safe(N1, bits_set(N1, 15, 14, 2)));
	assert_false(ctr_is_safe(bits_set(N1, 15, 14, 2), N1));
	assert_false(ctr_is_safe(N1, bits_set(N1, 15, 14, 0)));
	assert_false(ctr_is_safe(N1, bits_set(N1, 15, 14, 1)));

	/* What is not known. */
	assert_false(ctr_is_safe(N1, N1 | BIT(32)));
	assert_false(ctr_is_safe(N1, N1 | BIT(30)));
	assert_false(ctr_is_safe(N1, N1 | BIT(5)));
	/* Allocation tags' lines, which guests have none of. */
	assert_true(ctr_is_safe(N1 | UINT64_C(4) << 32, N1));
	assert_false(ctr_is_safe(N1 | UINT64_C(4) << 32, N1 | UINT64_C(3) << 32));
	assert_false(ctr_is_safe(N1, N1 & ~BIT(31)));
}

static uint64_t few_bits(struct prop *p, uint64_t mask)
{
	uint64_t bits = prop_u64(p);

	bits &= prop_u64(p);
	bits &= prop_u64(p);
	return bits & mask;
}

/* What is safe to show of a host is safe to show of what was shown of it: baselines can be chained.
 */
static void test_transitive(void **state)
{
	struct prop p = prop_start(__func__);
	unsigned int safe = 0;

	for (int i = 0; i < 2000000; i++) {
		uint64_t a = LARGE ^ few_bits(&p, MASK(29, 0));
		uint64_t b = a ^ few_bits(&p, MASK(29, 14));
		uint64_t c = b ^ few_bits(&p, MASK(29, 14));

		assert_true(ctr_is_safe(a, a));
		if (!ctr_is_safe(a, b) || !ctr_is_safe(b, c))
			continue;
		assert_true(ctr_is_safe(a, c));
		safe++;
	}
	assert_true(safe > 100);
}

/* What two hosts have in common is safe on both, the same either way, and the most there is. */
static void test_meet(void **state)
{
	struct prop p = prop_start(__func__);
	unsigned int met = 0;

	for (int i = 0; i < 500000; i++) {
		uint64_t a = LARGE ^ few_bits(&p, MASK(37, 14) | MASK(3, 0));
		uint64_t b = a ^ few_bits(&p, MASK(37, 14) | MASK(3, 0));
		uint64_t c = b ^ few_bits(&p, MASK(29, 14));
		uint64_t ab, ba;

		assert_true(ctr_meet(a, a, &ab) && ab == a);
		if (!ctr_meet(a, b, &ab)) {
			assert_false(ctr_meet(b, a, &ba));
			continue;
		}
		met++;
		assert_true(ctr_meet(b, a, &ba));
		assert_int_equal(ab, ba);
		assert_true(ctr_is_safe(a, ab) && ctr_is_safe(b, ab));
		if (ctr_is_safe(a, c) && ctr_is_safe(b, c))
			assert_true(ctr_is_safe(ab, c));
	}
	assert_true(met > 10000);
}

static uint64_t meet(uint64_t a, uint64_t b)
{
	uint64_t out = 0;

	assert_true(ctr_meet(a, b, &out));
	return out;
}

static void test_meets(void **state)
{
	assert_int_equal(meet(N1, LARGE), N1);
	assert_int_equal(meet(N1, bits_set(N1, 3, 0, 3)), bits_set(N1, 3, 0, 3));
	assert_int_equal(meet(N1, bits_set(N1, 19, 16, 5)), N1);
	assert_int_equal(meet(N1, bits_set(N1, 23, 20, 5)), bits_set(N1, 23, 20, 5));
	assert_int_equal(meet(N1, bits_set(N1, 27, 24, 0)), bits_set(N1, 27, 24, 0));
	assert_int_equal(meet(N1, bits_set(N1, 15, 14, 2)), bits_set(N1, 15, 14, 2));
	assert_int_equal(meet(N1, N1 | UINT64_C(4) << 32), N1);
}

static void test_ccsidr(void **state)
{
	const uint64_t wide = UINT64_C(255) << 32 | 3 << 3 | 2;

	assert_int_equal(ctr_ccsidr(wide, true, true), wide);
	assert_int_equal(ctr_ccsidr(0x701fe01a, false, false), 0x701fe01a);
	assert_int_equal(ctr_ccsidr(wide, true, false), 255 << 13 | 3 << 3 | 2);
	assert_int_equal(ctr_ccsidr(~UINT64_C(0), true, false), 0xfffffff);
}

static void test_clidr(void **state)
{
	const uint64_t unified = UINT64_C(0x02000023); /* LoC 2, LoUU and LoUIS 0 */

	assert_int_equal(ctr_clidr(unified, N1 | IDC), unified);
	assert_int_equal(ctr_clidr(unified, N1), UINT64_C(0x0a200023));
	assert_int_equal(ctr_clidr(UINT64_C(0x0a200023), N1), UINT64_C(0x0a200023));
	assert_int_equal(ctr_clidr(UINT64_C(0x12400023), N1), UINT64_C(0x12400023));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),   cmocka_unit_test(test_transitive),
		cmocka_unit_test(test_meet),   cmocka_unit_test(test_meets),
		cmocka_unit_test(test_ccsidr), cmocka_unit_test(test_clidr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
