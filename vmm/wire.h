/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_WIRE_H
#define VMM_WIRE_H

#include <jansson.h>

#include "vmm/loop.h"

/*
 * A connection over a Unix socket on which both sides send JSON objects, one on a line, and
 * sometimes a file descriptor with it. What comes in is bounded: a line too long, or more waiting
 * to be sent than fits, ends the connection.
 */

#define WIRE_LINE_BYTES KIB(64)
#define WIRE_SEND_BYTES KIB(1024)

/* message: NULL when the line was no JSON object; borrowed. The callee may call wire_end(). */
typedef void wire_message_fn(void *arg, json_t *message);
/* The connection is over and all of it is let go: `arg` may be freed. */
typedef void wire_closed_fn(void *arg);

struct wire {
	int fd;       /* -1: there is none */
	int received; /* the newest file descriptor that came, or -1 */
	char *in;
	size_t in_bytes;
	char *out;
	size_t out_bytes;
	uint64_t asked; /* commands with an answer that was waited for: the newest one's id */
	/* With a loop only. */
	struct loop_event event;
	wire_message_fn *on_message;
	wire_closed_fn *on_closed;
	void *arg;
	bool ending;   /* nothing comes in any more; over when all is sent */
	bool in_event; /* the loop's callback is at work */
};

/* Takes the socket over, also when it fails. Without a loop calls wait. */
enum err wire_init(struct wire *w, int fd) MUST_CHECK;
/* From now on messages come by callback, and sending does not wait. */
enum err wire_attach(struct wire *w, struct loop *loop, wire_message_fn *on_message,
		     wire_closed_fn *on_closed, void *arg) MUST_CHECK;

/*
 * Sends a message and lets go of it. fd: goes with it, and stays the caller's; -1: none. An error:
 * the connection is over, which with a loop on_closed will tell.
 */
enum err wire_send(struct wire *w, json_t *message, int fd) MUST_CHECK;

/*
 * The next message, which then is the caller's; waits for it. Also with a loop, whose callbacks it
 * does not use. ERR_BUSY: none within this time. ERR_TRUNCATED: the other side has closed.
 * ERR_INVALID: what came is no message.
 */
enum err wire_receive(struct wire *w, uint64_t timeout_ms, json_t **message) MUST_CHECK;

/* The file descriptor that came, now the caller's; -1. */
int wire_take_fd(struct wire *w);

/* With a loop: what is queued is sent, then on_closed is called. */
void wire_end(struct wire *w);
/* At once, without on_closed; nothing when there is no connection. Not in on_message. */
void wire_close(struct wire *w);

/* A connection to the socket at `path`; -1 and errno. */
int wire_connect(const char *path);
/* Listens at `path`, which is made anew with this mode; -1 and errno. */
int wire_listen(const char *path, unsigned int mode);

#endif
