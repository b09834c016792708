/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vGIC's registers and rules, one by one, on a simulated machine (vgic_sim.h). All at once
 * and at random: test_vgic_random.c.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "arch/aarch64/gicv3.h"
#include "hyp/core/gic.h"
#include "hyp/vm/vgic.h"
#include "tests/unit/prop.h"
#include "tests/unit/vgic_sim.h"

#define SGI   3
#define TIMER 27
#define SPI   40 /* hardware-linked */
#define SOFT  64 /* emulated */

static int start(void **state)
{
	sim_init(4, 4);
	sim_set(0, GICD_CTLR, 3);
	return 0;
}

static void enable(uint32_t cpu, uint32_t intid, uint8_t priority)
{
	uint64_t offset = GICD_IPRIORITYR + intid;

	if (intid < 32)
		assert_true(sim_redist_write(cpu, cpu, GICR_SGI_BASE + offset, 1, priority));
	else
		assert_true(sim_write(cpu, offset, 1, priority));
	sim_set_bit(cpu, GICD_ISENABLER, intid);
}

static void make_edge(uint32_t intid)
{
	uint64_t offset = GICD_ICFGR + intid / 16 * 4;

	sim_set(0, offset, sim_get(0, offset) | 2u << intid % 16 * 2);
}

/* --- registers --- */

static void test_identification(void **state)
{
	uint64_t value;
	uint32_t i;

	assert_int_equal(sim_get(0, GICD_TYPER) & 0x1f, SIM_INTIDS / 32 - 1);
	assert_int_equal(sim_get(0, GICD_TYPER) >> 19 & 0x1f, 9);
	assert_int_equal(sim_get(0, GICD_TYPER) >> 17 & 1, 0); /* no LPIs */
	assert_int_equal(sim_get(0, GICD_IIDR) & 0xfff, 0x43b);
	assert_int_equal(sim_get(0, GICD_PIDR2) >> 4 & 0xf, 3);
	for (i = 0; i < 4; i++) {
		assert_true(sim_redist_read(0, i, GICR_TYPER, 8, &value));
		assert_int_equal(value >> 32, sim.vcpu[i].mpidr);
		assert_int_equal(value >> 8 & 0xffff, i);
		/* The simulated frames are in the reverse order of the CPUs. */
		assert_int_equal(value >> 4 & 1, i == 0);
		assert_true(sim_redist_read(0, i, GICR_TYPER + 4, 4, &value));
		assert_int_equal(value, sim.vcpu[i].mpidr);
		assert_true(sim_redist_read(0, i, GICR_PIDR2, 4, &value));
		assert_int_equal(value >> 4 & 0xf, 3);
	}
}

static void test_control(void **state)
{
	sim_set(0, GICD_CTLR, 0);
	assert_int_equal(sim_get(0, GICD_CTLR), 0x50); /* DS and ARE stay */
	sim_set(0, GICD_CTLR, 0xffffffff);
	assert_int_equal(sim_get(0, GICD_CTLR), 0x53);
}

static void test_waker(void **state)
{
	uint64_t value;

	assert_true(sim_redist_read(1, 1, GICR_WAKER, 4, &value));
	assert_int_equal(value, 6);
	assert_true(sim_redist_write(1, 1, GICR_WAKER, 4, 0));
	assert_true(sim_redist_read(1, 1, GICR_WAKER, 4, &value));
	assert_int_equal(value, 0);
	assert_true(sim_redist_read(1, 2, GICR_WAKER, 4, &value));
	assert_int_equal(value, 6);
	assert_true(sim_redist_write(1, 1, GICR_WAKER, 4, 0xffffffff));
	assert_true(sim_redist_read(1, 1, GICR_WAKER, 4, &value));
	assert_int_equal(value, 6);
}

/* Sizes a group takes; all others are refused, and change nothing. */
static void test_widths(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t widths;
	} registers[] = {
		{GICD_CTLR, 4},          {GICD_TYPER, 4},
		{GICD_IGROUPR + 4, 4},   {GICD_ISENABLER + 4, 4},
		{GICD_ICENABLER + 4, 4}, {GICD_ISPENDR + 4, 4},
		{GICD_ICPENDR + 4, 4},   {GICD_ISACTIVER + 4, 4},
		{GICD_ICACTIVER + 4, 4}, {GICD_IPRIORITYR + 40, 5},
		{GICD_ICFGR + 8, 4},     {GICD_IROUTER + 40 * 8, 12},
		{GICD_PIDR2, 4},
	};
	uint32_t bytes, i;
	uint64_t value;

	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		for (bytes = 1; bytes <= 8; bytes *= 2) {
			bool takes = registers[i].widths & bytes;

			if (registers[i].offset % bytes)
				continue;
			assert_int_equal(sim_read(0, registers[i].offset, bytes, &value), takes);
			assert_int_equal(sim_write(0, registers[i].offset, bytes, 0), takes);
		}
	}
	assert_false(sim_redist_read(0, 0, GICR_CTLR, 8, &value));
	assert_false(sim_redist_read(0, 0, GICR_SGI_BASE + GICD_ISENABLER, 8, &value));
	assert_true(sim_redist_read(0, 0, GICR_TYPER, 4, &value));
}

/*
 * Every offset, every size, all ones: nothing out of bounds (the sanitizers look), and what is
 * reserved stays 0.
 */
static void test_everywhere(void **state)
{
	uint64_t value;
	uint32_t bytes, offset;

	for (bytes = 1; bytes <= 8; bytes *= 2) {
		for (offset = 0; offset < VGIC_GICD_BYTES; offset += bytes) {
			(void)sim_write(0, offset, bytes, UINT64_MAX >> (64 - 8 * bytes));
			(void)sim_read(0, offset, bytes, &value);
		}
		for (offset = 0; offset < VGIC_GICR_BYTES; offset += bytes) {
			(void)sim_redist_write(0, 1, offset, bytes, UINT64_MAX >> (64 - 8 * bytes));
			(void)sim_redist_read(0, 1, offset, bytes, &value);
		}
	}
	/* Private interrupts and those that do not exist have no state in the distributor. */
	for (offset = GICD_IGROUPR; offset < GICD_IPRIORITYR; offset += 0x80) {
		assert_int_equal(sim_get(0, offset), 0);
		assert_int_equal(sim_get(0, offset + SIM_INTIDS / 8), 0);
	}
	assert_int_equal(sim_get(0, GICD_IPRIORITYR), 0);
	assert_int_equal(sim_get(0, GICD_IPRIORITYR + SIM_INTIDS), 0);
	assert_int_equal(sim_get(0, GICD_ICFGR + 4), 0);
	assert_int_equal(sim_get(0, GICD_ICFGR + SIM_INTIDS / 4), 0);
	assert_int_equal(sim_get(0, GICD_IROUTER + 31 * 8), 0);
	assert_int_equal(sim_get(0, GICD_IROUTER + SIM_INTIDS * 8), 0);
	assert_int_equal(sim_get(0, 0x0800), 0); /* ITARGETSR */
	assert_int_equal(sim_get(0, 0x0d04), 0); /* IGRPMODR */
	assert_int_equal(sim_get(0, 0x0e04), 0); /* NSACR */
	/* A frame after the last. */
	assert_true(sim_redist_read(0, 0, VGIC_GICR_BYTES + GICR_TYPER, 8, &value));
	assert_int_equal(value, 0);
	assert_true(sim_redist_write(0, 0, VGIC_GICR_BYTES + GICR_WAKER, 4, 0));
}

static void test_all_1020(void **state)
{
	struct vgic_effects fx;
	struct vgic_cpu cpu;
	struct vgic_cpu *cpus[] = {&cpu};
	static struct vgic_dist dist;
	uint64_t mpidr = 0, value;

	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 1, 1020, 4, 5), ERR_OK);
	vgic_effects_init(&fx);
	assert_true(vgic_dist_write(&dist, GICD_ISENABLER + 124, 4, 0xffffffff, &fx));
	assert_true(vgic_dist_read(&dist, GICD_ISENABLER + 124, 4, &value));
	assert_int_equal(value, 0x0fffffff); /* 1020 to 1023 are no interrupts */
	assert_true(vgic_dist_write(&dist, GICD_IROUTER + 1019 * 8, 8, 7, &fx));
	assert_true(vgic_dist_write(&dist, GICD_IROUTER + 1020 * 8, 8, 7, &fx));
	assert_true(vgic_dist_read(&dist, GICD_IROUTER + 1019 * 8, 8, &value));
	assert_int_equal(value, 7);
	assert_true(vgic_dist_read(&dist, GICD_IROUTER + 1020 * 8, 8, &value));
	assert_int_equal(value, 0);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 1, 1021, 4, 5), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 1, 31, 4, 5), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 0, 64, 4, 5), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 33, 64, 4, 5), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 1, 64, 17, 5), ERR_RANGE);
	assert_int_equal(vgic_init(&dist, cpus, &mpidr, 1, 64, 4, 9), ERR_RANGE);
}

static void test_priority_bytes(void **state)
{
	uint64_t value;

	sim_set(0, GICD_IPRIORITYR + 40, 0x10a0ffe0);
	assert_int_equal(sim_get(0, GICD_IPRIORITYR + 40), 0x10a0f8e0); /* five bits */
	assert_true(sim_write(0, GICD_IPRIORITYR + 41, 1, 0x48));
	assert_int_equal(sim_get(0, GICD_IPRIORITYR + 40), 0x10a048e0);
	assert_true(sim_read(0, GICD_IPRIORITYR + 43, 1, &value));
	assert_int_equal(value, 0x10);
}

static void test_config(void **state)
{
	uint64_t value;

	/* SGIs are edges, PPIs may be either. */
	assert_true(sim_redist_write(0, 0, GICR_SGI_BASE + GICD_ICFGR, 4, 0));
	assert_true(sim_redist_read(0, 0, GICR_SGI_BASE + GICD_ICFGR, 4, &value));
	assert_int_equal(value, 0xaaaaaaaa);
	assert_true(sim_redist_write(0, 0, GICR_SGI_BASE + GICD_ICFGR + 4, 4, 0xffffffff));
	assert_true(sim_redist_read(0, 0, GICR_SGI_BASE + GICD_ICFGR + 4, 4, &value));
	assert_int_equal(value, 0xaaaaaaaa);
	assert_true(sim_physical(0, TIMER)->edge);
	assert_false(sim_physical(1, TIMER)->edge);
	sim_set(0, GICD_ICFGR + 8, 0x00020000); /* 40 */
	assert_true(sim_physical(0, SPI)->edge);
	assert_false(sim_physical(0, SPI + 1)->edge);
	sim_set(0, GICD_ICFGR + 8, 0);
	assert_false(sim_physical(0, SPI)->edge);
}

static void test_router(void **state)
{
	uint64_t value;

	assert_true(sim_write(0, GICD_IROUTER + SPI * 8, 8, 0xffffffffffffffff));
	assert_true(sim_read(0, GICD_IROUTER + SPI * 8, 8, &value));
	assert_true(value == 0xff80ffffff);
	assert_true(sim_write(0, GICD_IROUTER + SPI * 8, 4, 2));
	assert_true(sim_write(0, GICD_IROUTER + SPI * 8 + 4, 4, 0));
	assert_true(sim_read(0, GICD_IROUTER + SPI * 8, 8, &value));
	assert_int_equal(value, 2);
	assert_int_equal(sim_physical(0, SPI)->route, 2);
	assert_true(sim_read(0, GICD_IROUTER + SPI * 8 + 4, 4, &value));
	assert_int_equal(value, 0);
}

static void test_set_and_clear(void **state)
{
	static const uint64_t groups[] = {GICD_ISENABLER, GICD_ISPENDR, GICD_ISACTIVER};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		uint64_t set = groups[i] + SOFT / 8, clear = set + 0x80;

		sim_set(0, set, 0x80000005);
		assert_int_equal(sim_get(0, set), 0x80000005);
		assert_int_equal(sim_get(0, clear), 0x80000005);
		sim_set(0, set, 0x10);
		assert_int_equal(sim_get(0, set), 0x80000015);
		sim_set(0, clear, 0x80000001);
		assert_int_equal(sim_get(0, set), 0x14);
		sim_set(0, clear, 0xffffffff);
		assert_int_equal(sim_get(0, set), 0);
	}
}

/* --- delivery --- */

static void test_sgi(void **state)
{
	enable(0, 3, 0x40);
	enable(2, 3, 0x40);
	sim_sgi(0, 0x5, 3, false); /* to itself and to CPU 2, in Group 0 as after a reset */
	assert_int_equal(sim_ack(0, true), SIM_NONE);
	assert_int_equal(sim_ack(0, false), 3);
	assert_int_equal(sim_ack(2, false), 3);
	assert_int_equal(sim_ack(1, false), SIM_NONE);
	/* Again while active: pending and active, delivered after the end. */
	sim_sgi(0, 0x5, 3, false);
	sim_sgi(1, 0x5, 3, false);
	assert_true(sim_bit(0, GICD_ISPENDR, 3));
	assert_true(sim_bit(0, GICD_ISACTIVER, 3));
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	sim_eoi(0, 3, false);
	assert_int_equal(sim_ack(0, false), 3);
	sim_eoi(0, 3, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE); /* two SGIs are one pending state */
	sim_eoi(2, 3, false);
	assert_int_equal(sim_ack(2, false), 3);
	/* For the other group: not generated. */
	sim_sgi(0, 0x2, 3, true);
	assert_false(sim_bit(1, GICD_ISPENDR, 3));
}

static void test_sgi_all_but_self(void **state)
{
	uint32_t i;

	for (i = 0; i < 4; i++)
		enable(i, 5, 0x40);
	sim.current = 1;
	vgic_sgi0r_write(&sim.vcpu[1], BIT(40) | 5 << 24 | 0xffff);
	sim_settle();
	for (i = 0; i < 4; i++)
		assert_int_equal(sim_ack(i, false), i == 1 ? SIM_NONE : 5);
	/* Affinities that nobody has. */
	sim.current = 1;
	vgic_sgi0r_write(&sim.vcpu[1], 6ull << 24 | 1 << 16 | 1);
	vgic_sgi0r_write(&sim.vcpu[1], 6ull << 24 | 1ull << 44 | 1);
	vgic_sgi0r_write(&sim.vcpu[1], 6ull << 24 | 1ull << 48 | 0xffff);
	for (i = 0; i < 4; i++)
		assert_false(sim_bit(i, GICD_ISPENDR, 6));
}

/* An SGI sent again and again takes one physical interrupt at the other CPU, and no fold. */
static void test_sgi_is_cheap(void **state)
{
	uint64_t exits;
	uint32_t i;

	enable(1, 3, 0x40);
	exits = sim.cpu[1].exits;
	for (i = 0; i < 10; i++) {
		sim_sgi(0, 2, 3, false);
		assert_int_equal(sim.cpu[1].hcr, VGIC_HCR_EN);
		assert_int_equal(sim_ack(1, false), 3);
		sim_eoi(1, 3, false);
	}
	assert_int_equal(sim.cpu[1].exits, exits + 10);
}

static void test_timer(void **state)
{
	uint32_t i;

	enable(0, TIMER, 0x80);
	assert_true(sim_physical(0, TIMER)->enabled);
	for (i = 0; i < 3; i++) {
		uint64_t exits = sim.cpu[0].exits;

		sim_line(0, TIMER, true);
		assert_int_equal(sim_ack(0, false), TIMER);
		assert_true(sim_physical(0, TIMER)->active);
		if (i < 2)
			sim_line(0, TIMER, false);
		sim_eoi(0, TIMER, false);
		assert_int_equal(sim_physical(0, TIMER)->active, i == 2); /* came again at once */
		assert_int_equal(sim.cpu[0].exits, exits + (i == 2 ? 2 : 1));
	}
	sim_set_bit(0, GICD_ICENABLER, TIMER);
	assert_false(sim_physical(0, TIMER)->enabled);
}

/* Disabled while pending in a list register: physically pending, not lost, not delivered. */
static void test_disable_while_loaded(void **state)
{
	make_edge(SPI);
	enable(0, SPI, 0x80);
	sim_line(0, SPI, true);
	assert_int_equal(sim_highest(0, false), SPI);
	sim_set_bit(1, GICD_ICENABLER, SPI); /* by another CPU */
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	assert_false(sim_physical(0, SPI)->active);
	assert_true(sim_physical(0, SPI)->latch);
	assert_true(sim_bit(1, GICD_ISPENDR, SPI));
	sim_set_bit(1, GICD_ISENABLER, SPI);
	assert_int_equal(sim_ack(0, false), SPI);
	sim_eoi(0, SPI, false);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	assert_false(sim_physical(0, SPI)->active);
}

/* RWP says when what is in another CPU's list registers has followed. */
static void test_rwp(void **state)
{
	uint64_t value;

	enable(0, SPI, 0x80);
	sim_line(0, SPI, true);
	sim.cpu[0].hold = true;
	sim_set_bit(1, GICD_ICENABLER, SPI);
	assert_int_equal(sim_highest(0, false), SPI);
	assert_true(sim_get(1, GICD_CTLR) & GICD_CTLR_RWP);
	assert_true(sim_redist_read(1, 0, GICR_CTLR, 4, &value));
	assert_true(value & GICR_CTLR_RWP);
	assert_true(sim_redist_read(1, 1, GICR_CTLR, 4, &value));
	assert_false(value & GICR_CTLR_RWP);
	sim.cpu[0].hold = false;
	sim_settle();
	assert_false(sim_get(1, GICD_CTLR) & GICD_CTLR_RWP);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
}

/* A read of a state that another CPU has is answered when that CPU has told. */
static void test_read_retried(void **state)
{
	struct vdev_access access = {.offset = GICD_ISACTIVER + SPI / 32 * 4, .bytes = 4};
	const struct vdev *gicd = &sim.vm.vdev[0];
	uint32_t i;

	enable(0, SPI, 0x80);
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(0, false), SPI);
	sim.cpu[0].hold = true;
	for (i = 0; i < 5; i++) {
		access.retry = false;
		sim.current = 1;
		assert_true(gicd->access(gicd->dev, &sim.vcpu[1], &access));
		sim_settle();
		assert_true(access.retry);
	}
	assert_true(sim_physical(0, GIC_SGI_KICK)->latch); /* one kick is on its way */
	sim.cpu[0].hold = false;
	sim_settle();
	access.retry = false;
	sim.current = 1;
	assert_true(gicd->access(gicd->dev, &sim.vcpu[1], &access));
	assert_false(access.retry);
	assert_int_equal(access.value, 1u << SPI % 32);
}

/* Every register that clears state reaches what is in another CPU's list register. */
static void test_clear_remotely(void **state)
{
	enable(0, SPI, 0x80);
	enable(0, SOFT, 0x90);
	sim_line(0, SPI, true);
	sim_line(0, SOFT, true);
	sim_line(0, SOFT, false); /* withdrawn */
	assert_int_equal(sim_ack(0, false), SPI);
	sim_eoi(0, SPI, false); /* it comes again */
	sim_physical(0, SPI)->line = false;
	sim_set_bit(1, GICD_ICPENDR, SPI);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	assert_false(sim_physical(0, SPI)->active);
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(0, false), SPI);
	sim_physical(0, SPI)->line = false;
	sim_set_bit(1, GICD_ICACTIVER, SPI);
	assert_false(sim_physical(0, SPI)->active);
	assert_false(sim_bit(1, GICD_ISACTIVER, SPI));
}

static void test_level_fires_again(void **state)
{
	enable(0, SOFT, 0x80);
	sim_line(1, SOFT, true);
	assert_int_equal(sim_ack(0, false), SOFT);
	sim_eoi(0, SOFT, false);
	assert_int_equal(sim_ack(0, false), SOFT);
	sim_line(1, SOFT, false);
	sim_eoi(0, SOFT, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE);
}

static void test_soft_edge(void **state)
{
	make_edge(SOFT);
	enable(0, SOFT, 0x80);
	sim_line(1, SOFT, true);
	sim_line(1, SOFT, false);
	assert_int_equal(sim_ack(0, false), SOFT);
	sim_line(1, SOFT, true);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	sim_eoi(0, SOFT, false);
	assert_int_equal(sim_ack(0, false), SOFT);
	sim_eoi(0, SOFT, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE);
}

static void test_route_change(void **state)
{
	enable(0, SOFT, 0x80);
	enable(0, SPI, 0x90);
	sim_line(0, SOFT, true);
	sim_line(0, SPI, true);
	assert_int_equal(sim_highest(0, false), SOFT);
	assert_true(sim_write(1, GICD_IROUTER + SOFT * 8, 8, 2));
	assert_true(sim_write(1, GICD_IROUTER + SPI * 8, 8, 3));
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	assert_int_equal(sim_ack(2, false), SOFT);
	assert_int_equal(sim_ack(3, false), SPI);
	assert_int_equal(sim_physical(0, SPI)->route, 3);
	/* To nobody, and back. */
	sim_line(0, SOFT, true);
	assert_true(sim_write(1, GICD_IROUTER + SOFT * 8, 8, 0x55));
	sim_eoi(2, SOFT, false);
	assert_int_equal(sim_highest(2, false), SIM_NONE);
	assert_true(sim_write(1, GICD_IROUTER + SOFT * 8, 8, 1));
	assert_int_equal(sim_ack(1, false), SOFT);
}

/* Group enables of the distributor stop what is in list registers already. */
static void test_group_enables(void **state)
{
	enable(0, SOFT, 0x80);
	sim_line(0, SOFT, true);
	sim_set(1, GICD_CTLR, 2);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	sim_set(1, GICD_IGROUPR + SOFT / 8, 1u << SOFT % 32);
	assert_int_equal(sim_ack(0, true), SOFT);
	sim_eoi(0, SOFT, true);
	sim_set(1, GICD_CTLR, 0);
	assert_int_equal(sim_highest(0, true), SIM_NONE);
}

/* --- more interrupts than list registers --- */

static void test_overflow_in_order(void **state)
{
	uint32_t i, k;

	for (i = 0; i < 20; i++)
		enable(0, SOFT + i, (uint8_t)(0xe8 - 8 * i));
	for (i = 0; i < 20; i++)
		sim_line(1, SOFT + i, true);
	for (i = 20; i-- > 0;) {
		assert_int_equal(sim_ack(0, false), SOFT + i);
		sim_line(1, SOFT + i, false);
		sim_eoi(0, SOFT + i, false);
	}
	/* Nested: each preempts the one before. */
	for (i = 0; i < 20; i++) {
		sim_line(1, SOFT + i, true);
		assert_int_equal(sim_ack(0, false), SOFT + i);
	}
	for (k = 20; k-- > 0;) {
		assert_int_equal(sim_running_priority(0), 0xe8 - 8 * k);
		sim_line(1, SOFT + k, false);
		sim_eoi(0, SOFT + k, false);
		assert_false(sim_bit(0, GICD_ISACTIVER, SOFT + k));
		assert_int_equal(sim_highest(0, false), SIM_NONE);
	}
	assert_int_equal(sim.cpu[0].hcr, VGIC_HCR_EN); /* no maintenance any more */
}

/* EOImode 1: dropped in one order, deactivated in another, also out of list registers. */
static void test_split_deactivation(void **state)
{
	static const uint8_t order[] = {3, 9, 0, 7, 1, 8, 2, 6, 4, 5};
	uint32_t i, k;

	sim_eoi_mode(0, true);
	for (i = 0; i < 10; i++) {
		enable(0, SOFT + i, 0x80);
		make_edge(SOFT + i);
		sim_line(1, SOFT + i, true);
		assert_int_equal(sim_ack(0, false), SOFT + i);
		sim_eoi(0, SOFT + i, false);
	}
	for (k = 0; k < 10; k++) {
		for (i = k; i < 10; i++)
			assert_true(sim_bit(0, GICD_ISACTIVER, SOFT + order[i]));
		sim_dir(0, SOFT + order[k]);
		assert_false(sim_bit(0, GICD_ISACTIVER, SOFT + order[k]));
	}
	assert_int_equal(sim.cpu[0].hcr, VGIC_HCR_EN | VGIC_HCR_TDIR);
}

/* A flood of hardware-linked ones: acknowledged once each, none lost, none twice. */
static void test_hardware_overflow(void **state)
{
	uint32_t i, count = 0;
	uint32_t seen = 0;

	for (i = 0; i < 16; i++) {
		make_edge(SPI + i);
		enable(0, SPI + i, 0x80);
	}
	for (i = 0; i < 16; i++)
		sim_line(0, SPI + i, true);
	for (i = sim_ack(0, false); i != SIM_NONE; i = sim_ack(0, false)) {
		assert_false(seen >> (i - SPI) & 1);
		seen |= 1u << (i - SPI);
		count++;
		sim_eoi(0, i, false);
	}
	assert_int_equal(count, 16);
	for (i = 0; i < 16; i++)
		assert_false(sim_physical(0, SPI + i)->active);
}

/* What comes in while there is overflow does not overtake what waits. */
static void test_overflow_is_not_overtaken(void **state)
{
	uint32_t i;

	enable(0, 1, 0xf0);
	enable(0, 2, 0xf0);
	for (i = 0; i < 8; i++) {
		make_edge(SOFT + i);
		enable(0, SOFT + i, (uint8_t)(0x10 * (i + 1)));
	}
	for (i = 0; i < 8; i++)
		sim_line(1, SOFT + i, true);
	for (i = 0; i < 8; i++) {
		assert_int_equal(sim_ack(0, false), SOFT + i);
		sim_eoi(0, SOFT + i, false);
		if (i == 1)
			sim_sgi(0, 1, 1, false);
		if (i == 1)
			sim_sgi(0, 1, 2, false);
	}
	assert_int_equal(sim_ack(0, false), 1);
	sim_eoi(0, 1, false);
	assert_int_equal(sim_ack(0, false), 2);
}

/* --- waiting --- */

static bool is_pending(uint32_t cpu)
{
	sim.current = cpu;
	return vgic_is_pending(&sim.vcpu[cpu]);
}

/* A WFI that comes before the maintenance interrupt is not to wait for what that brings about. */
static void test_wait_before_maintenance(void **state)
{
	enable(0, SOFT, 0x80);
	sim_line(1, SOFT, true);
	assert_true(is_pending(0));
	assert_int_equal(sim_ack(0, false), SOFT);
	assert_false(is_pending(0));
	sim.cpu[0].hold = true;
	sim_eoi(0, SOFT, false);
	assert_true(is_pending(0));
	sim.cpu[0].hold = false;
	sim_settle();
	assert_int_equal(sim_ack(0, false), SOFT);
	sim_line(1, SOFT, false);
	sim_eoi(0, SOFT, false);
	assert_false(is_pending(0));
}

/* The same for one that was in no list register any more when it was ended. */
static void test_wait_with_counted_eoi(void **state)
{
	uint32_t i;

	for (i = 0; i < 5; i++) {
		make_edge(SOFT + i);
		enable(0, SOFT + i, (uint8_t)(0xe0 - 0x10 * i));
		sim_line(1, SOFT + i, true);
		assert_int_equal(sim_ack(0, false), SOFT + i);
	}
	assert_false(is_pending(0));
	sim.cpu[0].hold = true;
	for (i = 5; i-- > 0;)
		sim_eoi(0, SOFT + i, false);
	assert_true(is_pending(0));
	sim.cpu[0].hold = false;
	sim_settle();
	assert_false(is_pending(0));
}

/* --- active state --- */

static bool is_loaded(uint32_t cpu, uint32_t intid)
{
	uint32_t n;

	for (n = 0; n < sim.lr_count; n++) {
		if ((sim.cpu[cpu].lr[n] & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) &&
		    VGIC_LR_INTID(sim.cpu[cpu].lr[n]) == intid)
			return true;
	}
	return false;
}

/* One that another CPU made active needs a list register as well, so that it can be ended. */
static void test_activated_remotely(void **state)
{
	sim_eoi_mode(0, true);
	sim_set_bit(1, GICD_ISACTIVER, SOFT);
	assert_true(is_loaded(0, SOFT));
	sim_dir(0, SOFT);
	assert_false(sim_bit(1, GICD_ISACTIVER, SOFT));
}

/* EOImode 1: deactivated by another CPU than the one that acknowledged. */
static void test_deactivated_elsewhere(void **state)
{
	static const uint32_t intids[] = {SPI, SOFT};
	uint32_t i;

	sim_eoi_mode(0, true);
	sim_eoi_mode(2, true);
	for (i = 0; i < ARRAY_SIZE(intids); i++) {
		enable(0, intids[i], 0x80);
		sim_line(0, intids[i], true);
		assert_int_equal(sim_ack(0, false), intids[i]);
		sim_line(0, intids[i], false);
		sim_eoi(0, intids[i], false);
		sim_dir(1, intids[i]); /* EOImode 0: ignored */
		assert_true(sim_bit(3, GICD_ISACTIVER, intids[i]));
		sim_dir(2, intids[i]);
		assert_false(sim_bit(3, GICD_ISACTIVER, intids[i]));
		assert_false(sim_physical(0, intids[i])->active);
	}
}

/* Active here, pending again, and routed to another CPU: comes there when it is ended here. */
static void test_active_and_routed_away(void **state)
{
	make_edge(SOFT);
	enable(0, SOFT, 0x80);
	sim_line(1, SOFT, true);
	assert_int_equal(sim_ack(0, false), SOFT);
	assert_true(sim_write(1, GICD_IROUTER + SOFT * 8, 8, 2));
	sim_line(1, SOFT, false);
	sim_line(1, SOFT, true);
	assert_int_equal(sim_highest(2, false), SIM_NONE);
	sim_eoi(0, SOFT, false);
	assert_int_equal(sim_highest(0, false), SIM_NONE);
	assert_int_equal(sim_ack(2, false), SOFT);
}

/* A request to make it inactive that came too late does not hit what happens afterwards. */
static void test_late_clear_is_forgotten(void **state)
{
	enable(0, SPI, 0x80);
	enable(0, SGI, 0x40);
	sim_line(0, SPI, true);
	assert_int_equal(sim_ack(0, false), SPI);
	sim_line(0, SPI, false);
	sim_eoi(0, SPI, false);
	sim_sgi(0, 1, SGI, false); /* into the same list register */
	sim_set_bit(1, GICD_ICACTIVER, SPI);
	sim_set_bit(1, GICD_ISACTIVER, SPI);
	sim_set_bit(1, GICD_ICENABLER, SOFT); /* nothing */
	sim_set_bit(1, GICD_ISENABLER, SPI + 1);
	assert_true(sim_bit(1, GICD_ISACTIVER, SPI));
	assert_true(sim_bit(2, GICD_ISACTIVER, SPI));
	assert_true(sim_physical(0, SPI)->active);
}

/* Pended by a register while it is pending already: once. */
static void test_pended_twice(void **state)
{
	make_edge(SPI);
	enable(0, SPI, 0x80);
	sim_line(0, SPI, true);
	sim_set_bit(0, GICD_ISPENDR, SPI);
	assert_int_equal(sim_ack(0, false), SPI);
	sim_eoi(0, SPI, false);
	assert_int_equal(sim_ack(0, false), SIM_NONE);
}

/*
 * Pended by a register once, then ended, and its list register used again, by another or itself:
 * when it comes by its line and is disabled, nothing of the first is left.
 */
static void test_pended_long_ago(void **state)
{
	static const uint32_t intids[] = {TIMER, SPI};
	uint32_t i;

	enable(0, SGI, 0x40);
	for (i = 0; i < 2 * ARRAY_SIZE(intids); i++) {
		uint32_t intid = intids[i / 2];

		enable(0, intid, 0x80);
		sim_set_bit(0, GICD_ISPENDR, intid);
		assert_int_equal(sim_ack(0, false), intid);
		sim_eoi(0, intid, false);
		if (i % 2) {
			sim_sgi(0, 1, SGI, false);
			assert_int_equal(sim_ack(0, false), SGI);
			sim_eoi(0, SGI, false);
		}
		enable(0, 20 + i, 0x80); /* has the fast path's conditions worked out again */
		sim_line(0, intid, true);
		assert_int_equal(sim_highest(0, false), intid);
		sim_set_bit(0, GICD_ICENABLER, intid);
		assert_false(sim_physical(0, intid)->latch);
		sim_line(0, intid, false);
		assert_false(sim_bit(0, GICD_ISPENDR, intid));
	}
	enable(0, TIMER, 0x80);
	assert_true(sim.vcpu[0].vgic.open >> TIMER & 1);
}

/* --- off and on --- */

/* A kick that arrives when the vCPU is off already, with something waiting for it. */
static void test_kicked_while_off(void **state)
{
	enable(1, SGI, 0x40);
	sim_off(1);
	sim_sgi(0, 2, SGI, false);
	gic_kick(1);
	sim_settle();
	assert_false(is_loaded(1, SGI));
	assert_int_equal(sim.cpu[1].hcr, 0);
	sim_on(1);
	assert_int_equal(sim_ack(1, false), SGI);
}

static void test_cpu_off(void **state)
{
	enable(1, 3, 0x40);
	assert_true(sim_write(0, GICD_IROUTER + SPI * 8, 8, 1));
	enable(0, SPI, 0x80);
	sim_sgi(0, 2, 3, false);
	sim_off(1);
	sim_line(0, SPI, true);
	assert_false(sim_get(0, GICD_CTLR) & GICD_CTLR_RWP);
	sim_on(1);
	assert_int_equal(sim_ack(1, false), 3);
	sim_eoi(1, 3, false);
	assert_int_equal(sim_ack(1, false), SPI);
	/* What it leaves behind can go elsewhere. */
	sim_eoi(1, SPI, false);
	sim_off(1);
	assert_true(sim_write(0, GICD_IROUTER + SPI * 8, 8, 2));
	assert_int_equal(sim_ack(2, false), SPI);
}

/* 1 of N: the first vCPU that is on, and another when that goes off. */
static void test_one_of_n(void **state)
{
	enable(0, SPI, 0x80);
	enable(0, SOFT, 0x90);
	assert_true(sim_write(0, GICD_IROUTER + SPI * 8, 8, BIT(31)));
	assert_true(sim_write(0, GICD_IROUTER + SOFT * 8, 8, BIT(31)));
	sim_line(0, SPI, true);
	sim_line(0, SOFT, true);
	assert_int_equal(sim_highest(0, false), SPI);
	sim_off(0);
	assert_int_equal(sim_physical(0, SPI)->route, 1);
	assert_int_equal(sim_ack(1, false), SPI);
	sim_off(1);
	assert_int_equal(sim_ack(2, false), SOFT);
	assert_int_equal(sim_physical(0, SPI)->route, 2);
}

/* --- out of step: CPUs that answer late --- */

#define LATE_STEPS 20000

static void late_step(struct prop *p, bool sent[SIM_CPUS][16])
{
	uint32_t cpu = (uint32_t)prop_below(p, sim.cpu_count);
	uint32_t other = (uint32_t)prop_below(p, sim.cpu_count);
	uint32_t spi = (uint32_t)(prop_one_in(p, 2) ? SPI : SOFT) + (uint32_t)prop_below(p, 6);
	uint32_t sgi = (uint32_t)prop_below(p, 4);
	uint32_t intid;

	switch (prop_below(p, 12)) {
	case 0:
		sim.cpu[cpu].hold = !sim.cpu[cpu].hold;
		sim_settle();
		break;
	case 1:
		sim_set_bit(cpu, GICD_ICENABLER, spi);
		break;
	case 2:
		sim_set_bit(cpu, GICD_ISENABLER, spi);
		break;
	case 3:
		(void)sim_write(cpu, GICD_IROUTER + spi * 8, 8, sim.vcpu[other].mpidr);
		break;
	case 4:
		sim_set_bit(cpu, prop_one_in(p, 2) ? GICD_ICACTIVER : GICD_ICPENDR, spi);
		break;
	case 5:
	case 6:
		sim_line(cpu, spi, prop_one_in(p, 2));
		break;
	case 7:
	case 8:
		sim_sgi(cpu, 1u << other, sgi, false);
		sent[other][sgi] = true;
		break;
	default:
		intid = sim_ack(cpu, false);
		if (intid < 4)
			sent[cpu][intid] = false;
		if (intid != SIM_NONE)
			sim_eoi(cpu, intid, false);
		break;
	}
}

/*
 * Kicks that arrive late: no list register is ever wrong (vgic_sim.c looks), and when all have
 * caught up, nothing that was sent is lost and no line that is up is forgotten.
 */
static void test_late_kicks(void **state)
{
	struct prop p = prop_start(__func__);
	bool sent[SIM_CPUS][16] = {{false}};
	uint32_t cpu, i, intid;

	for (cpu = 0; cpu < 4; cpu++) {
		for (i = 0; i < 4; i++)
			enable(cpu, i, 0x40);
	}
	for (i = 0; i < LATE_STEPS; i++)
		late_step(&p, sent);
	for (cpu = 0; cpu < 4; cpu++)
		sim.cpu[cpu].hold = false;
	sim_settle();
	assert_false(sim_get(0, GICD_CTLR) & GICD_CTLR_RWP);
	for (i = 0; i < 6; i++) {
		sim_line(0, SPI + i, false);
		sim_line(0, SOFT + i, i == 2);
	}
	enable(0, SOFT + 2, 0x80);
	for (cpu = 0; cpu < 4; cpu++) {
		for (i = 0; i < 30; i++) {
			intid = sim_ack(cpu, false);
			if (intid < 4)
				sent[cpu][intid] = false;
			if (intid == SOFT + 2)
				sim_line(0, SOFT + 2, false);
			if (intid != SIM_NONE)
				sim_eoi(cpu, intid, false);
		}
		assert_int_equal(sim_highest(cpu, false), SIM_NONE);
		for (i = 0; i < 4; i++)
			assert_false(sent[cpu][i]);
	}
	assert_false(sim.vm.vgic.word[SOFT / 32].line & 4); /* it was delivered */
	for (i = 0; i < 6; i++)
		assert_false(sim_physical(0, SPI + i)->active);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identification),
		TEST(test_control),
		TEST(test_waker),
		TEST(test_widths),
		TEST(test_everywhere),
		TEST(test_all_1020),
		TEST(test_priority_bytes),
		TEST(test_config),
		TEST(test_router),
		TEST(test_set_and_clear),
		TEST(test_sgi),
		TEST(test_sgi_all_but_self),
		TEST(test_sgi_is_cheap),
		TEST(test_timer),
		TEST(test_disable_while_loaded),
		TEST(test_rwp),
		TEST(test_read_retried),
		TEST(test_clear_remotely),
		TEST(test_level_fires_again),
		TEST(test_soft_edge),
		TEST(test_route_change),
		TEST(test_group_enables),
		TEST(test_overflow_in_order),
		TEST(test_split_deactivation),
		TEST(test_hardware_overflow),
		TEST(test_overflow_is_not_overtaken),
		TEST(test_wait_before_maintenance),
		TEST(test_wait_with_counted_eoi),
		TEST(test_activated_remotely),
		TEST(test_active_and_routed_away),
		TEST(test_deactivated_elsewhere),
		TEST(test_late_clear_is_forgotten),
		TEST(test_pended_twice),
		TEST(test_pended_long_ago),
		TEST(test_kicked_while_off),
		TEST(test_cpu_off),
		TEST(test_one_of_n),
		TEST(test_late_kicks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
