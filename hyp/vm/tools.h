/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_TOOLS_H
#define HYP_VM_TOOLS_H

#include "abi/hypercall.h"
#include "hyp/vm/dcc.h"
#include "hyp/vm/uvm.h"

/*
 * Calls of VMware's guest tools: `mrs xzr, mdccsr_el0` at EL0 or EL1, whatever the guest's own
 * MDSCR_EL1.TDCC says. They are the VMM's (RUN_EXIT_TOOLS): here nothing of a call is looked at
 * but what says that it is one, and, for high bandwidth, where its bytes are.
 */

/* EC 0x18, of a VM that has_tools. */
static inline bool tools_is_call(const struct vcpu *vcpu, uint64_t esr)
{
	return dcc_is_status_read(esr) && vcpu->x[7] >> 32 == CAISSON_TOOLS_X7_HIGH &&
	       (uint32_t)vcpu->x[0] == CAISSON_TOOLS_W0;
}

/*
 * The vCPU is loaded, its PC at such a call: describes that in the run page. False: the bytes are
 * not all there for the guest, and it has taken a data abort, as if the instruction were the load
 * or store that touches them.
 */
bool tools_prepare(struct uvcpu *u);

/*
 * The vCPU is not loaded: its call is answered with what is in the run page. False: that asks to
 * exit once more instead.
 */
bool tools_complete(struct uvcpu *u);

#endif
