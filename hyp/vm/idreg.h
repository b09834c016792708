/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_IDREG_H
#define HYP_VM_IDREG_H

#include "hyp/vm/vcpu.h"
#include "lib/idreg.h"
#include "lib/vcpustate.h"

/*
 * Fills vm->id_reg[] from this CPU's ID registers: index is CRm << 3 | op2 of S3_0_C0_CRm_op2.
 * Boot CPU, once, for the service VM.
 */
void idreg_init(struct vm *vm);

/* Warns where this CPU differs from what vm->id_reg[] shows. Every other CPU, once. */
void idreg_check(const struct vm *vm);

/*
 * A user VM is shown what the service VM is, without what EL2 does not keep for each user VM (PMU,
 * SCXTNUM) and what goes by the counter past hyp/vm/utimer.c (ECV, WFxT); and what VM_IDREG_SET
 * leaves of it.
 */
struct uvm;
void idreg_init_user(struct uvm *uvm);

/* Of HCR_EL2, from a user VM's vCPU's reset on: what reads otherwise than this host has it. */
uint64_t idreg_hcr(const struct vcpu *vcpu);

/* What HCR_EL2.TID1 traps, but for SMIDR_EL1: reads of REVIDR_EL1 and AIDR_EL1. False: not these.
 */
bool idreg_read(const struct vcpu *vcpu, unsigned int key, uint64_t *value);

/* What of it says which bits PSTATE has. */
static inline struct vcpustate_features idreg_features(const struct vm *vm)
{
	return (struct vcpustate_features){.pfr0 = vm->id_reg[IDREG(4, 0)],
					   .pfr1 = vm->id_reg[IDREG(4, 1)],
					   .mmfr1 = vm->id_reg[IDREG(7, 1)],
					   .mmfr2 = vm->id_reg[IDREG(7, 2)]};
}

#endif
