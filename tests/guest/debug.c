// SPDX-License-Identifier: BSD-2-Clause
/*
 * Self-hosted debug: breakpoints, watchpoints and single step at EL1 and EL0, also over
 * instructions that a hypervisor carries out; the debug registers of AArch32 at EL0.
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gen.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/sandbox.h"

#define R(op0, op1, crn, crm, op2) GEN_SYSREG(op0, op1, crn, crm, op2)

#define MDSCR_SS   (1 << 0)
#define MDSCR_TDCC (1 << 12)
#define MDSCR_KDE  (1 << 13)
#define MDSCR_MDE  (1 << 15)

#define OSLSR_OSLK 2

/* DBGBCR, DBGWCR: enabled; at EL1 or EL0; all four bytes; of watchpoints eight, load and store. */
#define CONTROL_E    1
#define CONTROL_EL1  (1 << 1)
#define CONTROL_EL0  (2 << 1)
#define BCR_ALL      (0xf << 5)
#define WCR_ALL      (0xff << 5 | 3 << 3)
#define FLAGS        0xf0000000
#define INSN_NOP     0xd503201f
#define INSN_MDCCSR  0xd533011f /* mrs xzr, mdccsr_el0 */
#define INSN_STR     0xf9000001 /* str x1, [x0] */
#define INSN_LDR     0xf9400001 /* ldr x1, [x0] */
#define A32_NOP      0xe320f000
#define CALL_VERSION 0x4341495300000000

static struct sandbox_regs regs;
static uint64_t rounds_ms;

static void mdscr_set(uint64_t value)
{
	sysreg_write(mdscr_el1, value);
	isb();
}

static void points_clear(void)
{
	mdscr_set(0);
	sysreg_write(dbgbcr0_el1, 0);
	sysreg_write(dbgbcr1_el1, 0);
	sysreg_write(dbgwcr0_el1, 0);
	sysreg_write(dbgwcr1_el1, 0);
	isb();
}

static unsigned int ec_of(unsigned int lower, enum sandbox_mode mode)
{
	return mode == SANDBOX_EL1 ? lower + 1 : lower;
}

/* ---- registers */

static void test_registers(void)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1), value = 0;
	unsigned int n, op2;

	for (op2 = 4; op2 < 8; op2++)
		for (n = 0; n < 16; n++) {
			unsigned int last = op2 < 6 ? bits(dfr0, 15, 12) : bits(dfr0, 23, 20);
			uint32_t key = R(2, 0, 0, n, op2);
			/* An address; a control register that stays disabled. */
			uint64_t want = op2 & 1 ? 0x1e0 : 0x40001000 + 64 * n;

			CHECK_SHOW((gen_msr(key, want).count == 0) == (n <= last), key, last);
			if (n > last || !CHECK_EQ(gen_mrs(key, &value).count, 0))
				continue;
			CHECK_SHOW(value == want, want, value);
		}
	for (n = 0; n <= bits(dfr0, 15, 12); n++)
		CHECK_EQ(gen_msr(R(2, 0, 0, n, 5), 0).count, 0);
	for (n = 0; n <= bits(dfr0, 23, 20); n++)
		CHECK_EQ(gen_msr(R(2, 0, 0, n, 7), 0).count, 0);
	CHECK(bits(dfr0, 15, 12) >= 1 && bits(dfr0, 23, 20) >= 1);
}

/* ---- breakpoints and watchpoints */

static void breakpoint_set(uint64_t addr, uint64_t control)
{
	sysreg_write(dbgbvr0_el1, addr);
	sysreg_write(dbgbcr0_el1, control);
	isb();
}

static void watchpoint_set(uint64_t addr, uint64_t control)
{
	sysreg_write(dbgwvr0_el1, addr);
	sysreg_write(dbgwcr0_el1, control);
	isb();
}

/* At EL1 debug exceptions need PSTATE.D clear: sandbox_step() sees to that. */
static uint64_t run(uint32_t word, enum sandbox_mode mode)
{
	return mode == SANDBOX_EL1 ? sandbox_step(word, &regs, mode)
				   : sandbox_run(word, &regs, mode);
}

static void breakpoint_check(enum sandbox_mode mode)
{
	uint64_t level = mode == SANDBOX_EL1 ? CONTROL_EL1 : CONTROL_EL0;

	breakpoint_set(sandbox_code(mode), CONTROL_E | level | BCR_ALL);
	mdscr_set(MDSCR_MDE | MDSCR_KDE);
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), ec_of(EC_BREAKPOINT_LOWER, mode));
	CHECK_EQ(sandbox_frame()->elr, 0);
	/* At the other exception level, at another address, disabled: nothing. */
	breakpoint_set(sandbox_code(mode),
		       CONTROL_E | (level ^ CONTROL_EL1 ^ CONTROL_EL0) | BCR_ALL);
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), EC_SVC64);
	breakpoint_set(sandbox_code(mode) + 8, CONTROL_E | level | BCR_ALL);
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), EC_SVC64);
	breakpoint_set(sandbox_code(mode), level | BCR_ALL);
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), EC_SVC64);
	/* In the second register. */
	sysreg_write(dbgbvr1_el1, sandbox_code(mode));
	sysreg_write(dbgbcr1_el1, CONTROL_E | level | BCR_ALL);
	isb();
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), ec_of(EC_BREAKPOINT_LOWER, mode));
	mdscr_set(0);
	CHECK_EQ(ESR_EC(run(INSN_NOP, mode)), EC_SVC64);
	points_clear();
}

static void test_breakpoint(void)
{
	breakpoint_check(SANDBOX_EL1);
	breakpoint_check(SANDBOX_EL0);
}

static void watchpoint_check(enum sandbox_mode mode)
{
	uint64_t level = mode == SANDBOX_EL1 ? CONTROL_EL1 : CONTROL_EL0;
	const uint64_t at = sandbox_data() + 64;

	regs.x[0] = at;
	watchpoint_set(at, CONTROL_E | level | WCR_ALL);
	mdscr_set(MDSCR_MDE | MDSCR_KDE);
	CHECK_EQ(ESR_EC(run(INSN_STR, mode)), ec_of(EC_WATCHPOINT_LOWER, mode));
	CHECK_EQ(sandbox_frame()->elr, 0);
	CHECK_EQ(sandbox_frame()->far, at);
	CHECK_EQ(ESR_EC(run(INSN_LDR, mode)), ec_of(EC_WATCHPOINT_LOWER, mode));
	regs.x[0] = at + 8;
	CHECK_EQ(ESR_EC(run(INSN_STR, mode)), EC_SVC64);
	regs.x[0] = at;
	watchpoint_set(at, CONTROL_E | level | 0xff << 5 | 2 << 3); /* stores only */
	CHECK_EQ(ESR_EC(run(INSN_LDR, mode)), EC_SVC64);
	points_clear();
	CHECK_EQ(ESR_EC(run(INSN_STR, mode)), EC_SVC64);
}

static void test_watchpoint(void)
{
	watchpoint_check(SANDBOX_EL1);
	watchpoint_check(SANDBOX_EL0);
}

static void test_os_lock(void)
{
	uint64_t value;

	breakpoint_set(sandbox_code(SANDBOX_EL0), CONTROL_E | CONTROL_EL0 | BCR_ALL);
	mdscr_set(MDSCR_MDE | MDSCR_KDE);
	CHECK_EQ(gen_msr(R(2, 0, 1, 0, 4), 1).count, 0); /* OSLAR_EL1 */
	CHECK_EQ(gen_mrs(R(2, 0, 1, 1, 4), &value).count, 0);
	CHECK(value & OSLSR_OSLK);
	CHECK_EQ(ESR_EC(run(INSN_NOP, SANDBOX_EL0)), EC_SVC64);
	CHECK_EQ(gen_msr(R(2, 0, 1, 0, 4), 0).count, 0);
	CHECK_EQ(gen_mrs(R(2, 0, 1, 1, 4), &value).count, 0);
	CHECK(!(value & OSLSR_OSLK));
	CHECK_EQ(ESR_EC(run(INSN_NOP, SANDBOX_EL0)), EC_BREAKPOINT_LOWER);
	points_clear();
}

/* They outlast exits of all kinds and the time that other worlds have the CPU. */
static void test_kept(void)
{
	uint64_t end = time_now() + time_ticks_us(rounds_ms * 1000), value, round = 0;
	const uint64_t mine = 0x40000000 + (time_now() & 0xffff0);

	breakpoint_set(sandbox_code(SANDBOX_EL0), CONTROL_E | CONTROL_EL0 | BCR_ALL);
	watchpoint_set(sandbox_data(), CONTROL_E | CONTROL_EL0 | WCR_ALL);
	sysreg_write(dbgbvr1_el1, mine);
	regs.x[0] = sandbox_data();
	mdscr_set(MDSCR_MDE);
	do {
		gic_enable(gic_timer_virt_intid);
		sysreg_write(cntv_tval_el0, time_ticks_us(1000));
		sysreg_write(cntv_ctl_el0, 1);
		wfi();
		sysreg_write(cntv_ctl_el0, 0);
		isb();
		print("%s", round % 64 ? "." : "\n");
		(void)psci_call(PSCI_VERSION, 0, 0, 0);
		CHECK_EQ(gen_mrs(R(2, 0, 0, 1, 4), &value).count, 0); /* DBGBVR1_EL1 */
		if (!CHECK_EQ(value, mine) ||
		    !CHECK_EQ(ESR_EC(run(INSN_NOP, SANDBOX_EL0)), EC_BREAKPOINT_LOWER))
			break;
		breakpoint_set(sandbox_code(SANDBOX_EL0), CONTROL_EL0 | BCR_ALL);
		CHECK_EQ(ESR_EC(run(INSN_STR, SANDBOX_EL0)), EC_WATCHPOINT_LOWER);
		breakpoint_set(sandbox_code(SANDBOX_EL0), CONTROL_E | CONTROL_EL0 | BCR_ALL);
		round++;
	} while (time_now() < end);
	print("\nINFO %lu rounds\n", round);
	points_clear();
	gic_reset();
}

/* ---- single step */

static void step_check(uint32_t word, enum sandbox_mode mode)
{
	uint64_t esr = sandbox_step(word, &regs, mode);

	CHECK_SHOW(ESR_EC(esr) == ec_of(EC_STEP_LOWER, mode), word, esr);
	CHECK_SHOW(sandbox_frame()->elr == 4, word, sandbox_frame()->elr);
}

static void test_step(void)
{
	/* x0: PSCI_VERSION; x1: a register of the distributor. */
	static const uint32_t el1[] = {
		INSN_NOP,   INSN_MDCCSR, 0xd5380400, /* mrs x0, id_aa64pfr0_el1 */
		0xd5100240,                          /* msr mdscr_el1, x0 */
		0xd5300240,                          /* mrs x0, mdscr_el1 */
		0xd4000002,                          /* hvc #0 */
		0xd4000003,                          /* smc #0 */
		0xb9400022,                          /* ldr w2, [x1] */
		0xb900003f,                          /* str wzr, [x1] */
		0xd5381020,                          /* mrs x0, actlr_el1 */
	};
	static const uint32_t el0[] = {INSN_NOP, INSN_MDCCSR, 0xd5330102, 0xf9400062};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(el1); i++) {
		regs.x[0] = el1[i] == 0xd5100240 ? MDSCR_SS | MDSCR_KDE : PSCI_VERSION;
		regs.x[1] = gicd_base + GICD_IPRIORITYR + 64;
		mdscr_set(MDSCR_SS | MDSCR_KDE);
		step_check(el1[i], SANDBOX_EL1);
	}
	mdscr_set(MDSCR_SS);
	regs.x[3] = sandbox_data();
	for (i = 0; i < ARRAY_SIZE(el0); i++)
		step_check(el0[i], SANDBOX_EL0);
	/* A step that is not wanted does not come; UNDEFINED goes first. */
	CHECK_EQ(ESR_EC(sandbox_run(INSN_NOP, &regs, SANDBOX_EL0)), EC_STEP_LOWER);
	CHECK_EQ(sandbox_frame()->elr, 0);
	CHECK_EQ(ESR_EC(sandbox_step(0, &regs, SANDBOX_EL0)), EC_UNKNOWN);
	mdscr_set(MDSCR_SS | MDSCR_TDCC);
	CHECK_EQ(ESR_EC(sandbox_step(INSN_MDCCSR, &regs, SANDBOX_EL0)), EC_SYSREG);
	mdscr_set(0);
	CHECK_EQ(ESR_EC(sandbox_step(INSN_MDCCSR, &regs, SANDBOX_EL0)), EC_SVC64);
}

/* Over a hypercall: by the service VM's slot it is one, in a user VM the register reads as 0. */
static void test_step_call(void)
{
	enum sandbox_mode mode;

	if (!dt_caisson()) {
		check_skip("not the service VM");
		return;
	}
	for (mode = SANDBOX_EL1; mode <= SANDBOX_EL0; mode++) {
		regs.x[0] = CALL_VERSION;
		mdscr_set(MDSCR_SS | MDSCR_KDE);
		step_check(INSN_MDCCSR, mode);
		CHECK_EQ(sandbox_frame()->x[0], 0);
		CHECK(sandbox_frame()->x[2] == cpu_count);
		mdscr_set(0);
	}
}

/* ---- AArch32 */

enum a32_effect { A32_NOTHING, A32_ZERO, A32_DIDR, A32_FLAGS, A32_UNDEFINED };

/*
 * Trapped or not, each has the effect that the architecture asks for. QEMU lacks some of these
 * registers for EL0, and has DBGDTRRXint under opc1 3, which the architecture does not know.
 */
static const struct {
	uint32_t word;
	enum a32_effect effect;
	uint32_t ec; /* with MDSCR_EL1.TDCC */
} a32[] = {
	{0xee100e10, A32_DIDR, EC_CP14},         /* mrc p14, 0, r0, c0, c0, 0: DBGDIDR */
	{0xee100e11, A32_ZERO, EC_CP14},         /* mrc p14, 0, r0, c0, c1, 0: DBGDSCRint */
	{0xee10fe11, A32_FLAGS, EC_CP14},        /* mrc p14, 0, APSR_nzcv, c0, c1, 0 */
	{0xee100e15, A32_ZERO, EC_CP14},         /* mrc p14, 0, r0, c0, c5, 0: DBGDTRRXint */
	{0xee000e15, A32_NOTHING, EC_CP14},      /* mcr p14, 0, r0, c0, c5, 0: DBGDTRTXint */
	{0xee110e10, A32_ZERO, EC_CP14},         /* mrc p14, 0, r0, c1, c0, 0: DBGDRAR */
	{0xee120e10, A32_ZERO, EC_CP14},         /* mrc p14, 0, r0, c2, c0, 0: DBGDSAR */
	{0xec510e01, A32_ZERO, EC_CP14_RRT},     /* mrrc p14, 0, r0, r1, c1: DBGDRAR */
	{0xec510e02, A32_ZERO, EC_CP14_RRT},     /* mrrc p14, 0, r0, r1, c2: DBGDSAR */
	{0xedd05e00, A32_UNDEFINED, EC_CP14_LS}, /* ldcl p14, c5, [r0] */
	{0xed905e00, A32_UNDEFINED, EC_CP14_LS}, /* ldc p14, c5, [r0] */
	{0xed805e00, A32_UNDEFINED, EC_CP14_LS}, /* stc p14, c5, [r0] */
	{0xee700e15, A32_UNDEFINED, EC_CP14},    /* mrc p14, 3, r0, c0, c5, 0 */
	{0xee100e12, A32_UNDEFINED, EC_CP14},    /* mrc p14, 0, r0, c0, c2, 0: DBGDCCINT, of EL1 */
	{0xee300e10, A32_UNDEFINED, EC_CP14},    /* mrc p14, 1, r0, c0, c0, 0: trace */
	{0xee100f10, A32_UNDEFINED, EC_CP15},    /* mrc p15, 0, r0, c0, c0, 0: MIDR */
	{0xee190f1c, A32_UNDEFINED, EC_CP15},    /* mrc p15, 0, r0, c9, c12, 0: PMCR */
	{0xec510f0e, A32_UNDEFINED, 0x04},       /* mrrc p15, 0, r0, r1, c14: CNTPCT, not allowed */
};

static unsigned int a32_answered; /* of the table, not UNDEFINED */
static uint32_t a32_word;         /* the last of them */

static void a32_check(unsigned int i)
{
	const struct exc_frame *frame = sandbox_frame();
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
	uint64_t esr;

	regs.x[0] = 0x00000000a5a5a5a5;
	regs.x[1] = 0x000000005a5a5a5a;
	esr = sandbox_run(a32[i].word, &regs, SANDBOX_A32);
	if (ESR_EC(esr) != EC_SVC32) {
		/* From EL0, UNDEFINED is one or the other, as the CPU has it. */
		CHECK_SHOW(ESR_EC(esr) == EC_UNKNOWN || ESR_EC(esr) == EC_CP15 ||
				   ESR_EC(esr) == 0x04 || ESR_EC(esr) == EC_CP14,
			   a32[i].word, esr);
		return;
	}
	a32_answered++;
	a32_word = a32[i].word;
	CHECK_SHOW(a32[i].effect != A32_UNDEFINED, a32[i].word, esr);
	CHECK_SHOW(frame->elr == 8, a32[i].word, frame->elr);
	if (a32[i].effect == A32_NOTHING || a32[i].effect == A32_FLAGS)
		CHECK_SHOW(frame->x[0] == 0xa5a5a5a5, a32[i].word, frame->x[0]);
	if (a32[i].effect == A32_ZERO)
		CHECK_SHOW(frame->x[0] == 0, a32[i].word, frame->x[0]);
	if (a32[i].effect == A32_FLAGS)
		CHECK_EQ(frame->spsr & FLAGS, 0);
	if (a32[i].effect == A32_DIDR) {
		CHECK_EQ(bits(frame->x[0], 27, 24), bits(dfr0, 15, 12));
		CHECK_EQ(bits(frame->x[0], 31, 28), bits(dfr0, 23, 20));
		CHECK_EQ(frame->x[0] >> 32, 0);
	}
}

static void test_aarch32(void)
{
	unsigned int i;
	uint64_t esr;

	if (!sandbox_has_a32()) {
		check_skip("no AArch32 at EL0");
		return;
	}
	sysreg_write(cntkctl_el1, 0);
	mdscr_set(0);
	for (i = 0; i < ARRAY_SIZE(a32); i++)
		a32_check(i);
	CHECK_SHOW(a32_answered >= 1, 1, a32_answered);
	/* A condition that does not hold: no access, no exception (EQ, flags are 0). */
	esr = sandbox_run(a32_word & 0x0fffffff, &regs, SANDBOX_A32);
	CHECK_EQ(ESR_EC(esr), EC_SVC32);
	CHECK_EQ(sandbox_frame()->x[0], regs.x[0]);
	/* Never a hypercall: what would be one in AArch64 registers. */
	regs.x[0] = CALL_VERSION;
	(void)sandbox_run(0xee104e11, &regs, SANDBOX_A32);
	CHECK_EQ(sandbox_frame()->x[0] & 0xffffffff, 0);
	/* Wanted by EL1: they come here. */
	mdscr_set(MDSCR_TDCC);
	for (i = 0; i < ARRAY_SIZE(a32); i++) {
		esr = sandbox_run(a32[i].word, &regs, SANDBOX_A32);
		/* With FEAT_FGT DBGDIDR does not trap, and in QEMU no MRRC. */
		if ((a32[i].effect == A32_DIDR || a32[i].ec == EC_CP14_RRT) &&
		    ESR_EC(esr) == EC_SVC32)
			continue;
		CHECK_SHOW(ESR_EC(esr) == a32[i].ec || ESR_EC(esr) == EC_UNKNOWN, a32[i].word, esr);
	}
	/* Single step over one. */
	mdscr_set(MDSCR_SS);
	step_check(A32_NOP, SANDBOX_A32);
	step_check(a32_word, SANDBOX_A32);
	mdscr_set(0);
}

/* The PMU is there, or nothing of it is: user VMs have none. */
static void test_pmu(void)
{
	static const uint32_t registers[] = {
		R(3, 3, 9, 12, 0),  R(3, 3, 9, 12, 1),  R(3, 3, 9, 12, 3), R(3, 3, 9, 12, 5),
		R(3, 3, 9, 13, 0),  R(3, 3, 9, 13, 1),  R(3, 3, 9, 14, 0), R(3, 0, 9, 14, 1),
		R(3, 3, 14, 12, 0), R(3, 3, 14, 15, 7),
	};
	unsigned int i;

	if (sysreg_read(id_aa64dfr0_el1) >> 8 & 0xf) {
		CHECK_EQ(gen_mrs(registers[0], NULL).count, 0);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		struct fault fault = gen_mrs(registers[i], NULL);

		CHECK_SHOW(fault.count == 1 && ESR_EC(fault.esr) == EC_UNKNOWN, registers[i],
			   fault.esr);
	}
}

static const struct test tests[] = {
	{"debug-registers", test_registers},
	{"debug-breakpoint", test_breakpoint},
	{"debug-watchpoint", test_watchpoint},
	{"debug-os-lock", test_os_lock},
	{"debug-step", test_step},
	{"debug-step-call", test_step_call},
	{"debug-aarch32", test_aarch32},
	{"debug-pmu", test_pmu},
	{"debug-kept", test_kept},
};

void payload_main(void)
{
	rounds_ms = dt_bootarg("ms", 300);
	gic_reset();
	sandbox_init();
	regs.sp = sandbox_data() + 2048;
	points_clear();
	/* run() steps at EL1 to have PSTATE.D clear; without MDSCR_EL1.SS that is no step. */
	check_run(tests, ARRAY_SIZE(tests));
}
