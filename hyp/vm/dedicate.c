/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU is the service VM's (PSCI: on, off, being switched on) or dedicated, which only happens to
 * one that is off: psci_dedicate() decides, under the service VM's power_lock.
 *
 * served[cpu] says whose it is then. It is written under the slot's lock of the VM that it names,
 * and read by its CPU in dedicate_enter() without: what it names is looked at under that lock,
 * where it still must say the same. So a VM that ends, under that lock too, is never entered again,
 * and its CPU holds no pointer into its store while it idles.
 *
 * Under the slot's lock: a dedicated vCPU runs (runs_on), or is to run (may_run; its CPU was kicked
 * after that was written), or has an exit that waits for VCPU_RUN. EVENT_EXIT is posted at each
 * change to the third, after the run page was written and the vCPU released.
 */
#include "hyp/vm/dedicate.h"

#include "hyp/core/gic.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/event.h"
#include "hyp/vm/psci.h"
#include "hyp/vm/uvm.h"

#define NOBODY 0

static uint32_t served[BOOT_MAX_CPUS]; /* NOBODY, or 1 + slot * CAISSON_MAX_VCPUS + vCPU */

/* The vCPU that x3 and x4 name, under slot_manage_lock. */
static enum caisson_status find(const struct vcpu *caller, struct slot **slot, struct uvcpu **u)
{
	if (caller->x[3] >= CAISSON_MAX_VMS)
		return CAISSON_INVALID;
	*slot = slot_get(caller->x[3]);
	if ((*slot)->state != SLOT_LIVE)
		return CAISSON_STATE;
	if (caller->x[4] >= (*slot)->uvm->vm.vcpu_count)
		return CAISSON_INVALID;
	*u = &(*slot)->uvm->vcpu[bounded_index(caller->x[4], (*slot)->uvm->vm.vcpu_count)];
	return CAISSON_OK;
}

static enum caisson_status dedicate(struct slot *slot, struct uvcpu *u, uint32_t cpu)
	REQUIRES(slot->lock)
{
	if (u->own_cpu != VCPU_NOWHERE)
		return CAISSON_STATE;
	if (u->runs_on != VCPU_NOWHERE)
		return CAISSON_BUSY;
	if (!psci_dedicate(uvm_service_vcpu(cpu)))
		return CAISSON_STATE;
	u->own_cpu = cpu;
	u->may_run = false;
	u->must_leave = false;
	__atomic_store_n(&served[cpu], 1 + slot_number(slot) * CAISSON_MAX_VCPUS + u->vcpu.index,
			 __ATOMIC_RELEASE);
	return CAISSON_OK;
}

enum caisson_status dedicate_vcpu(struct vcpu *caller) NO_THREAD_CHECK
{
	enum caisson_status status;
	struct slot *slot;
	struct uvcpu *u;

	lock_acquire(&slot_manage_lock);
	status = find(caller, &slot, &u);
	if (status == CAISSON_OK && caller->x[5] >= percpu_count())
		status = CAISSON_INVALID;
	if (status == CAISSON_OK) {
		lock_acquire(&slot->lock);
		status = dedicate(slot, u, (uint32_t)caller->x[5]);
		lock_release(&slot->lock);
	}
	lock_release(&slot_manage_lock);
	return status;
}

static void release_cpu(struct uvcpu *u)
{
	__atomic_store_n(&served[u->own_cpu], NOBODY, __ATOMIC_RELEASE);
	psci_return(uvm_service_vcpu(u->own_cpu));
	u->own_cpu = VCPU_NOWHERE;
	u->may_run = false;
}

enum caisson_status dedicate_return(struct vcpu *caller) NO_THREAD_CHECK
{
	enum caisson_status status;
	struct slot *slot;
	struct uvcpu *u;

	lock_acquire(&slot_manage_lock);
	status = find(caller, &slot, &u);
	if (status == CAISSON_OK) {
		lock_acquire(&slot->lock);
		if (u->own_cpu == VCPU_NOWHERE) {
			status = CAISSON_STATE;
		} else if (u->runs_on != VCPU_NOWHERE || u->may_run) {
			u->must_leave = true;
			gic_kick(u->own_cpu);
			status = CAISSON_BUSY;
		} else {
			release_cpu(u);
			event_answered(slot_number(slot), u->vcpu.index);
		}
		lock_release(&slot->lock);
	}
	lock_release(&slot_manage_lock);
	return status;
}

/* The VMM wants it to leave, or not to be entered. */
static bool is_interrupted(const struct uvcpu *u)
{
	return __atomic_load_n(&u->page->immediate_exit, __ATOMIC_RELAXED);
}

enum caisson_status dedicate_run(struct slot *slot, struct uvcpu *u)
{
	if (u->runs_on != VCPU_NOWHERE || u->may_run) {
		if (!is_interrupted(u))
			return CAISSON_BUSY;
	} else if (is_interrupted(u)) {
		return CAISSON_CONTINUE; /* who interrupts it cannot know of an exit just now */
	} else {
		u->may_run = true;
		event_answered(slot_number(slot), u->vcpu.index);
	}
	gic_kick(u->own_cpu);
	return CAISSON_DEDICATED;
}

/* The vCPU that is to go on on this CPU is its own from now on. NULL: none is. */
static struct uvcpu *take(uint32_t cpu, bool *flush) NO_THREAD_CHECK
{
	uint32_t whose = __atomic_load_n(&served[cpu], __ATOMIC_ACQUIRE);
	struct uvcpu *u = NULL;
	struct slot *slot;

	if (whose == NOBODY)
		return NULL;
	slot = &slots[(whose - 1) / CAISSON_MAX_VCPUS];
	lock_acquire(&slot->lock);
	if (served[cpu] == whose && slot->state == SLOT_LIVE) {
		u = &slot->uvm->vcpu[(whose - 1) % CAISSON_MAX_VCPUS];
		if (u->may_run && !(dbg_active() && dbg_is_held(&u->vcpu))) {
			u->may_run = false;
			*flush = slot_take(slot, u, cpu);
		} else {
			u = NULL;
		}
	}
	lock_release(&slot->lock);
	return u;
}

struct vcpu *dedicate_enter(struct vcpu *service)
{
	uint32_t cpu = percpu_this()->index;
	struct uvcpu *u;
	bool flush;

	/* One that left at once may have to go on all the same: no kick comes for that. */
	while ((u = take(cpu, &flush))) {
		if (uexit_enter(service, u, flush))
			return &u->vcpu;
	}
	return NULL;
}

void dedicate_left(struct uvcpu *u, enum run_exit reason)
{
	struct slot *slot = slot_of(&u->vcpu);
	uint32_t vm = slot_number(slot), vcpu = u->vcpu.index;
	bool goes_on;

	lock_acquire(&slot->lock);
	u->runs_on = VCPU_NOWHERE;
	slot->running--;
	/* Left for an interrupt that is the service VM's, not for the VMM. */
	goes_on = reason == RUN_EXIT_INTERRUPTED && !u->must_leave && !is_interrupted(u);
	u->may_run = goes_on;
	u->must_leave = false;
	lock_release(&slot->lock);
	if (!goes_on)
		event_post(EVENT_EXIT, vm, 1u << vcpu);
}

bool dedicate_is_told(const struct uvcpu *u)
{
	return __atomic_load_n(&u->must_leave, __ATOMIC_RELAXED) || is_interrupted(u);
}

void dedicate_end(struct slot *slot) NO_THREAD_CHECK
{
	uint32_t i;

	lock_acquire(&slot->lock);
	for (i = 0; i < slot->uvm->vm.vcpu_count; i++) {
		if (slot->uvm->vcpu[i].own_cpu != VCPU_NOWHERE)
			release_cpu(&slot->uvm->vcpu[i]);
	}
	lock_release(&slot->lock);
	event_forget(slot_number(slot));
}
