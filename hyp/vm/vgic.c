/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts on their way into list registers: the fast paths, physical interrupts, SGIs. What is
 * general, and the locks, are hyp/vm/vgic_sync.c's.
 */
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/speculation.h"
#include "hyp/core/crosscall.h"
#include "hyp/vm/vgic_sync.h"

#define SGI1R_INTID(value) ((uint32_t)((value) >> 24 & 0xf))
#define SGI1R_IRM          BIT(40)
#define DIR_INTID          0xffffff
#define SGIR_INTID         0xf

/* --- fast paths: private interrupts, under the cpu lock only --- */

/* A GICv2's SGI says who sent it. */
#define IS_SGI2(v2, intid) ((v2) && (intid) < VGIC_SGIS)

/*
 * Puts a pending private interrupt into a list register; false: that takes a sync. *empty is what
 * the hardware says of them without those written since it was read: it need not show them without
 * a context synchronisation. from: the vCPU that sent a GICv2's SGI.
 */
VGIC_HW_INLINE bool load_private(bool v2, struct vgic_cpu *c, uint32_t intid, uint32_t from,
				 uint32_t *empty)
{
	int n = vgic_private_fast(c, intid, *empty);
	uint64_t more;

	if (n >= 0) {
		c->injected++;
		more = IS_SGI2(v2, intid) ? vgic2_sgi_take(c, intid, from) : 0;
		vgic_hw_lr_write(v2, (uint32_t)n, c->template[intid] | more);
		*empty &= ~(1u << n);
		return true;
	}
	if (IS_SGI2(v2, intid) || !vgic_private_again(c, intid))
		return false;
	c->injected++;
	n = c->lr_of[intid];
	vgic_hw_lr_write(v2, (uint32_t)n, vgic_hw_lr_read(v2, (uint32_t)n) | VGIC_LR_PENDING);
	return true;
}

/* A private interrupt became pending on this CPU. */
VGIC_HW_INLINE void pend_private(bool v2, struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	uint32_t empty = vgic_hw_empty(v2);
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;

	lock_acquire(&vcpu->vgic_lock);
	if (load_private(v2, c, intid, vcpu->index, &empty)) {
		lock_release(&vcpu->vgic_lock);
		return;
	}
	vgic_effects_init(&fx);
	if (IS_SGI2(v2, intid))
		vgic2_sgi_pend(&vcpu->vm->vgic, c, intid, vcpu->index, &fx);
	else
		vgic_private_pend(&vcpu->vm->vgic, c, intid, &fx);
	vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	if (fx.kick)
		vgic_sync(vcpu);
}

/* Loads what other vCPUs sent, as long as it is simple. False: that takes a sync. */
VGIC_HW_INLINE bool load_posted(bool v2, struct vgic_cpu *c)
{
	uint32_t empty = vgic_hw_empty(v2);

	if (c->slow | c->act_sum | (c->want_sum & ~1u))
		return false;
	while (c->want[0]) {
		uint32_t intid = (uint32_t)__builtin_ctz(c->want[0]);
		uint32_t bit = 1u << intid;
		uint32_t from = 0;

		/* A level's latch is not to be lost in a list register: see lib/vgic.c, put(). */
		if (!(c->word0.latch & (c->word0.edge | c->word0.hw) & bit))
			return false;
		if (IS_SGI2(v2, intid)) {
			if (c->sgi_from[intid] & (c->sgi_from[intid] - 1))
				return false;
			from = (uint32_t)__builtin_ctz(c->sgi_from[intid]);
		}
		c->word0.latch &= ~bit;
		if (!load_private(v2, c, intid, from, &empty)) {
			c->word0.latch |= bit;
			return false;
		}
		if (IS_SGI2(v2, intid))
			c->sgi_from[intid] = 0;
		c->want[0] &= ~bit;
	}
	c->want_sum = 0;
	return true;
}

/* Someone left something to do for this CPU's vCPU. One that is off looks when it is on again. */
VGIC_HW_INLINE void kicked(bool v2, struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool done;

	lock_acquire(&vcpu->vgic_lock);
	done = (c->slow & VGIC_SLOW_OFFLINE) || load_posted(v2, c);
	lock_release(&vcpu->vgic_lock);
	if (!done)
		vgic_sync(vcpu);
}

static __attribute__((noinline)) void kicked2(struct vcpu *vcpu)
{
	kicked(true, vcpu);
}

static __attribute__((noinline)) void kicked3(struct vcpu *vcpu)
{
	kicked(false, vcpu);
}

void vgic_kicked(struct vcpu *vcpu)
{
	if (gic_is_v2())
		kicked2(vcpu);
	else
		kicked3(vcpu);
}

/* --- physical interrupts --- */

/* A hardware-linked SPI arrived at this CPU. */
VGIC_HW_INLINE void pend_spi(bool v2, struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool must_sync;
	uint64_t lr;
	int n;

	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	n = vgic_spi_fast(&vm->vgic, &vcpu->vgic, intid, vgic_hw_empty(v2), &lr);
	if (n >= 0)
		vgic_hw_lr_write(v2, (uint32_t)n, lr);
	lock_release(&vcpu->vgic_lock);
	if (vgic_sync_is_split(v2, vm))
		vgic_sync_trap_dir(vcpu);
	if (n < 0) {
		vgic_effects_init(&fx);
		vgic_spi_arrived(&vm->vgic, intid);
		fx.word = intid / 32;
		fx.changed = 1u << intid % 32;
		must_sync = vgic_sync_settle(vm, vcpu, &fx);
		if (must_sync) {
			vgic_sync_fold(vcpu);
			vgic_sync_fill(vcpu);
		}
	}
	lock_release(&vm->vgic_lock);
}

VGIC_HW_INLINE void irq_take(bool v2, struct vcpu *vcpu, uint32_t intid)
{
	if (intid < VGIC_PRIVATE && (vcpu->vgic.word0.hw >> intid & 1)) {
		gic_drop(v2, intid);
		pend_private(v2, vcpu, intid);
	} else if (intid == GIC_SGI_KICK) {
		gic_drop(v2, intid);
		gic_deactivate(v2, intid);
		isb(); /* what is looked at now is not read before the kick was taken */
		crosscall_check();
		if (v2)
			kicked2(vcpu);
		else
			kicked3(vcpu);
	} else if (intid >= GIC_SPURIOUS) {
		return;
	} else if (vcpu->vm->vgic.word[intid / 32].hw >> intid % 32 & 1) {
		gic_drop(v2, intid);
		pend_spi(v2, vcpu, intid);
	} else {
		gic_handler_run(intid);
	}
}

void vgic_irq_take2(struct vcpu *vcpu, uint32_t intid)
{
	irq_take(true, vcpu, intid);
}

void vgic_irq_take3(struct vcpu *vcpu, uint32_t intid)
{
	irq_take(false, vcpu, intid);
}

void vgic_irq_exit(struct vcpu *vcpu)
{
	if (gic_is_v2())
		vgic_irq_take2(vcpu, gic_acknowledge(true));
	else
		vgic_irq_take3(vcpu, gic_acknowledge(false));
}

/* --- what the guest sends --- */

VGIC_HW_INLINE void send_sgi(struct vcpu *self, struct vcpu *target, uint32_t intid,
			     bool group1) NO_THREAD_CHECK
{
	bool must_kick;

	/* One configured for the other group is not made pending (IHI 0069 table 12-18). */
	if ((target->vgic.word0.group >> intid & 1) != group1)
		return;
	if (target == self) {
		pend_private(false, self, intid);
		return;
	}
	lock_acquire(&target->vgic_lock);
	must_kick = vgic_sgi_post(&target->vgic, intid);
	lock_release(&target->vgic_lock);
	if (must_kick)
		vgic_sync_kick(false, target);
}

static void sgi_write(struct vcpu *vcpu, uint64_t value, bool group1)
{
	struct vm *vm = vcpu->vm;
	uint32_t intid = SGI1R_INTID(value);
	const struct vgic_cluster *cluster = vm->vgic.cluster;
	uint32_t i, targets;

	if (value & SGI1R_IRM) {
		for (i = 0; i < vm->vcpu_count; i++) {
			if (vm->vcpu[i] != vcpu)
				send_sgi(vcpu, vm->vcpu[i], intid, group1);
		}
		return;
	}
	for (i = 0; cluster[i].key != vgic_sgi_key(value); i++) {
		if (i == vm->vgic.cluster_count - 1)
			return;
	}
	for (targets = (uint32_t)value & cluster[i].present; targets; targets &= targets - 1)
		send_sgi(vcpu, vm->vcpu[cluster[i].cpu[__builtin_ctz(targets)]], intid, group1);
}

void vgic_sgi1r_write(struct vcpu *vcpu, uint64_t value)
{
	sgi_write(vcpu, value, true);
}

void vgic_sgi0r_write(struct vcpu *vcpu, uint64_t value)
{
	sgi_write(vcpu, value, false);
}

static void send_sgi2(struct vcpu *self, struct vcpu *target, uint32_t intid) NO_THREAD_CHECK
{
	bool must_kick;

	if (target == self) {
		pend_private(true, self, intid);
		return;
	}
	lock_acquire(&target->vgic_lock);
	must_kick = vgic2_sgi_post(&target->vgic, intid, self->index);
	lock_release(&target->vgic_lock);
	if (must_kick)
		vgic_sync_kick(true, target);
}

void vgic_sgir_write(struct vcpu *vcpu, uint32_t value)
{
	uint32_t targets = vgic2_sgi_targets(&vcpu->vm->vgic, vcpu->index, value);

	for (; targets; targets &= targets - 1)
		send_sgi2(vcpu, vcpu->vm->vcpu[__builtin_ctz(targets)], value & SGIR_INTID);
}

/* Deactivates what one of this CPU's list registers has active, as the hardware would. */
static bool deactivate_loaded(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool v2 = gic_is_v2();
	bool done = false;
	uint32_t used;

	lock_acquire(&vcpu->vgic_lock);
	for (used = c->used; used && !done; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t lr;

		if (c->lr_intid[n] != intid)
			continue;
		lr = vgic_hw_lr_read(v2, n);
		if (!(lr & VGIC_LR_ACTIVE))
			break;
		if (lr & VGIC_LR_HW)
			gic_deactivate(v2, intid);
		vgic_hw_lr_write(v2, n, lr & ~VGIC_LR_ACTIVE);
		done = true;
	}
	lock_release(&vcpu->vgic_lock);
	return done;
}

void vgic_dir_write(struct vcpu *vcpu, uint64_t value) NO_THREAD_CHECK
{
	uint32_t intid = (uint32_t)(value & DIR_INTID);
	struct vgic_effects fx;

	if (intid >= VGIC_INTIDS)
		return;
	/* The guest's choice, and the model's tables are not to be read beyond their ends. */
	intid = (uint32_t)bounded_index(intid, VGIC_INTIDS);
	if (!(vgic_hw_vmcr_read(gic_is_v2()) & ICH_VMCR_VEOIM) || deactivate_loaded(vcpu, intid))
		return;
	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vm->vgic_lock);
	vgic_sync_fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	vgic_deactivate(&vcpu->vm->vgic, &vcpu->vgic, intid, &fx);
	vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	vgic_sync_settle_moves(vcpu->vm, &fx, &fx.kick);
	vgic_sync_kick_others(vcpu->vm, vcpu, fx.kick);
	vgic_sync_fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/*
 * What waits for a maintenance interrupt counts as pending: the hardware may signal that one only
 * after the trap of a WFI, and does not while the vCPU is not loaded.
 */
bool vgic_is_pending(struct vcpu *vcpu)
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool v2 = gic_is_v2();
	uint32_t n;

	if (c->want_sum || (c->slow & VGIC_SLOW_SYNC))
		return true;
	if (c->act_sum && vgic_hw_eoi_count(v2))
		return true;
	for (n = 0; n < c->lr_count; n++) {
		if ((c->used >> n & 1) && vgic_lr_is_awake(vgic_hw_lr_read(v2, n)))
			return true;
	}
	return false;
}

/*
 * Changes the level of a PPI whose list register, if it has one, is of this CPU; false: that takes
 * a sync. What the guest has in a list register is looked at again when it ends it, by way of the
 * EOI bit. Only what it has not acknowledged yet is taken back, and leaves nothing there to be told
 * of.
 */
VGIC_HW_INLINE bool level_fast(bool v2, struct vgic_cpu *c, uint32_t intid, bool level)
{
	uint32_t bit = 1u << intid;
	uint64_t lr = 0;
	int n;

	if ((c->slow & VGIC_SLOW_SYNC) || (c->word0.edge & bit))
		return false;
	if (c->in_lr[0] & bit) {
		n = c->lr_of[intid];
		lr = vgic_hw_lr_read(v2, (uint32_t)n);
		if ((c->notes & VGIC_NOTE_LATCH << n) || (lr && !(lr & VGIC_LR_EOI)))
			return false;
		if (lr || !level) {
			if (!level && (lr & VGIC_LR_PENDING))
				vgic_hw_lr_write(v2, (uint32_t)n,
						 lr & VGIC_LR_ACTIVE ? lr & ~VGIC_LR_PENDING : 0);
			c->word0.line ^= bit;
			return true;
		}
	}
	if (!level)
		return false;
	n = vgic_private_fast(c, intid, vgic_hw_empty(v2));
	if (n < 0)
		return false;
	c->injected++;
	c->word0.line |= bit;
	vgic_hw_lr_write(v2, (uint32_t)n, c->template[intid]);
	return true;
}

void vgic_ppi_set(struct vcpu *vcpu, uint32_t intid, bool level) NO_THREAD_CHECK
{
	bool v2 = gic_is_v2(), is_loaded = vcpu->cpu != VCPU_NOWHERE;
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vgic_lock);
	if (level != (c->word0.line >> intid & 1) &&
	    !(is_loaded &&
	      (v2 ? level_fast(true, c, intid, level) : level_fast(false, c, intid, level)))) {
		vgic_private_line_set(&vcpu->vm->vgic, c, intid, level, &fx);
		vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	}
	lock_release(&vcpu->vgic_lock);
	if (fx.kick && is_loaded)
		vgic_sync(vcpu);
}

/* An emulated device's interrupt line. */
void vdev_irq_set(struct vm *vm, uint32_t intid, bool level) NO_THREAD_CHECK
{
	struct vcpu *self = percpu_this()->current;
	struct vgic_effects fx;

	if (intid < VGIC_PRIVATE || intid >= VGIC_INTIDS)
		return;
	if (self && self->vm != vm)
		self = NULL;
	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	vgic_line_set(&vm->vgic, intid, level, &fx);
	if (vgic_sync_settle(vm, self, &fx) && self) {
		vgic_sync_fold(self);
		vgic_sync_fill(self);
	}
	lock_release(&vm->vgic_lock);
}
