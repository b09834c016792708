// SPDX-License-Identifier: BSD-2-Clause
/*
 * Something to debug: a function, a variable, and instructions that a hypervisor carries out. Where
 * the debug channel's status is UNDEFINED it is passed over.
 */
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "abi/hypercall.h"

extern char trapped_call[], trapped_ctr[];
extern volatile long watched;
extern volatile int rounds;
void target(void);

volatile long watched;
volatile int rounds;

__attribute__((noinline)) void target(void)
{
	__asm__ volatile("" ::: "memory");
}

static void skip_instruction(int number, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

int main(void)
{
	struct sigaction skip = {.sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO};

	(void)sigaction(SIGILL, &skip, NULL);
	for (rounds = 0; rounds < 3; rounds++) {
		target();
		watched = rounds + 1;
	}
	__asm__ volatile(".global trapped_call, trapped_ctr\n\t"
			 "mov x0, %0\n"
			 "trapped_call:\n\t"
			 "mrs xzr, mdccsr_el0\n\t"
			 "nop\n"
			 "trapped_ctr:\n\t"
			 "mrs x0, ctr_el0\n\t"
			 "nop"
			 :
			 : "r"(CAISSON_CALL(CAISSON_CALL_VERSION))
			 : "x0", "x1", "x2", "x3", "memory");
	return 0;
}
