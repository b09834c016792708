// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that runs single instructions of a user VM and looks at what came of them: how
 * MMIO exits are completed, the state that VCPU_GET and VCPU_SET carry, PC and PSTATE after what
 * EL2 carried out, timers of vCPUs that share a CPU. With "dedicated": a vCPU that has CPU 1 for
 * itself. One line: ok, or what is wrong.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "abi/event.h"
#include "abi/runpage.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE   UINT64_C(0x0a000000) /* nobody's */
#define NR_HUGE  3
#define VCPUS    2
#define RUNS_MAX 1000
#define TAG      UINT64_C(0x5461671234567890)

#define PSTATE_EL1H   UINT64_C(0x3c5)
#define PSTATE_BTYPE  (UINT64_C(3) << 10)
#define PSTATE_A      (UINT64_C(1) << 8)
#define ESR_DABT_SAME UINT64_C(0x25)
#define ESR_SERROR    UINT64_C(0x2f)
#define FSC_EXTERNAL  UINT64_C(0x10)

extern const uint8_t guest_start[], guest_end[], guest_vectors[], guest_loads[], guest_trapped[],
	guest_hvc[], guest_timer[], guest_sgi[];

static struct hyp_token management, token;
static uint32_t vm;
static struct run_page *page[VCPUS];

static uint64_t ipa_of(const uint8_t *code)
{
	return MACHINE_RAM + (uint64_t)(code - guest_start);
}

/* A VM with the guest's code in its RAM; its vCPUs were never initialised. */
static void make_vm(void)
{
	uint8_t *memory = mmap(NULL, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no huge pages", 0);
	memset(memory, 0, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES);
	memcpy(memory + CAISSON_BLOCK_BYTES, guest_start, (size_t)(guest_end - guest_start));
	for (uint32_t i = 0; i < VCPUS; i++)
		page[i] = (void *)(memory + (size_t)2 * CAISSON_BLOCK_BYTES + (size_t)i * 4096);
	check_status(hyp_vm_create(&management, memory, page[0], VCPUS, TAG, 0, &vm, &token),
		     CAISSON_OK, "VM_CREATE");
	check_status(
		hyp_mem_share(&management, vm, memory + CAISSON_BLOCK_BYTES, MACHINE_RAM, 1, 0),
		CAISSON_OK, "MEM_SHARE");
}

static void get(uint32_t vcpu)
{
	check_status(hyp_vcpu_get(&token, vcpu), CAISSON_OK, "VCPU_GET");
}

static void set(uint32_t vcpu)
{
	check(hyp_vcpu_set(&token, vcpu) == CAISSON_OK, "VCPU_SET, PSTATE",
	      page[vcpu]->state.pstate);
}

/* The vCPU after a reset, about to execute `code`. */
static struct vcpu_state *reset(uint32_t vcpu, const uint8_t *code)
{
	struct vcpu_state *state = &page[vcpu]->state;

	check_status(hyp_vcpu_init(&token, vcpu, page[vcpu], ipa_of(code), 0), CAISSON_OK,
		     "VCPU_INIT");
	get(vcpu);
	state->vbar_el1 = ipa_of(guest_vectors);
	state->x[28] = DEVICE;
	state->x[26] = CAISSON_VM_GICD;
	set(vcpu);
	return state;
}

/* Runs on to the next exit that is not Linux's interrupt. */
static enum run_exit run(uint32_t vcpu)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
		if (page[vcpu]->reason != RUN_EXIT_INTERRUPTED)
			return (enum run_exit)page[vcpu]->reason;
	}
	get(vcpu);
	fail("runs on for ever, at", page[vcpu]->state.pc - MACHINE_RAM);
	return RUN_EXIT_ENDED;
}

/* Completes what the last exit left, without executing anything. */
static void complete(uint32_t vcpu)
{
	page[vcpu]->immediate_exit = 1;
	check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
	check(page[vcpu]->reason == RUN_EXIT_INTERRUPTED, "immediate_exit", page[vcpu]->reason);
	page[vcpu]->immediate_exit = 0;
	get(vcpu);
}

static void run_to_access(uint32_t vcpu, uint64_t offset, bool write)
{
	enum run_exit reason = run(vcpu);

	check(reason == RUN_EXIT_MMIO, "exit instead of an access", reason);
	check(page[vcpu]->ipa == DEVICE + offset, "accessed", page[vcpu]->ipa);
	check((page[vcpu]->mmio_write != 0) == write, "direction", offset);
}

/* ---- what each of them shows --------------------------------------------------------------- */

/* A read is completed by the next run, its PC stays until then; sizes and signs. */
static void try_mmio(void)
{
	static const uint64_t value = 0x1122334455668899;
	struct vcpu_state *state = reset(0, guest_loads);
	static const uint64_t wanted[] = {value, 0xffffff99, 0xffffffffffff8899};

	for (uint32_t i = 0; i < 4; i++) {
		run_to_access(0, i * 8, false);
		get(0);
		check(state->pc == ipa_of(guest_loads) + i * 4, "PC at an access", state->pc);
		page[0]->value = value;
		complete(0);
		check(state->pc == ipa_of(guest_loads) + i * 4 + 4, "PC behind it", state->pc);
		if (i < 3)
			check(state->x[i] == wanted[i], "loaded", state->x[i]);
	}
	run_to_access(0, 32, true);
	check(page[0]->value == 0xffff8899 && page[0]->mmio_bytes == 4, "stored", page[0]->value);
	page[0]->value = 0;
	complete(0);
	check(state->x[2] == wanted[2], "changed by a store", state->x[2]);
}

/* The guest takes an external abort where nothing is, at the access; a write's too. */
static void try_abort(bool write)
{
	uint64_t pc = ipa_of(guest_loads) + (write ? 16 : 0);
	struct vcpu_state *state = reset(0, guest_loads);
	uint64_t esr;

	state->pc = pc;
	set(0);
	run_to_access(0, write ? 32 : 0, write);
	page[0]->mmio_abort = 1;
	page[0]->value = 0x1234;
	run_to_access(0, 0x100, true);
	esr = page[0]->value;
	check(esr >> 26 == ESR_DABT_SAME && (esr & 0x3f) == FSC_EXTERNAL && (esr >> 6 & 1) == write,
	      "ESR_EL1", esr);
	check(page[0]->mmio_abort == 0, "mmio_abort after an exit", 1);
	run_to_access(0, 0x108, true);
	check(page[0]->value == DEVICE + (write ? 32 : 0), "FAR_EL1", page[0]->value);
	run_to_access(0, 0x110, true);
	check(page[0]->value == pc, "ELR_EL1", page[0]->value);
	complete(0);
	check(state->x[0] == 0, "loaded all the same", state->x[0]);
}

/* All of the state goes in, runs, and comes out again. */
static void try_state(void)
{
	struct vcpu_state *state = reset(0, guest_loads), before;
	uint64_t *word = (uint64_t *)state;

	for (size_t i = 0; i < sizeof(*state) / sizeof(*word); i++)
		word[i] = 0x0101010101010101 * (i % 251 + 1);
	state->pc = ipa_of(guest_loads);
	state->x[28] = DEVICE;
	state->pstate = PSTATE_EL1H | UINT64_C(0xa) << 28;
	state->sctlr_el1 = 0x30d00800; /* MMU off */
	state->tcr_el1 = 0;
	state->cpacr_el1 = UINT64_C(3) << 20;
	state->csselr_el1 = 1;
	state->cntkctl_el1 = 3;
	state->mdscr_el1 = 0;
	for (uint32_t i = 0; i < 16; i++) {
		state->dbgbcr_el1[i] &= 0xffffffff & ~UINT64_C(1);
		state->dbgwcr_el1[i] &= 0xffffffff & ~UINT64_C(1);
	}
	state->oslsr_el1 = 2;
	state->cntv_ctl_el0 = state->cntp_ctl_el0 = 2;
	state->contextidr_el1 &= 0xffffffff;
	state->spsr_el1 = PSTATE_EL1H;
	state->esr_el1 &= 0xffffffff;
	state->afsr0_el1 = state->afsr1_el1 = state->amair_el1 = 0; /* RAZ on some CPUs */
	state->par_el1 = 1;
	state->vbar_el1 &= ~UINT64_C(0x7ff);
	state->ttbr0_el1 &= ~UINT64_C(1);
	state->ttbr1_el1 &= ~UINT64_C(1);
	state->fpcr = UINT64_C(1) << 24;
	state->fpsr = 0x1f;
	state->flags = VCPU_STATE_SERROR;
	memcpy(&before, state, sizeof(before));
	set(0);
	memset(state, 0, sizeof(*state));
	run_to_access(0, 0, false);
	get(0);
	/* Keys that the CPU does not have. */
	if (memcmp(state->pauth_key, before.pauth_key, sizeof(before.pauth_key)) != 0)
		memcpy(before.pauth_key, state->pauth_key, sizeof(before.pauth_key));
	for (size_t i = 0; i < sizeof(*state) / sizeof(*word); i++)
		check(word[i] == ((uint64_t *)&before)[i], "state, word", i);
}

/* The guest takes an SError that was pending, once, as soon as it does not mask it. */
static void try_serror(void)
{
	struct vcpu_state *state = reset(0, guest_loads);

	state->flags = VCPU_STATE_SERROR;
	set(0);
	run_to_access(0, 0, false);
	get(0);
	check(state->flags == VCPU_STATE_SERROR, "flags", state->flags);
	state->pstate &= ~PSTATE_A;
	set(0);
	run_to_access(0, 0x100, true);
	check(page[0]->value >> 26 == ESR_SERROR, "ESR_EL1 of an SError", page[0]->value);
	get(0);
	check(state->flags == 0, "flags after an SError", state->flags);
}

/* States that no guest can have are refused, and change nothing. */
static void try_bad_state(void)
{
	static const uint64_t bad[] = {
		0x3c8,                     /* EL2t */
		0x3c9,                     /* EL2h */
		0x3cd,                     /* EL3h */
		0x3c1,                     /* EL0 with SP_EL1 */
		0x3d3,                     /* AArch32, Supervisor */
		0x3c7,                     /* M[1] */
		0x3c5 | UINT64_C(1) << 5,  /* T */
		0x3c5 | UINT64_C(1) << 13, /* ALLINT */
		0x3c5 | UINT64_C(1) << 25, /* TCO */
		0x3c5 | UINT64_C(1) << 32,
		~UINT64_C(0),
	};
	struct vcpu_state *state = reset(0, guest_loads);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		state->pstate = bad[i];
		state->pc = 0;
		check_status(hyp_vcpu_set(&token, 0), CAISSON_INVALID, "bad PSTATE");
		get(0);
		check(state->pstate == PSTATE_EL1H && state->pc == ipa_of(guest_loads),
		      "taken in part", i);
	}
	state->flags = 4;
	check_status(hyp_vcpu_set(&token, 0), CAISSON_INVALID, "bad flag");
	check_status(hyp_vcpu_get(&token, 1), CAISSON_STATE, "VCPU_GET of none");
	check_status(hyp_vcpu_set(&token, 1), CAISSON_STATE, "VCPU_SET of none");
	check_status(hyp_vcpu_get(&token, VCPUS), CAISSON_INVALID, "VCPU_GET beyond");
	check_status(hyp_vcpu_set(&token, UINT32_MAX), CAISSON_INVALID, "VCPU_SET beyond");
}

/*
 * What EL2 carries out for the guest leaves PSTATE as the instruction would have: BTYPE is 0
 * behind it. Where the CPU has no BTI, there is nothing to see.
 */
static void try_btype(void)
{
	struct vcpu_state *state = reset(0, guest_loads);

	state->pstate |= PSTATE_BTYPE;
	if (hyp_vcpu_set(&token, 0) == CAISSON_INVALID)
		return;
	run_to_access(0, 0, false);
	get(0);
	check((state->pstate & PSTATE_BTYPE) != 0, "BTYPE at the access", state->pstate);
	complete(0);
	check((state->pstate & PSTATE_BTYPE) == 0, "BTYPE behind it", state->pstate);

	state->pc = ipa_of(guest_trapped);
	state->pstate |= PSTATE_BTYPE;
	set(0);
	run_to_access(0, 0, false);
	get(0);
	check((state->pstate & PSTATE_BTYPE) == 0, "BTYPE behind a register", state->pstate);
}

/* VCPU_SET drops the answer that was due, an SMCCC result as a load. */
static void try_drop(void)
{
	struct vcpu_state *state = reset(0, guest_hvc);
	enum run_exit reason = run(0);

	check(reason == RUN_EXIT_SMCCC, "exit instead of HVC", reason);
	get(0);
	check(state->pc == ipa_of(guest_hvc) + 4, "PC behind HVC", state->pc);
	page[0]->result[0] = 0x77;
	set(0);
	run_to_access(0, 0, false);
	get(0);
	check(state->x[0] == 0, "x0", state->x[0]);
	page[0]->value = 0x88;
	set(0);
	run_to_access(0, 0, false);
	check(state->x[1] == 0, "x1", state->x[1]);
}

/*
 * vCPU 0 has its timer's interrupt active and is taken off the CPU: vCPU 1 gets its own there, then
 * vCPU 0 goes on, ends it and gets the next.
 */
static void try_timers(void)
{
	for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
		struct vcpu_state *state = reset(vcpu, guest_timer);

		state->x[27] = vcpu == 0 ? 1 : 2; /* leaves it active; goes on */
		set(vcpu);
	}
	for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
		run_to_access(vcpu, 0x118, true);
		check(page[vcpu]->value == CAISSON_VM_TIMER_INTID, "INTID", page[vcpu]->value);
	}
	for (int i = 0; i < 3; i++)
		run_to_access(1, 0x118, true);
	get(0);
	page[0]->state.x[27] = 2;
	set(0);
	run_to_access(0, 0x118, true); /* the same store again: SET dropped its completion */
	run_to_access(0, 0x118, true);
	check(page[0]->value == CAISSON_VM_TIMER_INTID, "INTID again", page[0]->value);
}

/* ---- a vCPU with a CPU of its own ------------------------------------------------------------ */

#define OWN_CPU    1
#define ONLINE     "/sys/devices/system/cpu/cpu1/online"
#define EVENT_LINE "/dev/ttyAMA1"
#define EVENT_MS   30000

static int line = -1;

static bool set_online(bool online)
{
	int file = open(ONLINE, O_WRONLY | O_CLOEXEC);
	bool done = file >= 0 && write(file, online ? "1" : "0", 1) == 1;

	(void)close(file);
	return done;
}

static void open_line(void)
{
	struct termios raw;

	line = open(EVENT_LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	check(line >= 0 && tcgetattr(line, &raw) == 0, EVENT_LINE, 0);
	cfmakeraw(&raw);
	check(tcsetattr(line, TCSANOW, &raw) == 0 && write(line, "", 1) == 1, EVENT_LINE, 1);
}

/* The next event; type 0: none came. */
static struct event next_event(int wait_ms)
{
	struct pollfd poll_line = {.fd = line, .events = POLLIN};
	uint8_t bytes[EVENT_BYTES];
	size_t count = 0;

	while (count < sizeof(bytes)) {
		if (poll(&poll_line, 1, wait_ms) <= 0 || read(line, bytes + count, 1) != 1)
			return (struct event){0};
		if (count > 0 || bytes[0] >= EVENT_FIRST)
			count++;
	}

	struct event event = {bytes[0] & ~EVENT_FIRST, bytes[1], bytes[2], bytes[3]};

	check(event.check == EVENT_CHECK(event.type, event.vm, event.vcpu), "check byte",
	      event.check);
	return event;
}

static void wait_for(enum event_type type, uint32_t vcpu)
{
	struct event event = next_event(EVENT_MS);

	check(event.type == type && event.vm == vm && event.vcpu == vcpu, "event",
	      (uint64_t)event.type << 16 | event.vcpu);
}

static void go_on(uint32_t vcpu)
{
	check_status(hyp_vcpu_run(&token, vcpu), CAISSON_DEDICATED, "VCPU_RUN, dedicated");
}

/* CONTINUE: an interrupt of the service VM's has made it leave between the two lines. */
static void leave(uint32_t vcpu)
{
	enum caisson_status status;

	page[vcpu]->immediate_exit = 1;
	status = hyp_vcpu_run(&token, vcpu);
	check(status == CAISSON_DEDICATED || status == CAISSON_CONTINUE, "VCPU_RUN, to leave",
	      status);
	wait_for(EVENT_EXIT, vcpu);
	page[vcpu]->immediate_exit = 0;
	check(page[vcpu]->reason == RUN_EXIT_INTERRUPTED, "left with", page[vcpu]->reason);
}

/* With immediate_exit, where it does not run: nothing is done, the exit is still to be answered. */
static void do_not_go_on(uint32_t vcpu)
{
	page[vcpu]->immediate_exit = 1;
	check_status(hyp_vcpu_run(&token, vcpu), CAISSON_CONTINUE, "VCPU_RUN, to leave what left");
	page[vcpu]->immediate_exit = 0;
	check(next_event(100).type == 0, "an event of what does not run", 0);
	check(page[vcpu]->reason == RUN_EXIT_MMIO, "the exit that stands", page[vcpu]->reason);
}

static void check_exit(uint32_t vcpu, uint64_t offset, bool write)
{
	wait_for(EVENT_EXIT, vcpu);
	check(page[vcpu]->reason == RUN_EXIT_MMIO, "exit instead of an access", page[vcpu]->reason);
	check(page[vcpu]->ipa == DEVICE + offset, "accessed", page[vcpu]->ipa);
	check((page[vcpu]->mmio_write != 0) == write, "direction", offset);
}

static void dedicate(void)
{
	check(set_online(false), "offline", 0);
	check_status(hyp_vcpu_dedicate(&management, vm, 0, OWN_CPU), CAISSON_OK, "VCPU_DEDICATE");
}

static void try_dedicate(void)
{
	check_status(hyp_vcpu_dedicate(&token, vm, 0, OWN_CPU), CAISSON_DENIED, "VM's token");
	check_status(hyp_vcpu_return(&token, vm, 0), CAISSON_DENIED, "VM's token, return");
	check_status(hyp_vcpu_dedicate(&management, vm, 0, OWN_CPU), CAISSON_STATE, "CPU online");
	check_status(hyp_vcpu_dedicate(&management, vm, 0, 2), CAISSON_INVALID, "no such CPU");
	check_status(hyp_vcpu_dedicate(&management, vm, VCPUS, OWN_CPU), CAISSON_INVALID, "vCPU");
	check_status(hyp_vcpu_dedicate(&management, vm + 1, 0, OWN_CPU), CAISSON_STATE, "no VM");
	check_status(hyp_vcpu_return(&management, vm, 0), CAISSON_STATE, "not dedicated");
	dedicate();
	check_status(hyp_vcpu_dedicate(&management, vm, 0, OWN_CPU), CAISSON_STATE, "twice");
	check_status(hyp_vcpu_dedicate(&management, vm, 1, OWN_CPU), CAISSON_STATE, "taken");
	check(!set_online(true), "online while dedicated", 0);
	check_status(hyp_vcpu_run(&token, 0), CAISSON_STATE, "VCPU_RUN before VCPU_INIT");
}

/* Its exits arrive as events, in the run page; it goes on when it is told. */
static void try_own_exits(void)
{
	static const uint64_t value = 0x1122334455667788;
	struct vcpu_state *state = reset(0, guest_loads);

	go_on(0);
	for (uint32_t i = 0; i < 4; i++) {
		check_exit(0, i * 8, false);
		get(0);
		check(state->pc == ipa_of(guest_loads) + i * 4, "PC at an access", state->pc);
		do_not_go_on(0);
		page[0]->value = value;
		go_on(0);
	}
	check_exit(0, 32, true);
	go_on(0);
	check_status(hyp_vcpu_run(&token, 0), CAISSON_BUSY, "VCPU_RUN while it runs");
	check_status(hyp_vcpu_get(&token, 0), CAISSON_BUSY, "VCPU_GET while it runs");
	check(next_event(200).type == 0, "an event of a loop", 0);
	leave(0);
	get(0);
	check(state->x[0] == value && state->pc == ipa_of(guest_loads) + 20, "at", state->pc);
}

/* WFI and the timer's interrupt that ends it stay on its CPU. */
static void try_own_wfi(void)
{
	struct vcpu_state *state = reset(0, guest_timer);

	state->x[25] = 1;
	state->x[27] = 2;
	set(0);
	go_on(0);
	for (int i = 0; i < 3; i++) {
		check_exit(0, 0x118, true);
		check(page[0]->value == CAISSON_VM_TIMER_INTID, "INTID", page[0]->value);
		go_on(0);
	}
	leave(0);

	state = reset(0, guest_timer); /* for ever */
	state->x[24] = state->x[25] = 1;
	set(0);
	go_on(0);
	check(next_event(200).type == 0, "an event of WFI", 0);
	leave(0);
}

/* Its SGI to a vCPU whose thread sleeps is an event, and there when that runs again. */
static void try_own_wake(void)
{
	struct vcpu_state *state = reset(1, guest_timer);
	enum run_exit reason;

	state->x[24] = state->x[25] = 1;
	set(1);
	reason = run(1);
	check(reason == RUN_EXIT_WFI, "exit instead of WFI", reason);
	(void)reset(0, guest_sgi);
	go_on(0);
	wait_for(EVENT_WAKE, 1);
	run_to_access(1, 0x118, true);
	check(page[1]->value == 3, "SGI", page[1]->value);
	leave(0);
}

/* What came while nobody had the line open is told to who opens it, again and again. */
static void try_new_reader(void)
{
	struct event event;
	bool has_exit = false, has_wake = false;

	(void)reset(0, guest_loads);
	(void)close(line);
	go_on(0);
	usleep(100000);
	for (int i = 0; i < 2; i++) {
		has_exit = has_wake = false;
		open_line();
		while (event = next_event(500), event.type != 0) {
			has_exit |= event.type == EVENT_EXIT && event.vcpu == 0;
			has_wake |= event.type == EVENT_WAKE && event.vcpu == 1;
		}
		check(has_exit && has_wake, "told anew", has_exit);
		if (i == 0)
			(void)close(line);
	}
	page[0]->value = 0;
	go_on(0);
	check_exit(0, 8, false);
}

/* Asked for while the vCPU is still on its way: what VCPU_RUN began has an exit all the same. */
static void try_return_at_once(void)
{
	for (int i = 0; i < 50; i++) {
		(void)reset(0, guest_loads);
		go_on(0);
		check_status(hyp_vcpu_return(&management, vm, 0), CAISSON_OK, "VCPU_RETURN");
		wait_for(EVENT_EXIT, 0);
		check_status(hyp_vcpu_dedicate(&management, vm, 0, OWN_CPU), CAISSON_OK,
			     "VCPU_DEDICATE again");
	}
}

/* Its CPU is Linux's again: asked for, or with the end of the VM; also while the vCPU runs. */
static void try_return(void)
{
	struct vcpu_state *state = reset(0, guest_sgi);

	go_on(0);
	usleep(100000); /* until it is in its loop */
	check_status(hyp_vcpu_return(&management, vm, 0), CAISSON_OK, "VCPU_RETURN");
	check(set_online(true), "online after VCPU_RETURN", 0);
	get(0);
	check(state->pc == ipa_of(guest_sgi) + 16, "PC after VCPU_RETURN", state->pc);
	state->pc = ipa_of(guest_loads);
	set(0);
	run_to_access(0, 0, false);

	dedicate();
	(void)reset(0, guest_sgi);
	go_on(0);
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	check(set_online(true), "online after VM_DESTROY", 0);
}

static void try_own_cpu(void)
{
	make_vm();
	open_line();
	try_dedicate();
	try_own_exits();
	try_own_wfi();
	try_own_wake();
	try_new_reader();
	try_return_at_once();
	try_return();
}

static void try_info(void)
{
	struct hyp_vm_info info;
	enum caisson_status status = hyp_vm_info(&management, vm, &info);

	check_status(status, CAISSON_OK, "VM_INFO");
	check(info.state == CAISSON_VM_LIVE && info.vcpus == VCPUS, "state, vCPUs", info.vcpus);
	check(info.tag == TAG, "tag", info.tag);
	check(info.blocks == 1, "blocks", info.blocks);
	check_status(hyp_vm_info(&token, vm, &info), CAISSON_DENIED, "VM_INFO, VM's token");
	check_status(hyp_vm_info(&management, vm + 1, &info), CAISSON_STATE, "VM_INFO of none");
	check_status(hyp_vm_info(&management, CAISSON_MAX_VMS, &info), CAISSON_INVALID,
		     "VM_INFO beyond");
}

static void try_shared_cpu(void)
{
	make_vm();
	try_info();
	try_bad_state();
	try_mmio();
	try_abort(false);
	try_abort(true);
	try_state();
	try_serror();
	try_btype();
	try_drop();
	try_timers();
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
}

int main(int argc, char **argv)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check(sched_setaffinity(0, sizeof(one), &one) == 0, "affinity", 0);
	if (hyp_open(&management) != ERR_OK)
		return 1;
	if (argc == 2 && strcmp(argv[1], "dedicated") == 0)
		try_own_cpu();
	else
		try_shared_cpu();
	puts("vcpu: ok");
	return 0;
}
