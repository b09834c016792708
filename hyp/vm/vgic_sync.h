/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VGIC_SYNC_H
#define HYP_VM_VGIC_SYNC_H

#include "hyp/vm/vgic.h"
#include "hyp/vm/vgic_hw.h"

/*
 * Keeping the model (lib/vgic.h), list registers and the physical GIC together: for the files of
 * the vGIC only. vgic_sync.c opens with the locks. "This CPU's" are the list registers of a vCPU
 * that is loaded here.
 */

/* Carries out what the model wants of the physical GIC; private interrupts: vCPU index's. */
void vgic_sync_apply(const struct vm *vm, uint32_t index, const struct vgic_effects *fx);

/* SPIs that came out of list registers and are routed to other vCPUs. */
void vgic_sync_settle_moves(struct vm *vm, const struct vgic_effects *fx, uint32_t *kick)
	REQUIRES(vm->vgic_lock);

/*
 * Follows up a change of SPIs (fx) through all vCPUs it concerns. Returns whether self, the
 * vCPU of this CPU, must fold and fill.
 */
bool vgic_sync_settle(struct vm *vm, const struct vcpu *self, const struct vgic_effects *fx)
	REQUIRES(vm->vgic_lock);

/* Takes this CPU's list registers into the model; fill must follow. */
void vgic_sync_fold(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock);
void vgic_sync_fill(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock);

/* The general way to bring this CPU's list registers up to date. No lock held. */
void vgic_sync(struct vcpu *vcpu);

/* Has this guest begun to use EOImode 1? Then DIR has to be trapped on every CPU. */
VGIC_HW_INLINE bool vgic_sync_is_split(bool v2, const struct vm *vm)
{
	return !v2 && (sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) && !vm->vgic.split &&
	       vm->vcpu_count > 1;
}

void vgic_sync_trap_dir(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock);

/*
 * Something was left to do for a vCPU: its CPU is to look, or whoever waits for it is to be told
 * (percpu's wake_set, which goes to this CPU's caller).
 */
VGIC_HW_INLINE void vgic_sync_kick(bool v2, struct vcpu *target)
{
	uint32_t cpu = target->index;

	if (target->vm->is_user) {
		if (__atomic_exchange_n(&target->blocked, false, __ATOMIC_RELAXED)) {
			percpu_this()->wake_set |= 1u << target->index;
			return;
		}
		cpu = __atomic_load_n(&target->cpu, __ATOMIC_RELAXED);
		if (cpu == VCPU_NOWHERE)
			return;
	}
	if (v2)
		gic_kick(cpu);
	else
		gicv3_kick(cpu);
}

/* The vCPUs in kick, but for self (NULL: none is left out). */
void vgic_sync_kick_others(struct vm *vm, const struct vcpu *self, uint32_t kick);

/* hyp/vm/vgic_mmio.c: vdev_access_fn of the distributor, and of a region of redistributors. */
bool vgic_mmio_dist(void *dev, struct vcpu *vcpu, struct vdev_access *access);
bool vgic_mmio_redist(void *dev, struct vcpu *vcpu, struct vdev_access *access);
/* The same of a GICv2's distributor, and of its CPU interfaces' second page, the one of DIR. */
bool vgic_mmio_dist2(void *dev, struct vcpu *vcpu, struct vdev_access *access);
bool vgic_mmio_dir2(void *dev, struct vcpu *vcpu, struct vdev_access *access);

#endif
