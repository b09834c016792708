/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/vgicstate.h"

#include <string.h>

#define FLAGS                                                                                      \
	(VGIC_STATE_ENABLED | VGIC_STATE_GROUP1 | VGIC_STATE_EDGE | VGIC_STATE_PENDING |           \
	 VGIC_STATE_LINE | VGIC_STATE_ACTIVE | VGIC_STATE_FORCED)
#define CTLR (VGIC_CTLR_GRP0 | VGIC_CTLR_GRP1)

/* ICH_VMCR_EL2 without VPMR: VENG0 to VCBPR, VEOIM, VBPR1, VBPR0. */
#define VMCR       (MASK(4, 0) | BIT(9) | MASK(23, 18))
#define VPMR_SHIFT 24

#define IROUTER (MASK(39, 32) | MASK(31, 31) | MASK(23, 0)) /* GICD_IROUTER<n>'s fields */
#define IRM     BIT(31)

static bool is_sgi2(const struct vgic_dist *d, uint32_t intid)
{
	return d->v2 && intid < VGIC_SGIS;
}

/* Of ICH_AP0R<n>_EL2, and of ICH_AP1R<n>_EL2, with so many preemption bits (IHI 0069 12.4.1). */
static uint32_t apr_count(uint32_t preemption_bits)
{
	return preemption_bits <= 5 ? 1 : preemption_bits == 6 ? 2 : 4;
}

/* A GICv2 has one, of both groups. */
static bool has_apr(const struct vgic_dist *d, uint32_t preemption_bits, uint32_t group, uint32_t n)
{
	return d->v2 ? group == 0 && n == 0 : n < apr_count(preemption_bits);
}

static uint32_t vmcr_mask(const struct vgic_dist *d)
{
	return (uint32_t)VMCR | d->priority_mask << VPMR_SHIFT;
}

static struct vgic_state_header header(const struct vgic_dist *d, uint32_t preemption_bits,
				       uint32_t vcpu)
{
	return (struct vgic_state_header){
		.version = CAISSON_VGIC_VERSION,
		.vcpu = vcpu,
		.gic = d->v2 ? 2 : 3,
		.vcpus = (uint8_t)d->cpu_count,
		.priority_bits = (uint8_t)(8 - __builtin_ctz(d->priority_mask)),
		.preemption_bits = (uint8_t)preemption_bits,
		.intids = (uint16_t)(d->words * 32),
	};
}

/* --- out of the model --- */

/* What any interrupt has in a word. */
static uint16_t flags_get(const struct vgic_word *w, uint32_t intid)
{
	uint32_t n = intid % 32;
	uint32_t forced = w->forced & w->active;

	return (uint16_t)((w->enabled >> n & 1) * VGIC_STATE_ENABLED |
			  (w->group >> n & 1) * VGIC_STATE_GROUP1 |
			  (w->edge >> n & 1) * VGIC_STATE_EDGE |
			  (w->latch >> n & 1) * VGIC_STATE_PENDING |
			  (w->line >> n & 1) * VGIC_STATE_LINE |
			  (w->active >> n & 1) * VGIC_STATE_ACTIVE |
			  (forced >> n & 1) * VGIC_STATE_FORCED);
}

void vgicstate_dist_get(const struct vgic_dist *d, uint32_t preemption_bits,
			struct vgic_state_dist *state)
{
	uint32_t i;

	memset(state, 0, sizeof(*state));
	state->header = header(d, preemption_bits, CAISSON_VGIC_DIST);
	state->ctlr = d->ctlr;
	for (i = VGIC_PRIVATE; i < d->words * 32 && i < CAISSON_VM_INTIDS; i++) {
		uint16_t flags = flags_get(&d->word[i / 32], i);

		state->spi[i - VGIC_PRIVATE] = (struct vgic_state_irq){
			.router = d->router[i],
			.flags = flags,
			.priority = d->priority[i],
			.target = d->target[i],
			.active_on = flags & VGIC_STATE_ACTIVE ? d->owner[i] : 0,
		};
	}
}

void vgicstate_cpu_get(const struct vgic_dist *d, const struct vgic_cpu *c,
		       uint32_t preemption_bits, const struct vgicstate_interface *interface,
		       struct vgic_state_cpu *state)
{
	uint32_t i;

	memset(state, 0, sizeof(*state));
	state->header = header(d, preemption_bits, c->index);
	state->flags = (c->slow & VGIC_SLOW_OFFLINE ? 0 : VGIC_STATE_ON) |
		       (c->asleep && !d->v2 ? VGIC_STATE_ASLEEP : 0);
	state->vmcr = (uint32_t)interface->vmcr & vmcr_mask(d);
	for (i = 0; i < ARRAY_SIZE(state->ap0r); i++) {
		if (has_apr(d, preemption_bits, 0, i))
			state->ap0r[i] = (uint32_t)interface->apr[i];
		if (has_apr(d, preemption_bits, 1, i))
			state->ap1r[i] = (uint32_t)interface->apr[4 + i];
	}
	for (i = 0; i < VGIC_PRIVATE; i++) {
		uint16_t flags = flags_get(&c->word0, i);
		bool taken = is_sgi2(d, i) && (flags & VGIC_STATE_ACTIVE);

		state->private[i] = (struct vgic_state_irq){
			.flags = flags,
			.priority = c->priority[i],
			.sgi_from = is_sgi2(d, i) ? c->sgi_from[i] : 0,
			.sgi_taken = taken ? c->sgi_taken[i] : 0,
		};
	}
}

/* --- what somebody outside says --- */

static uint32_t header_check(const struct vgic_dist *d, uint32_t preemption_bits, uint32_t vcpu,
			     const struct vgic_state_header *h)
{
	const struct vgic_state_header own = header(d, preemption_bits, vcpu);

	if (h->version != own.version)
		return CAISSON_VGIC_OTHER_VERSION;
	if (h->vcpu != own.vcpu || h->reserved != 0)
		return CAISSON_VGIC_BAD_HEADER;
	if (h->gic != own.gic)
		return CAISSON_VGIC_OTHER_GIC;
	if (h->vcpus != own.vcpus)
		return CAISSON_VGIC_OTHER_VCPUS;
	if (h->intids != own.intids || h->intids > CAISSON_VM_INTIDS)
		return CAISSON_VGIC_OTHER_INTIDS;
	if (h->priority_bits != own.priority_bits || h->preemption_bits != own.preemption_bits)
		return CAISSON_VGIC_OTHER_PRIORITY_BITS;
	return 0;
}

/*
 * hw: it is linked to a physical interrupt. That has the line, and holds a pending one that is
 * disabled or active: lib/vgic.c.
 */
static bool is_irq(const struct vgic_dist *d, const struct vgic_state_irq *irq, bool hw)
{
	bool active = irq->flags & VGIC_STATE_ACTIVE;

	if ((irq->flags & ~FLAGS) || irq->reserved || (irq->priority & ~d->priority_mask))
		return false;
	if ((irq->flags & VGIC_STATE_FORCED) && !active)
		return false;
	if (!hw)
		return true;
	return !(irq->flags & VGIC_STATE_LINE) && (!(irq->flags & VGIC_STATE_PENDING) ||
						   (!active && (irq->flags & VGIC_STATE_ENABLED)));
}

/* May an SPI with this router be vCPU target's? */
static bool is_target(const struct vgic_dist *d, uint64_t router, uint32_t target)
{
	uint32_t i;

	if (target != VGIC_NO_CPU && target >= d->cpu_count)
		return false;
	if (d->v2)
		return target == VGIC_NO_CPU ? router == 0 : router >> target & 1;
	if (router & IRM)
		return target != VGIC_NO_CPU;
	if (target != VGIC_NO_CPU)
		return d->mpidr[target] == router;
	for (i = 0; i < d->cpu_count; i++) {
		if (d->mpidr[i] == router)
			return false;
	}
	return true;
}

static bool is_spi(const struct vgic_dist *d, const struct vgic_state_irq *irq, uint32_t intid)
{
	uint64_t routers = d->v2 ? MASK(d->cpu_count - 1, 0) : IROUTER;

	if (!is_irq(d, irq, d->word[intid / 32].hw >> intid % 32 & 1) || irq->sgi_from ||
	    irq->sgi_taken || (irq->router & ~routers) || !is_target(d, irq->router, irq->target))
		return false;
	return irq->flags & VGIC_STATE_ACTIVE ? irq->active_on < d->cpu_count : !irq->active_on;
}

static bool is_sgi(const struct vgic_dist *d, const struct vgic_state_irq *irq)
{
	bool active = irq->flags & VGIC_STATE_ACTIVE;

	if (!(irq->flags & VGIC_STATE_EDGE) || (irq->flags & VGIC_STATE_LINE))
		return false;
	if (!d->v2)
		return !irq->sgi_from && !irq->sgi_taken;
	/* Always enabled, and pending as long as there is one who sent it. */
	if (!(irq->flags & VGIC_STATE_ENABLED) ||
	    !(irq->flags & VGIC_STATE_PENDING) != !irq->sgi_from)
		return false;
	return irq->sgi_from <= MASK(d->cpu_count - 1, 0) &&
	       (active ? irq->sgi_taken < d->cpu_count : !irq->sgi_taken);
}

static bool is_private(const struct vgic_dist *d, const struct vgic_cpu *c,
		       const struct vgic_state_irq *irq, uint32_t intid)
{
	if (!is_irq(d, irq, c->word0.hw >> intid & 1) || irq->router || irq->target ||
	    irq->active_on)
		return false;
	return intid < VGIC_SGIS ? is_sgi(d, irq) : !irq->sgi_from && !irq->sgi_taken;
}

uint32_t vgicstate_dist_check(const struct vgic_dist *d, uint32_t preemption_bits,
			      const struct vgic_state_dist *state, uint32_t *intid)
{
	uint32_t fault = header_check(d, preemption_bits, CAISSON_VGIC_DIST, &state->header);
	uint32_t i;

	if (fault)
		return fault;
	if ((state->ctlr & ~CTLR) ||
	    (state->reserved[0] | state->reserved[1] | state->reserved[2]) != 0)
		return CAISSON_VGIC_BAD_INTERFACE;
	for (i = VGIC_PRIVATE; i < d->words * 32; i++) {
		if (!is_spi(d, &state->spi[i - VGIC_PRIVATE], i)) {
			*intid = i;
			return CAISSON_VGIC_BAD_IRQ;
		}
	}
	return 0;
}

static bool is_interface(const struct vgic_dist *d, uint32_t preemption_bits,
			 const struct vgic_state_cpu *state)
{
	uint32_t i;

	if ((state->flags & ~(VGIC_STATE_ON | (d->v2 ? 0 : VGIC_STATE_ASLEEP))) ||
	    (state->vmcr & ~vmcr_mask(d)))
		return false;
	for (i = 0; i < ARRAY_SIZE(state->ap0r); i++) {
		if ((state->ap0r[i] && !has_apr(d, preemption_bits, 0, i)) ||
		    (state->ap1r[i] && !has_apr(d, preemption_bits, 1, i)))
			return false;
	}
	return true;
}

uint32_t vgicstate_cpu_check(const struct vgic_dist *d, const struct vgic_cpu *c,
			     uint32_t preemption_bits, const struct vgic_state_cpu *state,
			     uint32_t *intid)
{
	uint32_t fault = header_check(d, preemption_bits, c->index, &state->header);
	uint32_t i;

	if (fault)
		return fault;
	if (!is_interface(d, preemption_bits, state))
		return CAISSON_VGIC_BAD_INTERFACE;
	for (i = 0; i < VGIC_PRIVATE; i++) {
		if (!is_private(d, c, &state->private[i], i)) {
			*intid = i;
			return CAISSON_VGIC_BAD_IRQ;
		}
	}
	return 0;
}

/* --- into the model --- */

/* All that the word knows of list registers and of physical interrupts is past. */
static void flags_set(struct vgic_word *w, uint32_t intid, uint32_t flags)
{
	uint32_t bit = 1u << intid % 32;
	uint32_t *const past[] = {&w->loaded,       &w->drop_pending, &w->drop_active,
				  &w->seen_pending, &w->seen_active,  &w->soft};
	const struct {
		uint32_t *bits;
		uint32_t flag;
	} now[] = {
		{&w->enabled, VGIC_STATE_ENABLED}, {&w->group, VGIC_STATE_GROUP1},
		{&w->edge, VGIC_STATE_EDGE},       {&w->latch, VGIC_STATE_PENDING},
		{&w->line, VGIC_STATE_LINE},       {&w->active, VGIC_STATE_ACTIVE},
		{&w->forced, VGIC_STATE_FORCED},
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(past); i++)
		*past[i] &= ~bit;
	for (i = 0; i < ARRAY_SIZE(now); i++)
		*now[i].bits = flags & now[i].flag ? *now[i].bits | bit : *now[i].bits & ~bit;
}

void vgicstate_dist_set(struct vgic_dist *d, const struct vgic_state_dist *state)
{
	uint32_t i;

	d->ctlr = state->ctlr;
	for (i = VGIC_PRIVATE; i < d->words * 32; i++) {
		const struct vgic_state_irq *irq = &state->spi[i - VGIC_PRIVATE];

		flags_set(&d->word[i / 32], i, irq->flags);
		d->router[i] = irq->router;
		d->priority[i] = irq->priority;
		d->target[i] = irq->target;
		d->owner[i] = irq->active_on;
	}
}

void vgicstate_cpu_set(struct vgic_dist *d, struct vgic_cpu *c, const struct vgic_state_cpu *state,
		       struct vgicstate_interface *interface)
{
	uint32_t i;

	for (i = 0; i < VGIC_PRIVATE; i++) {
		const struct vgic_state_irq *irq = &state->private[i];

		flags_set(&c->word0, i, irq->flags);
		c->priority[i] = irq->priority;
		if (i < VGIC_SGIS) {
			c->sgi_from[i] = irq->sgi_from;
			c->sgi_taken[i] = irq->sgi_taken;
		}
	}
	c->soft_loaded = 0;
	c->asked = 0;
	if (!d->v2)
		c->asleep = state->flags & VGIC_STATE_ASLEEP;
	interface->vmcr = state->vmcr;
	for (i = 0; i < ARRAY_SIZE(state->ap0r); i++) {
		interface->apr[i] = state->ap0r[i];
		interface->apr[4 + i] = state->ap1r[i];
	}
	vgic_cpu_online(d, c, state->flags & VGIC_STATE_ON);
}

void vgicstate_settle(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_effects *fx)
{
	memset(c->in_lr, 0, sizeof(c->in_lr));
	memset(c->want, 0, sizeof(c->want));
	memset(c->act, 0, sizeof(c->act));
	c->want_sum = 0;
	c->act_sum = 0;
	vgic_private_changed(c, d->ctlr, ~0u);
	vgic_eval_all(d, c, fx);
}
