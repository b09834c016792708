/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stopping VMs for a debugger, and letting them go on.
 *
 * A vCPU's is_held says that it is not to run. Who sets it kicks the CPU that it may be on, after
 * that; who is about to enter a vCPU and finds it held does not. So a vCPU either sees that it is
 * held before it is entered, or is in its guest, or on the last way there, when the kick comes. The
 * VM has stopped when none of its vCPUs is anywhere: of the service VM each waits in dbg_hold()
 * (waits_held) or is off; of a user VM each runs nowhere, by what its slot's lock guards, which is
 * taken behind the writing of is_held here and before its reading there.
 *
 * waits_held is set by the waiting CPU and cleared by whoever lets it go, under dbg_lock, so a CPU
 * that has not noticed that it may go is not taken for one that waits. is_stopped is false from
 * then on; what was decided about a vCPU while it was true holds until then.
 *
 * The first to have something to tell writes why; what other vCPUs ran into before they were held
 * is not kept, since they run into it again.
 *
 * Single step: MDSCR_EL1.SS and SPSR_EL2.SS, with the priority mask of the virtual CPU interface at
 * its highest, so that a step does not end in a handler of interrupts. WFI and WFE are stepped by
 * moving the PC behind them.
 */
#include "hyp/vm/dbg.h"

#include "arch/aarch64/barrier.h"
#include "hyp/core/gic.h"
#include "hyp/vm/event.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vgic_hw.h"
#include "lib/guestexc.h"

#include <string.h>

#define ICH_VMCR_VPMR MASK(31, 24)

#define WFE_INSTRUCTION 0xd503205f
#define WFI_INSTRUCTION 0xd503207f

uint32_t dbg_is_active;
struct spinlock dbg_lock = SPINLOCK_INIT(LOCK_DEBUGGER);
struct dbg dbg GUARDED_BY(dbg_lock);

static struct vm *service_vm;
static void (*tell)(void);
static struct gdbserver_stop stop_cause GUARDED_BY(dbg_lock);
static bool is_stopping GUARDED_BY(dbg_lock); /* stop_cause is to be told when all are held */
static bool is_leaving GUARDED_BY(dbg_lock);  /* it is to be detached then */
static bool has_gone GUARDED_BY(dbg_lock);

void dbgaccess_init(const struct bootinfo *bi, struct vm *service, void (*changed)(void))
{
	service_vm = service;
	tell = changed;
	dbgstate_init(bi);
}

/* --- which VMs --- */

static void copy_name(struct gdbserver_vm *to, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < sizeof(to->name) && name[i]; i++)
		to->name[i] = name[i];
	to->name[i] = '\0';
}

static bool service_exists(const struct vcpu *vcpu)
{
	enum vcpu_power power = __atomic_load_n(&vcpu->power, __ATOMIC_RELAXED);

	return power == VCPU_ON || power == VCPU_ON_PENDING;
}

/* The vCPUs that have registers to show: on, or of a user VM initialised. */
static uint32_t vcpu_set(const struct vm *vm)
{
	uint32_t set = 0, i;

	for (i = 0; i < vm->vcpu_count; i++) {
		if (vm->is_user ? uvcpu_of(vm->vcpu[i])->page != NULL : service_exists(vm->vcpu[i]))
			set |= UINT32_C(1) << i;
	}
	return set;
}

bool dbgaccess_vm(uint32_t number, struct gdbserver_vm *vm) NO_THREAD_CHECK
{
	struct slot *slot;
	bool is_there;

	*vm = (struct gdbserver_vm){.is_service = number == DBGACCESS_SERVICE};
	if (number == DBGACCESS_SERVICE) {
		copy_name(vm, service_vm->name);
		vm->vcpus = vcpu_set(service_vm);
		return true;
	}
	if (number >= CAISSON_MAX_VMS)
		return false;
	slot = slot_get(number);
	lock_acquire(&slot->lock);
	is_there = slot->state == SLOT_LIVE;
	if (is_there) {
		copy_name(vm, slot->uvm->vm.name);
		vm->vcpus = vcpu_set(&slot->uvm->vm);
	}
	lock_release(&slot->lock);
	return is_there;
}

static struct vm *find_vm(uint32_t number)
{
	struct slot *slot;
	struct vm *vm;

	if (number == DBGACCESS_SERVICE)
		return service_vm;
	if (number >= CAISSON_MAX_VMS)
		return NULL;
	slot = slot_get(number);
	lock_acquire(&slot->lock);
	vm = slot->state == SLOT_LIVE ? &slot->uvm->vm : NULL;
	lock_release(&slot->lock);
	return vm;
}

enum err dbgaccess_attach(uint32_t number) NO_THREAD_CHECK
{
	enum err err = ERR_OK;

	lock_acquire(&dbg_lock);
	if (dbg.vm) {
		err = ERR_BUSY;
	} else {
		/* One that ends just now is found ending by dbg_vm_ends(), which waits for us. */
		memset(&dbg, 0, sizeof(dbg));
		dbg.vm = find_vm(number);
		dbg.number = number;
		is_leaving = false;
		has_gone = false;
		err = dbg.vm ? ERR_OK : ERR_NOT_FOUND;
	}
	lock_release(&dbg_lock);
	return err;
}

/* --- stopping --- */

static void kick(struct vcpu *vcpu)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	struct slot *slot;
	uint32_t cpu;

	if (!vcpu->vm->is_user) {
		gic_kick(vcpu->index);
		return;
	}
	slot = slot_of(vcpu);
	lock_acquire(&slot->lock);
	cpu = u->runs_on != VCPU_NOWHERE ? u->runs_on : u->own_cpu;
	lock_release(&slot->lock);
	if (cpu != VCPU_NOWHERE)
		gic_kick(cpu);
}

/* No vCPU runs from here on, but those that are in their guests or about to enter them. */
static void hold_all(const struct gdbserver_stop *cause) REQUIRES(dbg_lock)
{
	uint32_t i;

	if (is_stopping || dbg.is_stopped)
		return;
	stop_cause = *cause;
	is_stopping = true;
	__atomic_store_n(&dbg_is_active, 1, __ATOMIC_RELAXED);
	for (i = 0; i < dbg.vm->vcpu_count; i++)
		__atomic_store_n(&dbg.vm->vcpu[i]->is_held, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < dbg.vm->vcpu_count; i++)
		kick(dbg.vm->vcpu[i]);
}

void dbgaccess_stop(void)
{
	lock_acquire(&dbg_lock);
	if (dbg.vm) {
		const struct gdbserver_stop cause = {
			.cause = GDBSERVER_INTERRUPTED,
			.vcpu = (uint32_t)__builtin_ctz(vcpu_set(dbg.vm) | BIT(31))};

		hold_all(&cause);
	}
	lock_release(&dbg_lock);
}

static bool is_at_rest(struct vcpu *vcpu) REQUIRES(dbg_lock)
{
	struct slot *slot;
	bool is_running;

	if (!vcpu->vm->is_user)
		return vcpu->waits_held || !service_exists(vcpu);
	slot = slot_of(vcpu);
	lock_acquire(&slot->lock);
	is_running = uvcpu_of(vcpu)->runs_on != VCPU_NOWHERE;
	lock_release(&slot->lock);
	return !is_running;
}

static bool are_all_at_rest(void) REQUIRES(dbg_lock)
{
	uint32_t i;

	for (i = 0; i < dbg.vm->vcpu_count; i++) {
		if (!is_at_rest(dbg.vm->vcpu[i]))
			return false;
	}
	return true;
}

/* The vCPU was to make one step, and is at rest, whether it has made it or not. */
static void end_step(struct vcpu *vcpu) REQUIRES(dbg_lock)
{
	struct world *w = &vcpu->world;

	if (!vcpu->debug.is_stepped)
		return;
	vcpu->debug.is_stepped = false;
	w->spsr_el2 &= ~SPSR_SS;
	/* Unless the guest has written its mask in that step. */
	if (bits_get(w->ich_vmcr, 31, 24) == 0)
		w->ich_vmcr |= vcpu->debug.step_vmcr & ICH_VMCR_VPMR;
}

void dbg_left(void)
{
	bool is_done;

	lock_acquire(&dbg_lock);
	is_done = dbg.vm && is_stopping && are_all_at_rest();
	lock_release(&dbg_lock);
	if (is_done)
		tell();
}

void dbg_hold(struct vcpu *vcpu)
{
	struct world *w = &vcpu->world;

	if (!dbg_is_held(vcpu))
		return;
	world_keep(vcpu);
	w->ich_vmcr = vgic_hw_vmcr_read(gic_is_v2());
	lock_acquire(&dbg_lock);
	vcpu->waits_held = vcpu->is_held;
	lock_release(&dbg_lock);
	dbg_left();
	while (__atomic_load_n(&vcpu->waits_held, __ATOMIC_ACQUIRE)) {
		wfi();
		isb(); /* what vgic_irq_exit() reads is younger than what it wrote before */
		vgic_irq_exit(vcpu);
	}
	vgic_hw_vmcr_write(gic_is_v2(), w->ich_vmcr);
	world_resume(vcpu);
}

bool dbg_must_leave(const struct vcpu *vcpu)
{
	return dbg_is_held(vcpu) || (((const struct uvcpu *)vcpu)->own_cpu == VCPU_NOWHERE &&
				     dbg_is_held(uvm_service_vcpu(percpu_this()->index)));
}

/* --- going on --- */

static void begin_step(struct vcpu *vcpu) REQUIRES(dbg_lock)
{
	struct world *w = &vcpu->world;
	uint32_t instruction = dbgstate_instruction(vcpu);

	vcpu->debug.is_stepped = true;
	vcpu->debug.step_vmcr = w->ich_vmcr;
	w->ich_vmcr &= ~ICH_VMCR_VPMR;
	/* Without SPSR.SS the step counts as made: the exception is taken at once. */
	if (instruction == WFI_INSTRUCTION || instruction == WFE_INSTRUCTION)
		guestexc_advance(&w->elr_el2, &w->spsr_el2, true);
	else
		w->spsr_el2 |= SPSR_SS;
}

/* The vCPUs of the set, all of which are at rest. */
static void let_go(uint32_t set) REQUIRES(dbg_lock)
{
	struct vm *vm = dbg.vm;
	uint32_t i;

	vm->mdcr = world_mdcr(vm);
	for (i = 0; i < vm->vcpu_count; i++) {
		if (!(set >> i & 1))
			continue;
		if (vm->is_user)
			debug_changed(vm->vcpu[i]);
		__atomic_store_n(&vm->vcpu[i]->is_held, false, __ATOMIC_RELEASE);
		__atomic_store_n(&vm->vcpu[i]->waits_held, false, __ATOMIC_RELEASE);
		kick(vm->vcpu[i]);
	}
	if (vm->is_user)
		event_post(EVENT_WAKE, dbg.number, set & vcpu_set(vm));
}

static uint32_t all_vcpus(const struct vm *vm)
{
	return (uint32_t)((1ull << vm->vcpu_count) - 1);
}

void dbgaccess_resume(const enum gdbserver_go *go)
{
	uint32_t set = 0, i;

	lock_acquire(&dbg_lock);
	if (dbg.vm && dbg.is_stopped) {
		dbg.is_stopped = false;
		dbg.vm->debugger = &dbg.outside;
		for (i = 0; i < dbg.vm->vcpu_count; i++) {
			if (go[i] != GDBSERVER_STAY)
				set |= UINT32_C(1) << i;
			if (go[i] == GDBSERVER_STEP && (vcpu_set(dbg.vm) >> i & 1))
				begin_step(dbg.vm->vcpu[i]);
		}
		/* Before any goes, since the first may be back before the last is let go. */
		if (set == all_vcpus(dbg.vm))
			__atomic_store_n(&dbg_is_active, 0, __ATOMIC_RELAXED);
		let_go(set);
	}
	lock_release(&dbg_lock);
}

/* The VM has stopped. */
static void let_all_go(void) REQUIRES(dbg_lock)
{
	dbgstate_clear();
	dbg.vm->debugger = NULL;
	dbg.is_stopped = false;
	__atomic_store_n(&dbg_is_active, 0, __ATOMIC_RELAXED);
	let_go(all_vcpus(dbg.vm));
	dbg.vm = NULL;
}

void dbgaccess_detach(void)
{
	static const struct gdbserver_stop nothing;

	lock_acquire(&dbg_lock);
	if (dbg.vm && dbg.is_stopped) {
		let_all_go();
	} else if (dbg.vm) {
		is_leaving = true;
		hold_all(&nothing);
	}
	lock_release(&dbg_lock);
}

static void take_stop(struct gdbserver_stop *stop) REQUIRES(dbg_lock)
{
	uint32_t i;

	for (i = 0; i < dbg.vm->vcpu_count; i++)
		end_step(dbg.vm->vcpu[i]);
	is_stopping = false;
	dbg.is_stopped = true;
	*stop = stop_cause;
}

bool dbgaccess_has_stopped(struct gdbserver_stop *stop)
{
	bool has_stopped;

	lock_acquire(&dbg_lock);
	has_stopped = dbg.vm && is_stopping && are_all_at_rest();
	if (has_stopped)
		take_stop(stop);
	if (has_stopped && is_leaving) {
		let_all_go();
		has_stopped = false;
	}
	lock_release(&dbg_lock);
	return has_stopped;
}

/* --- what happens to the VM --- */

static bool is_own_brk(struct vcpu *vcpu, uint64_t esr) REQUIRES(dbg_lock)
{
	return esr_class(esr) == ESR_EC_BRK64 &&
	       dbgstate_has_breakpoint(vcpu, sysreg_read(elr_el2));
}

/* False: it is none of the debugger's. */
static bool find_cause(struct vcpu *vcpu, uint64_t esr, struct gdbserver_stop *stop)
	REQUIRES(dbg_lock)
{
	stop->vcpu = vcpu->index;
	switch (esr_class(esr)) {
	case ESR_EC_BRK64:
		stop->cause = GDBSERVER_AT_SOFTWARE;
		return is_own_brk(vcpu, esr);
	case ESR_EC_BREAKPOINT_LOWER:
		stop->cause = GDBSERVER_AT_HARDWARE;
		return true;
	case ESR_EC_STEP_LOWER:
		stop->cause = GDBSERVER_STEPPED;
		return true;
	case ESR_EC_WATCHPOINT_LOWER:
		stop->cause = GDBSERVER_WATCHED;
		dbgstate_find_watched(sysreg_read(far_el2), stop);
		return true;
	default:
		return false;
	}
}

enum exit_action dbg_exit(struct vcpu *vcpu, uint64_t esr)
{
	struct gdbserver_stop stop = {.cause = GDBSERVER_INTERRUPTED};
	bool is_ours;

	lock_acquire(&dbg_lock);
	is_ours = dbg.vm == vcpu->vm && find_cause(vcpu, esr, &stop);
	if (is_ours)
		hold_all(&stop);
	lock_release(&dbg_lock);
	if (!is_ours) /* BRK and its like are the guest's own; others cannot be */
		return esr_class(esr) < ESR_EC_BKPT32 ? EXIT_RESUME : EXIT_INJECT_TRAP;
	if (vcpu->vm->is_user)
		return uexit_stop(vcpu);
	dbg_hold(vcpu);
	return EXIT_RESUME;
}

void dbg_vm_ends(const struct vm *vm)
{
	bool is_ours;
	uint32_t i;

	lock_acquire(&dbg_lock);
	is_ours = dbg.vm == vm;
	if (is_ours) {
		has_gone = true;
		is_stopping = false;
		__atomic_store_n(&dbg_is_active, 0, __ATOMIC_RELAXED);
		for (i = 0; i < vm->vcpu_count; i++)
			__atomic_store_n(&vm->vcpu[i]->is_held, false, __ATOMIC_RELEASE);
		event_post(EVENT_WAKE, dbg.number, vcpu_set(vm));
		dbg.vm = NULL;
	}
	lock_release(&dbg_lock);
	if (is_ours)
		tell();
}

bool dbgaccess_has_gone(void)
{
	bool gone;

	lock_acquire(&dbg_lock);
	gone = has_gone;
	has_gone = false;
	lock_release(&dbg_lock);
	return gone;
}
