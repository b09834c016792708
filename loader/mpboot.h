/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_MPBOOT_H
#define LOADER_MPBOOT_H

/*
 * A page with the code that waits at mailboxes, and at this offset what a CPU finds its mailbox by:
 * pairs of MPIDR and mailbox, the last with mailbox 0. The mailboxes' pages follow.
 */
#define MPBOOT_TABLE 0x600

#ifndef __ASSEMBLER__

#include "loader/machine.h"

/* Of the code's page and the mailboxes of so many CPUs, the boot CPU counted. */
static inline uint64_t mpboot_bytes(uint32_t cpus)
{
	return cpus * KIB(4);
}

/*
 * Starts the secondary CPUs of m->info, each by its own protocol, and all at once; each comes to
 * wait at its mailbox in the mpboot_bytes() at base. mpboot_start() sets them going and returns;
 * mpboot_collect() waits for them, tells of those that did not come and takes them out of m->info.
 */
void mpboot_start(struct machine *m, uint64_t base);
void mpboot_collect(struct machine *m);

#endif
#endif
