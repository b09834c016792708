// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/sandbox.h"

#define INSN_SVC    0xd4000001
#define PAGE_BYTES  4096
#define SPSR_EL0T   0x3c0
#define SPSR_EL1T   0x3c4
#define SPSR_EL1H   0x3c5
#define VECTOR_EL1T 0
#define VECTOR_EL0  8

void sandbox_enter(const struct sandbox_regs *regs, uint64_t pc, uint64_t spsr);
extern char sandbox_return[];

/* Code and data of each CPU; EL0 sees them through the window. */
static uint32_t code[MAX_CPUS][PAGE_BYTES / 4] __attribute__((aligned(PAGE_BYTES)));
static uint8_t data[MAX_CPUS][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t window[MAX_CPUS], last_esr[MAX_CPUS];

static bool sandbox_hook(struct exc_frame *frame, unsigned int vector)
{
	if (vector != VECTOR_EL1T && vector != VECTOR_EL0)
		return false;
	last_esr[cpu_this()->index] = frame->esr;
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

uint64_t sandbox_run(uint32_t word, const struct sandbox_regs *regs, bool el0)
{
	uint64_t cpu = cpu_this()->index;
	uint32_t *slot = code[cpu];

	__atomic_store_n(&slot[0], word, __ATOMIC_RELAXED);
	__atomic_store_n(&slot[1], INSN_SVC, __ATOMIC_RELAXED);
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(slot)
			 : "memory");
	sandbox_enter(regs, el0 ? window[cpu] : (uint64_t)slot, el0 ? SPSR_EL0T : SPSR_EL1T);
	return last_esr[cpu];
}
