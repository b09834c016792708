/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_SNAPSHOT_H
#define VMM_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmm/loop.h"
#include "vmm/rpc.h"
#include "vmm/state.h"

struct control_client;
struct vm_config;
struct vmm;

/*
 * A snapshot of a VM that runs, on behalf of a client of the control socket: its memory is looked
 * through first, while it runs; then it is paused, and written by a thread of its own. When that is
 * answered the VM stays paused until the client says how it is to end: so a file is whole before
 * the VM is gone, and a client that goes away lets it run on.
 */
enum snapshot_phase {
	SNAPSHOT_IDLE = 0,
	SNAPSHOT_LOOKS, /* at how much there is */
	SNAPSHOT_WRITES,
	SNAPSHOT_WRITTEN,
};

struct snapshot {
	struct vmm *vmm;
	enum snapshot_phase phase;
	struct control_client *client;
	json_t *id; /* of the question; NULL: none */
	int file;
	struct stream stream;
	pthread_t thread;
	bool pauses;                        /* the VM is paused for this alone */
	bool holds;                         /* its devices, too */
	_Atomic uint64_t pages_done, pages; /* that are not zeros */
	int done;                           /* an eventfd: the thread is at its end */
	struct loop_event on_done, on_tick;
};

/* Once; the loop waits for it. Tells what is wrong; snapshot_close() is due. */
enum err snapshot_open(struct snapshot *s, struct vmm *vmm) MUST_CHECK;
void snapshot_close(struct snapshot *s);

/* Is there one, or what is left of it? Then nobody else pauses the VM or lets it go on. */
bool snapshot_is_busy(const struct snapshot *s);
/* The client has closed. */
void snapshot_forget(struct snapshot *s, const struct control_client *client);
/* The VM has ended: there is no snapshot. */
void snapshot_drop(struct snapshot *s);

/* Commands of the control socket. */
rpc_fn snapshot_begin, snapshot_end;

/* ---- a VM that is made of one -------------------------------------------------------------- */

/* An input whose settings were read. */
struct restore {
	const char *path; /* for messages */
	struct stream stream;
	struct statemem memory;
	struct state_load load;
	struct snapshot_header header;
	struct stream_section next; /* that was read, and belongs to what follows */
};

/*
 * Opens a snapshot's file and reads its settings; those of `config` that are set after it win.
 * Tells what is wrong; restore_close() is due.
 */
enum err restore_open(struct restore *r, const char *path, struct vm_config *config) MUST_CHECK;
void restore_close(struct restore *r);
/* Up to the end of the memory; there is no VM in EL2 yet. Tells what is wrong, as the others do. */
enum err restore_memory(struct restore *r, struct vmm *vmm) MUST_CHECK;
/* The rest. The VM was just made, no vCPU runs. */
enum err restore_state(struct restore *r, struct vmm *vmm) MUST_CHECK;

#endif
