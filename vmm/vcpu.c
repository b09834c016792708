// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vcpu.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/clock.h"
#include "vmm/kvmptp.h"
#include "vmm/psci.h"
#include "vmm/say.h"
#include "vmm/stream.h"
#include "vmm/thread.h"

#define INTERRUPT_SIGNAL SIGUSR1
#define LEAVE_NS         200000 /* a vCPU leaves its CPU within */
/* What Linux shall sleep at most, so that no sum wraps. */
#define SLEEP_SECONDS_MAX 3600

static void do_nothing(int number)
{
}

void vcpu_init_process(void)
{
	/* Without SA_RESTART: a write that blocks ends. */
	struct sigaction action = {.sa_handler = do_nothing};

	(void)sigaction(INTERRUPT_SIGNAL, &action, NULL);
}

uint64_t vcpu_host_count(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count));
	return count;
}

uint32_t vcpu_mhz(uint64_t hz)
{
	return hz < 1000000 ? 1 : (uint32_t)(hz / 1000000);
}

void vcpu_announce(struct vcpu *v)
{
	__atomic_store_n(&v->announced, 1, __ATOMIC_SEQ_CST);
	(void)syscall(SYS_futex, &v->announced, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* The VM is held. Whatever the thread does: before VCPU_RUN, in it, before the wait for an
 * interrupt, in it. */
void vcpu_interrupt(struct vcpu *v)
{
	__atomic_store_n(&v->page->immediate_exit, 1, __ATOMIC_SEQ_CST);
	vm_wake(v->vm, (uint32_t)BIT(v->index));
	vcpu_announce(v);
	if (v->thread != 0)
		(void)pthread_kill(v->thread, INTERRUPT_SIGNAL);
}

/* ---- power ------------------------------------------------------------------------------- */

enum err vcpu_turn_on(struct vcpu *v, uint64_t pc, uint64_t x0)
{
	struct vm *vm = v->vm;
	enum caisson_status status = CAISSON_STATE;

	(void)pthread_mutex_lock(&vm->power_lock);
	if (!v->on) {
		status = hyp_vcpu_init(&vm->token, v->index, v->page, pc, x0);
		atomic_store(&v->on, status == CAISSON_OK);
		(void)pthread_cond_broadcast(&vm->power_changed);
	}
	(void)pthread_mutex_unlock(&vm->power_lock);
	if (status == CAISSON_OK)
		return ERR_OK;
	if (status == CAISSON_STATE)
		return ERR_BUSY;
	say("cannot start vCPU %u: %s", v->index, hyp_status_text(status));
	return ERR_INVALID;
}

void vcpu_turn_off(struct vcpu *v)
{
	(void)pthread_mutex_lock(&v->vm->power_lock);
	v->on = false;
	(void)pthread_cond_broadcast(&v->vm->power_changed);
	(void)pthread_mutex_unlock(&v->vm->power_lock);
}

bool vcpu_is_on(struct vcpu *v)
{
	return v->on;
}

/* Under the lock. */
static bool is_to_wait(const struct vcpu *v)
{
	const struct vcpu *alone = atomic_load(&v->vm->alone);

	return v->vm->paused || (alone != NULL && alone != v);
}

/*
 * Until the vCPU is on and nothing holds it; false when the VM has ended. Without the lock when
 * there is nothing to wait for: it comes before each run, and only its own thread turns a vCPU off.
 */
static bool wait_until_on(struct vcpu *v)
{
	struct vm *vm = v->vm;

	if (v->on && !vm_holds(v))
		return true;
	(void)pthread_mutex_lock(&vm->power_lock);
	while ((!v->on || is_to_wait(v)) && !vm_has_ended(vm)) {
		if (is_to_wait(v) && !v->parked) {
			v->parked = true;
			(void)pthread_cond_broadcast(&vm->power_changed);
		}
		(void)pthread_cond_wait(&vm->power_changed, &vm->power_lock);
	}
	v->parked = false;
	/* What fetched it out of its run is over; the end is told anew, after this lock. */
	if (!vm_has_ended(vm))
		__atomic_store_n(&v->page->immediate_exit, 0, __ATOMIC_SEQ_CST);
	(void)pthread_mutex_unlock(&vm->power_lock);
	return !vm_has_ended(vm);
}

/* ---- exits ------------------------------------------------------------------------------- */

/* All there is to do is to run again. */
static void exit_nothing(struct vcpu *v)
{
}

static void exit_mmio(struct vcpu *v)
{
	struct run_page *page = v->page;
	bool write = page->mmio_write != 0;

	if (bus_access(&v->vm->bus, &v->device, page->ipa, page->mmio_bytes, write, &page->value) ==
	    ERR_OK)
		return;
	if (!atomic_flag_test_and_set(&v->vm->strange_told))
		say("the guest %s address %#llx, where nothing is (told once)",
		    write ? "writes to" : "reads from", (unsigned long long)page->ipa);
	page->mmio_abort = 1;
}

static void exit_smccc(struct vcpu *v)
{
	if (!kvmptp_handle(v))
		psci_handle(v);
}

/*
 * When Linux's clock shows the counter's value `deadline`; false: it has passed. The clock is read
 * first: a thread that loses its CPU in between comes too early, which only costs a run.
 */
static bool time_of(uint64_t deadline, struct timespec *at)
{
	uint64_t now, frequency, ns;

	(void)clock_gettime(CLOCK_MONOTONIC, at);
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0"
			 : "=r"(now), "=r"(frequency));
	if (deadline <= now)
		return false;

	uint64_t ticks = deadline - now;

	if (ticks / frequency >= SLEEP_SECONDS_MAX) {
		at->tv_sec += SLEEP_SECONDS_MAX;
		return true;
	}
	ns = (uint64_t)at->tv_nsec + ticks % frequency * NS_PER_S / frequency;
	at->tv_sec += (time_t)(ticks / frequency + ns / NS_PER_S);
	at->tv_nsec = (long)(ns % NS_PER_S);
	return true;
}

/*
 * EL2 set the wake word to 0 when it found nothing pending; who makes something pending sets it
 * to 1 and wakes. So the word is still 0 in the futex call, or it does not wait. A return for
 * any other reason only costs a run. A point in time, not a length: that one would begin when the
 * call does, however long its thread had no CPU before.
 */
static void exit_wfi(struct vcpu *v)
{
	struct timespec at;

	if (!vm_holds(v) && time_of(v->page->deadline, &at))
		(void)syscall(SYS_futex, &v->page->wake, FUTEX_WAIT_BITSET_PRIVATE, 0, &at, NULL,
			      FUTEX_BITSET_MATCH_ANY);
}

static void exit_fault(struct vcpu *v)
{
	say("the virtual machine was stopped: fault of vCPU %u at PC %#llx, ESR %#llx, "
	    "address %#llx",
	    v->index, (unsigned long long)v->page->pc, (unsigned long long)v->page->esr,
	    (unsigned long long)v->page->ipa);
	vm_end(v->vm, VM_FAILED);
}

static void exit_ended(struct vcpu *v)
{
	say("the virtual machine was destroyed by somebody else");
	vm_end(v->vm, VM_FAILED);
}

/*
 * What makes the vCPU stand still ends the sleep, not the wait: another vCPU of the guest's can do
 * that as often as it likes, and calls would cost no time, which the next one would have to wait
 * for.
 */
static void wait_out(struct vcpu *v, uint64_t wait_ns)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	wait_ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(wait_ns / NS_PER_S);
	until.tv_nsec = (long)(wait_ns % NS_PER_S);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR &&
	       wait_until_on(v))
		;
}

/*
 * Where bytes are to be moved, the call comes twice: EL2 looks at the guest's tables again once the
 * others stand still.
 */
static void exit_tools(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool is_alone = vm->cpus == 1 || atomic_load(&vm->alone) == v;
	uint64_t wait_ns = 0;

	if (tools_moves_memory(v->page) && !is_alone) {
		vm_stop_others(v);
		v->page->tools_again = 1;
		return;
	}
	if ((v->page->tools_flags & RUN_TOOLS_ABORTED) == 0)
		wait_ns = tools_exit(vm->tools, v->page, &vm->guestmem);
	if (is_alone)
		vm_let_others(v);
	if (wait_ns != 0)
		wait_out(v, wait_ns);
}

static void (*const exit_handler[])(struct vcpu *v) = {
	[RUN_EXIT_INTERRUPTED] = exit_nothing, [RUN_EXIT_MMIO] = exit_mmio,
	[RUN_EXIT_SMCCC] = exit_smccc,         [RUN_EXIT_WFI] = exit_wfi,
	[RUN_EXIT_FAULT] = exit_fault,         [RUN_EXIT_WAKE] = exit_nothing,
	[RUN_EXIT_ENDED] = exit_ended,         [RUN_EXIT_TOOLS] = exit_tools,
};

/*
 * A dedicated vCPU was told to go on: until it has an exit in its run page (CAISSON_OK). An
 * announcement is no more than a hint, it may be of an exit long handled; VCPU_GET, which is BUSY
 * while the vCPU runs, tells. When it is held it is made to leave, and nothing is to be
 * announced for that: it is the main thread that hears of it, and waits for this one.
 */
static enum caisson_status await_exit(struct vcpu *v)
{
	const struct timespec pause = {.tv_nsec = LEAVE_NS};
	const struct hyp_token *token = &v->vm->token;
	enum caisson_status status;

	for (;;) {
		if (vm_holds(v)) {
			__atomic_store_n(&v->page->immediate_exit, 1, __ATOMIC_SEQ_CST);
			status = hyp_vcpu_run(token, v->index);
			if (status != CAISSON_DEDICATED)
				return status == CAISSON_CONTINUE ? CAISSON_OK : status;
			(void)nanosleep(&pause, NULL);
		} else if (__atomic_exchange_n(&v->announced, 0, __ATOMIC_SEQ_CST) != 0) {
			status = hyp_vcpu_get(token, v->index);
			if (status != CAISSON_BUSY)
				return status;
		} else {
			(void)syscall(SYS_futex, &v->announced, FUTEX_WAIT_PRIVATE, 0, NULL, NULL,
				      0);
		}
	}
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	char name[16];

	(void)snprintf(name, sizeof(name), "vcpu%u", v->index);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	/* By itself Linux lets a sleeper wait up to 50 us too long. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	while (wait_until_on(v)) {
		enum caisson_status status = hyp_vcpu_run(&v->vm->token, v->index);

		if (status == CAISSON_CONTINUE)
			continue; /* dedicated, and held */
		if (status == CAISSON_DEDICATED)
			status = await_exit(v);
		if (status != CAISSON_OK || v->page->reason >= ARRAY_SIZE(exit_handler)) {
			say("cannot run vCPU %u: %s", v->index, hyp_status_text(status));
			vm_end(v->vm, VM_FAILED);
			break;
		}
		vm_wake(v->vm, v->page->wake_set);
		exit_handler[v->page->reason](v);
	}
	return NULL;
}

enum err vcpu_start_thread(struct vcpu *v)
{
	int error = thread_start(&v->thread, run_vcpu, v);

	if (error != 0) {
		v->thread = 0;
		say("cannot start a thread: %s", strerror(error));
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

/* ---- state ------------------------------------------------------------------------------- */

/*
 * What an exit's answer does to the registers is done when the vCPU is run, which ends at once. A
 * call of the guest's tools that was not served yet is made again by the guest.
 */
static enum caisson_status settle(struct vcpu *v)
{
	enum caisson_status status;

	if (v->unserved || v->page->tools_again != 0)
		return CAISSON_OK;
	__atomic_store_n(&v->page->immediate_exit, 1, __ATOMIC_SEQ_CST);
	status = hyp_vcpu_run(&v->vm->token, v->index);
	if (status == CAISSON_OK)
		vm_wake(v->vm, v->page->wake_set);
	return status;
}

enum err vcpu_save(struct vcpu *v, struct stream *s)
{
	struct snapshot_vcpu state = {.on = v->on};
	enum caisson_status status;

	if (!v->on)
		return stream_write(s, SNAPSHOT_VCPU, v->index, 1, &state.on, sizeof(state.on));
	status = settle(v);
	if (status == CAISSON_OK)
		status = hyp_vcpu_get(&v->vm->token, v->index);
	if (status != CAISSON_OK)
		return stream_fail(s, ERR_INVALID, "vCPU %u: %s", v->index,
				   hyp_status_text(status));
	state.state = v->page->state;
	return stream_write(s, SNAPSHOT_VCPU, v->index, 1, &state, sizeof(state));
}

enum err vcpu_load(struct vcpu *v, struct stream *s, const struct stream_section *section)
{
	struct snapshot_vcpu state = {0};
	bool on = section->bytes != sizeof(state.on);
	enum caisson_status status;
	enum err err =
		stream_take(s, section, 1, &state, on ? sizeof(state) : sizeof(state.on), false);

	if (err != ERR_OK)
		return err;
	if (state.on != on)
		return stream_fail(s, ERR_INVALID, "vCPU %u: a state that cannot be", v->index);
	if (!on)
		return ERR_OK;
	status = hyp_vcpu_init(&v->vm->token, v->index, v->page, state.state.pc, 0);
	v->page->state = state.state;
	if (status == CAISSON_OK)
		status = hyp_vcpu_set(&v->vm->token, v->index);
	if (status != CAISSON_OK)
		return stream_fail(s, ERR_INVALID, "vCPU %u: %s", v->index,
				   hyp_status_text(status));
	atomic_store(&v->on, true);
	return ERR_OK;
}
