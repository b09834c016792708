/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_VGICSTATE_H
#define LIB_VGICSTATE_H

#include "abi/vgicstate.h"
#include "lib/vgic.h"

/*
 * The state of a VM's GIC (abi/vgicstate.h) out of the model (lib/vgic.h) and into it. Nothing is
 * in list registers meanwhile: every vCPU was folded, is loaded nowhere, and will be filled before
 * it runs. Not part of the state: which interrupts the model has as waiting for a list register,
 * which follows from the rest (vgicstate_settle()), struct vgic_dist's split, which follows from
 * the vCPUs' interfaces, and that an interrupt which is linked to a physical one was made pending
 * by a write of ISPENDR, which is the physical one's to know.
 */

/* What a CPU has of a vCPU that is loaded: ICH_VMCR_EL2, and ICH_AP0R<n>_EL2, ICH_AP1R<n>_EL2. */
struct vgicstate_interface {
	uint64_t vmcr;
	uint64_t apr[8];
};

/* preemption_bits: of the host's virtual CPU interfaces (ICH_VTR_EL2.PREbits + 1). dist */
void vgicstate_dist_get(const struct vgic_dist *d, uint32_t preemption_bits,
			struct vgic_state_dist *state);
/* dist and cpu */
void vgicstate_cpu_get(const struct vgic_dist *d, const struct vgic_cpu *c,
		       uint32_t preemption_bits, const struct vgicstate_interface *interface,
		       struct vgic_state_cpu *state);

/*
 * Can the model take that state? 0, or an enum caisson_vgic_fault; *intid with
 * CAISSON_VGIC_BAD_IRQ. Constants of the model alone are looked at.
 */
uint32_t vgicstate_dist_check(const struct vgic_dist *d, uint32_t preemption_bits,
			      const struct vgic_state_dist *state, uint32_t *intid) MUST_CHECK;
uint32_t vgicstate_cpu_check(const struct vgic_dist *d, const struct vgic_cpu *c,
			     uint32_t preemption_bits, const struct vgic_state_cpu *state,
			     uint32_t *intid) MUST_CHECK;

/* Takes a state that was checked. Then vgicstate_settle() is due, for every vCPU. dist */
void vgicstate_dist_set(struct vgic_dist *d, const struct vgic_state_dist *state);
/* Then vgicstate_settle() is due for this vCPU. dist and cpu */
void vgicstate_cpu_set(struct vgic_dist *d, struct vgic_cpu *c, const struct vgic_state_cpu *state,
		       struct vgicstate_interface *interface);

/* dist and cpu: works out what the vCPU wants in list registers. */
void vgicstate_settle(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_effects *fx);

#endif
