// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that makes VMs with a memory-mapped timer (CAISSON_TIME_FRAME), of frequencies
 * unlike the host's, and looks at what the guest sees there: registers, sizes, counts, interrupts
 * on the vCPU they are routed to, whoever set the timer and wherever that one is by then; what
 * FRAME_GET and FRAME_SET carry; two vCPUs that do the worst they can. One line: ok, or what is
 * wrong.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "abi/event.h"
#include "abi/psci.h"
#include "abi/runpage.h"
#include "lib/timerframe.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE     UINT64_C(0x0a000000) /* nobody's */
#define NR_HUGE    3
#define VCPUS      2
#define RUNS_MAX   3000
#define HAMMERS    3000
#define EVENT_LINE "/dev/ttyAMA1"
#define EVENT_MS   30000

#define PSTATE_EL1H   UINT64_C(0x3c5)
#define ESR_DABT_SAME UINT64_C(0x25)
#define FSC_EXTERNAL  UINT64_C(0x10)

/* What the interrupt's handler does: x27. */
enum { HANDLER_MASKS = 0, HANDLER_LEAVES = 1, HANDLER_COUNTS = 2 };
/* Where in DEVICE the guest reports. */
enum {
	AT_ACCESS = 0,
	AT_ESR = 0x100,
	AT_INTID = 0x118,
	AT_COUNT = 0x120,
	AT_SET = 0x130,
	AT_HAMMERED = 0x140
};

extern const uint8_t frame_guest_start[], frame_guest_end[], frame_guest_vectors[],
	frame_guest_gic[], frame_guest_ops[], frame_guest_set[], frame_guest_loop[],
	frame_guest_wfi[], frame_guest_hammer[];

static struct hyp_token management, token;
static uint32_t vm;
static uint8_t *memory;
static struct run_page *page[VCPUS];
static uint64_t guest_hz, host_hz;
static int line;

static const char *context(void)
{
	static char text[40];

	(void)snprintf(text, sizeof(text), "guest at %llu Hz: ", (unsigned long long)guest_hz);
	return text;
}

static uint64_t ipa_of(const uint8_t *code)
{
	return MACHINE_RAM + (uint64_t)(code - frame_guest_start);
}

static void make_vm(void)
{
	memcpy(memory + CAISSON_BLOCK_BYTES, frame_guest_start,
	       (size_t)(frame_guest_end - frame_guest_start));
	check_status(hyp_vm_create(&management, memory, page[0], VCPUS, 0, 0, &vm, &token),
		     CAISSON_OK, "VM_CREATE");
	check_status(
		hyp_mem_share(&management, vm, memory + CAISSON_BLOCK_BYTES, MACHINE_RAM, 1, 0),
		CAISSON_OK, "MEM_SHARE");
}

static void time_set(uint64_t guest)
{
	enum caisson_time_mode mode;

	check_status(
		hyp_vm_time_set(&token, guest_hz, guest, host_count(), CAISSON_TIME_FRAME, &mode),
		CAISSON_OK, "VM_TIME_SET");
	check(mode == CAISSON_TIME_MODE_FRAME, "mode", mode);
}

static struct hyp_vm_time time_get(void)
{
	struct hyp_vm_time now;

	check_status(hyp_vm_time_get(&token, &now), CAISSON_OK, "VM_TIME_GET");
	return now;
}

/* The guest's count at a host count behind that of `then`; or one more. */
static uint64_t guest_at(const struct hyp_vm_time *then, uint64_t host)
{
	return then->guest +
	       (uint64_t)((unsigned __int128)(host - then->host) * guest_hz / host_hz);
}

static uint64_t ticks(uint64_t us)
{
	return guest_hz * us / 1000000;
}

/* The vCPU after a reset, about to execute `code`; its interrupts are set up if gic. */
static struct vcpu_state *reset(uint32_t vcpu, const uint8_t *code, bool gic)
{
	struct vcpu_state *state = &page[vcpu]->state;

	check_status(
		hyp_vcpu_init(&token, vcpu, page[vcpu], ipa_of(gic ? frame_guest_gic : code), 0),
		CAISSON_OK, "VCPU_INIT");
	check_status(hyp_vcpu_get(&token, vcpu), CAISSON_OK, "VCPU_GET");
	state->vbar_el1 = ipa_of(frame_guest_vectors);
	state->x[24] = ipa_of(code);
	state->x[26] = CAISSON_VM_GICD;
	state->x[28] = DEVICE;
	state->x[29] = CAISSON_VM_TIMER_FRAME;
	return state;
}

static void set(uint32_t vcpu)
{
	check_status(hyp_vcpu_set(&token, vcpu), CAISSON_OK, "VCPU_SET");
}

/* Runs on to the next exit that is not Linux's interrupt. */
static enum run_exit run(uint32_t vcpu)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
		if (page[vcpu]->reason != RUN_EXIT_INTERRUPTED)
			return (enum run_exit)page[vcpu]->reason;
	}
	check_status(hyp_vcpu_get(&token, vcpu), CAISSON_OK, "VCPU_GET");
	fail("runs on for ever, at", page[vcpu]->state.pc - MACHINE_RAM);
	return RUN_EXIT_ENDED;
}

static void run_to(uint32_t vcpu, enum run_exit wanted, const char *what)
{
	enum run_exit reason = run(vcpu);

	check(reason == wanted, what, (uint64_t)reason << 32 | (uint32_t)page[vcpu]->ipa);
}

static uint64_t report(uint32_t vcpu, uint64_t offset)
{
	run_to(vcpu, RUN_EXIT_MMIO, "exit instead of a report");
	check(page[vcpu]->ipa == DEVICE + offset, "reported at", page[vcpu]->ipa);
	return page[vcpu]->value;
}

/* ---- single accesses ------------------------------------------------------------------------- */

enum op { LOAD = 0, STORE = 4 };

/* By vCPU 0; its 8, 16, 32 or 64 bits. What it had in x0 afterwards. */
static uint64_t access_as(enum op op, unsigned int bytes, uint64_t ipa, uint64_t value)
{
	struct vcpu_state *state = reset(0, frame_guest_ops, false);

	state->pc += 8 * ((uint64_t)op + (uint64_t)__builtin_ctz(bytes));
	state->x[0] = value;
	state->x[1] = ipa;
	set(0);
	return report(0, AT_ACCESS);
}

static uint64_t load(uint64_t ipa, unsigned int bytes)
{
	return access_as(LOAD, bytes, ipa, 0);
}

static void store(uint64_t ipa, unsigned int bytes, uint64_t value)
{
	(void)access_as(STORE, bytes, ipa, value);
}

static uint64_t at(uint64_t offset)
{
	return CAISSON_VM_TIMER_FRAME + offset;
}

static uint64_t ctl_at(uint64_t offset)
{
	return CAISSON_VM_TIMER_CTL + offset;
}

static void check_abort(enum op op, unsigned int bytes, uint64_t ipa)
{
	struct vcpu_state *state = reset(0, frame_guest_ops, false);
	uint64_t esr;

	state->pc += 8 * ((uint64_t)op + (uint64_t)__builtin_ctz(bytes));
	state->x[1] = ipa;
	set(0);
	esr = report(0, AT_ESR);
	check(esr >> 26 == ESR_DABT_SAME && (esr & 0x3f) == FSC_EXTERNAL, "abort", ipa);
}

/* Before it has a frame the VM's accesses there are the VMM's. */
static void try_none(void)
{
	struct vcpu_state *state = reset(0, frame_guest_ops, false);
	uint64_t value;

	state->pc += 16;
	state->x[1] = at(TIMERFRAME_CNTFRQ);
	set(0);
	run_to(0, RUN_EXIT_MMIO, "exit instead of an access");
	check(page[0]->ipa == at(TIMERFRAME_CNTFRQ), "accessed", page[0]->ipa);
	check_status(hyp_frame_get(&token, CAISSON_FRAME_CNTACR, &value), CAISSON_STATE,
		     "FRAME_GET of none");
	check_status(hyp_frame_set(&token, CAISSON_FRAME_CNTACR, 0), CAISSON_STATE,
		     "FRAME_SET of none");
}

static void try_registers(void)
{
	check(load(ctl_at(TIMERFRAME_CTL_CNTFRQ), 4) == guest_hz, "CNTFRQ", 0);
	check(load(ctl_at(TIMERFRAME_CTL_CNTTIDR), 4) == 3, "CNTTIDR", 0);
	store(ctl_at(TIMERFRAME_CTL_CNTACR0), 4, 0xffffffd5);
	check(load(ctl_at(TIMERFRAME_CTL_CNTACR0), 4) == 0x15, "CNTACR0", 0);
	check(load(at(TIMERFRAME_CNTFRQ), 4) == guest_hz, "CNTFRQ of the frame", 0);
	check(load(at(TIMERFRAME_CNTVCT), 8) == 0, "CNTVCT without a right", 0);
	store(ctl_at(TIMERFRAME_CTL_CNTACR0), 4, TIMERFRAME_ALL);
	for (uint64_t cval = TIMERFRAME_CNTP_CVAL; cval <= TIMERFRAME_CNTV_CVAL; cval += 0x10) {
		store(at(cval), 8, 0x1122334455667788);
		store(at(cval + 4), 4, 0x99aabbcc);
		check(load(at(cval), 8) == 0x99aabbcc55667788, "CVAL", cval);
		check(load(at(cval), 4) == 0x55667788, "CVAL, low", cval);
		check(load(at(cval + 4), 4) == 0x99aabbcc, "CVAL, high", cval);
		store(at(cval + 12), 4, 0xfffffffb);
		check(load(at(cval + 12), 4) == 3, "CTL, ahead", cval);
		store(at(cval), 8, 0);
		check(load(at(cval + 12), 4) == 7, "CTL, due", cval);
		store(at(cval + 12), 4, 2);
		store(at(cval + 8), 4, 0xa0000000);
		check((int32_t)load(at(cval + 8), 4) < 0, "TVAL, negative", cval);
		check(load(at(cval), 8) < load(at(TIMERFRAME_CNTPCT), 8), "CVAL of it", cval);
		store(at(cval + 8), 4, 0x7fffffff);
		check((int32_t)load(at(cval + 8), 4) > 0, "TVAL, positive", cval);
	}
	for (unsigned int bytes = 1; bytes <= 2; bytes *= 2) {
		check_abort(LOAD, bytes, at(TIMERFRAME_CNTVCT));
		check_abort(STORE, bytes, at(TIMERFRAME_CNTV_CTL));
		check_abort(LOAD, bytes, ctl_at(TIMERFRAME_CTL_CNTTIDR));
	}
	check_abort(LOAD, 8, at(TIMERFRAME_CNTFRQ));
	check_abort(STORE, 8, at(TIMERFRAME_CNTP_TVAL));
	check_abort(STORE, 8, ctl_at(TIMERFRAME_CTL_CNTACR0));
}

/* Between two looks by the VMM, as a whole and by halves; with an offset; and across a wrap. */
static void try_counts(void)
{
	uint64_t before, count, low;

	for (uint64_t reg = TIMERFRAME_CNTPCT; reg <= TIMERFRAME_CNTVCT; reg += 8) {
		before = time_get().guest;
		count = load(at(reg), 8);
		low = load(at(reg), 4);
		check(before <= count && count <= time_get().guest, "count", count - before);
		check((uint32_t)(low - count) < guest_hz, "its low half", low);
		check(load(at(reg + 4), 4) - (count >> 32) <= 1, "its high half", reg);
	}
	store(ctl_at(TIMERFRAME_CTL_CNTVOFF), 8, before);
	check(load(at(TIMERFRAME_CNTVOFF), 8) == before, "CNTVOFF", before);
	check(load(at(TIMERFRAME_CNTVCT), 8) <= time_get().guest - before, "CNTVCT less it", 0);
	store(ctl_at(TIMERFRAME_CTL_CNTVOFF), 8, 0);
	time_set(UINT64_MAX - 1);
	check(load(at(TIMERFRAME_CNTVCT), 8) < guest_hz * 60, "count after its wrap-around", 0);
	time_set(before);
	check(load(at(TIMERFRAME_CNTVCT), 8) >= before, "count set back", 0);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* vCPU `vcpu` is to take the frame's interrupts, and goes on at `code`. */
static void take_interrupts(uint32_t vcpu, const uint8_t *code, uint64_t handler)
{
	struct vcpu_state *state = reset(vcpu, code, true);

	state->x[19] = vcpu;
	state->x[27] = handler;
	set(vcpu);
}

/* vCPU 1 sets the timer to cval, and is off then, or in a loop; the VMM does not let it go on. */
static void set_by_other(uint64_t cval_at, uint64_t cval, bool off)
{
	struct vcpu_state *state = reset(1, frame_guest_set, false);

	state->x[0] = cval;
	state->x[1] = at(cval_at);
	state->x[25] = off;
	set(1);
	if (off)
		run_to(1, RUN_EXIT_SMCCC, "exit instead of CPU_OFF");
	else
		(void)report(1, AT_SET);
}

static void check_interrupt(uint32_t vcpu, uint32_t intid, uint64_t cval)
{
	uint64_t count;

	check(report(vcpu, AT_INTID) == intid, "INTID", page[vcpu]->value);
	count = report(vcpu, AT_COUNT);
	check(count >= cval, "early by", cval - count);
}

static const struct {
	uint64_t cval;
	uint32_t intid;
} timer[] = {{TIMERFRAME_CNTP_CVAL, CAISSON_VM_FRAME_PHYS_INTID},
	     {TIMERFRAME_CNTV_CVAL, CAISSON_VM_FRAME_VIRT_INTID}};

/* Of a vCPU in a loop. Masked it stays quiet, unmasked it comes again at once. */
static void try_interrupts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(timer); i++) {
		uint64_t cval = time_get().guest + ticks(2000);

		set_by_other(timer[i].cval, cval, false);
		take_interrupts(0, frame_guest_loop, HANDLER_LEAVES);
		check_interrupt(0, timer[i].intid, cval);
		check_interrupt(0, timer[i].intid, cval); /* still up */
		check(load(at(timer[i].cval + 12), 4) == 5, "CTL, due", i);
		store(at(timer[i].cval + 12), 4, 3);
		/* In time long past; then never. */
		store(at(timer[i].cval), 8, 1);
		store(at(timer[i].cval + 12), 4, 1);
		take_interrupts(0, frame_guest_loop, HANDLER_MASKS);
		check_interrupt(0, timer[i].intid, 1);
		store(at(timer[i].cval), 8, UINT64_MAX);
		store(at(timer[i].cval + 12), 4, 1);
		take_interrupts(0, frame_guest_wfi, HANDLER_MASKS);
		run_to(0, RUN_EXIT_WFI, "exit instead of WFI");
		store(at(timer[i].cval + 12), 4, 0);
	}
}

/* In WFI: its deadline is the first host count at which it is due, and it is woken then. */
static void try_wfi(void)
{
	struct hyp_vm_time then = time_get();
	uint64_t cval = then.guest + ticks(300000), deadline;

	set_by_other(TIMERFRAME_CNTV_CVAL, cval, false);
	take_interrupts(0, frame_guest_wfi, HANDLER_MASKS);
	run_to(0, RUN_EXIT_WFI, "exit instead of WFI");
	deadline = page[0]->deadline;
	check(guest_at(&then, deadline) + 1 >= cval, "deadline early by",
	      cval - guest_at(&then, deadline));
	check(guest_at(&then, deadline - 1) < cval, "deadline late by",
	      guest_at(&then, deadline - 1) - cval);
	while (host_count() < deadline)
		usleep(1000);
	check_interrupt(0, CAISSON_VM_FRAME_VIRT_INTID, cval);
	/* It waits before the timer is set, with no deadline: EL2 has it woken. */
	run_to(0, RUN_EXIT_WFI, "exit instead of WFI");
	check(page[0]->deadline == UINT64_MAX, "deadline of none", page[0]->deadline);
}

static void open_line(void)
{
	struct termios raw;

	line = open(EVENT_LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	check(line >= 0 && tcgetattr(line, &raw) == 0, EVENT_LINE, 0);
	cfmakeraw(&raw);
	check(tcsetattr(line, TCSANOW, &raw) == 0 && write(line, "", 1) == 1, EVENT_LINE, 1);
}

static void wait_for_wake(uint32_t vcpu)
{
	struct pollfd poll_line = {.fd = line, .events = POLLIN};
	uint8_t bytes[EVENT_BYTES] = {0};
	size_t count = 0;

	while (count < sizeof(bytes)) {
		check(poll(&poll_line, 1, EVENT_MS) > 0 && read(line, bytes + count, 1) == 1,
		      "no event", count);
		if (count > 0 || bytes[0] >= EVENT_FIRST)
			count++;
	}
	check(bytes[0] == (EVENT_FIRST | EVENT_WAKE) && bytes[1] == vm && bytes[2] == vcpu, "event",
	      bytes[0]);
}

/* The vCPU in its loop until the count is cval: does its run end with a wake-up of vCPU 0? */
static bool runs_to_wake(uint32_t vcpu, uint64_t cval)
{
	bool is_last = false;

	while (!is_last) {
		is_last = time_get().guest >= cval;
		check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
		if (page[vcpu]->wake_set != 0) {
			check(page[vcpu]->wake_set == 1, "to be woken", page[vcpu]->wake_set);
			return true;
		}
	}
	return false;
}

/* vCPU 0 waits in Linux with no deadline; what another sets wakes it, in whichever world. */
static void try_wake(void)
{
	uint64_t cval = time_get().guest + ticks(50000);
	bool is_told = false;

	set_by_other(TIMERFRAME_CNTV_CVAL, cval, false);
	wait_for_wake(0); /* EL2's timer, in the service VM's world */
	check_interrupt(0, CAISSON_VM_FRAME_VIRT_INTID, cval);

	/* While the other is in its loop; on a slow machine it comes there too late. */
	for (uint64_t us = 50000; !is_told && us < 10000000; us *= 2) {
		run_to(0, RUN_EXIT_WFI, "exit instead of WFI");
		cval = time_get().guest + ticks(us);
		set_by_other(TIMERFRAME_CNTP_CVAL, cval, false);
		is_told = runs_to_wake(1, cval);
		if (!is_told)
			wait_for_wake(0);
		check_interrupt(0, CAISSON_VM_FRAME_PHYS_INTID, cval);
	}
	check(is_told, "no wake-up in the run page", 0);
	run_to(0, RUN_EXIT_WFI, "exit instead of WFI"); /* its handler is through */

	/* Whoever set it is off by then. */
	cval = time_get().guest + ticks(50000);
	set_by_other(TIMERFRAME_CNTV_CVAL, cval, true);
	take_interrupts(0, frame_guest_loop, HANDLER_MASKS);
	check_interrupt(0, CAISSON_VM_FRAME_VIRT_INTID, cval);
}

/* ---- state ----------------------------------------------------------------------------------- */

static uint64_t get(enum caisson_frame_reg reg)
{
	uint64_t value = 0;

	check_status(hyp_frame_get(&token, reg, &value), CAISSON_OK, "FRAME_GET");
	return value;
}

/* All of it goes into another VM, whose timer is due there, and raises its line. */
static void try_state(void)
{
	static const uint64_t bad[CAISSON_FRAME_REGS] = {
		[CAISSON_FRAME_CNTFRQ] = UINT64_C(1) << 32,
		[CAISSON_FRAME_CNTACR] = 0x40,
		[CAISSON_FRAME_CNTP_CTL] = 5,
		[CAISSON_FRAME_CNTV_CTL] = 4,
	};
	uint64_t value[CAISSON_FRAME_REGS], now = time_get().guest;

	store(ctl_at(TIMERFRAME_CTL_CNTVOFF), 8, 5);
	store(ctl_at(TIMERFRAME_CTL_CNTACR0), 4, 0x3e);
	store(ctl_at(TIMERFRAME_CTL_CNTFRQ), 4, 12345);
	store(at(TIMERFRAME_CNTP_CVAL), 8, 0xabcdef0123456789);
	store(at(TIMERFRAME_CNTP_CTL), 4, 3);
	store(at(TIMERFRAME_CNTV_CVAL), 8, now + guest_hz * 1000);
	store(at(TIMERFRAME_CNTV_CTL), 4, 1);
	for (uint32_t reg = 0; reg < CAISSON_FRAME_REGS; reg++)
		value[reg] = get((enum caisson_frame_reg)reg);
	check(value[CAISSON_FRAME_CNTFRQ] == 12345 && value[CAISSON_FRAME_CNTACR] == 0x3e &&
		      value[CAISSON_FRAME_CNTVOFF] == 5 && value[CAISSON_FRAME_CNTP_CTL] == 3 &&
		      value[CAISSON_FRAME_CNTP_CVAL] == 0xabcdef0123456789 &&
		      value[CAISSON_FRAME_CNTV_CTL] == 1,
	      "FRAME_GET", 0);
	for (uint32_t reg = 0; reg < CAISSON_FRAME_REGS; reg++) {
		if (bad[reg] != 0)
			check_status(hyp_frame_set(&token, (enum caisson_frame_reg)reg, bad[reg]),
				     CAISSON_INVALID, "FRAME_SET of bad bits");
		check(get((enum caisson_frame_reg)reg) == value[reg], "changed by that", reg);
	}
	check_status(hyp_frame_set(&token, CAISSON_FRAME_REGS, 0), CAISSON_INVALID, "FRAME_SET");

	/* The same VM, to which the timer is due now; then another. */
	take_interrupts(0, frame_guest_loop, HANDLER_MASKS);
	time_set(now + guest_hz * 2000);
	check_interrupt(0, CAISSON_VM_FRAME_VIRT_INTID, now + guest_hz * 1000);
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	make_vm();
	time_set(now + guest_hz * 3000);
	for (uint32_t reg = 0; reg < CAISSON_FRAME_REGS; reg++)
		check_status(hyp_frame_set(&token, (enum caisson_frame_reg)reg, value[reg]),
			     CAISSON_OK, "FRAME_SET");
	take_interrupts(0, frame_guest_loop, HANDLER_MASKS);
	check_interrupt(0, CAISSON_VM_FRAME_VIRT_INTID, now + guest_hz * 1000);
	for (uint32_t reg = 0; reg < CAISSON_FRAME_CNTV_CTL; reg++)
		check(get((enum caisson_frame_reg)reg) == value[reg], "not kept", reg);
	store(ctl_at(TIMERFRAME_CTL_CNTACR0), 4, TIMERFRAME_ALL);
}

/* ---- hostile guests -------------------------------------------------------------------------- */

static void run_on(uint32_t cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	check(sched_setaffinity(0, sizeof(one), &one) == 0, "affinity", cpu);
}

static void *hammer(void *arg)
{
	uint32_t vcpu = *(const uint32_t *)arg;
	struct vcpu_state *state = reset(vcpu, frame_guest_hammer, true);

	run_on(vcpu);
	state->x[19] = 0;
	state->x[27] = HANDLER_COUNTS;
	state->x[3] = host_count();
	state->x[10] = HAMMERS;
	set(vcpu);
	while (run(vcpu) == RUN_EXIT_WAKE)
		;
	check(page[vcpu]->reason == RUN_EXIT_MMIO && page[vcpu]->ipa == DEVICE + AT_HAMMERED,
	      "exit instead of a report", page[vcpu]->reason);
	return NULL;
}

/* Two vCPUs on two CPUs set the timers to be due at any moment, and take their interrupts. */
static void try_hammer(void)
{
	static uint32_t number[VCPUS] = {0, 1};
	pthread_t thread[VCPUS];

	for (int i = 0; i < VCPUS; i++)
		check(pthread_create(&thread[i], NULL, hammer, &number[i]) == 0, "thread", 0);
	for (int i = 0; i < VCPUS; i++)
		check(pthread_join(thread[i], NULL) == 0, "thread", 1);
	check(page[0]->value > 0, "no interrupt", page[0]->value);
	/* The VM goes while its timer is set; another in its place has nothing of it. */
	set_by_other(TIMERFRAME_CNTV_CVAL, time_get().guest + ticks(20000), false);
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	make_vm();
	usleep(30000);
	time_set(0);
	check(get(CAISSON_FRAME_CNTV_CTL) == 0, "CTL of another VM", 0);
}

/* ---------------------------------------------------------------------------------------------- */

static void try_at(uint64_t hz)
{
	enum caisson_time_mode mode;

	guest_hz = hz;
	make_vm();
	try_none();
	time_set(UINT64_C(0x100000000) - 5);
	try_registers();
	try_counts();
	try_interrupts();
	try_wfi();
	try_wake();
	try_state();
	try_hammer();
	check_status(hyp_vm_time_set(&token, guest_hz, 0, host_count(), CAISSON_TIME_MASKED, &mode),
		     CAISSON_OK, "VM_TIME_SET that takes the frame away");
	try_none();
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
}

int main(void)
{
	static const uint64_t hz[] = {62500000, 1000000000, 1000000, 24000000};

	trial_context = context;
	__asm__("mrs %0, cntfrq_el0" : "=r"(host_hz));
	memory = mmap(NULL, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	check(memory != MAP_FAILED, "no huge pages", 0);
	memset(memory, 0, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES);
	for (uint32_t i = 0; i < VCPUS; i++)
		page[i] = (void *)(memory + (size_t)2 * CAISSON_BLOCK_BYTES + (size_t)i * 4096);
	if (hyp_open(&management) != ERR_OK)
		return 1;
	open_line();
	run_on(0);
	for (size_t i = 0; i < ARRAY_SIZE(hz); i++)
		try_at(hz[i]);
	puts("timeframe: ok");
	return 0;
}
