/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/prop.h"
#include "tests/unit/upages_sim.h"

static const struct ublock_needs all = {true, true, true};
static struct upages_sim sim;

static void right(const char *wrong)
{
	if (wrong)
		fail_msg("%s", wrong);
}

static void test_software(void **state)
{
	uint64_t bits[UPAGES_WORDS];

	upages_sim_start(&sim, 512, false, all);
	assert_false(upages_read(sim.table, bits));
	upages_sim_access(&sim, 3, UBLOCK_WRITE);
	upages_sim_access(&sim, 511, UBLOCK_WRITE);
	upages_sim_access(&sim, 4, UBLOCK_READ);
	assert_int_equal(sim.faults, 2);
	assert_true(sim.table[3] & PGTABLE_DESC_WRITE);
	assert_false(sim.table[4] & PGTABLE_DESC_WRITE);
	assert_true(upages_read(sim.table, bits));
	assert_int_equal(bits[0], BIT(3));
	assert_true(bits[7] == BIT(63));
	assert_false(upages_read(sim.table, bits));
	upages_sim_access(&sim, 3, UBLOCK_WRITE);
	assert_int_equal(sim.faults, 3);
}

/* Written, then not writable, not mapped, executable: it is not forgotten. */
static void test_kept(void **state)
{
	for (int hardware = 0; hardware < 2; hardware++) {
		upages_sim_start(&sim, 512, hardware, all);
		upages_sim_access(&sim, 7, UBLOCK_READ);
		upages_sim_access(&sim, 7, UBLOCK_WRITE);
		upages_sim_set(&sim, ublock_map(sim.desc, false).desc);
		right(upages_sim_check(&sim));
		upages_sim_access(&sim, 8, UBLOCK_READ);
		assert_int_equal(sim.table[7] & PGTABLE_DESC_WRITE, 0);
		upages_sim_access(&sim, 8, UBLOCK_FETCH);
		assert_int_equal(ublock_state(sim.desc), UBLOCK_EXEC);
		upages_sim_set(&sim, ublock_unmap(sim.desc).desc);
		right(upages_sim_read(&sim));
		assert_int_equal(sim.reported, 1);
		assert_int_equal(sim.by_hardware, hardware);
	}
}

static void test_random(void **state)
{
	struct prop p = prop_start(__func__);
	uint64_t faults = 0, by_hardware = 0, reported = 0;

	for (int round = 0; round < 60; round++) {
		struct ublock_needs needs = {prop_one_in(&p, 2), prop_one_in(&p, 2),
					     prop_one_in(&p, 2)};

		upages_sim_start(&sim, prop_between(&p, 1, 1 << 20), prop_one_in(&p, 2), needs);
		right(upages_sim_check(&sim));
		for (int i = 0; i < 300; i++)
			right(upages_sim_step(&sim, prop_u64(&p), prop_u64(&p), prop_u64(&p)));
		right(upages_sim_read(&sim));
		faults += sim.faults;
		by_hardware += sim.by_hardware;
		reported += sim.reported;
	}
	assert_true(faults > 100 && by_hardware > 100 && reported > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
