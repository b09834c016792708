/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_MPBOOT_H
#define LOADER_MPBOOT_H

/* Offset in a mailbox page, in the half the parking protocol leaves to firmware: the CPU's */
/* CurrentEL once it waits there. */
#define MPBOOT_ARRIVED 0x800

#ifndef __ASSEMBLER__

#include "loader/machine.h"

/*
 * Starts all secondary CPUs by PSCI's CPU_ON and makes each wait on its mailbox in the kept
 * region. mpboot_start() sets them going and returns; mpboot_collect() waits for them, tells of
 * those that did not come and takes them out of m->info.
 */
void mpboot_start(struct machine *m);
void mpboot_collect(struct machine *m);

#endif
#endif
