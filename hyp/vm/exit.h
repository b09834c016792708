/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_EXIT_H
#define HYP_VM_EXIT_H

#include "hyp/vm/vcpu.h"

/*
 * What a handler of an exit wants done with its guest. One place, exit_sync(), moves
 * the PC or injects.
 */
enum exit_action {
	EXIT_ADVANCE,      /* the trapped instruction is done: go on behind it */
	EXIT_RESUME,       /* go on at ELR_EL2 as it stands */
	EXIT_INJECT_UNDEF, /* it is UNDEFINED for this guest */
	EXIT_INJECT_ABORT, /* it gets a synchronous external abort */
	EXIT_POWERED_OFF,  /* this vCPU has been switched off: idle until it is on again */
};

/* Serves one kind of exit; esr is ESR_EL2. Runs with no lock held. */
typedef enum exit_action exit_handler_fn(struct vcpu *vcpu, uint64_t esr);

/* hyp/vm/sysreg.c: trapped MSR, MRS and system instructions (EC 0x18). */
exit_handler_fn sysreg_exit;
/* hyp/vm/mmio.c: data aborts from stage 2 (EC 0x24). */
exit_handler_fn mmio_exit;
/* hyp/vm/smccc.c: HVC and SMC from AArch64 (EC 0x16, 0x17). */
exit_handler_fn smccc_exit_hvc;
exit_handler_fn smccc_exit_smc;

/* The guest's general register n; 31 reads as zero and ignores writes. */
static inline uint64_t vcpu_reg_get(const struct vcpu *vcpu, unsigned int n)
{
	return n < 31 ? vcpu->x[n] : 0;
}

static inline void vcpu_reg_set(struct vcpu *vcpu, unsigned int n, uint64_t value)
{
	if (n < 31)
		vcpu->x[n] = value;
}

#endif
