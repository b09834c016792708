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

/* What the service VM is shown, without what EL2 does not keep for each user VM (PMU, SCXTNUM). */
void idreg_init_user(struct vm *vm, const struct vm *service);

/* What of it says which bits PSTATE has. */
static inline struct vcpustate_features idreg_features(const struct vm *vm)
{
	return (struct vcpustate_features){.pfr0 = vm->id_reg[IDREG(4, 0)],
					   .pfr1 = vm->id_reg[IDREG(4, 1)],
					   .mmfr1 = vm->id_reg[IDREG(7, 1)],
					   .mmfr2 = vm->id_reg[IDREG(7, 2)]};
}

#endif
