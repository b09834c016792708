/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DEDICATE_H
#define HYP_VM_DEDICATE_H

#include "hyp/vm/slot.h"

/*
 * vCPUs that have a CPU for themselves: one that the service VM put offline, which waits in
 * run_idle(). VCPU_RUN tells the vCPU to go on and returns; it runs on its CPU until an exit, which
 * the event line announces, and then its CPU idles until the next VCPU_RUN. dedicate.c opens with
 * who writes what.
 */

enum caisson_status dedicate_vcpu(struct vcpu *caller);
enum caisson_status dedicate_return(struct vcpu *caller);

/* VCPU_RUN of a dedicated vCPU, under the slot's lock. */
enum caisson_status dedicate_run(struct slot *slot, struct uvcpu *u);

/*
 * This CPU's vCPU of the service VM is off: is a vCPU to go on here? Then it is loaded, and to be
 * entered. NULL: none is.
 */
struct vcpu *dedicate_enter(struct vcpu *service);

/* This CPU's dedicated vCPU has left: no longer loaded. */
void dedicate_left(struct uvcpu *u, enum run_exit reason);

/* A dedicated vCPU: is it told to leave? */
bool dedicate_is_told(const struct uvcpu *u);

/* Is the vCPU, which this CPU runs or is about to run, dedicated and told to leave? */
static inline bool dedicate_must_leave(const struct uvcpu *u)
{
	return u->own_cpu != VCPU_NOWHERE && dedicate_is_told(u);
}

/* The VM's CPUs are nobody's again. None of its vCPUs runs, and none will. */
void dedicate_end(struct slot *slot) REQUIRES(slot_manage_lock);

#endif
