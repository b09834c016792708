/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_TIMER_H
#define HYP_CORE_TIMER_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/*
 * EL2's physical timer (CNTHP) of each CPU, shared by two: the deadline that a guest's timer has
 * while another world runs (hyp/vm/vtimer.c), and calls that EL2 itself wants at a time. Times are
 * CNTPCT_EL0's. All of it concerns the CPU that calls; no lock is taken.
 */

#define TIMER_NEVER UINT64_MAX

/* Boot CPU, once, after gic_init(); and then every CPU, after which interrupts come. */
void timer_init(const struct bootinfo *bi);
void timer_init_cpu(void);

/* Interrupts at `deadline`, once; takes the place of what was set before. */
void timer_guest_set(uint64_t deadline);

/*
 * Was this interrupt for what timer_guest_set() was told? To be asked once behind each that
 * gic_handler_run() has served.
 */
bool timer_guest_was_due(uint32_t intid);

/* Who is called, in the timer's interrupt, with no lock held. */
enum timer_call {
	TIMER_PORTS,   /* hyp/console/port.c, or plain.c */
	TIMER_SERVICE, /* hyp/console/consoles.c: the service VM's console */
	TIMER_FRAMES,  /* hyp/vm/uframe.c: memory-mapped timers of user VMs */
	TIMER_CALLS
};
typedef void timer_fn(void);

/* Boot CPU, once for each. */
void timer_set_call(enum timer_call which, timer_fn *fn);

/* Have it called at `deadline`, or at an earlier time that it was asked for already. */
void timer_call_at(enum timer_call which, uint64_t deadline);

#endif
