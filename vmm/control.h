/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include "vmm/rpc.h"

struct vmm;

/*
 * A VM's control socket: commands and events as QEMU's QMP has them, in one JSON object a line;
 * the commands are in caisson-control(5). All in the loop.
 */

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_ORDERS_MAX  8 /* commands that guests have not answered yet */

struct control_client {
	struct control *control;
	bool used;
	struct wire wire;
};

/* A command that the tools in the guest carry out. */
struct control_order {
	bool used;
	struct control_client *client; /* NULL: it has closed */
	json_t *id;                    /* of the question; NULL: none */
	uint32_t seconds;
};

struct control {
	struct vmm *vmm;
	bool listens;
	int listener;
	struct loop_event accept;
	struct control_client client[CONTROL_CLIENTS_MAX];
	struct control_order order[CONTROL_ORDERS_MAX];
};

/* Listens at `path` until control_close(). Tells what is wrong. */
enum err control_listen(struct control *c, struct vmm *vmm, const char *path) MUST_CHECK;
void control_close(struct control *c);

struct vmm *control_vmm(const struct rpc_call *call);

/* ---- control_guest.c: commands about the tools in the guest ------------------------------ */

rpc_fn control_guest_get, control_guest_set, control_guest_list, control_guest_info;
rpc_fn control_guest_shutdown, control_guest_reboot, control_guest_sync_time;
rpc_fn control_guest_freeze, control_guest_thaw;
/* The client has closed: nobody waits for what it asked. */
void control_guest_forget(struct control *c, const struct control_client *client);

/* ---- control_migrate.c: its move to another host ------------------------------------------ */

rpc_fn control_migrate, control_migrate_status, control_migrate_cancel, control_migrate_answer;

/* ------------------------------------------------------------------------------------------ */

/* An event for all. data: taken over, NULL: none. */
void control_tell(struct control *c, const char *event, json_t *data);

#endif
