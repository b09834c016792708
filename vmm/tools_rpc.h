/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TOOLS_RPC_H
#define VMM_TOOLS_RPC_H

#include "vmm/tools.h"

/* Between tools*.c; all under the lock. */

/*
 * A command that the guest has sent, with a NUL behind it, is carried out and answered: "1 ..." or
 * "0 ...".
 */
void tools_rpc(struct tools *t, uint32_t channel, const uint8_t *command, uint32_t bytes);

/* ---- tools_tclo.c: the channels by which the guest polls --------------------------------- */

void tools_tclo_opened(struct tools *t, uint32_t channel);
void tools_tclo_closed(struct tools *t, uint32_t channel);
/* A poll, or an answer to what was posted last; with a NUL behind it. */
void tools_tclo_message(struct tools *t, uint32_t channel, const uint8_t *answer, uint32_t bytes);

/* tools.os.statechange.status: id 1 is a halt, 2 a reboot. */
void tools_tclo_state_changed(struct tools *t, uint32_t id, bool ok);
/* vmbackup.eventSet. False: nobody waits for that, and the guest is to thaw. */
bool tools_tclo_backup(struct tools *t, const char *event, const char *text);
/* t->sync is another: the guest is to be told, if it takes orders. */
void tools_tclo_sync_changed(struct tools *t);

/* A new order; NULL: too many. */
struct tools_order *tools_order_new(struct tools *t, enum tools_action action, uint64_t timeout_ms);
/* It is over: the loop calls back. why: bytes of the guest's, or NULL. */
void tools_order_end(struct tools *t, struct tools_order *order, enum tools_result result,
		     const char *why, size_t bytes);
/* Orders whose time is up. */
void tools_tclo_expire(struct tools *t, uint64_t now_ns);

/* ---- helpers ----------------------------------------------------------------------------- */

/* The loop is to look. */
void tools_wake(struct tools *t);

/* Memory for messages; NULL: the guest has too many on their way. */
uint8_t *tools_allocate(struct tools *t, size_t bytes);

/*
 * One more now: 0; or else how many nanoseconds it is too early. wait: it counts all the same, for
 * who then waits so long.
 */
uint64_t tools_rate_take(struct tools_rate *rate, uint64_t now_ns, uint32_t per_second,
			 uint32_t burst, bool wait);

#endif
