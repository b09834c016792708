/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_RECEIVE_H
#define VMM_RECEIVE_H

#include "abi/migration.h"
#include "lib/handover.h"
#include "vmm/moves.h"
#include "vmm/state.h"
#include "vmm/statemem.h"
#include "vmm/stream.h"

struct vmm;

/*
 * A VM that comes from another host, at the host that it comes to: the process that speaks with
 * the other end becomes its VMM. Each step of a move that fails is told to the other end, in a
 * sentence; nothing of the VM is left here then.
 */

#define RECEIVE_ERROR_BYTES 512

struct receive {
	struct stream in, out;
	struct statemem memory;
	enum handover_target state;
	char token[MOVES_TOKEN_BYTES];
	char said[RECEIVE_ERROR_BYTES]; /* what say() would have told, for the other end */
	char *settings;                 /* text of a configuration file */
	struct snapshot_vm head;
	struct state_load load;
	struct migration_commit commit;
};

/* name: what it is called here; NULL: as there. conf: the file of its settings here, or NULL. */
struct receive_options {
	const char *name;
	const char *conf;
};

/*
 * Hears an offer, and makes vmm->config of it; nothing else is done yet. receive_end() is due in
 * any case.
 */
enum err receive_offer(struct receive *r, struct vmm *vmm,
		       const struct receive_options *options) MUST_CHECK;

/*
 * The VM is there, in EL2, too: takes the offer, and all that comes, up to the order to run. When
 * it returns without an error the VM is this host's and must run.
 */
enum err receive_vm(struct receive *r, struct vmm *vmm) MUST_CHECK;

/* After it: runs it, and tells the other end. */
void receive_run(struct receive *r, struct vmm *vmm);

/* If it does not run: the other end is told why. */
void receive_end(struct receive *r);

#endif
