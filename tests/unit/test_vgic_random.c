/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vGIC of hyp/vm and lib on a simulated machine (vgic_sim.h) against the plainest
 * possible GIC: no list registers, no physical interrupts, every interrupt a handful of
 * booleans. The same random operations go to both. After each, what the guest would be
 * interrupted with and what it reads in the registers must be the same. Of a GICv2's, too.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/gicv3.h"
#include "tests/unit/prop.h"
#include "tests/unit/vgic_sim.h"

#define PMR        0xf8
#define OPERATIONS 1500

struct plain {
	bool enabled, group1, latch, line, edge, active;
	uint8_t priority;
	uint8_t target;
	uint8_t from; /* GICv2's SGIs: senders; latch: there is one */
	uint8_t list; /* GICv2's SPIs: targets */
};

/* What a CPU has acknowledged and not ended. */
struct stack {
	uint32_t intid[32];
	bool group1[32];
	uint32_t count;
	uint32_t dropped[32]; /* EOImode 1: ended, not deactivated */
	uint32_t dropped_count;
};

static struct {
	struct plain private[SIM_CPUS][32];
	struct plain spi[SIM_INTIDS];
	uint32_t ctlr;
	struct stack stack[SIM_CPUS];
	bool split[SIM_CPUS];
	bool any[SIM_INTIDS]; /* routed 1 of N */
} ref;

static struct prop prop;
static bool v2;
static const uint32_t *universe;
static uint32_t universe_count;

static const uint32_t few[] = {1, 3, 9, 20, 27, 41, 42, 66, 67, SIM_CONSOLE};
static const uint32_t many[] = {0,  1,  2,  3,  9,  11, 15, 16, 20,  24,  27,  30,
				31, 33, 35, 40, 41, 42, 43, 64, 65,  66,  67,  68,
				70, 71, 72, 73, 74, 95, 96, 97, 100, 127, 128, 159};

static bool moves; /* between machines */
static const uint32_t movable[] = {0,  3,  9,  15, 20, 27, SIM_CONSOLE, SIM_EVENT_LINE, 41, 64, 65,
				   66, 67, 68, 70, 71, 72, 95};

static struct plain *plain(uint32_t cpu, uint32_t intid)
{
	return intid < 32 ? &ref.private[cpu][intid] : &ref.spi[intid];
}

static bool is_soft(uint32_t intid)
{
	return intid < 16 || intid == SIM_CONSOLE || intid == SIM_EVENT_LINE ||
	       (intid >= SIM_SOFT_FIRST && intid < SIM_SOFT_END);
}

static bool is_pending(const struct plain *p)
{
	return p->latch || (p->line && !p->edge);
}

static bool is_signalled(uint32_t cpu, uint32_t intid)
{
	const struct plain *p = plain(cpu, intid);

	return is_pending(p) && p->enabled && !p->active && (ref.ctlr >> p->group1 & 1) &&
	       (intid < 32 || p->target == cpu);
}

static bool is_sgi2(uint32_t intid)
{
	return v2 && intid < 16;
}

static void set_senders(uint32_t cpu, uint32_t intid, uint8_t from)
{
	plain(cpu, intid)->from = from;
	plain(cpu, intid)->latch = from != 0;
}

static uint32_t pick(void)
{
	return universe[prop_below(&prop, universe_count)];
}

/* Is it on some CPU's stack? */
static bool is_acked(uint32_t cpu, uint32_t intid)
{
	uint32_t c, i;

	for (c = 0; c < sim.cpu_count; c++) {
		const struct stack *s = &ref.stack[c];

		if (intid < 32 && c != cpu)
			continue;
		for (i = 0; i < s->count; i++) {
			if (s->intid[i] == intid)
				return true;
		}
		for (i = 0; i < s->dropped_count; i++) {
			if (s->dropped[i] == intid)
				return true;
		}
	}
	return false;
}

/* --- comparing --- */

static void check_cpu(uint32_t cpu)
{
	uint32_t limit = sim_running_priority(cpu) < PMR ? sim_running_priority(cpu) : PMR;
	uint32_t best = limit;
	uint32_t intid, i;

	for (i = 0; i < universe_count; i++) {
		if (is_signalled(cpu, universe[i]) && plain(cpu, universe[i])->priority < best)
			best = plain(cpu, universe[i])->priority;
	}
	intid = sim_highest(cpu, true);
	if (intid == SIM_NONE)
		intid = sim_highest(cpu, false);
	if (best == limit) {
		assert_int_equal(intid, SIM_NONE);
		return;
	}
	assert_int_not_equal(intid, SIM_NONE);
	assert_true(is_signalled(cpu, intid));
	assert_int_equal(plain(cpu, intid)->priority, best);
	assert_int_equal(intid == sim_highest(cpu, true), plain(cpu, intid)->group1);
}

static void check_registers(uint32_t cpu, uint32_t intid)
{
	const struct plain *p = plain(cpu, intid);
	uint64_t value;

	assert_int_equal(sim_bit(cpu, GICD_ISENABLER, intid), p->enabled);
	assert_int_equal(sim_bit(cpu, GICD_ICENABLER, intid), p->enabled);
	assert_int_equal(sim_bit(cpu, GICD_IGROUPR, intid), p->group1);
	assert_int_equal(sim_bit(cpu, GICD_ISPENDR, intid), is_pending(p));
	assert_int_equal(sim_bit(cpu, GICD_ICPENDR, intid), is_pending(p));
	if (is_sgi2(intid)) {
		assert_true(sim_read(cpu, GICD_SPENDSGIR + intid, 1, &value));
		assert_int_equal(value, p->from);
	}
	if (v2 && intid >= 32) {
		assert_true(sim_read(cpu, GICD_ITARGETSR + intid, 1, &value));
		assert_int_equal(value, p->list);
	}
	assert_int_equal(sim_bit(cpu, GICD_ISACTIVER, intid), p->active);
	assert_int_equal(sim_bit(cpu, GICD_ICACTIVER, intid), p->active);
	if (intid < 32)
		assert_true(sim_redist_read(cpu, cpu, GICR_SGI_BASE + GICD_IPRIORITYR + intid, 1,
					    &value));
	else
		assert_true(sim_read(cpu, GICD_IPRIORITYR + intid, 1, &value));
	assert_int_equal(value, p->priority);
}

/* --- operations, on both --- */

static void op_bit(uint32_t cpu)
{
	uint32_t intid = pick();
	struct plain *p = plain(cpu, intid);

	switch (prop_below(&prop, 6)) {
	case 0:
		p->enabled = true;
		sim_set_bit(cpu, GICD_ISENABLER, intid);
		break;
	case 1:
		p->enabled = is_sgi2(intid);
		sim_set_bit(cpu, GICD_ICENABLER, intid);
		break;
	case 2:
		/*
		 * Another one does not merge with what EL2 acknowledged: see op_line(). That it was
		 * made so is not in the state.
		 */
		if (!is_soft(intid) && (sim_physical(cpu, intid)->active || moves))
			return;
		p->latch |= !is_sgi2(intid);
		sim_set_bit(cpu, GICD_ISPENDR, intid);
		break;
	case 3:
		p->latch &= is_sgi2(intid);
		sim_set_bit(cpu, GICD_ICPENDR, intid);
		break;
	case 4:
		p->active = true;
		sim_set_bit(cpu, GICD_ISACTIVER, intid);
		break;
	default:
		/* Ending it afterwards would be counted by the CPU interface, and misunderstood. */
		if (is_acked(cpu, intid) && universe != few)
			return;
		p->active = false;
		sim_set_bit(cpu, GICD_ICACTIVER, intid);
		break;
	}
}

static void op_config(uint32_t cpu)
{
	uint32_t intid = pick();
	struct plain *p = plain(cpu, intid);
	uint64_t offset = GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << intid % 16 * 2;
	uint64_t value;

	if (intid < 16 || p->enabled || p->active || is_pending(p) || p->line)
		return;
	p->edge = !p->edge;
	if (intid < 32) {
		assert_true(sim_redist_read(cpu, cpu, GICR_SGI_BASE + offset, 4, &value));
		assert_true(sim_redist_write(cpu, cpu, GICR_SGI_BASE + offset, 4, value ^ bit));
	} else {
		assert_true(sim_read(cpu, offset, 4, &value));
		assert_true(sim_write(cpu, offset, 4, value ^ bit));
	}
}

static void op_priority(uint32_t cpu)
{
	uint32_t intid = pick();
	uint64_t offset = GICD_IPRIORITYR + intid;
	uint8_t value = prop_u64(&prop);

	if (plain(cpu, intid)->active || is_acked(cpu, intid))
		return; /* its priority is in the active priorities */
	plain(cpu, intid)->priority = value & 0xf8;
	if (intid < 32)
		assert_true(sim_redist_write(cpu, cpu, GICR_SGI_BASE + offset, 1, value));
	else
		assert_true(sim_write(cpu, offset, 1, value));
}

static void op_group(uint32_t cpu)
{
	uint32_t intid = pick();
	struct plain *p = plain(cpu, intid);
	uint64_t value;

	if (p->active || is_acked(cpu, intid))
		return;
	p->group1 = !p->group1;
	if (intid < 32) {
		assert_true(sim_redist_read(cpu, cpu, GICR_SGI_BASE + GICD_IGROUPR, 4, &value));
		assert_true(sim_redist_write(cpu, cpu, GICR_SGI_BASE + GICD_IGROUPR, 4,
					     value ^ 1u << intid));
	} else {
		assert_true(sim_read(cpu, GICD_IGROUPR + intid / 32 * 4, 4, &value));
		assert_true(
			sim_write(cpu, GICD_IGROUPR + intid / 32 * 4, 4, value ^ 1u << intid % 32));
	}
}

/* The first of a list that is on; if none is, the first. */
static uint8_t first_of(uint8_t list)
{
	uint32_t i;

	for (i = 0; i < sim.cpu_count; i++) {
		if ((list >> i & 1) && sim.cpu[i].on)
			return (uint8_t)i;
	}
	return list ? (uint8_t)__builtin_ctz(list) : VGIC_NO_CPU;
}

/* A GICv2's: one SPI's targets, or four's. */
static void route2(uint32_t cpu, uint32_t intid)
{
	uint32_t value = (uint32_t)prop_u64(&prop), i;
	bool word = prop_one_in(&prop, 4);

	intid = word ? intid & ~3u : intid;
	for (i = 0; i < (word ? 4 : 1); i++) {
		ref.spi[intid + i].list = value >> (8 * i) & ((1u << sim.cpu_count) - 1);
		ref.spi[intid + i].target = first_of(ref.spi[intid + i].list);
	}
	assert_true(
		sim_write(cpu, GICD_ITARGETSR + intid, word ? 4 : 1, word ? value : value & 0xff));
}

static void op_route(uint32_t cpu)
{
	uint32_t intid = pick();
	uint32_t target = (uint32_t)prop_below(&prop, sim.cpu_count);

	if (intid < 32)
		return;
	if (v2) {
		route2(cpu, intid);
		return;
	}
	ref.any[intid] = prop_one_in(&prop, 8);
	if (ref.any[intid]) {
		assert_true(sim_write(cpu, GICD_IROUTER + intid * 8, 8, BIT(31)));
		for (target = 0; target < sim.cpu_count - 1 && !sim.cpu[target].on; target++)
			;
		if (!sim.cpu[target].on)
			target = 0;
	} else {
		assert_true(sim_write(cpu, GICD_IROUTER + intid * 8, 8, sim.vcpu[target].mpidr));
	}
	ref.spi[intid].target = (uint8_t)target;
}

static void op_line(uint32_t cpu)
{
	uint32_t intid = pick();
	struct plain *p = plain(cpu, intid);

	if (intid < 16)
		return;
	/*
	 * What EL2 acknowledged for a guest that has not yet: it is not withdrawn when the device
	 * takes it back, and another edge does not merge with it.
	 */
	if (!is_soft(intid) && p->line != p->edge && !p->active && sim_physical(cpu, intid)->active)
		return;
	p->line = !p->line;
	if (p->line && p->edge)
		p->latch = true;
	sim_line(cpu, intid, p->line);
}

static void op_sgi(uint32_t cpu)
{
	uint32_t targets = (uint32_t)prop_below(&prop, 1u << sim.cpu_count);
	uint32_t intid = pick() & 15;
	bool group1 = prop_one_in(&prop, 2);
	uint32_t i;

	if (universe == few)
		intid = 3;
	for (i = 0; i < universe_count && universe[i] != intid; i++)
		;
	if (i == universe_count)
		return;
	for (i = 0; i < sim.cpu_count; i++) {
		if (v2 && (targets >> i & 1))
			set_senders(i, intid, ref.private[i][intid].from | 1u << cpu);
		else if ((targets >> i & 1) && ref.private[i][intid].group1 == group1)
			ref.private[i][intid].latch = true;
	}
	sim_sgi(cpu, targets, intid, group1);
}

/* GICD_SPENDSGIR and GICD_CPENDSGIR. */
static void op_senders(uint32_t cpu)
{
	uint8_t bits = prop_u64(&prop) & ((1u << sim.cpu_count) - 1);
	uint32_t intid = pick();

	if (!is_sgi2(intid))
		return;
	if (prop_one_in(&prop, 2)) {
		set_senders(cpu, intid, ref.private[cpu][intid].from | bits);
		assert_true(sim_write(cpu, GICD_SPENDSGIR + intid, 1, bits));
	} else {
		set_senders(cpu, intid, ref.private[cpu][intid].from & ~bits);
		assert_true(sim_write(cpu, GICD_CPENDSGIR + intid, 1, bits));
	}
}

static void op_ack(uint32_t cpu)
{
	struct stack *s = &ref.stack[cpu];
	bool group1 = sim_highest(cpu, true) != SIM_NONE;
	uint32_t intid = sim_ack(cpu, group1);

	if (intid == SIM_NONE)
		return;
	assert_true(is_signalled(cpu, intid)); /* check_cpu() saw that its priority is right */
	if (is_sgi2(intid)) {
		assert_true(plain(cpu, intid)->from >> sim.cpu[cpu].from & 1);
		set_senders(cpu, intid, plain(cpu, intid)->from & ~(1u << sim.cpu[cpu].from));
	} else {
		plain(cpu, intid)->latch = false;
	}
	plain(cpu, intid)->active = true;
	s->intid[s->count] = intid;
	s->group1[s->count++] = group1;
}

/*
 * Is the SPI active on this CPU? Someone may have cleared it by a register, and then it became
 * active elsewhere. Ending it here, then, is the guest's mistake (EOI), or not supported (DIR).
 */
static bool is_mine(uint32_t cpu, uint32_t intid)
{
	return intid < 32 || sim.vm.vgic.owner[intid] == cpu;
}

static void op_eoi(uint32_t cpu)
{
	struct stack *s = &ref.stack[cpu];
	uint32_t intid;

	if (!s->count)
		return;
	intid = s->intid[--s->count];
	if (!ref.split[cpu])
		plain(cpu, intid)->active &= !is_mine(cpu, intid);
	else if (plain(cpu, intid)->active && s->dropped_count < 32)
		s->dropped[s->dropped_count++] = intid;
	sim_eoi(cpu, intid, s->group1[s->count]);
}

static void op_dir(uint32_t cpu)
{
	struct stack *s = &ref.stack[cpu];
	uint32_t other = (uint32_t)prop_below(&prop, sim.cpu_count);
	uint32_t n, intid;

	if (!ref.split[cpu] || !s->dropped_count)
		return;
	n = (uint32_t)prop_below(&prop, s->dropped_count);
	intid = s->dropped[n];
	s->dropped[n] = s->dropped[--s->dropped_count];
	/* Any CPU may deactivate an SPI. */
	if (intid >= 32 && (v2 || sim.vm.vgic.split) && sim.cpu[other].on && ref.split[other])
		cpu = other;
	else if (!is_mine(cpu, intid))
		return;
	plain(cpu, intid)->active = false;
	sim_dir(cpu, intid);
}

/* 1 of N: what the vCPU that went off had goes to the first that is on. */
static void choose_again(uint32_t gone)
{
	uint32_t target, i;

	for (target = 0; target < sim.cpu_count - 1 && !sim.cpu[target].on; target++)
		;
	for (i = 32; i < SIM_INTIDS; i++) {
		if (v2 && ref.spi[i].target == gone)
			ref.spi[i].target = first_of(ref.spi[i].list);
		if (ref.any[i] && ref.spi[i].target == gone)
			ref.spi[i].target = (uint8_t)(sim.cpu[target].on ? target : 0);
	}
}

/* A GICv2's SPIs for several vCPUs of which none was on. */
static void take_over(void)
{
	uint32_t i;

	for (i = 32; v2 && i < SIM_INTIDS; i++) {
		if (ref.spi[i].target != VGIC_NO_CPU && !sim.cpu[ref.spi[i].target].on)
			ref.spi[i].target = first_of(ref.spi[i].list);
	}
}

static void op_off_or_on(uint32_t cpu)
{
	if (!prop_one_in(&prop, 10))
		return;
	if (sim.cpu[cpu].on) {
		sim_off(cpu);
		ref.stack[cpu].count = 0;
		ref.stack[cpu].dropped_count = 0;
		choose_again(cpu);
	} else {
		sim_on(cpu);
		take_over();
		sim_eoi_mode(cpu, ref.split[cpu]);
	}
}

static void op_control(uint32_t cpu)
{
	if (!prop_one_in(&prop, 4))
		return;
	ref.ctlr = prop_one_in(&prop, 3) ? (uint32_t)prop_below(&prop, 4) : 3;
	sim_set(cpu, GICD_CTLR, ref.ctlr);
}

static void op_move(uint32_t cpu)
{
	if (moves)
		sim_move((uint32_t)prop_between(&prop, 1, 16));
}

static void (*const operations[])(uint32_t cpu) = {
	op_bit,  op_bit, op_bit,       op_config,  op_priority, op_group, op_route, op_line,
	op_line, op_sgi, op_sgi,       op_ack,     op_ack,      op_ack,   op_eoi,   op_eoi,
	op_dir,  op_dir, op_off_or_on, op_control, op_senders,  op_move,
};

/* A vCPU that is off does nothing; on which someone who is on does it then. */
static void step(void)
{
	uint32_t n = (uint32_t)prop_below(&prop, ARRAY_SIZE(operations));
	uint32_t cpu = (uint32_t)prop_below(&prop, sim.cpu_count);
	uint32_t i;

	if (!sim.cpu[cpu].on && operations[n] != op_off_or_on)
		return;
	operations[n](cpu);
	for (i = 0; i < sim.cpu_count; i++) {
		if (sim.cpu[i].on)
			check_cpu(i);
	}
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		if (sim.cpu[cpu].on && prop_one_in(&prop, 8))
			check_registers(cpu, pick());
	}
}

static void start(uint32_t cpus, uint32_t lrs)
{
	uint32_t cpu, i;

	memset(&ref, 0, sizeof(ref));
	if (v2)
		sim_init2(cpus, lrs);
	else
		sim_init(cpus, lrs);
	for (i = 32; i < SIM_INTIDS; i++)
		ref.spi[i].list = 1;
	for (cpu = 0; cpu < cpus; cpu++) {
		for (i = 0; i < 16; i++) {
			ref.private[cpu][i].edge = true;
			ref.private[cpu][i].enabled = v2;
		}
		ref.split[cpu] = prop_one_in(&prop, 3);
		sim_eoi_mode(cpu, ref.split[cpu]);
	}
	ref.ctlr = 3;
	sim_set(0, GICD_CTLR, 3);
	/* Otherwise it takes long until something happens. */
	for (cpu = 0; cpu < cpus; cpu++) {
		for (i = 0; i < universe_count; i++) {
			uint32_t intid = universe[i];

			if (prop_one_in(&prop, 2)) {
				plain(cpu, intid)->enabled = true;
				sim_set_bit(cpu, GICD_ISENABLER, intid);
			}
			if (prop_one_in(&prop, 2) && intid >= 32)
				op_route(cpu);
			op_priority(cpu);
		}
	}
}

static void run(const uint32_t *intids, uint32_t count, uint32_t lrs, uint32_t rounds)
{
	universe = intids;
	universe_count = count;
	while (rounds--) {
		uint32_t i;

		start((uint32_t)prop_between(&prop, 1, 5), lrs);
		for (i = 0; i < OPERATIONS; i++)
			step();
	}
}

static void test_against_plain_gic(void **state)
{
	prop = prop_start(__func__);
	v2 = false;
	run(few, ARRAY_SIZE(few), 16, 100);
}

static void test_gicv2_against_plain_gic(void **state)
{
	prop = prop_start(__func__);
	v2 = true;
	run(few, ARRAY_SIZE(few), 16, 100);
}

static void test_with_overflow(void **state)
{
	static const uint32_t lrs[] = {1, 2, 4, 5};
	uint32_t i;

	prop = prop_start(__func__);
	for (i = 0; i < ARRAY_SIZE(lrs) * 2; i++) {
		v2 = i >= ARRAY_SIZE(lrs);
		run(many, ARRAY_SIZE(many), lrs[i % ARRAY_SIZE(lrs)], 25);
	}
}

/* A machine may have fewer list registers than the one before has interrupts in them. */
static void test_moved(void **state)
{
	prop = prop_start(__func__);
	moves = true;
	v2 = false;
	run(movable, ARRAY_SIZE(movable), 4, 60);
	v2 = true;
	run(movable, ARRAY_SIZE(movable), 4, 60);
	moves = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_plain_gic),
		cmocka_unit_test(test_gicv2_against_plain_gic),
		cmocka_unit_test(test_with_overflow),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
