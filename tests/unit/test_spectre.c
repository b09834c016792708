/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "abi/psci.h"
#include "lib/spectre.h"

#define CSV2  (UINT64_C(1) << 56)
#define ECBHB (UINT64_C(1) << 60)

static void test_call(void **unused)
{
	static const struct {
		uint64_t pfr0, mmfr1;
		int32_t workaround_1, workaround_3;
		uint32_t call;
	} cases[] = {
		{0, 0, SMCCC_NOT_SUPPORTED, SMCCC_NOT_SUPPORTED, 0},     /* old firmware, or none */
		{0, 0, 0, SMCCC_NOT_SUPPORTED, SMCCC_ARCH_WORKAROUND_1}, /* Cortex-A72 */
		{0, 0, 0, 0, SMCCC_ARCH_WORKAROUND_3},    /* the same, newer firmware */
		{CSV2, 0, 1, 0, SMCCC_ARCH_WORKAROUND_3}, /* Neoverse N1 */
		{CSV2, 0, SMCCC_NOT_SUPPORTED, 1, 0},     /* the firmware knows better */
		{CSV2, 0, 0, SMCCC_NOT_SUPPORTED, 0},     /* not needed with CSV2 */
		{CSV2, ECBHB, 0, 0, 0},                   /* nothing is needed: nothing is paid */
		{0, ECBHB, 0, 0, SMCCC_ARCH_WORKAROUND_3},
		{0, 0, 1, 1, 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(spectre_switch_call(cases[i].pfr0, cases[i].mmfr1,
						     cases[i].workaround_1, cases[i].workaround_3),
				 cases[i].call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_call)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
