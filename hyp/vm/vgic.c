/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts on their way into list registers: the fast paths, physical interrupts, SGIs. What is
 * general, and the locks, are hyp/vm/vgic_sync.c's.
 */
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/gicv3.h"
#include "arch/aarch64/speculation.h"
#include "hyp/core/gic.h"
#include "hyp/core/crosscall.h"
#include "hyp/vm/vgic_sync.h"

#define SGI1R_INTID(value) ((uint32_t)((value) >> 24 & 0xf))
#define SGI1R_IRM          BIT(40)
#define DIR_INTID          0xffffff

/* --- fast paths: private interrupts, under the cpu lock only --- */

/*
 * Puts a pending private interrupt into a list register; false: that takes a sync. *empty is
 * ICH_ELRSR_EL2 without those written since it was read: the hardware need not show them without
 * a context synchronisation.
 */
static inline __attribute__((always_inline)) bool load_private(struct vgic_cpu *c, uint32_t intid,
							       uint32_t *empty)
{
	int n = vgic_private_fast(c, intid, *empty);

	if (n >= 0) {
		c->injected++;
		gicv3_lr_write((uint32_t)n, c->template[intid]);
		*empty &= ~(1u << n);
		return true;
	}
	if (!vgic_private_again(c, intid))
		return false;
	c->injected++;
	n = c->lr_of[intid];
	gicv3_lr_write((uint32_t)n, gicv3_lr_read((uint32_t)n) | VGIC_LR_PENDING);
	return true;
}

/* A private interrupt became pending on this CPU. */
static inline void pend_private(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	uint32_t empty = (uint32_t)sysreg_read(ICH_ELRSR_EL2);
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;

	lock_acquire(&vcpu->vgic_lock);
	if (load_private(c, intid, &empty)) {
		lock_release(&vcpu->vgic_lock);
		return;
	}
	vgic_effects_init(&fx);
	vgic_private_pend(&vcpu->vm->vgic, c, intid, &fx);
	vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	if (fx.kick)
		vgic_sync(vcpu);
}

/* Loads what other vCPUs sent, as long as it is simple. False: that takes a sync. */
static bool load_posted(struct vgic_cpu *c)
{
	uint32_t empty = (uint32_t)sysreg_read(ICH_ELRSR_EL2);

	if (c->slow | c->act_sum | (c->want_sum & ~1u))
		return false;
	while (c->want[0]) {
		uint32_t intid = (uint32_t)__builtin_ctz(c->want[0]);
		uint32_t bit = 1u << intid;

		/* A level's latch is not to be lost in a list register: see lib/vgic.c, put(). */
		if (!(c->word0.latch & (c->word0.edge | c->word0.hw) & bit))
			return false;
		c->word0.latch &= ~bit;
		if (!load_private(c, intid, &empty)) {
			c->word0.latch |= bit;
			return false;
		}
		c->want[0] &= ~bit;
	}
	c->want_sum = 0;
	return true;
}

/* Someone left something to do for this CPU's vCPU. One that is off looks when it is on again. */
void vgic_kicked(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool done;

	lock_acquire(&vcpu->vgic_lock);
	done = (c->slow & VGIC_SLOW_OFFLINE) || load_posted(c);
	lock_release(&vcpu->vgic_lock);
	if (!done)
		vgic_sync(vcpu);
}

/* --- physical interrupts --- */

/* A hardware-linked SPI arrived at this CPU. */
static void pend_spi(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool must_sync;
	uint64_t lr;
	int n;

	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	n = vgic_spi_fast(&vm->vgic, &vcpu->vgic, intid, (uint32_t)sysreg_read(ICH_ELRSR_EL2), &lr);
	if (n >= 0)
		gicv3_lr_write((uint32_t)n, lr);
	lock_release(&vcpu->vgic_lock);
	if (vgic_sync_is_split(vm))
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

void vgic_irq_exit(struct vcpu *vcpu)
{
	vgic_irq_take(vcpu, (uint32_t)sysreg_read(ICC_IAR1_EL1));
}

void vgic_irq_take(struct vcpu *vcpu, uint32_t intid)
{
	if (intid < VGIC_PRIVATE && (vcpu->vgic.word0.hw >> intid & 1)) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		pend_private(vcpu, intid);
	} else if (intid == GIC_SGI_KICK) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		sysreg_write(ICC_DIR_EL1, intid);
		isb(); /* what is looked at now is not read before the kick was taken */
		crosscall_check();
		vgic_kicked(vcpu);
	} else if (intid >= GIC_SPURIOUS) {
		return;
	} else if (vcpu->vm->vgic.word[intid / 32].hw >> intid % 32 & 1) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		pend_spi(vcpu, intid);
	} else {
		gic_handler_run(intid);
	}
}

/* --- what the guest sends --- */

static void send_sgi(struct vcpu *self, struct vcpu *target, uint32_t intid,
		     bool group1) NO_THREAD_CHECK
{
	bool must_kick;

	/* One configured for the other group is not made pending (IHI 0069 table 12-18). */
	if ((target->vgic.word0.group >> intid & 1) != group1)
		return;
	if (target == self) {
		pend_private(self, intid);
		return;
	}
	lock_acquire(&target->vgic_lock);
	must_kick = vgic_sgi_post(&target->vgic, intid);
	lock_release(&target->vgic_lock);
	if (must_kick)
		vgic_sync_kick(target);
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

/* Deactivates what one of this CPU's list registers has active, as the hardware would. */
static bool deactivate_loaded(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool done = false;
	uint32_t used;

	lock_acquire(&vcpu->vgic_lock);
	for (used = c->used; used && !done; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t lr;

		if (c->lr_intid[n] != intid)
			continue;
		lr = gicv3_lr_read(n);
		if (!(lr & VGIC_LR_ACTIVE))
			break;
		if (lr & VGIC_LR_HW)
			sysreg_write(ICC_DIR_EL1, intid);
		gicv3_lr_write(n, lr & ~VGIC_LR_ACTIVE);
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
	if (!(sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) || deactivate_loaded(vcpu, intid))
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
	uint32_t n;

	if (c->want_sum || (c->slow & VGIC_SLOW_SYNC))
		return true;
	if (c->act_sum &&
	    (sysreg_read(ICH_HCR_EL2) >> ICH_HCR_EOICOUNT_SHIFT & ICH_HCR_EOICOUNT_MASK))
		return true;
	for (n = 0; n < c->lr_count; n++) {
		if ((c->used >> n & 1) && vgic_lr_is_awake(gicv3_lr_read(n)))
			return true;
	}
	return false;
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
