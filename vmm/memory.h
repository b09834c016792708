/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <linux/limits.h>

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * A user VM's memory: one file of 2 MiB pages in a hugetlbfs mount, mapped and pinned, so that
 * what EL2 learns about its addresses stays true. The file has a name so that the pages do not
 * go back to Linux with a process that dies: EL2 must have given them back first.
 */
struct memory {
	int file;
	int ring; /* the io_uring whose fixed buffers pin the pages */
	char path[PATH_MAX];
	uint8_t *store;     /* one block: what EL2 keeps the VM in */
	uint8_t *run_pages; /* one block: a page for each vCPU */
	uint8_t *ram;
	uint64_t ram_bytes;
};

/*
 * ram_bytes: whole blocks, 1 to MACHINE_RAM_MAX bytes. Mounts a hugetlbfs when there is none. Tells
 * what is wrong. Afterwards, also after an error, memory_close() is due.
 */
enum err memory_open(struct memory *m, uint64_t ram_bytes) MUST_CHECK;

/* The VM is gone or never was: pages and file go back to Linux. */
void memory_close(struct memory *m);

/* EL2 holds on to the pages: lets go of the mapping, leaves the file. */
void memory_abandon(struct memory *m);

#endif
