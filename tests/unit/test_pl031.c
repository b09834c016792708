/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/pl031.h"

#define NOW 1700000000

static struct pl031 fresh(void)
{
	struct pl031 r;

	pl031_reset(&r);
	return r;
}

static void test_time(void **unused)
{
	struct pl031 r = fresh();

	assert_int_equal(pl031_read(&r, PL031_DR, NOW), NOW);
	assert_int_equal(pl031_read(&r, PL031_CR, NOW), 1);
	pl031_write(&r, PL031_LR, 1000, NOW);
	assert_int_equal(pl031_read(&r, PL031_LR, NOW), 1000);
	assert_int_equal(pl031_read(&r, PL031_DR, NOW + 7), 1007);
	pl031_write(&r, PL031_CR, 0, NOW);
	assert_int_equal(pl031_read(&r, PL031_DR, NOW + 8), 1008);
}

static void test_match(void **unused)
{
	struct pl031 r = fresh();
	uint32_t seconds;

	assert_false(pl031_wait(&r, NOW, &seconds));
	pl031_write(&r, PL031_MR, NOW + 10, NOW);
	pl031_write(&r, PL031_IMSC, 1, NOW);
	assert_true(pl031_wait(&r, NOW + 3, &seconds));
	assert_int_equal(seconds, 7);
	pl031_tick(&r, NOW + 9);
	assert_false(pl031_interrupt(&r));
	pl031_tick(&r, NOW + 12); /* late */
	assert_true(pl031_interrupt(&r));
	assert_false(pl031_wait(&r, NOW + 12, &seconds));
	assert_int_equal(pl031_read(&r, PL031_MIS, NOW), 1);
	pl031_write(&r, PL031_IMSC, 0, NOW);
	assert_false(pl031_interrupt(&r));
	assert_int_equal(pl031_read(&r, PL031_RIS, NOW), 1);
	pl031_write(&r, PL031_ICR, 1, NOW);
	assert_int_equal(pl031_read(&r, PL031_RIS, NOW), 0);

	pl031_write(&r, PL031_MR, NOW - 1, NOW); /* past */
	assert_false(pl031_wait(&r, NOW, &seconds));
	pl031_write(&r, PL031_MR, NOW, NOW); /* at once */
	assert_int_equal(pl031_read(&r, PL031_RIS, NOW), 1);
}

static void test_identification(void **unused)
{
	struct pl031 r = fresh();
	uint32_t periph = 0;

	for (uint32_t i = 0; i < 3; i++)
		periph |= pl031_read(&r, PL031_PERIPH_ID0 + 4 * i, NOW) << 8 * i;
	assert_int_equal(periph & 0xfffff, 0x41031);
	assert_int_equal(pl031_read(&r, 0xffc, NOW), 0xb1);
	assert_int_equal(pl031_read(&r, 0xfe1, NOW), 0);
	assert_int_equal(pl031_read(&r, 0x1000, NOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_identification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
