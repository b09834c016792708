/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VGICSTATE_H
#define VMM_VGICSTATE_H

#include "abi/vgicstate.h"
#include "vmm/vm.h"

/*
 * The state of a VM's interrupt controller, out of EL2 and into it. None of the VM's vCPUs runs.
 * One thread at a time; it passes through the page MEMORY_VGIC_OFFSET. Both tell what is wrong.
 */

/* cpu: vm->cpus of them. */
enum err vgicstate_get(struct vm *vm, struct vgic_state_dist *dist,
		       struct vgic_state_cpu cpu[]) MUST_CHECK;

/*
 * Of a new VM: after VCPU_INIT of the vCPUs that are on (VGIC_STATE_ON), which no vCPU is that has
 * not had it, and before one runs. ERR_UNSUPPORTED: it is a state of a machine that this host
 * cannot make; ERR_INVALID: of none.
 */
enum err vgicstate_set(struct vm *vm, const struct vgic_state_dist *dist,
		       const struct vgic_state_cpu cpu[]) MUST_CHECK;

/* What an enum caisson_vgic_fault means, for messages: "it has ...". */
const char *vgicstate_reason(uint32_t fault);

#endif
