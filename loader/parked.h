/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_PARKED_H
#define LOADER_PARKED_H

#include "loader/machine.h"

/*
 * CPUs that firmware itself has parked as ACPI's parking protocol says (Multi-processor Startup for
 * ARM Platforms, version 1): each waits for its number in a mailbox, and sleeps until an SGI
 * comes.
 */

/*
 * Why the mailbox at this address is not to be written to; NULL. It must be in memory that firmware
 * keeps for itself: nothing is put there by anyone, before the CPU has left or after, and no
 * operating system could use it elsewhere.
 */
const char *parked_problem(const struct machine *m, uint64_t address);

/* Writes the CPU's mailbox, which sends it to code. */
void parked_release(const struct bootcpu *cpu, uint64_t code);

/* Has the CPU taken the address from there? */
bool parked_is_gone(const struct bootcpu *cpu);

/* Wakes those CPUs of m->info that are parked. */
void parked_wake(struct machine *m);

#endif
