/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <linux/limits.h>

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"
#include "vmm/hyp.h"

/*
 * A user VM's memory: one file of 2 MiB pages in a hugetlbfs mount, mapped and pinned, so that
 * what EL2 learns about its addresses stays true. The file has a name so that the pages do not
 * go back to Linux with a process that dies: EL2 must have given them back first. The name says
 * which VM has the pages, and a lock on the file that its process lives, so that the next one to
 * start can end the VMs of the dead. A lock on the folder keeps names and VMs in step.
 */
struct memory {
	int folder;
	int file;
	int ring;                /* the io_uring whose fixed buffers pin the pages */
	char name[NAME_MAX + 1]; /* in the folder */
	uint8_t *store;          /* one block: what EL2 keeps the VM in */
	uint8_t *run_pages;      /* one block: a page for each vCPU */
	uint8_t *ram;
	uint64_t ram_bytes;
	uint8_t *flash; /* behind it */
	uint64_t flash_bytes;
};

/*
 * First ends the VMs of dead processes and lets go of their memory.
 * ram_bytes: whole blocks, 1 to MACHINE_RAM_MAX bytes; flash_bytes: whole blocks. Mounts a hugetlbfs when there is none. Tells
 * what is wrong. Afterwards, also after an error, memory_close() is due.
 */
enum err memory_open(struct memory *m, const struct hyp_token *management, uint64_t ram_bytes,
		     uint64_t flash_bytes) MUST_CHECK;

/* Around the making of a VM: nobody else makes one or looks after the dead meanwhile. */
void memory_begin_vm(struct memory *m);
/* made: there is a VM now, of this number. */
void memory_end_vm(struct memory *m, bool made, uint32_t number);
/* The VM is gone. */
void memory_forget_vm(struct memory *m);

/* The VM is gone or never was: pages and file go back to Linux. */
void memory_close(struct memory *m);

/* EL2 holds on to the pages: lets go of the mapping, leaves the file. */
void memory_abandon(struct memory *m);

#endif
