/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/vcpustate.h"

static const struct vcpustate_features none;
static const struct vcpustate_features all = {
	.pfr0 = BIT(48), .pfr1 = BIT(0) | BIT(4), .mmfr1 = BIT(20), .mmfr2 = BIT(4)};

/* Of the 32 values of M just EL0t, EL1t and EL1h, all of AArch64. */
static void test_modes(void **state)
{
	uint64_t mode;

	for (mode = 0; mode < 32; mode++)
		assert_int_equal(vcpustate_is_pstate(mode | 0x3c0, &all),
				 mode == 0 || mode == 4 || mode == 5);
}

/* AArch32: User mode, with whatever flags, if the guest has it. */
static void test_aarch32(void **state)
{
	const struct vcpustate_features has = {.pfr0 = 2};
	uint64_t mode;

	for (mode = 16; mode < 32; mode++) {
		assert_int_equal(vcpustate_is_pstate(mode | 0xf80f0000, &has), mode == 16);
		assert_false(vcpustate_is_pstate(mode, &none));
	}
	assert_false(vcpustate_is_pstate(BIT(32) | 16, &has));
}

/* What is not shown is dropped, the rest stays. */
static void test_known(void **state)
{
	assert_int_equal(vcpustate_pstate_known(0xf3f03fc5, &none), 0xf03003c5);
	assert_int_equal(vcpustate_pstate_known(~UINT64_C(0x10), &all), 0xf1f01fcf);
	assert_int_equal(vcpustate_pstate_known(0xffffffffffffffff, &none), 0xffffffff);
}

/* Each bit alone, with each feature alone: allowed always, never, or with its feature. */
static void test_bits(void **state)
{
	static const struct {
		uint64_t bits;
		struct vcpustate_features feature;
	} of[] = {
		{MASK(11, 10), {.pfr1 = BIT(0)}}, {BIT(12), {.pfr1 = 2 << 4}},
		{BIT(22), {.mmfr1 = BIT(20)}},    {BIT(23), {.mmfr2 = BIT(4)}},
		{BIT(24), {.pfr0 = BIT(48)}},
	};
	const uint64_t always = MASK(31, 28) | MASK(21, 20) | MASK(9, 6);
	unsigned int bit, i;

	for (bit = 5; bit < 64; bit++) {
		bool is_of_feature = false;

		for (i = 0; i < ARRAY_SIZE(of); i++) {
			bool own = of[i].bits >> bit & 1;

			is_of_feature |= own;
			assert_int_equal(vcpustate_is_pstate(BIT(bit) | 5, &of[i].feature),
					 own || (always >> bit & 1));
		}
		assert_int_equal(vcpustate_is_pstate(BIT(bit) | 5, &none), always >> bit & 1);
		assert_int_equal(vcpustate_is_pstate(BIT(bit) | 5, &all),
				 is_of_feature || (always >> bit & 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_aarch32),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
