/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_SANDBOX_H
#define GUEST_SANDBOX_H

#include "tests/guest/lib/exc.h"

/*
 * Runs one arbitrary instruction word with every register chosen, at EL0 or at EL1 on SP_EL0;
 * whatever exception ends it, the caller goes on. Branches are not for it: they may loop.
 */

enum sandbox_mode {
	SANDBOX_EL1,
	SANDBOX_EL0,
	SANDBOX_A32, /* AArch32 at EL0, for CPUs that have it: an A32 word */
};

struct sandbox_regs {
	uint64_t x[31];
	uint64_t sp;
};

/* Called on each CPU before its first sandbox_run(). Takes the CPU's sync_hook. */
void sandbox_init(void);

/* A page of memory of this CPU that the sandbox reads and writes, as it sees it. */
uint64_t sandbox_data(void);

/* Returns ESR_EL1 of the exception that ended it: an SVC if the word itself took none. */
uint64_t sandbox_run(uint32_t word, const struct sandbox_regs *regs, enum sandbox_mode mode);

/*
 * The same, stepping (Arm ARM DDI 0487 D2.12): with MDSCR_EL1.SS set, and KDE for EL1, a software
 * step exception comes after the word.
 */
uint64_t sandbox_step(uint32_t word, const struct sandbox_regs *regs, enum sandbox_mode mode);

/* Registers as that exception found them; ELR_EL1 as an offset from the word. */
const struct exc_frame *sandbox_frame(void);

/* The address of the word, as the code itself has it in that mode. */
uint64_t sandbox_code(enum sandbox_mode mode);

/* Has this CPU AArch32 at EL0, and has the sandbox an address for it? After sandbox_init(). */
bool sandbox_has_a32(void);

#endif
