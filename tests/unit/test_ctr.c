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
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_transitive),
		cmocka_unit_test(test_clidr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
