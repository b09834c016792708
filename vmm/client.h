/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CLIENT_H
#define VMM_CLIENT_H

#include "vmm/config.h"
#include "vmm/guestreport.h"
#include "vmm/hyp.h"
#include "vmm/rpc.h"

/*
 * A VMM's connection to caissond. While it stands, caissond knows that the VMM lives; when it
 * breaks because caissond went away, the VM goes on and the next caissond is looked for.
 */

/* What caissond wants: the name of an event, see caissond(8). In the loop. */
typedef void client_event_fn(void *arg, const char *event, const json_t *data);

struct client {
	struct wire wire;
	char name[CONFIG_NAME_BYTES];
	struct hyp_token token; /* of the VM, while it is started */
	bool started;
	bool paused;
	const char *note;         /* what is to be told of it besides; NULL: nothing */
	struct guestreport guest; /* as it was last told */
	struct loop *loop;
	struct loop_event retry; /* a timer */
	uint32_t tries;
	client_event_fn *on_event;
	void *arg;
};

/* A part of the memory file, and where the guest has it. */
struct client_region {
	uint64_t offset;
	uint64_t ipa;
	uint64_t bytes;
	uint64_t rights; /* 0, CAISSON_MEM_READ_ONLY */
};

/* Connects. Tells what is wrong, as all functions here do. */
enum err client_open(struct client *c) MUST_CHECK;

/* Sets memory aside under config's name, or one that caissond chooses. *file: the caller's. */
enum err client_create(struct client *c, const struct vm_config *config, uint64_t mem_bytes,
		       int *file) MUST_CHECK;
/* A file for the messages of a VMM without a terminal. */
enum err client_open_log(struct client *c, int *file) MUST_CHECK;

/*
 * EL2 makes the VM, with the memory as it is loaded. tools: the guest has CAISSON_VM_TOOLS. ctr: x6
 * of VM_CREATE.
 */
enum err client_start(struct client *c, const struct client_region *region, uint32_t regions,
		      bool tools, uint64_t ctr, uint32_t *number) MUST_CHECK;
/* A block more of the memory that caissond keeps for EL2's tables of the VM. In the loop. */
enum err client_donate(struct client *c) MUST_CHECK;
/* EL2 lets go of the VM; nothing of it runs any more. */
enum err client_end(struct client *c) MUST_CHECK;

/* From now on events come by callback, and a caissond that went away is looked for. */
enum err client_attach(struct client *c, struct loop *loop, client_event_fn *on_event,
		       void *arg) MUST_CHECK;
/* For those who ask caissond. */
void client_set_paused(struct client *c, bool paused);
/*
 * In place of its state: a constant; NULL: no more. Sent when it is another than before, by
 * client_create() if there is no VM yet.
 */
void client_set_note(struct client *c, const char *note);
/* Sent when it is another than before; a new caissond is told, too. */
void client_set_guest(struct client *c, const struct guestreport *guest);

/* The VM is over: its pages have gone back to Linux when this returns, if there is a caissond. */
void client_close(struct client *c);

#endif
