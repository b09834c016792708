/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DAEMON_PAGES_H
#define VMM_DAEMON_PAGES_H

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * A user VM's memory as caissond has it: two files of 2 MiB pages in a hugetlbfs mount, mapped
 * and pinned: NAME.store is what EL2 keeps the VM in, NAME.mem is the VM's memory, shared with
 * its VMM. The files have names so that the pages do not go back to Linux with a process that
 * dies: EL2 must have given them back first, and they must have been scrubbed.
 */
struct pages_file {
	int fd;
	uint8_t *start;
	uint64_t bytes;
};

struct pages {
	struct pages_file store;
	struct pages_file mem;
	int ring;
};

/* Once: mounts the hugetlbfs, when that has not been done. Tells what is wrong. */
enum err pages_init(void) MUST_CHECK;

/*
 * New files, all zeros, with pages from Linux's pool of huge pages, which grows if need be. The
 * pages are there for sure, but are still to be filled and then pinned. The reason of a failure
 * goes into `why`. store_bytes, mem_bytes: whole blocks, not 0.
 */
enum err pages_create(struct pages *p, const char *name, uint64_t store_bytes, uint64_t mem_bytes,
		      char *why, size_t why_bytes) MUST_CHECK;
/* Gives a part its pages, in order, which Linux zeroes; true when all has been done. */
bool pages_fill_some(struct pages *p, uint64_t *position);
/* Keeps all pages where they are. errno says why not. */
enum err pages_pin(struct pages *p) MUST_CHECK;

/* Files that another caissond has left; pinned. ERR_NOT_FOUND: there are none, or not both. */
enum err pages_adopt(struct pages *p, const char *name) MUST_CHECK;

/* EL2 has let go of all. Zeroes a part, in order, and returns true when all is zero. */
bool pages_scrub_some(struct pages *p, uint64_t *position);

/* Ends mapping and pins, and unlinks the files: the pages are Linux's again. */
void pages_remove(struct pages *p, const char *name);
/* The same but the files stay: for a caissond that ends before its VMs. */
void pages_leave(struct pages *p);

/*
 * Gives back what the pool has grown by, as far as it is free; returns true when there is nothing
 * left to give back. Freed pages come back to the pool a little late.
 */
bool pages_shrink_pool(void);

#endif
