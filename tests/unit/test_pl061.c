/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/pl061.h"
#include "tests/unit/prop.h"

static struct pl061 fresh(void)
{
	struct pl061 g;

	pl061_reset(&g);
	return g;
}

/* As Linux' gpio-keys uses it: both edges of line 3. */
static void test_button(void **unused)
{
	struct pl061 g = fresh();

	pl061_write(&g, PL061_IBE, BIT(3));
	pl061_write(&g, PL061_IE, BIT(3));
	assert_false(pl061_interrupt(&g));
	pl061_set_input(&g, 3, true);
	assert_true(pl061_interrupt(&g));
	assert_int_equal(pl061_read(&g, PL061_DATA + (BIT(3) << 2)), BIT(3));
	assert_int_equal(pl061_read(&g, PL061_DATA + (BIT(2) << 2)), 0);
	pl061_write(&g, PL061_IC, BIT(3));
	assert_false(pl061_interrupt(&g));
	pl061_set_input(&g, 3, true); /* no change */
	assert_false(pl061_interrupt(&g));
	pl061_set_input(&g, 3, false);
	assert_int_equal(pl061_read(&g, PL061_MIS), BIT(3));
}

static void test_one_edge(void **unused)
{
	struct pl061 g = fresh();

	pl061_write(&g, PL061_IEV, BIT(0)); /* line 0 rising, line 1 falling */
	pl061_write(&g, PL061_IE, BIT(0) | BIT(1));
	pl061_set_input(&g, 0, true);
	pl061_set_input(&g, 1, true);
	assert_int_equal(pl061_read(&g, PL061_RIS), BIT(0));
	pl061_write(&g, PL061_IC, 0xff);
	pl061_set_input(&g, 0, false);
	pl061_set_input(&g, 1, false);
	assert_int_equal(pl061_read(&g, PL061_RIS), BIT(1));
}

static void test_level(void **unused)
{
	struct pl061 g = fresh();

	pl061_write(&g, PL061_IEV, BIT(5));
	pl061_write(&g, PL061_IS, BIT(5));
	pl061_write(&g, PL061_IE, BIT(5));
	assert_false(pl061_interrupt(&g));
	pl061_set_input(&g, 5, true);
	pl061_write(&g, PL061_IC, BIT(5)); /* a level stays */
	assert_true(pl061_interrupt(&g));
	pl061_set_input(&g, 5, false);
	assert_false(pl061_interrupt(&g));
}

static void test_output(void **unused)
{
	struct pl061 g = fresh();

	pl061_write(&g, PL061_DATA + 0x3fc, 0xff); /* all are inputs */
	assert_int_equal(pl061_read(&g, PL061_DATA + 0x3fc), 0);
	pl061_write(&g, PL061_DIR, 0x0f);
	pl061_write(&g, PL061_DATA + (0x3 << 2), 0xff);
	assert_int_equal(pl061_read(&g, PL061_DATA + 0x3fc), 0x03);
	pl061_set_input(&g, 0, false);
	pl061_set_input(&g, 7, true);
	assert_int_equal(pl061_read(&g, PL061_DATA + 0x3fc), 0x83);
}

static void test_identification(void **unused)
{
	struct pl061 g = fresh();

	assert_int_equal(pl061_read(&g, PL061_PERIPH_ID0), 0x61);
	assert_int_equal(pl061_read(&g, 0xffc), 0xb1);
	assert_int_equal(pl061_read(&g, 0x1000), 0);
}

static void test_any_access(void **unused)
{
	struct prop p = prop_start(__func__);
	struct pl061 g = fresh();

	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t offset = (uint32_t)prop_below(&p, 0x440);

		if (prop_one_in(&p, 2))
			pl061_write(&g, offset, (uint32_t)prop_u64(&p));
		else
			pl061_set_input(&g, (uint32_t)prop_below(&p, PL061_LINES),
					prop_one_in(&p, 2));
		assert_true(pl061_read(&g, offset) <= 0xff);
		assert_int_equal(pl061_interrupt(&g), pl061_read(&g, PL061_MIS) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_button),         cmocka_unit_test(test_one_edge),
		cmocka_unit_test(test_level),          cmocka_unit_test(test_output),
		cmocka_unit_test(test_identification), cmocka_unit_test(test_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
