/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VTIMER_H
#define HYP_VM_VTIMER_H

#include "abi/bootinfo.h"
#include "hyp/vm/vcpu.h"

/*
 * The virtual timer goes with the vCPU that is loaded. What the service VM set its own to comes
 * to EL2's timer meanwhile, whose interrupt ends the user VM's run. The physical timer stays the
 * service VM's; a user VM's is hyp/vm/utimer.c's and EL2's timer's.
 */

/* Boot CPU, once, and then every CPU. */
void vtimer_init(const struct bootinfo *bi);
void vtimer_init_cpu(void);

/* The part of world_switch(). */
void vtimer_switch(struct vcpu *from, struct vcpu *to);

/*
 * A user VM's vCPU is loaded here: until vtimer_wait_end() EL2's timer interrupts at `until`
 * (CNTPCT_EL0), unless the service VM's deadline comes first. UINT64_MAX: just that.
 */
void vtimer_wait_begin(uint64_t until);
void vtimer_wait_end(void);

/*
 * Is this EL2's timer interrupt: the service VM's deadline? If it was for the physical timer of the
 * user VM's vCPU, which is loaded here, that is served.
 */
bool vtimer_is_deadline(struct vcpu *vcpu, uint32_t intid);
/* The user VM's vCPU, loaded here, has another ptimer_due. */
void vtimer_ptimer_changed(struct vcpu *vcpu);

/*
 * When a timer of the user VM's vCPU loaded here is due next, in CNTPCT_EL0's time; UINT64_MAX:
 * they are off. The physical one's interrupt that stands already is the vGIC's to tell.
 */
uint64_t vtimer_deadline(struct vcpu *vcpu);

#endif
