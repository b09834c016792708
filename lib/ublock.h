/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_UBLOCK_H
#define LIB_UBLOCK_H

#include "lib/bits.h"
#include "lib/pgtable.h"

/*
 * A block of a user VM's memory: the states it goes through so that the guest finds its caches
 * coherent (hyp/vm/umem.c says why), as a pure model. All that is known of a block is in its stage
 * 2 descriptor of level 2, of which the hardware ignores all but bit 0 while it is invalid:
 *
 *	47:21 physical address, 20:16 how many of its chunks are maintained, 12 the guest had it
 *	mapped, 58:56 state while it is invalid, 55 what the guest may have: writes too; the rest
 *	is as in a valid descriptor (7: writes now).
 *
 *	         ready         access          fetch           maintained
 *	COMING ---------> LAZY ------> DATA ----------> FLIPPING ----------> EXEC
 *	                    `---------------------------^  |
 *	any but COMING, GOING: --unmap--> OFF, --map--> LAZY; EXEC --unexec--> DATA;
 *	any but GOING: --leave--> GOING ----zeroed----> NONE (shared memory: NONE at once)
 *
 * What changes a descriptor tells whether it was valid and gave more rights than the new one gives:
 * the caller then flushes the TLBs of the VM before it does anything else.
 */
#define UBLOCK_BYTES       MIB(2)
#define UBLOCK_LEVEL       2
#define UBLOCK_CHUNK_BYTES KIB(64)
#define UBLOCK_CHUNKS      (UBLOCK_BYTES / UBLOCK_CHUNK_BYTES)

enum ublock_state {
	UBLOCK_LAZY,     /* not mapped since its bytes were put there */
	UBLOCK_OFF,      /* taken out for a while: accesses are the VMM's */
	UBLOCK_COMING,   /* being cleaned and invalidated to the point of coherency */
	UBLOCK_FLIPPING, /* being cleaned to the point of unification, for a fetch */
	UBLOCK_GOING,    /* being zeroed */
	UBLOCK_DATA,     /* mapped, not executable */
	UBLOCK_EXEC,     /* mapped, executable */
	UBLOCK_NONE,     /* no memory */
};

/* What this machine's caches need, from ID_AA64MMFR2_EL1.FWB, CTR_EL0 and CLIDR_EL1. */
struct ublock_needs {
	bool poc_clean;  /* not FEAT_S2FWB: a guest can see memory past the caches */
	bool pou_clean;  /* not IDC: fetches do not see what is in data caches */
	bool invalidate; /* not DIC: instruction caches do not see that memory changed */
};

struct ublock_needs ublock_needs(bool has_fwb, uint64_t ctr, uint64_t clidr);

enum ublock_access { UBLOCK_READ, UBLOCK_WRITE, UBLOCK_FETCH };

enum ublock_todo {
	UBLOCK_RETRY, /* the access can be made now */
	UBLOCK_WORK,  /* chunks are to be maintained first */
	UBLOCK_VMM,   /* no access to memory: it is the VMM's to answer */
};

struct ublock_step {
	uint64_t desc; /* the new descriptor */
	bool flush;    /* the VM's TLB entries for the block, before anything else */
	enum ublock_todo todo;
};

enum ublock_state ublock_state(uint64_t desc);

static inline uint64_t ublock_pa(uint64_t desc)
{
	return desc & MASK(47, 21);
}

/* May the guest write to it, when it is mapped; and may that be allowed? */
bool ublock_writes(uint64_t desc);
bool ublock_may_write(uint64_t desc);
/* Can caches hold what the guest wrote there? */
bool ublock_was_mapped(uint64_t desc);

/* A block given to the VM: COMING, or where no maintenance is ever needed EXEC, or LAZY. */
uint64_t ublock_new(uint64_t pa, bool may_write, const struct ublock_needs *needs);

/* The same for another address, when it is new. */
static inline uint64_t ublock_at(uint64_t desc, uint64_t pa)
{
	return (desc & ~MASK(47, 21)) | pa;
}

/* An access of the guest. */
struct ublock_step ublock_access(uint64_t desc, enum ublock_access access,
				 const struct ublock_needs *needs);

/*
 * COMING, FLIPPING, GOING: the address of the chunk to be maintained now, and the descriptor when
 * that is done: behind the last chunk LAZY, EXEC (before which the instruction caches are to be
 * invalidated, if that is needed) or NONE.
 */
uint64_t ublock_chunk(uint64_t desc);
uint64_t ublock_chunk_done(uint64_t desc);

/* MEM_UNEXEC, MEM_UNMAP, MEM_MAP; todo is VMM when the block is not there to be changed. */
struct ublock_step ublock_unexec(uint64_t desc, const struct ublock_needs *needs);
struct ublock_step ublock_unmap(uint64_t desc);
/* Also when write is more than the VM may have. */
struct ublock_step ublock_map(uint64_t desc, bool write);

/* It is taken back: GOING, if it is to be zeroed; else NONE. NONE: todo is VMM. */
struct ublock_step ublock_leave(uint64_t desc, bool zero);

#endif
