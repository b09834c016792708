/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UFRAME_H
#define HYP_VM_UFRAME_H

#include "abi/hypercall.h"
#include "hyp/core/lock.h"
#include "lib/err.h"
#include "lib/timerframe.h"

/* The memory-mapped timer of a user VM (CAISSON_TIME_FRAME). hyp/vm/uframe.c opens with how. */

struct uvm;
struct uvcpu;
struct vcpu;

struct uframe {
	struct spinlock lock; /* of all of it, but what timerframe_read_count() reads */
	struct timerframe model;
	bool line[TIMERFRAME_TIMERS]; /* its interrupts, as the vGIC was told */
	/* In CNTPCT_EL0's time: when a line rises by itself; or TIMER_NEVER. */
	uint64_t due[TIMERFRAME_TIMERS];
	uint32_t armed_on; /* the CPU whose timer looks at that then, or UFRAME_* */
};

#define UFRAME_NOWHERE 0xffffffff /* there is nothing to wait for */
#define UFRAME_SLEEPER 0xfffffffe /* a vCPU that waits in Linux looks when it is loaded */

/* Boot CPU, once. */
void uframe_init(void);

/*
 * VM_TIME_SET, under the slot's lock, while no vCPU runs: the VM, which has its time now, gets a
 * frame, its timers off.
 */
enum err uframe_make(struct uvm *uvm) MUST_CHECK;
/* The same: the time of a VM that has one was changed; it is to have none any more. */
void uframe_time_changed(struct uvm *uvm);
void uframe_end(struct uvm *uvm);

/* Of a VM that has one. The vCPU was just loaded: looks at what was left to it. */
void uframe_loaded(struct vcpu *vcpu);
/*
 * The vCPU, loaded here, is about to wait in Linux: until when at most, for the frame's sake?
 * CNTPCT_EL0's time, UINT64_MAX: that is not its business.
 */
uint64_t uframe_wait(struct vcpu *vcpu);

/* FRAME_GET, FRAME_SET */
enum caisson_status uvm_frame_get(struct vcpu *caller);
enum caisson_status uvm_frame_set(struct vcpu *caller);

#endif
