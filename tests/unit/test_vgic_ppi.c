/* SPDX-License-Identifier: BSD-2-Clause */
/* A PPI whose level EL2 sets, as that of a user VM's physical timer, on a simulated machine. */
#include "tests/unit/unit.h"

#include "arch/aarch64/gicv3.h"
#include "hyp/vm/vgic.h"
#include "tests/unit/prop.h"
#include "tests/unit/vgic_sim.h"

static int start(void **state)
{
	sim_init(4, 4);
	sim_set(0, GICD_CTLR, 3);
	return 0;
}

static void enable(uint32_t intid, uint8_t priority)
{
	assert_true(sim_redist_write(0, 0, GICR_SGI_BASE + GICD_IPRIORITYR + intid, 1, priority));
	sim_set_bit(0, GICD_ISENABLER, intid);
}

static bool is_pending(uint32_t cpu)
{
	sim.current = cpu;
	return vgic_is_pending(&sim.vcpu[cpu]);
}

#define PPI       SIM_HYP_TIMER /* no guest's, so not hardware-linked */
#define PPI_STEPS 4000

static void set_ppi(bool level)
{
	sim.current = 0;
	vgic_ppi_set(&sim.vcpu[0], PPI, level);
	sim_settle();
}

/*
 * Its level at random, with and without interrupts that take the list registers: the guest has it
 * exactly while the line is up, it is enabled and not active.
 */
static void ppi_random(struct prop *p, uint32_t lr_count)
{
	bool line = false, enabled = true, active = false;
	uint32_t step;

	sim_init(1, lr_count);
	sim_set(0, GICD_CTLR, 3);
	enable(PPI, 0x10);
	for (step = 0; step < 8; step++)
		enable(step, 0x80);
	for (step = 0; step < PPI_STEPS; step++) {
		switch (prop_below(p, 5)) {
		case 0:
			line = prop_one_in(p, 2);
			set_ppi(line);
			break;
		case 1:
			if (sim_highest(0, false) == PPI) {
				assert_int_equal(sim_ack(0, false), PPI);
				active = true;
			} else if (!active && sim_highest(0, false) != SIM_NONE) {
				sim_eoi(0, sim_ack(0, false), false);
			}
			break;
		case 2:
			if (active)
				sim_eoi(0, PPI, false);
			active = false;
			break;
		case 3:
			enabled = prop_one_in(p, 2);
			sim_set_bit(0, enabled ? GICD_ISENABLER : GICD_ICENABLER, PPI);
			break;
		default:
			sim_sgi(0, 1, (uint32_t)prop_below(p, 8), false);
		}
		sim_settle();
		assert_int_equal(sim_highest(0, false) == PPI, line && enabled && !active);
		assert_int_equal(sim_bit(0, GICD_ISPENDR, PPI), line);
		assert_int_equal(sim_bit(0, GICD_ISACTIVER, PPI), active);
		if (line && enabled && !active)
			assert_true(is_pending(0));
	}
}

static void test_ppi_level(void **state)
{
	struct prop p = prop_start("PPI level");
	uint32_t lr_count;

	for (lr_count = 1; lr_count <= 4; lr_count++)
		ppi_random(&p, lr_count);
}

/* Taken back before it was acknowledged, it costs no exit and leaves nothing to wake up for. */
static void test_ppi_taken_back(void **state)
{
	uint64_t exits = sim.cpu[0].exits;

	enable(PPI, 0x10);
	set_ppi(true);
	assert_true(is_pending(0));
	set_ppi(false);
	assert_false(is_pending(0));
	assert_int_equal(sim_ack(0, false), SIM_NONE);
	set_ppi(true);
	assert_int_equal(sim_ack(0, false), PPI);
	set_ppi(false);
	assert_int_equal(sim.cpu[0].exits, exits);
	sim_eoi(0, PPI, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE);
	assert_false(is_pending(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ppi_level, start),
		cmocka_unit_test_setup(test_ppi_taken_back, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
