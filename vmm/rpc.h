/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_RPC_H
#define VMM_RPC_H

#include "vmm/wire.h"

/*
 * Commands over a wire, shaped as QEMU's QMP has them:
 *
 *	-> {"execute": NAME, "arguments": {...}, "id": ANYTHING}
 *	<- {"return": ..., "id": ANYTHING}  or  {"error": {"class": ..., "desc": ...}, "id": ...}
 *	<- {"event": NAME, "data": {...}, "timestamp": {"seconds": ..., "microseconds": ...}}
 *
 * "arguments" and "id" may be left out.
 */

/* A command at work. */
struct rpc_call {
	void *client;            /* whoever asked, as rpc_dispatch() was told */
	struct wire *wire;       /* where it came from */
	const json_t *arguments; /* an object */
	json_t *id;              /* of the question; NULL: none */
	bool later;              /* ERR_OK was not the answer: rpc_answer() will be called */
	json_t *result;          /* what is returned; NULL: an empty object */
	int fd;                  /* goes with the answer; stays the handler's; -1 */
	bool close_fd;           /* fd is to be closed afterwards */
	char error[512];
};

/* An error: call->error tells it in a sentence. */
typedef enum err rpc_fn(struct rpc_call *call);

struct rpc_command {
	const char *name;
	rpc_fn *handle;
};

/* Handles one message (NULL: no message) by a table that ends with a NULL name, and answers. */
void rpc_dispatch(const struct rpc_command *table, void *client, struct wire *wire,
		  const json_t *message);

/* Answers a call that was to be answered later. client, wire, id are the question's. */
void rpc_answer(struct rpc_call *call, enum err err);

/* Sets the error's text; returns err. */
enum err rpc_fail(struct rpc_call *call, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* An argument: NULL or false, and an error text, when it is missing or of another type. */
const char *rpc_text(struct rpc_call *call, const char *key);
bool rpc_number(struct rpc_call *call, const char *key, uint64_t *value) MUST_CHECK;

/* An event for one client; data: taken over, NULL: none. */
void rpc_event(struct wire *wire, const char *name, json_t *data);

/*
 * The asking side: sends and waits for the answer, which then is the caller's. Events that come
 * meanwhile go to on_event (NULL: are dropped). error: gets the other side's text, or what went
 * wrong on the way. arguments: taken over, NULL: none.
 */
enum err rpc_ask(struct wire *w, const char *command, json_t *arguments, uint64_t timeout_ms,
		 wire_message_fn *on_event, void *arg, json_t **result, char *error,
		 size_t error_bytes) MUST_CHECK;
/* The same; fd goes with the question and stays the caller's, -1: none. */
enum err rpc_ask_with(struct wire *w, int fd, const char *command, json_t *arguments,
		      uint64_t timeout_ms, wire_message_fn *on_event, void *arg, json_t **result,
		      char *error, size_t error_bytes) MUST_CHECK;

#endif
