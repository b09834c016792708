/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of a vGIC from outside: those that one can have come out as they went in; of the others,
 * each is refused for its reason. That nothing of a vGIC's own state gets lost is for
 * test_vgic_random.c to show.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/vgicstate.h"
#include "tests/unit/prop.h"

#define CPUS            5
#define PREEMPTION_BITS 5
#define STATES          300
#define HW_PPI          27

static struct vgic_dist dist;
static struct vgic_cpu cpu[CPUS];
static struct vgic_state_dist dist_state;
static struct vgic_state_cpu cpu_state;
static struct prop prop;

static void make(bool v2)
{
	struct vgic_cpu *const cpus[CPUS] = {&cpu[0], &cpu[1], &cpu[2], &cpu[3], &cpu[4]};
	const uint64_t mpidr[CPUS] = {0, 1, 2, 0x100, 0x101};

	assert_int_equal(vgic_init(&dist, cpus, mpidr, CPUS, CAISSON_VM_INTIDS, 4, 5), ERR_OK);
	if (v2)
		assert_int_equal(vgic2_set(&dist), ERR_OK);
	vgic_hw_set(&dist, HW_PPI);
}

static uint32_t check_dist(uint32_t *intid)
{
	return vgicstate_dist_check(&dist, PREEMPTION_BITS, &dist_state, intid);
}

static uint32_t check_cpu(uint32_t n, uint32_t *intid)
{
	return vgicstate_cpu_check(&dist, &cpu[n], PREEMPTION_BITS, &cpu_state, intid);
}

static void get(uint32_t n)
{
	const struct vgicstate_interface interface = {.vmcr = 0};

	vgicstate_dist_get(&dist, PREEMPTION_BITS, &dist_state);
	vgicstate_cpu_get(&dist, &cpu[n], PREEMPTION_BITS, &interface, &cpu_state);
}

/* --- any state that a vGIC can have --- */

static uint16_t any_flags(void)
{
	uint16_t flags = prop_u64(&prop) & 0x7f;

	return flags & VGIC_STATE_ACTIVE ? flags : flags & ~VGIC_STATE_FORCED;
}

static struct vgic_state_irq any_spi(void)
{
	struct vgic_state_irq irq = {.flags = any_flags(), .priority = prop_u64(&prop) & 0xf8};
	uint32_t target = (uint32_t)prop_below(&prop, CPUS);

	irq.target = (uint8_t)target;
	if (irq.flags & VGIC_STATE_ACTIVE)
		irq.active_on = (uint8_t)prop_below(&prop, CPUS);
	if (prop_one_in(&prop, 5)) {
		irq.target = VGIC_STATE_NO_CPU;
		irq.router = dist.v2 ? 0 : 0x200 + prop_below(&prop, 0x100);
	} else if (dist.v2) {
		irq.router = BIT(target) | prop_below(&prop, BIT(CPUS));
	} else {
		irq.router = prop_one_in(&prop, 5) ? BIT(31) : dist.mpidr[target];
	}
	return irq;
}

static struct vgic_state_irq any_private(uint32_t intid)
{
	struct vgic_state_irq irq = {.flags = any_flags(), .priority = prop_u64(&prop) & 0xf8};

	if (intid == HW_PPI) {
		irq.flags &= ~VGIC_STATE_LINE;
		if ((irq.flags & VGIC_STATE_ACTIVE) || !(irq.flags & VGIC_STATE_ENABLED))
			irq.flags &= ~VGIC_STATE_PENDING;
	}
	if (intid >= VGIC_SGIS)
		return irq;
	irq.flags = (irq.flags | VGIC_STATE_EDGE) & ~VGIC_STATE_LINE;
	if (!dist.v2)
		return irq;
	irq.flags |= VGIC_STATE_ENABLED;
	if (irq.flags & VGIC_STATE_PENDING)
		irq.sgi_from = (uint8_t)prop_between(&prop, 1, BIT(CPUS) - 1);
	if (irq.flags & VGIC_STATE_ACTIVE)
		irq.sgi_taken = (uint8_t)prop_below(&prop, CPUS);
	return irq;
}

static void any_dist(void)
{
	uint32_t i;

	dist_state.ctlr = (uint32_t)prop_below(&prop, 4);
	for (i = 0; i < ARRAY_SIZE(dist_state.spi); i++)
		dist_state.spi[i] = any_spi();
}

static void any_cpu(void)
{
	uint32_t i;

	cpu_state.flags = (uint32_t)prop_below(&prop, dist.v2 ? 2 : 4);
	cpu_state.vmcr = (uint32_t)prop_u64(&prop) & 0xf8fc021f;
	cpu_state.ap0r[0] = (uint32_t)prop_u64(&prop);
	cpu_state.ap1r[0] = dist.v2 ? 0 : (uint32_t)prop_u64(&prop);
	for (i = 0; i < VGIC_PRIVATE; i++)
		cpu_state.private[i] = any_private(i);
}

/* What went in comes out, from a vGIC that had any other state before. */
static void round_trip(void)
{
	struct vgic_state_dist dist_again;
	struct vgic_state_cpu cpu_again;
	struct vgicstate_interface interface;
	uint32_t n = (uint32_t)prop_below(&prop, CPUS);
	struct vgic_effects fx;
	uint32_t intid = 0;

	get(n);
	any_dist();
	any_cpu();
	assert_int_equal(check_dist(&intid), 0);
	assert_int_equal(check_cpu(n, &intid), 0);
	vgicstate_dist_set(&dist, &dist_state);
	vgicstate_cpu_set(&dist, &cpu[n], &cpu_state, &interface);
	for (intid = 0; intid < CPUS; intid++) {
		vgic_effects_init(&fx);
		vgicstate_settle(&dist, &cpu[intid], &fx);
		assert_int_equal(fx.count, 0);
	}
	vgicstate_dist_get(&dist, PREEMPTION_BITS, &dist_again);
	vgicstate_cpu_get(&dist, &cpu[n], PREEMPTION_BITS, &interface, &cpu_again);
	assert_memory_equal(&dist_again, &dist_state, sizeof(dist_state));
	assert_memory_equal(&cpu_again, &cpu_state, sizeof(cpu_state));
}

static void test_round_trip(void **state)
{
	uint32_t i;

	prop = prop_start(__func__);
	for (i = 0; i < 2 * STATES; i++) {
		if (i % STATES == 0)
			make(i >= STATES);
		round_trip();
	}
}

/* --- what is refused, and why --- */

/* One change of a state that is right; the next begins with a right one again. */
#define REFUSED_DIST(change, fault)                                                                \
	do {                                                                                       \
		uint32_t intid = 0;                                                                \
		get(1);                                                                            \
		assert_int_equal(check_dist(&intid), 0);                                           \
		change;                                                                            \
		assert_int_equal(check_dist(&intid), fault);                                       \
		assert_int_equal(intid, (fault) == CAISSON_VGIC_BAD_IRQ ? 32 : 0);                 \
	} while (0)

#define REFUSED_CPU(change, fault, number)                                                         \
	do {                                                                                       \
		uint32_t intid = 0;                                                                \
		get(1);                                                                            \
		assert_int_equal(check_cpu(1, &intid), 0);                                         \
		change;                                                                            \
		assert_int_equal(check_cpu(1, &intid), fault);                                     \
		assert_int_equal(intid, number);                                                   \
	} while (0)

static void test_other_machine(void **state)
{
	struct vgic_state_header *h = &dist_state.header;

	make(false);
	REFUSED_DIST(h->version++, CAISSON_VGIC_OTHER_VERSION);
	REFUSED_DIST(h->vcpu = 0, CAISSON_VGIC_BAD_HEADER);
	REFUSED_DIST(h->reserved = 1, CAISSON_VGIC_BAD_HEADER);
	REFUSED_DIST(h->gic = 2, CAISSON_VGIC_OTHER_GIC);
	REFUSED_DIST(h->vcpus++, CAISSON_VGIC_OTHER_VCPUS);
	REFUSED_DIST(h->intids += 32, CAISSON_VGIC_OTHER_INTIDS);
	REFUSED_DIST(h->priority_bits++, CAISSON_VGIC_OTHER_PRIORITY_BITS);
	REFUSED_DIST(h->preemption_bits++, CAISSON_VGIC_OTHER_PRIORITY_BITS);
	REFUSED_CPU(cpu_state.header.vcpu = 2, CAISSON_VGIC_BAD_HEADER, 0);
	REFUSED_CPU(cpu_state.header.vcpu = CAISSON_VGIC_DIST, CAISSON_VGIC_BAD_HEADER, 0);
	/* All else may be nonsense then. */
	REFUSED_CPU(memset(&cpu_state, 0xff, sizeof(cpu_state)), CAISSON_VGIC_OTHER_VERSION, 0);
}

static void test_bad_dist(void **state)
{
	struct vgic_state_irq *irq = &dist_state.spi[0];

	make(false);
	REFUSED_DIST(dist_state.ctlr = 4, CAISSON_VGIC_BAD_INTERFACE);
	REFUSED_DIST(dist_state.reserved[2] = 1, CAISSON_VGIC_BAD_INTERFACE);
	REFUSED_DIST(irq->flags = 0x80, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->flags = VGIC_STATE_FORCED, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->reserved = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->priority = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->sgi_from = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->sgi_taken = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->active_on = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->router = BIT(24), CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->router = 1, CAISSON_VGIC_BAD_IRQ); /* that is vCPU 1, not 0 */
	REFUSED_DIST(irq->target = 1, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->target = VGIC_STATE_NO_CPU, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST((irq->router = BIT(31), irq->target = CPUS), CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST((irq->router = BIT(31), irq->target = VGIC_STATE_NO_CPU),
		     CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST((irq->flags = VGIC_STATE_ACTIVE, irq->active_on = CPUS), CAISSON_VGIC_BAD_IRQ);
	make(true);
	REFUSED_DIST(irq->router = BIT(CPUS), CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->router = 2, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->target = CPUS, CAISSON_VGIC_BAD_IRQ);
	REFUSED_DIST(irq->router = 0, CAISSON_VGIC_BAD_IRQ);
}

static void test_bad_cpu(void **state)
{
	struct vgic_state_irq *sgi = &cpu_state.private[3], *ppi = &cpu_state.private[HW_PPI];

	make(false);
	REFUSED_CPU(cpu_state.flags = 4, CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(cpu_state.vmcr = BIT(5), CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(cpu_state.vmcr = BIT(24), CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(cpu_state.ap0r[1] = 1, CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(cpu_state.ap1r[3] = 1, CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(sgi->flags = 0, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->flags |= VGIC_STATE_LINE, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->router = 1, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->target = 1, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->active_on = 1, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU((sgi->flags |= VGIC_STATE_PENDING, sgi->sgi_from = 1), CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(ppi->flags = VGIC_STATE_LINE, CAISSON_VGIC_BAD_IRQ, HW_PPI);
	REFUSED_CPU(ppi->flags = VGIC_STATE_PENDING, CAISSON_VGIC_BAD_IRQ, HW_PPI);
	REFUSED_CPU(ppi->flags = VGIC_STATE_ENABLED | VGIC_STATE_PENDING | VGIC_STATE_ACTIVE,
		    CAISSON_VGIC_BAD_IRQ, HW_PPI);
	REFUSED_CPU(ppi->sgi_from = 1, CAISSON_VGIC_BAD_IRQ, HW_PPI);
	make(true);
	REFUSED_CPU(cpu_state.flags = VGIC_STATE_ASLEEP, CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(cpu_state.ap1r[0] = 1, CAISSON_VGIC_BAD_INTERFACE, 0);
	REFUSED_CPU(sgi->flags &= ~VGIC_STATE_ENABLED, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->flags |= VGIC_STATE_PENDING, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->sgi_from = 1, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU(sgi->sgi_taken = 1, CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU((sgi->flags |= VGIC_STATE_PENDING, sgi->sgi_from = BIT(CPUS)),
		    CAISSON_VGIC_BAD_IRQ, 3);
	REFUSED_CPU((sgi->flags |= VGIC_STATE_ACTIVE, sgi->sgi_taken = CPUS), CAISSON_VGIC_BAD_IRQ,
		    3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_other_machine),
		cmocka_unit_test(test_bad_dist),
		cmocka_unit_test(test_bad_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
