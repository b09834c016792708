/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UTIMER_H
#define HYP_VM_UTIMER_H

#include "abi/vcpustate.h"
#include "hyp/vm/uvm.h"
#include "lib/esr.h"

/*
 * Time of user VMs: their counter and timers where those trap. hyp/vm/utimer.c opens with how.
 * hyp/vm/vtimer.c has what is in hardware.
 */

/* VM_CREATE: the host's frequency, from 0 on. */
void utimer_make(struct vm *vm);
/* VCPU_INIT, VCPU_GET, VCPU_SET: under the slot's lock, of a vCPU that does not run. */
void utimer_reset(struct uvcpu *u);
void utimer_state_get(const struct uvcpu *u, struct vcpu_state *state);
void utimer_state_set(struct uvcpu *u, const struct vcpu_state *state);

enum caisson_status uvm_time_set(struct vcpu *caller);
enum caisson_status uvm_time_get(struct vcpu *caller);

/*
 * What ptimer_due stands for has come, or there is something else to look at: the interrupt of the
 * physical timer is as it is to be, and ptimer_due when that changes by itself. On the CPU that has
 * the vCPU loaded or is about to load it.
 */
void utimer_look(struct uvcpu *u);

/* A read of the physical or the virtual counter, self-synchronising or not: op2 1, 2, 5 or 6. */
static inline bool utimer_is_count(uint64_t esr)
{
	return (esr & (MASK(21, 20) | MASK(16, 10) | MASK(4, 0))) ==
		       (UINT64_C(3) << 20 | UINT64_C(3) << 14 | UINT64_C(14) << 10 |
			ESR_SYSREG_READ) &&
	       ((esr >> 17 ^ esr >> 18) & 1);
}

/* The trap orders the reading of the counter: all four are the same. */
static inline uint64_t utimer_count(const struct vcpu *vcpu)
{
	return timescale_guest(&vcpu->vm->time, sysreg_read(cntpct_el0));
}

/* Is it an access to a register of S3_3_C14: counters, timers, and some of the PMU's? */
static inline bool utimer_is_access(uint64_t esr)
{
	return (esr & (MASK(21, 20) | MASK(16, 10))) ==
	       (UINT64_C(3) << 20 | UINT64_C(3) << 14 | UINT64_C(14) << 10);
}

/* Such an access that is none of the former. EXIT_INJECT_UNDEF: no register of a timer's. */
enum exit_action utimer_access(struct vcpu *vcpu, uint64_t esr);
/* MCR and MRC, MCRR and MRRC to CP15, of AArch32 programs at EL0. */
exit_handler_fn utimer_exit_cp15;
exit_handler_fn utimer_exit_cp15_pair;

#endif
