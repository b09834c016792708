/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VGIC_H
#define HYP_VM_VGIC_H

#include "hyp/vm/vcpu.h"

/*
 * Glue between the pure model in lib/vgic.h, the list registers of this CPU and the physical
 * GIC. Called on the CPU where the vCPU in question is loaded unless said otherwise.
 */

/* Boot CPU, once per VM: makes the distributor and the redistributors' devices. */
enum err vgic_vm_init(struct vm *vm, const struct bootinfo *bi) MUST_CHECK;
/* State after a reset of the vCPU (CPU_ON); its list registers are loaded empty. */
void vgic_vcpu_reset(struct vcpu *vcpu);
/*
 * The vCPU goes off (CPU_OFF): what was in its list registers goes back to the model. A user VM's
 * may go on yet where it stood (vgic_user_on()), or is reset.
 */
void vgic_vcpu_off(struct vcpu *vcpu);

/*
 * An interrupt exit: acknowledges one physical interrupt and either runs EL2's handler for it
 * or puts it into the vCPU as a hardware-linked list register. vcpu may be off (idle CPU).
 */
void vgic_irq_exit(struct vcpu *vcpu);
/* The same for one that gic_acknowledge() gave: with a GICv2, a GICv3. */
void vgic_irq_take2(struct vcpu *vcpu, uint32_t intid);
void vgic_irq_take3(struct vcpu *vcpu, uint32_t intid);

/*
 * User VMs. Makes the interrupt controller of one, whose stage 2 is empty: ERR_UNSUPPORTED when
 * this machine's virtual timer has another INTID than abi/hypercall.h says.
 */
enum err vgic_user_init(struct vm *vm) MUST_CHECK;
/* The vCPU, which is loaded nowhere, at reset: the rest of its struct world is 0 already. */
void vgic_user_reset(struct vcpu *vcpu);
/* A vCPU that is off and loaded nowhere goes on as if it had not been off. */
void vgic_user_on(struct vcpu *vcpu);
static inline bool vgic_is_off(const struct vcpu *vcpu)
{
	return vcpu->vgic.slow & VGIC_SLOW_OFFLINE;
}
/* Takes `from`, which is loaded on this CPU, out and loads `to`; one is the service VM's. */
void vgic_switch(struct vcpu *from, struct vcpu *to);
/* ICH_AP0R<n>_EL2, then ICH_AP1R<n>_EL2; those that there are. GICv2: GICH_APR is apr[0]. */
void vgic_active_priorities_write(const uint64_t apr[8]);
/* This CPU was kicked, or the vCPU was just loaded: looks at what was left to do for it. */
void vgic_kicked(struct vcpu *vcpu);
/* Did someone leave something to do for a vCPU that vgic_kicked() has not looked at yet? */
static inline bool vgic_has_work(const struct vcpu *vcpu)
{
	uint32_t slow = vcpu->vgic.slow;

	return (vcpu->vgic.want_sum || (slow & VGIC_SLOW_SYNC)) && !(slow & VGIC_SLOW_OFFLINE);
}
/*
 * The vCPU, loaded here, has nothing to do: whoever makes something pending for it from now on
 * gets it in wake_set. False: something is pending.
 */
bool vgic_block(struct vcpu *vcpu);

/* Trapped writes of ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1. */
void vgic_sgi1r_write(struct vcpu *vcpu, uint64_t value);
void vgic_sgi0r_write(struct vcpu *vcpu, uint64_t value);
/* A GICv2's GICD_SGIR. */
void vgic_sgir_write(struct vcpu *vcpu, uint32_t value);
/* Trapped write of ICC_DIR_EL1 (EOImode 1 with overflow), GICC_DIR (always). */
void vgic_dir_write(struct vcpu *vcpu, uint64_t value);

/*
 * A user VM's vCPU, loaded here or nowhere: the level of a PPI that EL2 itself makes, which is not
 * hardware-linked.
 */
void vgic_ppi_set(struct vcpu *vcpu, uint32_t intid, bool level);

/* Would the vCPU's WFI end: is anything pending and enabled for it, PSTATE.I aside? */
bool vgic_is_pending(struct vcpu *vcpu);

#endif
