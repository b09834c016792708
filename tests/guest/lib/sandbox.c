// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/sandbox.h"

#define INSN_SVC     0xd4000001
#define INSN_SVC_A32 0xef000000
#define PAGE_BYTES   4096
#define SPSR_EL1H    0x3c5
#define SPSR_D       (1 << 9)
#define SPSR_SS      (1 << 21)

/* Of each mode: PSTATE to start with, and the vector that its exceptions take. */
static const struct {
	uint32_t spsr, vector, svc;
} modes[] = {
	[SANDBOX_EL1] = {0x3c4, 0, INSN_SVC},
	[SANDBOX_EL0] = {0x3c0, 8, INSN_SVC},
	[SANDBOX_A32] = {0x1d0, 12, INSN_SVC_A32},
};

void sandbox_enter(const struct sandbox_regs *regs, uint64_t pc, uint64_t spsr);
extern char sandbox_return[];

/* Code and data of each CPU; EL0 sees them through the window. */
static uint32_t code[MAX_CPUS][PAGE_BYTES / 4] __attribute__((aligned(PAGE_BYTES)));
static uint8_t data[MAX_CPUS][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t window[MAX_CPUS];
static struct exc_frame last[MAX_CPUS];
static enum sandbox_mode current[MAX_CPUS];

static bool sandbox_hook(struct exc_frame *frame, unsigned int vector)
{
	if (vector != modes[current[cpu_this()->index]].vector)
		return false;
	last[cpu_this()->index] = *frame;
	last[cpu_this()->index].elr -= sandbox_code(current[cpu_this()->index]);
	frame->elr = (uint64_t)sandbox_return;
	frame->spsr = SPSR_EL1H;
	return true;
}

void sandbox_init(void)
{
	uint64_t cpu = cpu_this()->index;

	window[cpu] = mmu_window_el0((unsigned int)cpu, code[cpu], data[cpu]);
	cpu_this()->sync_hook = sandbox_hook;
}

uint64_t sandbox_data(void)
{
	return window[cpu_this()->index] + PAGE_BYTES;
}

uint64_t sandbox_code(enum sandbox_mode mode)
{
	uint64_t cpu = cpu_this()->index;

	return mode == SANDBOX_EL1 ? (uint64_t)code[cpu] : window[cpu];
}

const struct exc_frame *sandbox_frame(void)
{
	return &last[cpu_this()->index];
}

static uint64_t run(uint32_t word, const struct sandbox_regs *regs, enum sandbox_mode mode,
		    uint64_t spsr)
{
	uint64_t cpu = cpu_this()->index;
	uint32_t *slot = code[cpu];

	__atomic_store_n(&slot[0], word, __ATOMIC_RELAXED);
	__atomic_store_n(&slot[1], modes[mode].svc, __ATOMIC_RELAXED);
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(slot)
			 : "memory");
	current[cpu] = mode;
	sandbox_enter(regs, sandbox_code(mode), spsr);
	return last[cpu].esr;
}

uint64_t sandbox_run(uint32_t word, const struct sandbox_regs *regs, enum sandbox_mode mode)
{
	return run(word, regs, mode, modes[mode].spsr);
}

uint64_t sandbox_step(uint32_t word, const struct sandbox_regs *regs, enum sandbox_mode mode)
{
	uint64_t spsr = modes[mode].spsr | SPSR_SS;

	/* At EL1 debug exceptions are masked by PSTATE.D; in AArch32 the bit is another. */
	return run(word, regs, mode, mode == SANDBOX_EL1 ? spsr & ~(uint64_t)SPSR_D : spsr);
}

bool sandbox_has_a32(void)
{
	return bits(sysreg_read(id_aa64pfr0_el1), 3, 0) == 2 && !(sandbox_data() >> 32);
}
