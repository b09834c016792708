/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/aarch32.h"

#define CV      BIT(24)
#define COND(c) (CV | (uint64_t)(c) << 20)
#define N       BIT(31)
#define Z       BIT(30)
#define C       BIT(29)
#define V       BIT(28)
#define T       BIT(5)

/* IT in SPSR: IT[7:2] are bits 15:10, IT[1:0] bits 26:25. */
static uint64_t it(unsigned int value)
{
	return T | (uint64_t)(value >> 2) << 10 | (uint64_t)(value & 3) << 25;
}

/* Every condition with every combination of flags, against the text of F1.3 (table of cond). */
static void test_conditions(void **unused)
{
	unsigned int cond, flags;

	for (flags = 0; flags < 16; flags++) {
		bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
		const bool expected[16] = {
			z,       !z,     c,      !c,           n,           !n,   v,   !v, c && !z,
			!c || z, n == v, n != v, !z && n == v, z || n != v, true, true};

		for (cond = 0; cond < 16; cond++)
			assert_int_equal(aarch32_condition_holds(COND(cond), (uint64_t)flags << 28),
					 expected[cond]);
	}
}

/* Without COND in the syndrome: T32's IT block, or always. */
static void test_it_block(void **unused)
{
	assert_true(aarch32_condition_holds(0, 0));
	assert_true(aarch32_condition_holds(0, T));
	assert_true(aarch32_condition_holds(0, Z | it(0x08))); /* EQ, one instruction */
	assert_false(aarch32_condition_holds(0, it(0x08)));
	assert_false(aarch32_condition_holds(0, Z | it(0x18))); /* NE */
	assert_true(aarch32_condition_holds(0, it(0x1f)));
	assert_false(aarch32_condition_holds(0, N | it(0xa2))); /* GE, bits in IT[1:0] alone */
	assert_true(aarch32_condition_holds(0, N | V | it(0xa2)));
	/* With it, IT does not matter. */
	assert_true(aarch32_condition_holds(COND(14), it(0x08)));
}

static void test_register(void **unused)
{
	/* mrc p14, 3, r5, c7, c12, 6: opc2 19:17, opc1 16:14, CRn 13:10, Rt 9:5, CRm 4:1 */
	uint64_t esr = 6u << 17 | 3u << 14 | 7u << 10 | 5u << 5 | 12u << 1 | 1;

	assert_int_equal(aarch32_reg(esr | COND(14)), AARCH32_REG(3, 7, 12, 6));
	assert_int_not_equal(aarch32_reg(esr), AARCH32_REG(3, 7, 12, 5));
}

static void test_flags(void **unused)
{
	assert_int_equal(aarch32_set_flags(N | V | T | 0x10, Z | C | 0x0fffffff), Z | C | T | 0x10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_it_block),
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
