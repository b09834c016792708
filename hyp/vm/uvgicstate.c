/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller of a user VM, taken out and put in whole: VGIC_GET, VGIC_SET. None of
 * its vCPUs runs, and under the slot's lock none begins to. What their list registers hold stands
 * in memory (struct world): it goes back to the model first, and they are filled there again
 * afterwards. So a VM whose state was taken may as well go on.
 */
#include "abi/vgicstate.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/uvm.h"
#include "hyp/vm/vgic_sync.h"
#include "lib/vgicstate.h"

#include <string.h>

#define VPMR MASK(31, 24)

/* What the vCPU's list registers held goes to the model. */
static void fold(struct vcpu *vcpu, uint32_t *kick) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct world *w = &vcpu->world;
	struct vgic_effects fx;
	struct vgic_lrs lrs;
	uint32_t n;

	lock_acquire(&vcpu->vgic_lock);
	if (vgic_is_off(vcpu)) { /* it was folded when it went */
		lock_release(&vcpu->vgic_lock);
		return;
	}
	for (n = 0; n < VGIC_MAX_LRS; n++)
		lrs.lr[n] = w->lr_live >> n & 1 ? w->lr[n] : 0;
	lrs.eoi_count = w->ich_hcr >> ICH_HCR_EOICOUNT_SHIFT & ICH_HCR_EOICOUNT_MASK;
	lrs.eoi_mode = w->ich_vmcr & ICH_VMCR_VEOIM;
	w->lr_live = 0;
	vgic_effects_init(&fx);
	vgic_fold(&vcpu->vm->vgic, &vcpu->vgic, &lrs, &fx);
	lock_release(&vcpu->vgic_lock);
	vgic_sync_settle_moves(vcpu->vm, &fx, &fx.kick);
	*kick |= fx.kick;
}

/* Of a vCPU whose list registers are empty: what they are to hold when it is loaded. */
static void fill(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct world *w = &vcpu->world;
	struct vgic_lrs lrs;
	uint32_t used;

	lock_acquire(&vcpu->vgic_lock);
	w->ich_hcr = 0;
	if (!vgic_is_off(vcpu)) {
		vgic_fill(&vcpu->vm->vgic, &vcpu->vgic, &lrs);
		for (used = vcpu->vgic.used; used; used &= used - 1)
			w->lr[__builtin_ctz(used)] = lrs.lr[__builtin_ctz(used)];
		w->lr_live = vcpu->vgic.used;
		w->ich_hcr = vcpu->vgic.hcr;
	}
	lock_release(&vcpu->vgic_lock);
}

/* What the vCPU wants in list registers is worked out anew. */
static void settle(struct vcpu *vcpu, uint32_t *kick) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vgic_effects fx;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vgic_lock);
	vgicstate_settle(&vcpu->vm->vgic, &vcpu->vgic, &fx);
	lock_release(&vcpu->vgic_lock);
	*kick |= fx.kick;
}

/* Its CPU interface. A debugger that has it make a step has put its priority mask aside. */
static struct vgicstate_interface interface_of(const struct vcpu *vcpu)
{
	struct vgicstate_interface interface = {.vmcr = vcpu->world.ich_vmcr};

	if (vcpu->debug.is_stepped && !(interface.vmcr & VPMR))
		interface.vmcr |= vcpu->debug.step_vmcr & VPMR;
	memcpy(interface.apr, vcpu->world.ich_apr, sizeof(interface.apr));
	return interface;
}

static uint32_t preemption_bits(void)
{
	uint64_t vtr = gic_is_v2() ? mmio_read32(gicv2.gich + GICH_VTR) : sysreg_read(ICH_VTR_EL2);

	return (uint32_t)bits_get(vtr, 28, 26) + 1;
}

static bool is_dist(const struct vcpu *caller)
{
	return caller->x[3] == CAISSON_VGIC_DIST;
}

static struct vcpu *target_of(const struct slot *slot, const struct vcpu *caller)
{
	return &slot_vcpu(slot, caller)->vcpu;
}

static void get(const struct slot *slot, const struct vcpu *caller, void *state)
	REQUIRES(slot->uvm->vm.vgic_lock) NO_THREAD_CHECK
{
	const struct vgic_dist *d = &slot->uvm->vm.vgic;
	struct vgicstate_interface interface;
	struct vcpu *vcpu;

	if (is_dist(caller)) {
		vgicstate_dist_get(d, preemption_bits(), state);
		return;
	}
	vcpu = target_of(slot, caller);
	interface = interface_of(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	vgicstate_cpu_get(d, &vcpu->vgic, preemption_bits(), &interface, state);
	lock_release(&vcpu->vgic_lock);
}

/* What somebody outside says, copied: 0, or what is wrong with it. */
static uint32_t check(const struct slot *slot, const struct vcpu *caller,
		      const union uvm_vgic_state *state, uint32_t *intid)
{
	const struct vgic_dist *d = &slot->uvm->vm.vgic;

	if (is_dist(caller))
		return vgicstate_dist_check(d, preemption_bits(), &state->dist, intid);
	return vgicstate_cpu_check(d, &target_of(slot, caller)->vgic, preemption_bits(),
				   &state->cpu, intid);
}

static void set_cpu(struct vcpu *vcpu, const struct vgic_state_cpu *state)
	REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct world *w = &vcpu->world;
	struct vgicstate_interface interface;

	lock_acquire(&vcpu->vgic_lock);
	vgicstate_cpu_set(&vcpu->vm->vgic, &vcpu->vgic, state, &interface);
	/* As when vgic_sync_fill() finds it. */
	if ((interface.vmcr & ICH_VMCR_VEOIM) && !gic_is_v2() && vcpu->vm->vcpu_count > 1)
		vcpu->vm->vgic.split = true;
	w->ich_vmcr = interface.vmcr;
	memcpy(w->ich_apr, interface.apr, sizeof(w->ich_apr));
	vcpu->debug.is_stepped = false; /* the mask that it put aside is not the guest's now */
	lock_release(&vcpu->vgic_lock);
}

/* state: checked. */
static void set(const struct slot *slot, const struct vcpu *caller,
		const union uvm_vgic_state *state, uint32_t *kick)
	REQUIRES(slot->uvm->vm.vgic_lock) NO_THREAD_CHECK
{
	struct vm *vm = &slot->uvm->vm;
	uint32_t i;

	if (!is_dist(caller)) {
		set_cpu(target_of(slot, caller), &state->cpu);
		settle(target_of(slot, caller), kick);
		return;
	}
	vgicstate_dist_set(&vm->vgic, &state->dist);
	for (i = 0; i < vm->vcpu_count; i++)
		settle(vm->vcpu[i], kick);
}

/* Under the slot's lock: where the caller's state is, with nothing of the VM running. */
static enum caisson_status find(const struct slot *slot, const struct vcpu *caller, void **state)
{
	enum caisson_status status = slot_check(slot, caller);
	uint64_t va = caller->x[4], bytes, pa;

	if (status != CAISSON_OK)
		return status;
	bytes = is_dist(caller) ? sizeof(struct vgic_state_dist) : sizeof(struct vgic_state_cpu);
	if ((!is_dist(caller) && caller->x[3] >= slot->uvm->vm.vcpu_count) ||
	    !bits_is_aligned(va, 8) || (va & 4095) + bytes > 4096)
		return CAISSON_INVALID;
	if (slot_is_running(slot))
		return CAISSON_BUSY;
	if (!slot_resolve_run(slot, va, &pa))
		return CAISSON_FAULT;
	*state = (void *)pa;
	return CAISSON_OK;
}

static void fold_all(struct vm *vm, uint32_t *kick) REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++)
		fold(vm->vcpu[i], kick);
}

static void fill_all(struct vm *vm) REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++)
		fill(vm->vcpu[i]);
}

/* Who is to be woken. */
static void answer(struct vm *vm, struct vcpu *caller, uint32_t kick)
{
	struct percpu *p = percpu_this();

	vgic_sync_kick_others(vm, NULL, kick);
	caller->x[1] = p->wake_set;
	p->wake_set = 0;
}

enum caisson_status uvm_vgic_get(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	uint32_t kick = 0;
	struct vm *vm;
	void *state;

	lock_acquire(&slot->lock);
	status = find(slot, caller, &state);
	if (status == CAISSON_OK) {
		vm = &slot->uvm->vm;
		lock_acquire(&vm->vgic_lock);
		fold_all(vm, &kick);
		get(slot, caller, state);
		fill_all(vm);
		lock_release(&vm->vgic_lock);
		answer(vm, caller, kick);
	}
	lock_release(&slot->lock);
	return status;
}

/* Under the slot's lock. A vCPU that is on is one that can run. */
static enum caisson_status take(struct slot *slot, struct vcpu *caller,
				const union uvm_vgic_state *state) NO_THREAD_CHECK
{
	struct vm *vm = &slot->uvm->vm;
	uint32_t intid = 0, kick = 0;
	uint32_t fault = check(slot, caller, state, &intid);

	if (fault) {
		caller->x[1] = fault;
		caller->x[2] = intid;
		return fault < CAISSON_VGIC_BAD_HEADER ? CAISSON_UNSUPPORTED : CAISSON_INVALID;
	}
	if (!is_dist(caller) && (state->cpu.flags & VGIC_STATE_ON) &&
	    !slot_vcpu(slot, caller)->page)
		return CAISSON_STATE;
	lock_acquire(&vm->vgic_lock);
	fold_all(vm, &kick);
	set(slot, caller, state, &kick);
	fill_all(vm);
	lock_release(&vm->vgic_lock);
	answer(vm, caller, kick);
	return CAISSON_OK;
}

enum caisson_status uvm_vgic_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	union uvm_vgic_state *copy;
	enum caisson_status status;
	void *state;

	lock_acquire(&slot->lock);
	status = find(slot, caller, &state);
	if (status == CAISSON_INVALID) {
		caller->x[1] = 0;
		caller->x[2] = 0;
	} else if (status == CAISSON_OK) {
		/* The page may change while it is looked at. */
		copy = &slot->uvm->vgic_state;
		memcpy(copy, state, is_dist(caller) ? sizeof(copy->dist) : sizeof(copy->cpu));
		__asm__ volatile("" ::: "memory");
		status = take(slot, caller, copy);
	}
	lock_release(&slot->lock);
	return status;
}
