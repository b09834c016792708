// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that gives a VM counters of other frequencies than the host's, executes single
 * instructions in it, and holds each count and each timer against lib/timescale.h. Argument: ecv,
 * if the CPU is to trap the virtual counter, or noecv. One line: ok, or what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "lib/timescale.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE   UINT64_C(0x0a000000) /* nobody's */
#define NR_HUGE  3
#define VCPUS    2
#define RUNS_MAX 10000

#define PSTATE_EL1    UINT64_C(0x3c5)
#define PSTATE_EL0    UINT64_C(0x3c0)
#define PSTATE_EL0_32 UINT64_C(0x1d0)
#define EC_UNKNOWN    0
#define EC_CP15_RRT   4
#define EC_SVC32      0x11
#define EC_SYSREG     0x18
#define ENABLE        1
#define IMASK         2
#define ISTATUS       4
#define PPI_BIT       (1u << CAISSON_VM_PTIMER_INTID)
#define VALUE         0x20
#define EXCEPTION     0x100
#define CNTKCTL_ALL   0x303
#define EL0VCTEN      2
#define EL0PTEN       0x200
#define YEAR          UINT64_C(31557600)

#define PIECES(DO)                                                                                 \
	DO(pct_read)                                                                               \
	DO(vct_read)                                                                               \
	DO(pctss_read)                                                                             \
	DO(vctss_read)                                                                             \
	DO(p_ctl_read)                                                                             \
	DO(p_cval_read)                                                                            \
	DO(p_tval_read)                                                                            \
	DO(p_ctl_write)                                                                            \
	DO(p_cval_write)                                                                           \
	DO(p_tval_write)                                                                           \
	DO(v_ctl_read)                                                                             \
	DO(v_cval_read)                                                                            \
	DO(v_tval_read)                                                                            \
	DO(v_ctl_write)                                                                            \
	DO(v_cval_write)                                                                           \
	DO(v_tval_write)                                                                           \
	DO(mmfr0_read)                                                                             \
	DO(isar2_read)                                                                             \
	DO(load)                                                                                   \
	DO(pct_32)                                                                                 \
	DO(vct_32)                                                                                 \
	DO(p_cval_read_32)                                                                         \
	DO(v_cval_read_32)                                                                         \
	DO(p_cval_write_32)                                                                        \
	DO(v_cval_write_32)                                                                        \
	DO(p_tval_read_32)                                                                         \
	DO(v_tval_read_32)                                                                         \
	DO(p_ctl_read_32)                                                                          \
	DO(v_ctl_write_32)                                                                         \
	DO(never_32)
#define DECLARE(name) extern const uint8_t time_##name[];
PIECES(DECLARE)
extern const uint8_t time_start[], time_end[], time_vectors[], time_gic[], time_arm[], time_wait[],
	time_level[], time_spin[];

static const uint64_t frequencies[] = {1000000, 24000000, 25000000, 33333333, 62500000, 1000000000};

/* The registers of a timer: x27 of the guest's code says which. */
static const struct {
	const uint8_t *ctl_read, *cval_read, *tval_read, *ctl_write, *cval_write, *tval_write;
	uint32_t intid;
} timers[] = {
	{time_p_ctl_read, time_p_cval_read, time_p_tval_read, time_p_ctl_write, time_p_cval_write,
	 time_p_tval_write, CAISSON_VM_PTIMER_INTID},
	{time_v_ctl_read, time_v_cval_read, time_v_tval_read, time_v_ctl_write, time_v_cval_write,
	 time_v_tval_write, CAISSON_VM_TIMER_INTID},
};

static struct hyp_token management, token;
static uint32_t vm;
static struct run_page *page[VCPUS];
static struct vcpu_state *state; /* of vCPU 0 */
static struct timescale now_is;  /* what the VM's time is to be */
static const char *doing = "";
static uint64_t host_hz;
static bool has_ecv;

static const char *context(void)
{
	static char text[100];

	(void)snprintf(text, sizeof(text), "%s, guest at %llu Hz: ", doing,
		       (unsigned long long)now_is.guest_hz);
	return text;
}

static uint64_t guest_count(void)
{
	return timescale_guest(&now_is, host_count());
}

/* ---- running ------------------------------------------------------------------------------- */

static uint64_t ipa_of(const uint8_t *code)
{
	return MACHINE_RAM + (uint64_t)(code - time_start);
}

static void make_vm(void)
{
	uint8_t *memory = mmap(NULL, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no huge pages", 0);
	memset(memory, 0, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES);
	memcpy(memory + CAISSON_BLOCK_BYTES, time_start, (size_t)(time_end - time_start));
	for (uint32_t i = 0; i < VCPUS; i++)
		page[i] = (void *)(memory + (size_t)2 * CAISSON_BLOCK_BYTES + (size_t)i * 4096);
	state = &page[0]->state;
	check_status(hyp_vm_create(&management, memory, page[0], VCPUS, 0, 0, &vm, &token),
		     CAISSON_OK, "VM_CREATE");
	check_status(
		hyp_mem_share(&management, vm, memory + CAISSON_BLOCK_BYTES, MACHINE_RAM, 1, 0),
		CAISSON_OK, "MEM_SHARE");
}

static void get(void)
{
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
}

static void set(void)
{
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
}

/* Runs on to the next exit that is not Linux's interrupt. */
static enum run_exit run(void)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, 0), CAISSON_OK, "VCPU_RUN");
		if (page[0]->reason != RUN_EXIT_INTERRUPTED)
			return (enum run_exit)page[0]->reason;
	}
	get();
	fail("runs on for ever, at", state->pc - MACHINE_RAM);
	return RUN_EXIT_ENDED;
}

/* To the guest's report at this offset: what it says. */
static uint64_t run_to(uint64_t offset)
{
	enum run_exit reason = run();

	check(reason == RUN_EXIT_MMIO, "exit instead of a report", reason);
	check(page[0]->ipa == DEVICE + offset, "reports", page[0]->ipa);
	return page[0]->value;
}

static void enter(const uint8_t *code, uint64_t pstate, uint64_t x0)
{
	get();
	state->pc = ipa_of(code);
	state->pstate = pstate;
	state->x[0] = x0;
	set();
}

/* One instruction at EL1: x0 behind it. */
static uint64_t at_el1(const uint8_t *piece, uint64_t x0)
{
	enter(piece, PSTATE_EL1, x0);
	return run_to(VALUE);
}

/* At EL0, which the guest's EL1 does not let: the exception class that EL1 sees. */
static uint64_t denied_el0(const uint8_t *piece, uint64_t pstate)
{
	enter(piece, pstate, 0);
	return run_to(EXCEPTION) >> 26;
}

static uint64_t at_el0(const uint8_t *piece, uint64_t x0)
{
	enter(piece, PSTATE_EL0, x0);
	return run_to(VALUE);
}

/* In AArch32: both registers behind it. */
static uint64_t at_el0_32(const uint8_t *piece, uint64_t value)
{
	enter(piece, PSTATE_EL0_32, (uint32_t)value);
	state->x[1] = value >> 32;
	set();
	check(run_to(EXCEPTION) >> 26 == EC_SVC32, "exception of AArch32", page[0]->value);
	get();
	return state->x[1] << 32 | state->x[0];
}

static void reset(void)
{
	check_status(hyp_vcpu_init(&token, 0, page[0], ipa_of(time_spin), 0), CAISSON_OK,
		     "VCPU_INIT");
	get();
	check(state->cntp_ctl_el0 == 0 && state->cntv_ctl_el0 == 0, "timers after a reset", 0);
	state->vbar_el1 = ipa_of(time_vectors);
	state->x[28] = DEVICE;
	state->x[26] = CAISSON_VM_GICD;
	state->x[25] = hyp_gic_version() == 2 ? CAISSON_VM_GICC : 0;
	set();
	enter(time_gic, PSTATE_EL1, 0);
	(void)run_to(0x130);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* From now on the guest counts by hz, from g0. */
static void set_time(uint64_t hz, uint64_t g0, uint64_t flags)
{
	enum caisson_time_mode mode, wanted = CAISSON_TIME_MODE_NATIVE;
	struct hyp_vm_time vm_time;
	uint64_t h0 = host_count();

	if (flags != 0)
		wanted = flags == CAISSON_TIME_MASKED ? CAISSON_TIME_MODE_MASKED
						      : CAISSON_TIME_MODE_FRAME;
	else if (hz != host_hz)
		wanted = CAISSON_TIME_MODE_ECV;
	check(timescale_set(&now_is, hz, host_hz, g0, h0) == ERR_OK, "frequency", hz);
	check_status(hyp_vm_time_set(&token, hz, g0, h0, flags, &mode), CAISSON_OK, "VM_TIME_SET");
	check(mode == wanted, "mode", mode);
	check_status(hyp_vm_time_get(&token, &vm_time), CAISSON_OK, "VM_TIME_GET");
	check(vm_time.hz == hz && vm_time.mode == wanted, "VM_TIME_GET's", vm_time.hz);
	check(vm_time.host >= h0 && vm_time.host <= host_count(), "host's", vm_time.host);
	check(vm_time.guest == timescale_guest(&now_is, vm_time.host), "guest's", vm_time.guest);
}

/* A count that was read after the host's was `before`. */
static void check_count(uint64_t count, uint64_t before, const char *what)
{
	uint64_t first = timescale_guest(&now_is, before);

	check(count - first <= guest_count() - first, what, count);
}

static void try_call(void)
{
	static const uint64_t bad[] = {0, 1, 999999, 1000000001, UINT64_MAX};
	enum caisson_time_mode mode;
	struct hyp_vm_time vm_time;
	uint64_t h0 = host_count();

	doing = "VM_TIME_SET";
	check_status(hyp_vm_time_get(&token, &vm_time), CAISSON_OK, "VM_TIME_GET");
	check(vm_time.hz == host_hz && vm_time.mode == CAISSON_TIME_MODE_NATIVE &&
		      vm_time.guest < vm_time.host,
	      "without it", vm_time.hz);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_status(hyp_vm_time_set(&token, bad[i], 0, h0, CAISSON_TIME_FRAME, &mode),
			     CAISSON_INVALID, "bad frequency");
	check_status(hyp_vm_time_set(&token, host_hz, 0, h0, 3, &mode), CAISSON_INVALID, "flags");
	check_status(hyp_vm_time_set(&token, host_hz, 0, h0, UINT64_MAX, &mode), CAISSON_INVALID,
		     "flags");
	check_status(hyp_vm_time_set(&token, host_hz, 0, h0 + host_hz * YEAR, 0, &mode),
		     CAISSON_INVALID, "the future");
	check_status(hyp_vm_time_set(&management, host_hz, 0, h0, 0, &mode), CAISSON_DENIED,
		     "management's token");
	check_status(hyp_vm_time_get(&management, &vm_time), CAISSON_DENIED, "its token");
	if (!has_ecv)
		check_status(hyp_vm_time_set(&token, host_hz / 2, 0, h0, 0, &mode),
			     CAISSON_UNSUPPORTED, "what cannot be served");
	check_status(hyp_vm_time_get(&token, &vm_time), CAISSON_OK, "VM_TIME_GET");
	check(vm_time.hz == host_hz, "changed all the same", vm_time.hz);
}

/* While a vCPU runs nothing of it may change. */
static void try_call_running(void)
{
	enum caisson_time_mode mode;
	pid_t child;
	int status;

	doing = "VM_TIME_SET of what runs";
	check_status(hyp_vcpu_init(&token, 1, page[1], ipa_of(time_spin), 0), CAISSON_OK,
		     "VCPU_INIT");
	child = fork();
	if (child == 0) {
		do {
			if (hyp_vcpu_run(&token, 1) != CAISSON_OK)
				_exit(1);
		} while (page[1]->immediate_exit == 0);
		_exit(0);
	}
	for (int i = 0;; i++) {
		enum caisson_status got =
			hyp_vm_time_set(&token, host_hz, 0, host_count(), 0, &mode);

		if (got == CAISSON_STATE)
			break;
		check_status(got, CAISSON_OK, "VM_TIME_SET");
		check(i < RUNS_MAX, "never while it runs", 0);
		usleep(100);
	}
	page[1]->immediate_exit = 1;
	check(waitpid(child, &status, 0) == child && status == 0, "the other process", status);
	page[1]->immediate_exit = 0;
}

static void try_counters(bool virtual_too)
{
	uint64_t before, count, last = 0;

	doing = "counter";
	for (int i = 0; i < 8; i++) {
		before = host_count();
		count = at_el1(time_pct_read, 0);
		check_count(count, before, "CNTPCT_EL0");
		check(last == 0 || count - last < UINT64_MAX / 2, "backwards", count - last);
		last = count;
		if (virtual_too) {
			before = host_count();
			count = at_el1(time_vct_read, 0);
			check_count(count, before, "CNTVCT_EL0");
			check(count - last < UINT64_MAX / 2, "backwards", count - last);
			last = count;
		}
	}
	if (has_ecv) { /* hidden, but what is there works */
		before = host_count();
		check_count(at_el1(time_pctss_read, 0), before, "CNTPCTSS_EL0");
		before = host_count();
		if (virtual_too)
			check_count(at_el1(time_vctss_read, 0), before, "CNTVCTSS_EL0");
	}
}

/* Which bits a timer shows, with its compare value in the past, now and far away. */
static void try_registers(int t)
{
	uint64_t before, tval, cval;

	doing = t ? "virtual timer" : "physical timer";
	(void)at_el1(timers[t].ctl_write, UINT64_MAX & ~(uint64_t)ENABLE);
	check((at_el1(timers[t].ctl_read, 0) & ~(uint64_t)ISTATUS) == IMASK, "CTL, disabled", 0);
	(void)at_el1(timers[t].cval_write, 0);
	check(at_el1(timers[t].cval_read, 0) == 0, "CVAL", 0);
	(void)at_el1(timers[t].ctl_write, ENABLE | IMASK);
	check(at_el1(timers[t].ctl_read, 0) == (ENABLE | IMASK | ISTATUS), "CTL, past", 0);
	(void)at_el1(timers[t].cval_write, UINT64_MAX);
	check(at_el1(timers[t].cval_read, 0) == UINT64_MAX, "CVAL, far away", 0);
	check(at_el1(timers[t].ctl_read, 0) == (ENABLE | IMASK), "CTL, far away", 0);
	cval = guest_count() + now_is.guest_hz * 1000;
	(void)at_el1(timers[t].cval_write, cval);
	check(at_el1(timers[t].ctl_read, 0) == (ENABLE | IMASK), "CTL, future", 0);
	before = host_count();
	tval = at_el1(timers[t].tval_read, 0);
	check(tval >> 32 == 0, "TVAL's upper half", tval);
	check((uint32_t)(timescale_guest(&now_is, before) - (cval - tval)) == 0 ||
		      (uint32_t)(cval - tval - timescale_guest(&now_is, before)) <=
			      (uint32_t)(guest_count() - timescale_guest(&now_is, before)),
	      "TVAL", tval);
	/* TVAL is signed. */
	for (int i = 0; i < 3; i++) {
		static const uint32_t values[] = {0xffffffff, 0x80000000, 0x7fffffff};
		uint64_t first;

		before = host_count();
		(void)at_el1(timers[t].tval_write, UINT64_C(0x1234567800000000) | values[i]);
		cval = at_el1(timers[t].cval_read, 0) - (uint64_t)(int64_t)(int32_t)values[i];
		first = timescale_guest(&now_is, before);
		check(cval - first <= guest_count() - first, "CVAL after TVAL", values[i]);
		check((at_el1(timers[t].ctl_read, 0) & ISTATUS) == (i < 2 ? ISTATUS : 0),
		      "ISTATUS after TVAL", values[i]);
	}
	(void)at_el1(timers[t].ctl_write, 0);
	check((at_el1(timers[t].ctl_read, 0) & (ENABLE | IMASK)) == 0, "CTL, off", 0);
}

/* What the guest counts at an interrupt, and what it had been set to. */
static void check_count_at(uint64_t cval)
{
	uint64_t count = run_to(0x120);

	check(count - cval < now_is.guest_hz * 1000, "early, by", cval - count);
	check(count - now_is.g0 <= guest_count() - now_is.g0, "count", count);
	(void)run_to(0x138);
}

static void check_interrupt(int t, uint64_t cval)
{
	uint64_t intid = run_to(0x118);

	check(intid == timers[t].intid, "INTID", intid);
	check_count_at(cval);
}

/* An interrupt in `ticks`. wfi: a vCPU that waits says when it is to go on, to the tick. */
static void try_interrupt(int t, uint64_t ticks, bool wfi)
{
	uint64_t cval, deadline, wanted;
	enum run_exit reason;

	doing = t ? "virtual timer's interrupt" : "physical timer's interrupt";
	get();
	state->x[27] = (uint64_t)t;
	state->x[24] = 0;
	state->x[23] = wfi;
	set();
	enter(time_arm, PSTATE_EL1, ticks);
	cval = run_to(0x128);
	wanted = timescale_deadline(&now_is, host_count(), cval);
	for (reason = run(); reason == RUN_EXIT_WFI; reason = run()) {
		deadline = page[0]->deadline;
		check(deadline == wanted, "deadline off by", deadline - wanted);
		while (host_count() < deadline)
			usleep(100);
	}
	check(reason == RUN_EXIT_MMIO && page[0]->ipa == DEVICE + 0x118, "exit", reason);
	check(page[0]->value == timers[t].intid, "INTID", page[0]->value);
	check_count_at(cval);
}

/* A handler that leaves its timer as it is is called again; one that masks it is not. */
static void try_again(int t)
{
	enum run_exit reason;
	uint64_t cval;

	doing = t ? "virtual timer's level" : "physical timer's level";
	get();
	state->x[27] = (uint64_t)t;
	state->x[24] = 2;
	state->x[23] = 1;
	set();
	enter(time_arm, PSTATE_EL1, now_is.guest_hz / 10000);
	cval = run_to(0x128);
	for (reason = run(); reason == RUN_EXIT_WFI; reason = run())
		usleep(100);
	check(page[0]->value == timers[t].intid, "INTID", page[0]->value);
	check_count_at(cval);
	check_interrupt(t, cval);
	reason = run();
	check(reason == RUN_EXIT_WFI && page[0]->deadline == UINT64_MAX, "a third one", reason);
	/* It comes when it is enabled again, and goes when it is masked by its handler. */
	get();
	state->x[24] = 1;
	*(t ? &state->cntv_ctl_el0 : &state->cntp_ctl_el0) = ENABLE;
	set();
	check_interrupt(t, cval);
	reason = run();
	check(reason == RUN_EXIT_WFI && page[0]->deadline == UINT64_MAX, "masked", reason);
	get();
	check((t ? state->cntv_ctl_el0 : state->cntp_ctl_el0) == (ENABLE | IMASK), "CTL", t);
}

/* The physical timer's line, as the GIC shows it. */
static void try_level(void)
{
	static const bool wanted[] = {true, false, true, false};

	doing = "physical timer's line";
	get();
	state->x[1] = hyp_gic_version() == 2 ? CAISSON_VM_GICD + 0x200 : CAISSON_VM_GICR + 0x10200;
	set();
	enter(time_level, PSTATE_EL1, 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		check(!!(run_to(VALUE) & PPI_BIT) == wanted[i], "GICR_ISPENDR0", i);
}

/* Each right by itself: the virtual counter's is not the physical one's, nor a timer's. */
static void try_rights(bool virtual_too)
{
	uint64_t before;

	get();
	state->cntkctl_el1 = EL0VCTEN;
	set();
	check(denied_el0(time_pct_read, PSTATE_EL0) == EC_SYSREG, "CNTPCT_EL0", page[0]->value);
	check(denied_el0(time_v_ctl_read, PSTATE_EL0) == EC_SYSREG, "CNTV_CTL_EL0", page[0]->value);
	before = host_count();
	if (virtual_too)
		check_count(at_el0(time_vct_read, 0), before, "CNTVCT_EL0 alone");
	get();
	state->cntkctl_el1 = EL0PTEN;
	set();
	check(denied_el0(time_vct_read, PSTATE_EL0) == EC_SYSREG, "CNTVCT_EL0", page[0]->value);
	check(denied_el0(time_v_ctl_read, PSTATE_EL0) == EC_SYSREG, "CNTV_CTL_EL0", page[0]->value);
	(void)at_el0(time_p_cval_write, 78);
	check(at_el0(time_p_cval_read, 0) == 78, "CNTP_CVAL_EL0 alone", page[0]->value);
}

/* What EL1 does not let EL0 do does not come to EL2, and the rest works. */
static void try_el0(bool virtual_too)
{
	uint64_t before;

	doing = "EL0";
	get();
	state->cntkctl_el1 = 0;
	set();
	check(denied_el0(time_pct_read, PSTATE_EL0) == EC_SYSREG, "CNTPCT_EL0", page[0]->value);
	check(denied_el0(time_vct_read, PSTATE_EL0) == EC_SYSREG, "CNTVCT_EL0", page[0]->value);
	check(denied_el0(time_p_ctl_read, PSTATE_EL0) == EC_SYSREG, "CNTP_CTL_EL0", page[0]->value);
	check(denied_el0(time_p_tval_write, PSTATE_EL0) == EC_SYSREG, "CNTP_TVAL_EL0",
	      page[0]->value);
	check(denied_el0(time_v_cval_read, PSTATE_EL0) == EC_SYSREG, "CNTV_CVAL_EL0",
	      page[0]->value);
	check(denied_el0(time_vct_32, PSTATE_EL0_32) == EC_CP15_RRT, "AArch32's CNTVCT",
	      page[0]->value);
	try_rights(virtual_too);
	get();
	state->cntkctl_el1 = CNTKCTL_ALL;
	set();
	before = host_count();
	check_count(at_el0(time_pct_read, 0), before, "CNTPCT_EL0");
	(void)at_el0(time_p_cval_write, 77);
	check(at_el0(time_p_cval_read, 0) == 77, "CNTP_CVAL_EL0", page[0]->value);
	before = host_count();
	check_count(at_el0_32(time_pct_32, 0), before, "AArch32's CNTPCT");
	check(at_el0_32(time_never_32, 0x500000006) == 0x500000006, "a condition", state->x[0]);
	(void)at_el0_32(time_p_cval_write_32, 0x1234567890abcdef);
	check(at_el0_32(time_p_cval_read_32, 0) == 0x1234567890abcdef, "AArch32's CNTP_CVAL", 0);
	check((uint32_t)at_el0_32(time_p_ctl_read_32, 0) == (ENABLE | IMASK), /* by try_again() */
	      "AArch32's CNTP_CTL", state->x[0]);
	check(at_el0_32(time_p_tval_read_32, 0) >> 32 == 0, "AArch32's CNTP_TVAL", state->x[1]);
	if (!virtual_too)
		return;
	before = host_count();
	check_count(at_el0(time_vct_read, 0), before, "CNTVCT_EL0");
	before = host_count();
	check_count(at_el0_32(time_vct_32, 0), before, "AArch32's CNTVCT");
	(void)at_el0_32(time_v_cval_write_32, 0xfedcba0987654321);
	(void)at_el0_32(time_v_ctl_write_32, IMASK);
	check(at_el0_32(time_v_cval_read_32, 0) == 0xfedcba0987654321, "AArch32's CNTV_CVAL", 0);
	get();
	check(state->cntv_cval_el0 == 0xfedcba0987654321 && state->cntv_ctl_el0 == IMASK,
	      "VCPU_GET's", state->cntv_cval_el0);
}

/* The guest's count wraps, a timer that was set for before that having been in time. */
static void try_wrap(uint64_t hz, uint64_t flags, int t)
{
	uint64_t g0 = 0 - hz / 2, cval = 0 - hz / 4, count = g0;
	bool wrapped = false;

	set_time(hz, g0, flags);
	doing = "wrap";
	get();
	state->x[27] = (uint64_t)t;
	state->x[24] = state->x[23] = 0;
	*(t ? &state->cntv_cval_el0 : &state->cntp_cval_el0) = cval;
	*(t ? &state->cntv_ctl_el0 : &state->cntp_ctl_el0) = ENABLE;
	set();
	enter(time_wait, PSTATE_EL1, 0);
	check_interrupt(t, cval);
	for (int i = 0; i < RUNS_MAX && !wrapped; i++) {
		count = at_el1(time_pct_read, 0);
		wrapped = count < hz * 100;
		check(wrapped || count >= g0, "count", count);
		usleep(1000);
	}
	check(wrapped, "never", count);
	(void)at_el1(timers[t].cval_write, guest_count() + hz * 1000);
	(void)at_el1(timers[t].ctl_write, ENABLE | IMASK);
	check(at_el1(timers[t].ctl_read, 0) == (ENABLE | IMASK), "CTL behind it", 0);
	(void)at_el1(timers[t].ctl_write, 0);
}

/* Timers that are set stay what they are when the VM goes on at a host of another frequency. */
static void try_move(uint64_t hz)
{
	uint64_t g0, cval;

	set_time(host_hz, 1000, 0);
	doing = "moving on";
	reset();
	cval = guest_count() + hz / 5;
	get();
	state->cntv_ctl_el0 = ENABLE;
	state->cntv_cval_el0 = cval;
	state->cntp_ctl_el0 = ENABLE | IMASK;
	state->cntp_cval_el0 = cval + 5;
	state->x[27] = 1;
	state->x[24] = state->x[23] = 0;
	set();
	enter(time_wait, PSTATE_EL1, 0);
	g0 = guest_count();
	set_time(hz, g0, 0);
	doing = "moving on";
	get();
	check(state->cntv_ctl_el0 == ENABLE && state->cntv_cval_el0 == cval, "CNTV",
	      state->cntv_cval_el0);
	check(state->cntp_ctl_el0 == (ENABLE | IMASK) && state->cntp_cval_el0 == cval + 5, "CNTP",
	      state->cntp_cval_el0);
	check_interrupt(1, cval);
	check(at_el1(time_p_ctl_read, 0) == (ENABLE | IMASK) ||
		      at_el1(time_p_ctl_read, 0) == (ENABLE | IMASK | ISTATUS),
	      "CNTP_CTL_EL0", page[0]->value);
}

static void try_all(uint64_t hz, uint64_t flags)
{
	bool virtual_too = hz == host_hz || has_ecv;

	set_time(hz, hz * YEAR, flags);
	reset();
	try_counters(virtual_too);
	for (int t = 0; t <= (virtual_too ? 1 : 0); t++) {
		try_registers(t);
		try_interrupt(t, hz / 1000, false);
		try_interrupt(t, hz / 100, true);
		try_interrupt(t, 0, true);
		try_again(t);
	}
	try_level();
	try_el0(virtual_too);
}

static void try_hidden(void)
{
	doing = "ID registers";
	check(at_el1(time_mmfr0_read, 0) >> 60 == 0, "ECV", page[0]->value);
	check((at_el1(time_isar2_read, 0) & 15) == 0, "WFxT", page[0]->value);
}

int main(int argc, char **argv)
{
	has_ecv = argc > 1 && strcmp(argv[1], "ecv") == 0;
	trial_context = context;
	__asm__("mrs %0, cntfrq_el0" : "=r"(host_hz));
	if (hyp_open(&management) != ERR_OK)
		fail("no Caisson", 0);
	now_is.guest_hz = host_hz;
	make_vm();
	try_call();
	try_call_running();
	try_all(host_hz, 0);
	try_hidden();
	for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
		if (has_ecv)
			try_all(frequencies[i], 0);
		else
			try_all(frequencies[i], i & 1 ? CAISSON_TIME_FRAME : CAISSON_TIME_MASKED);
	}
	try_wrap(host_hz, 0, 0);
	try_wrap(host_hz, 0, 1);
	try_wrap(host_hz == 33333333 ? 25000000 : 33333333, CAISSON_TIME_MASKED, 0);
	if (has_ecv) {
		try_wrap(host_hz == 33333333 ? 25000000 : 33333333, 0, 1);
		try_move(1000000000);
		try_move(1000000);
	}
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	puts("time: ok");
	return 0;
}
