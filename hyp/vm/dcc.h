/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DCC_H
#define HYP_VM_DCC_H

#include "hyp/vm/exit.h"

/*
 * The debug registers of guests (Arm ARM DDI 0487 D24.3). A read of the debug channel's status,
 * MDCCSR_EL0, is trapped because it is the one thing that unprivileged code can do to reach EL2:
 * hypercalls are made with it (abi/hypercall.h). For the trap to come to EL2 from EL0 the
 * hardware's MDSCR_EL1.TDCC must stay 0, so guests see a MDSCR_EL1 of ours. Breakpoints and
 * watchpoints: hyp/vm/debug.h.
 */

/* The bits of MDCR_EL2 that make it so; sets up FEAT_FGT's registers where they help. This CPU. */
uint64_t dcc_traps_init(void);

/* ISS of MRS <Rt>, MDCCSR_EL0, but for Rt (DDI 0487 D17.2.37). */
#define DCC_ISS_BUT_RT  (ESR_ISS & ~MASK(9, 5))
#define DCC_STATUS_READ (2 << 20 | 3 << 14 | 1 << 1 | ESR_SYSREG_READ)

/* EC 0x18: is it a read of MDCCSR_EL0? */
static inline bool dcc_is_status_read(uint64_t esr)
{
	return (esr & DCC_ISS_BUT_RT) == DCC_STATUS_READ;
}

/* A trapped access (EC 0x18) to a register with op0 2; key: esr_sysreg(esr). */
enum exit_action dcc_access(struct vcpu *vcpu, uint64_t esr, unsigned int key);

/*
 * AArch32 forms, from EL0: MRC and MCR (EC 5), LDC and STC (EC 6), MRRC (EC 0xc). Other registers
 * of coprocessor 14 that trap (trace) are UNDEFINED.
 */
exit_handler_fn dcc_exit_cp14;
exit_handler_fn dcc_exit_cp14_memory;
exit_handler_fn dcc_exit_cp14_pair;

#endif
