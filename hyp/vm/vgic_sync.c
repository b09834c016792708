/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Glue between the model (lib/vgic.c), the list registers and the physical GIC.
 *
 * vm->vgic_lock ("dist") guards the distributor: all state of SPIs. A vCPU's vgic_lock ("cpu")
 * guards its SGIs and PPIs, what its list registers are said to hold, and what waits for one.
 * dist comes before cpu, and no two cpu locks are ever held together, so a change that concerns
 * several vCPUs goes through them one after the other (settle()).
 *
 * The list registers themselves are touched by the CPU that runs the vCPU only, with cpu held
 * since the bookkeeping goes with them. SGIs and PPIs need no more than that. What may involve
 * an SPI (fold, fill, the distributor's registers) takes both locks.
 *
 * Physical effects are carried out before the lock is released under which they were decided,
 * so that two CPUs' effects on one interrupt happen in the order of the decisions.
 *
 * Nobody ever waits for another CPU. What another CPU is to do is written down under its cpu
 * lock, and then it is kicked; it looks when the kick arrives (vgic_irq_exit()). The lock makes
 * the note visible before the kick: gic_kick() has the barrier.
 *
 * The list registers of a vCPU that is not loaded are in memory (struct world) as they stood: the
 * model still says "in a list register", and what others note is looked at when it is loaded. A
 * user VM's interrupts are EL2's but its virtual timer's, which is hardware-linked: the physical
 * one has the state that the vCPU loaded wants it to have, and vgic_switch() changes that.
 */
#include "hyp/vm/vgic_sync.h"

#include "abi/hypercall.h"
#include "arch/aarch64/barrier.h"

/* --- the hardware --- */

VGIC_HW_INLINE void lrs_read_from(bool v2, const struct vgic_cpu *c, struct vgic_lrs *lrs)
{
	uint32_t used = c->used;

	for (; used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		lrs->lr[n] = vgic_hw_lr_read(v2, n);
	}
	lrs->eoi_count = vgic_hw_eoi_count(v2);
	lrs->eoi_mode = lrs->eoi_count && (vgic_hw_vmcr_read(v2) & ICH_VMCR_VEOIM);
}

static void lrs_read(const struct vgic_cpu *c, struct vgic_lrs *lrs)
{
	if (gic_is_v2())
		lrs_read_from(true, c, lrs);
	else
		lrs_read_from(false, c, lrs);
}

VGIC_HW_INLINE void lrs_write_to(bool v2, const struct vgic_cpu *c, const struct vgic_lrs *lrs)
{
	uint32_t write = lrs->write;

	for (; write; write &= write - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(write);

		vgic_hw_lr_write(v2, n, lrs->lr[n]);
	}
	vgic_hw_hcr_write(v2, c->hcr);
}

static void lrs_write(const struct vgic_cpu *c, const struct vgic_lrs *lrs)
{
	if (gic_is_v2())
		lrs_write_to(true, c, lrs);
	else
		lrs_write_to(false, c, lrs);
}

/*
 * The physical CPU where an effect on vCPU `index` is to be carried out, if at all: what concerns
 * the virtual timer of a vCPU that is not loaded is done when it is loaded, and nothing else of
 * a user VM's is physical.
 */
static bool physical_cpu(const struct vm *vm, uint32_t index, const struct vgic_effect *e,
			 uint32_t *cpu)
{
	const struct vcpu *vcpu = vm->vcpu[index];
	bool state = e->kind == VGIC_PHYS_ENABLE || e->kind == VGIC_PHYS_DISABLE ||
		     e->kind == VGIC_PHYS_ACTIVATE || e->kind == VGIC_PHYS_DEACTIVATE;

	*cpu = vm->is_user ? vcpu->cpu : index;
	if (e->intid == CAISSON_VM_TIMER_INTID && state)
		return vcpu->cpu != VCPU_NOWHERE;
	return !vm->is_user;
}

void vgic_sync_apply(const struct vm *vm, uint32_t index, const struct vgic_effects *fx)
{
	uint32_t cpu;
	uint32_t i;

	if (fx->count)
		dsb(sy); /* an acknowledge by system register comes before what is done by MMIO */
	for (i = 0; i < fx->count; i++) {
		const struct vgic_effect *e = &fx->list[i];

		if (!physical_cpu(vm, index, e, &cpu))
			continue;
		switch (e->kind) {
		case VGIC_PHYS_ENABLE:
			gic_enable_on(cpu, e->intid);
			break;
		case VGIC_PHYS_DISABLE:
			gic_disable_on(cpu, e->intid);
			break;
		case VGIC_PHYS_SET_PENDING:
		case VGIC_PHYS_CLEAR_PENDING:
			gic_pending_set_on(cpu, e->intid, e->kind == VGIC_PHYS_SET_PENDING);
			break;
		case VGIC_PHYS_ACTIVATE:
		case VGIC_PHYS_DEACTIVATE:
			gic_active_set_on(cpu, e->intid, e->kind == VGIC_PHYS_ACTIVATE);
			break;
		case VGIC_PHYS_CONFIG:
			gic_config_set_on(cpu, e->intid, e->arg);
			break;
		case VGIC_PHYS_ROUTE:
			gic_route_set(e->intid, vm->vcpu[e->arg]->mpidr);
			break;
		default: /* VGIC_MOVE: vgic_sync_settle() */
			break;
		}
	}
}

/* --- keeping model and list registers together --- */

static void evaluate_on(struct vm *vm, uint32_t cpu, uint32_t intid, struct vgic_effects *fx)
	REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	struct vcpu *vcpu = vm->vcpu[cpu];

	lock_acquire(&vcpu->vgic_lock);
	vgic_eval(&vm->vgic, &vcpu->vgic, intid, fx);
	lock_release(&vcpu->vgic_lock);
}

/* Evaluates an SPI where it is, where it is routed, and where it was routed before (from). */
static void evaluate(struct vm *vm, uint32_t from, uint32_t intid, uint32_t *kick)
	REQUIRES(vm->vgic_lock)
{
	uint32_t owner = vm->vgic.owner[intid];
	uint32_t target = vm->vgic.target[intid];
	struct vgic_effects fx;

	vgic_effects_init(&fx);
	evaluate_on(vm, owner, intid, &fx);
	if (from != VGIC_NO_CPU && from != owner)
		evaluate_on(vm, from, intid, &fx);
	if (target != VGIC_NO_CPU && target != owner && target != from)
		evaluate_on(vm, target, intid, &fx);
	vgic_sync_apply(vm, 0, &fx);
	*kick |= fx.kick;
}

static void evaluate_all(struct vm *vm, uint32_t *kick) REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++) {
		struct vgic_effects fx;

		vgic_effects_init(&fx);
		lock_acquire(&vm->vcpu[i]->vgic_lock);
		vgic_eval_all(&vm->vgic, &vm->vcpu[i]->vgic, &fx);
		vgic_sync_apply(vm, i, &fx);
		lock_release(&vm->vcpu[i]->vgic_lock);
		*kick |= fx.kick;
	}
}

void vgic_sync_kick_others(struct vm *vm, const struct vcpu *self, uint32_t kick)
{
	if (self)
		kick &= ~(1u << self->index);
	for (; kick; kick &= kick - 1)
		vgic_sync_kick(gic_is_v2(), vm->vcpu[__builtin_ctz(kick)]);
}

void vgic_sync_settle_moves(struct vm *vm, const struct vgic_effects *fx, uint32_t *kick)
	REQUIRES(vm->vgic_lock)
{
	uint32_t i;

	for (i = 0; i < fx->count; i++) {
		if (fx->list[i].kind == VGIC_MOVE)
			evaluate(vm, VGIC_NO_CPU, fx->list[i].intid, kick);
	}
}

bool vgic_sync_settle(struct vm *vm, const struct vcpu *self, const struct vgic_effects *fx)
	REQUIRES(vm->vgic_lock)
{
	uint32_t kick = fx->kick;
	uint32_t bits;

	vgic_sync_apply(vm, 0, fx);
	if (fx->all)
		evaluate_all(vm, &kick);
	for (bits = fx->changed; bits; bits &= bits - 1) {
		evaluate(vm, fx->from, fx->word * 32 + (uint32_t)__builtin_ctz(bits), &kick);
	}
	vgic_sync_settle_moves(vm, fx, &kick);
	vgic_sync_kick_others(vm, self, kick);
	return self && (kick >> self->index & 1);
}

void vgic_sync_fold(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vgic_effects fx;
	struct vgic_lrs lrs;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vgic_lock);
	lrs_read(&vcpu->vgic, &lrs);
	vgic_fold(&vcpu->vm->vgic, &vcpu->vgic, &lrs, &fx);
	vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	fx.kick &= ~(1u << vcpu->index);
	vgic_sync_settle_moves(vcpu->vm, &fx, &fx.kick);
	vgic_sync_kick_others(vcpu->vm, vcpu, fx.kick);
}

/* This guest uses EOImode 1: from now on DIR is trapped on every CPU. */
void vgic_sync_trap_dir(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	uint32_t kick = 0;
	uint32_t i;

	vm->vgic.split = true;
	for (i = 0; i < vm->vcpu_count; i++) {
		struct vgic_cpu *c = &vm->vcpu[i]->vgic;

		lock_acquire(&vm->vcpu[i]->vgic_lock);
		if (!(c->slow & VGIC_SLOW_OFFLINE)) {
			c->slow |= VGIC_SLOW_SYNC;
			kick |= 1u << i;
		}
		lock_release(&vm->vcpu[i]->vgic_lock);
	}
	vgic_sync_kick_others(vm, NULL, kick);
}

void vgic_sync_fill(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vgic_lrs lrs;

	lock_acquire(&vcpu->vgic_lock);
	vgic_fill(&vcpu->vm->vgic, &vcpu->vgic, &lrs);
	lrs_write(&vcpu->vgic, &lrs);
	lock_release(&vcpu->vgic_lock);
	if (vgic_sync_is_split(gic_is_v2(), vcpu->vm))
		vgic_sync_trap_dir(vcpu);
}

void vgic_sync(struct vcpu *vcpu) NO_THREAD_CHECK
{
	lock_acquire(&vcpu->vm->vgic_lock);
	vgic_sync_fold(vcpu);
	vgic_sync_fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}
