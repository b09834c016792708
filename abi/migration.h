/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_MIGRATION_H
#define ABI_MIGRATION_H

#include "abi/snapshot.h"

/*
 * What the two ends of a migration say to each other: two streams of sections (abi/snapshot.h,
 * SNAPSHOT_MIGRATION), one in each direction; docs/migration.md tells the order.
 *
 *	source                                   target
 *	                                         header
 *	header, OFFER
 *	                                         ACCEPT or FAILED
 *	SNAPSHOT_MEMORY ..., ROUND, ...
 *	STOPPED, SNAPSHOT_MEMORY ..., state, END
 *	                                         READY or FAILED
 *	COMMIT
 *	                                         RUNNING or FAILED
 *	DONE
 */
#define MIGRATION_VERSION 1 /* of all sections here */

enum migration_id {
	MIGRATION_OFFER = SNAPSHOT_MIGRATION_FIRST, /* JSON: the VM, what it needs, from where */
	MIGRATION_ACCEPT,                           /* empty: there is a place for it */
	MIGRATION_FAILED,  /* text: why there is not, or not any more; the last one */
	MIGRATION_ROUND,   /* struct migration_round: one is over */
	MIGRATION_STOPPED, /* empty: the guest stands still, what follows is the rest */
	MIGRATION_END,     /* empty: that was all of it */
	MIGRATION_READY,   /* empty: all is there */
	MIGRATION_COMMIT,  /* struct migration_commit: it is yours */
	MIGRATION_RUNNING, /* empty: it is here */
	MIGRATION_DONE,    /* empty: nobody will ask whose it is */
};

struct migration_round {
	uint32_t number; /* from 1 on */
	uint32_t reserved;
};
_Static_assert(sizeof(struct migration_round) == 8, "the format");

#define MIGRATION_COMMIT_PAUSED 1 /* it was paused before it moved, and stays so */

struct migration_commit {
	uint64_t count; /* of the guest's counter, when this was sent */
	uint64_t flags; /* MIGRATION_COMMIT_* */
};
_Static_assert(sizeof(struct migration_commit) == 16, "the format");

#endif
