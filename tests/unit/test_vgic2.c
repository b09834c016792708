/* SPDX-License-Identifier: BSD-2-Clause */
/* A GICv2's vGIC on the simulated machine: what it does not have in common with a GICv3's. */
#include "tests/unit/unit.h"

#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/gicv3.h"
#include "hyp/vm/vgic.h"
#include "tests/unit/vgic_sim.h"

#define CPUS  3
#define SGI   5
#define SPI   40
#define TIMER 27

static int setup(void **state)
{
	sim_init2(CPUS, 4);
	sim_set(0, GICD_CTLR, 3);
	return 0;
}

static uint32_t get8(uint32_t cpu, uint64_t offset)
{
	uint64_t value;

	assert_true(sim_read(cpu, offset, 1, &value));
	return (uint32_t)value;
}

static void set8(uint32_t cpu, uint64_t offset, uint32_t value)
{
	assert_true(sim_write(cpu, offset, 1, value));
}

static void expect_sgi(uint32_t cpu, uint32_t from)
{
	assert_int_equal(sim_ack(cpu, false), SGI);
	assert_int_equal(sim.cpu[cpu].from, from);
}

static void test_registers(void **state)
{
	uint32_t i;
	uint64_t value;

	assert_int_equal(sim_get(0, GICD_CTLR), 3); /* no DS, ARE, RWP */
	assert_int_equal(sim_get(0, GICD_TYPER), 4 | (CPUS - 1) << 5);
	assert_int_equal(sim_get(0, 0xfe8) >> 4 & 0xf, 2); /* ICPIDR2 */
	assert_int_equal(sim_get(0, 0xff0), 0x0d);
	for (i = 0; i < CPUS; i++)
		assert_int_equal(sim_get(i, GICD_ITARGETSR + 28), 0x01010101u << i);
	/* SGIs are on and stay so. */
	sim_set(0, GICD_ICENABLER, 0xffffffff);
	assert_int_equal(sim_get(0, GICD_ISENABLER), 0xffff);
	assert_int_equal(sim_get(0, GICD_IROUTER), 0);
	assert_false(sim_read(0, GICD_TYPER, 8, &value));
	assert_false(sim_read(0, GICD_TYPER, 2, &value));
	assert_false(sim_write(0, GICD_CTLR, 1, 0));
}

/* Each CPU has its own part. */
static void test_banked(void **state)
{
	sim_set(1, GICD_ISENABLER, 1u << TIMER);
	assert_int_equal(sim_get(1, GICD_ISENABLER), 1u << TIMER | 0xffff);
	assert_int_equal(sim_get(0, GICD_ISENABLER), 0xffff);
	assert_true(sim_physical(1, TIMER)->enabled);
	assert_false(sim_physical(0, TIMER)->enabled);
	sim_line(1, TIMER, true);
	assert_int_equal(sim_ack(1, false), TIMER);
	sim_line(1, TIMER, false);
	sim_eoi(1, TIMER, false);
	assert_false(sim_physical(1, TIMER)->active);
}

static void test_sgi_targets(void **state)
{
	uint32_t i;

	sim_set(1, GICD_SGIR, 0xff << 16 | SGI); /* CPUs that there are not, too */
	for (i = 0; i < CPUS; i++) {
		expect_sgi(i, 1);
		sim_eoi(i, SGI, false);
	}
	sim_set(2, GICD_SGIR, 1 << 24 | 0xff << 16 | SGI); /* all but itself */
	expect_sgi(0, 2);
	expect_sgi(1, 2);
	assert_int_equal(sim_ack(2, false), SIM_NONE);
	sim_eoi(0, SGI, false);
	sim_eoi(1, SGI, false);
	sim_set(2, GICD_SGIR, 2 << 24 | SGI); /* itself */
	expect_sgi(2, 2);
	sim_set(2, GICD_SGIR, 3 << 24 | 0xff << 16 | SGI); /* reserved */
	assert_int_equal(sim_ack(0, false), SIM_NONE);
}

/* The same SGI of several CPUs comes once from each. */
static void test_sgi_senders(void **state)
{
	uint64_t exits;

	sim_set(0, GICD_SGIR, 1 << 16 | SGI);
	sim_set(2, GICD_SGIR, 1 << 16 | SGI);
	sim_set(1, GICD_SGIR, 1 << 16 | SGI);
	sim_set(1, GICD_SGIR, 1 << 16 | SGI); /* again: no more than once */
	assert_int_equal(get8(0, GICD_SPENDSGIR + SGI), 7);
	expect_sgi(0, 0);
	assert_int_equal(get8(0, GICD_SPENDSGIR + SGI), 6);
	assert_int_equal(sim_ack(0, false), SIM_NONE); /* it is active */
	sim_eoi(0, SGI, false);
	expect_sgi(0, 1);
	sim_set(1, GICD_SGIR, 1 << 16 | SGI); /* while it is active */
	sim_eoi(0, SGI, false);
	expect_sgi(0, 1);
	sim_eoi(0, SGI, false);
	expect_sgi(0, 2);
	sim_eoi(0, SGI, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE);
	/* One sender needs no exit but the kick. */
	exits = sim.cpu[0].exits;
	sim_set(2, GICD_SGIR, 1 << 16 | SGI);
	expect_sgi(0, 2);
	sim_eoi(0, SGI, false);
	assert_int_equal(sim.cpu[0].exits, exits + 1);
}

static void test_senders_by_register(void **state)
{
	set8(0, GICD_SPENDSGIR + SGI, 0xff);
	assert_int_equal(get8(0, GICD_SPENDSGIR + SGI), 7);
	assert_int_equal(get8(0, GICD_CPENDSGIR + SGI), 7);
	assert_int_equal(sim_get(0, GICD_ISPENDR), 1u << SGI);
	assert_int_equal(sim_get(1, GICD_ISPENDR), 0);
	set8(0, GICD_CPENDSGIR + SGI, 3);
	expect_sgi(0, 2);
	sim_eoi(0, SGI, false);
	/* A word of four SGIs; by ISPENDR there is no way. */
	sim_set(0, GICD_SPENDSGIR + 4, 2 << 8);
	sim_set(0, GICD_ISPENDR, 0xffff);
	sim_set(0, GICD_ICPENDR, 0xffff);
	assert_int_equal(sim_get(0, GICD_SPENDSGIR + 4), 2 << 8);
	expect_sgi(0, 1);
}

static void test_spi_targets(void **state)
{
	sim_set(0, GICD_ISENABLER + 4, 1u << (SPI - 32));
	set8(0, GICD_ITARGETSR + SPI, 0xf6);
	assert_int_equal(get8(2, GICD_ITARGETSR + SPI), 6);
	assert_int_equal(sim_physical(0, SPI)->route, 1); /* the first of them */
	sim_off(1);
	assert_int_equal(sim_physical(0, SPI)->route, 2);
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(2, false), SPI);
	sim_line(0, SPI, false);
	sim_eoi(2, SPI, false);
	/* Four at once, each to another. */
	sim_set(0, GICD_ITARGETSR + SPI, 0x00040201);
	assert_int_equal(sim_physical(0, SPI)->route, 0);
	assert_int_equal(sim_physical(0, SPI + 1)->route, 1);
	assert_int_equal(sim_physical(0, SPI + 2)->route, 2);
	assert_int_equal(sim_get(0, GICD_ITARGETSR + SPI), 0x00040201);
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(0, false), SPI);
}

/* One for CPUs that are all off comes to the first that is on, once. */
static void test_targets_that_are_off(void **state)
{
	sim_off(1);
	sim_off(2);
	sim_set(0, GICD_ISENABLER + 4, 1u << (SPI - 32));
	set8(0, GICD_ITARGETSR + SPI, 6);
	sim_line(0, SPI, true);
	sim_on(2);
	assert_int_equal(sim_physical(0, SPI)->route, 2);
	assert_int_equal(sim_ack(2, false), SPI);
	sim_line(0, SPI, false);
	sim_eoi(2, SPI, false);
	sim_on(1);
	assert_int_equal(sim_ack(1, false), SIM_NONE);
	assert_int_equal(sim_physical(0, SPI)->route, 2);
}

/* A user VM's vCPU leaves for its VMM with a CPU_OFF, which that denies. */
static void test_user_off(void **state)
{
	const uint32_t spi = SIM_SOFT_FIRST;

	sim.vm.is_user = true;
	sim_set_bit(0, GICD_ISENABLER, spi);
	sim_set_bit(0, GICD_ISENABLER, spi + 1);
	set8(0, GICD_ITARGETSR + spi, 3);
	set8(0, GICD_ITARGETSR + spi + 1, 3);
	sim_line(0, spi, true);
	assert_int_equal(sim_ack(0, false), spi);
	sim_line(0, spi, false);
	sim.current = 0;
	vgic_vcpu_off(&sim.vcpu[0]);
	assert_true(vgic_is_off(&sim.vcpu[0]));
	sim.cpu[0].on = false;
	sim_settle();
	sim_line(1, spi + 1, true);
	assert_int_equal(sim_ack(1, false), spi + 1);
	sim_line(1, spi + 1, false);
	sim_eoi(1, spi + 1, false);
	sim.current = 0;
	vgic_user_on(&sim.vcpu[0]);
	assert_false(vgic_is_off(&sim.vcpu[0]));
	sim.cpu[0].on = true;
	sim.cpu[0].hcr = sim.vcpu[0].world.ich_hcr;
	assert_true(vgic_has_work(&sim.vcpu[0]));
	vgic_kicked(&sim.vcpu[0]);
	/* It goes on in its handler. */
	assert_true(sim_bit(0, GICD_ISACTIVER, spi));
	sim_eoi(0, spi, false);
	assert_false(sim_bit(0, GICD_ISACTIVER, spi));
	/* The same once more, and now it is reset. */
	set8(0, GICD_ITARGETSR + spi, 1);
	sim.current = 0;
	vgic_vcpu_off(&sim.vcpu[0]);
	vgic_user_reset(&sim.vcpu[0]);
	assert_false(vgic_is_off(&sim.vcpu[0]));
}

/* DIR is EL2's: also of an SPI that another CPU has. */
static void test_split_deactivation(void **state)
{
	sim_eoi_mode(0, true);
	sim_eoi_mode(1, true);
	sim_set(0, GICD_ISENABLER + 4, 1u << (SPI - 32));
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(0, false), SPI);
	sim_eoi(0, SPI, false);
	assert_true(sim_physical(0, SPI)->active);
	sim_line(0, SPI, false);
	sim_dir(1, SPI);
	assert_false(sim_physical(0, SPI)->active);
	sim_set(0, GICD_SGIR, 1 << 16 | SGI);
	expect_sgi(0, 0);
	sim_eoi(0, SGI, false);
	assert_true(sim_get(0, GICD_ISACTIVER) >> SGI & 1);
	sim_dir(0, SGI);
	assert_false(sim_get(0, GICD_ISACTIVER) >> SGI & 1);
}

static void test_list_register(void **state)
{
	static const struct {
		uint64_t lr;
		uint32_t packed; /* IHI 0048 5.3.10 */
	} pairs[] = {
		{0, 0},
		{VGIC_LR_PENDING | 5 | 3 << 10, 0x10000c05},
		{VGIC_LR_ACTIVE | VGIC_LR_EOI | 5 | 7 << 10, 0x20081c05},
		{VGIC_LR_PENDING | VGIC_LR_GROUP1 | 1019 | 0xf8ull << VGIC_LR_PRIO_SHIFT,
		 0x5f8003fb},
		{VGIC_LR_HW | VGIC_LR_PENDING | 27 | 27ull << 32, 0x90006c1b},
		{VGIC_LR_HW | VGIC_LR_ACTIVE | 1019 | 1019ull << 32, 0xa00feffb},
		{VGIC_LR_PENDING | VGIC_LR_ACTIVE | 66 | 0xa0ull << VGIC_LR_PRIO_SHIFT, 0x3a000042},
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_int_equal(vgic2_lr_pack(pairs[i].lr), pairs[i].packed);
		assert_true(vgic2_lr_unpack(pairs[i].packed) == pairs[i].lr);
	}
}

static void test_too_many(void **state)
{
	static struct vgic_dist dist;
	static struct vgic_cpu cpu[9];
	struct vgic_cpu *cpus[9];
	uint64_t mpidr[9];
	uint32_t i;

	for (i = 0; i < 9; i++) {
		cpus[i] = &cpu[i];
		mpidr[i] = i;
	}
	assert_int_equal(vgic_init(&dist, cpus, mpidr, 9, 64, 4, 5), ERR_OK);
	assert_int_equal(vgic2_set(&dist), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, mpidr, 8, 64, 4, 5), ERR_OK);
	assert_int_equal(vgic2_set(&dist), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers, setup),
		cmocka_unit_test_setup(test_banked, setup),
		cmocka_unit_test_setup(test_sgi_targets, setup),
		cmocka_unit_test_setup(test_sgi_senders, setup),
		cmocka_unit_test_setup(test_senders_by_register, setup),
		cmocka_unit_test_setup(test_spi_targets, setup),
		cmocka_unit_test_setup(test_targets_that_are_off, setup),
		cmocka_unit_test_setup(test_user_off, setup),
		cmocka_unit_test_setup(test_split_deactivation, setup),
		cmocka_unit_test(test_list_register),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
