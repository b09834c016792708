/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * Who owns each 2 MiB block of RAM. Pure: the caller holds a lock around every call and changes
 * translation tables to match. Each function is one transition, refused unless the block is in the
 * state it starts from, so that no order of calls gives a block two owners.
 *
 *	SERVICE --share--> SHARED(vm) --unshare--> SERVICE
 *	SERVICE --lend---> LENT(vm)   --unlend---> SERVICE	(not while pinned)
 *	SERVICE --donate-> STORE(vm)  --reclaim--> SERVICE	(not while pinned)
 *
 * A pin says that EL2 itself writes into a block of the service VM (run pages).
 */
#define OWNER_BLOCK_BYTES MIB(2)
#define OWNER_MAX_VM      63
#define OWNER_MAX_PINS    255

enum owner_state {
	OWNER_HYP,     /* the hypervisor's, or not to be given away: partly RAM, devices */
	OWNER_SERVICE, /* the service VM's own */
	OWNER_SHARED,  /* the service VM's and user VM vm's */
	OWNER_LENT,    /* user VM vm's alone */
	OWNER_STORE,   /* donated: EL2's, for user VM vm */
};

struct owner_block {
	uint8_t state; /* enum owner_state */
	uint8_t vm;
	uint8_t pins;
	uint8_t reserved;
};

struct owner {
	uint32_t region_count;
	uint64_t block_count;
	struct {
		uint64_t base;
		uint64_t bytes;
		uint64_t first; /* its first block's index */
	} region[BOOT_MAX_REGIONS];
	struct owner_block *block;
};

/* Blocks that lie in these regions completely: how many entries the table has. */
uint64_t owner_block_count(const struct boot_region *ram, uint32_t count);

/*
 * With a table of that many entries: everything is the service VM's. count is at most
 * BOOT_MAX_REGIONS, the regions do not overlap.
 */
void owner_init(struct owner *o, const struct boot_region *ram, uint32_t count,
		struct owner_block *table);
/* Before there is any VM: what overlaps the region is the hypervisor's. */
void owner_exclude(struct owner *o, uint64_t base, uint64_t bytes);

/* NULL: pa is in no block of RAM. */
const struct owner_block *owner_find(const struct owner *o, uint64_t pa);

/* May the service VM use the memory at pa? */
bool owner_is_service(const struct owner *o, uint64_t pa);

/*
 * ERR_INVALID: pa is not aligned; ERR_RANGE: no block of RAM; ERR_DENIED: not in the state for
 * it, or another VM's; ERR_BUSY: pinned.
 */
enum err owner_share(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;
enum err owner_unshare(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;
enum err owner_lend(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;
enum err owner_unlend(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;
enum err owner_donate(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;
enum err owner_reclaim(struct owner *o, uint64_t pa, uint32_t vm) MUST_CHECK;

/*
 * For any address in a block that the service VM may write. ERR_RANGE, ERR_DENIED as above;
 * ERR_NO_MEMORY: pinned too often already.
 */
enum err owner_pin(struct owner *o, uint64_t pa) MUST_CHECK;
/* Takes back what owner_pin() did. ERR_DENIED: nothing is pinned there. */
enum err owner_unpin(struct owner *o, uint64_t pa) MUST_CHECK;

/*
 * Looks for the next block that a VM shares, is lent or has as store, from index *cursor on, at
 * `limit` blocks at most; *cursor is then the first not looked at, block_count at the end. True:
 * *pa is one.
 */
bool owner_next(const struct owner *o, uint32_t vm, uint64_t *cursor, uint64_t limit, uint64_t *pa);

#endif
