/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MIGRATE_H
#define VMM_MIGRATE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/handover.h"
#include "vmm/loop.h"
#include "vmm/moves.h"
#include "vmm/statemem.h"
#include "vmm/stream.h"

struct vmm;

/*
 * The move of a VM to another host, at the host that it leaves. A thread of its own speaks with
 * the other end; what it wants of the VM the loop does for it, and the loop tells how it goes. Who
 * runs the VM is decided by lib/handover.h. docs/migration.md has all of it in order.
 *
 * Functions without a word about it are for the loop.
 */

#define MIGRATE_HOST_BYTES  256
#define MIGRATE_ERROR_BYTES 512
#define MIGRATE_DOWNTIME_MS 300 /* if nothing else is said */

struct migrate_options {
	char host[MIGRATE_HOST_BYTES]; /* for messages */
	uint64_t max_downtime_ms;
	bool disks_shared; /* the operator vouches for it */
	bool force;        /* longer than max_downtime_ms, if there is no other way */
};

struct migrate_progress {
	uint32_t round;
	uint64_t sent_bytes;
	uint64_t bytes_s;                        /* of memory, compressed or not */
	uint64_t left_bytes;                     /* of memory, as far as is known */
	uint64_t expected_ms;                    /* of downtime, were it stopped now */
	uint64_t began_ns, stopped_ns, ended_ns; /* CLOCK_MONOTONIC */
};

/* What the loop is to do for the thread; an error ends the move. */
typedef enum err migrate_order_fn(struct vmm *vmm);

struct migrate {
	struct vmm *vmm;
	int event; /* an eventfd: there is something for the loop */
	struct loop_event news;
	int fd; /* to the other end; -1: none */
	char token[MOVES_TOKEN_BYTES];
	struct migrate_options options;
	const void *owner; /* NULL, or who ends it by going away */
	bool tracks;       /* writes to memory are tracked; the thread's, as the next ones */
	uint64_t *dirty;   /* a bit for each page that is to be sent; NULL: none yet */
	bool was_paused;
	struct stream in, out;
	struct statemem memory;
	pthread_t thread;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	bool begun;     /* there is a thread */
	bool over;      /* it has done all, and is to be waited for */
	bool cancelled; /* asked for in time */
	bool closing;   /* the loop does nothing for the thread any more */
	bool told;      /* how it ended */
	enum handover_source state;
	migrate_order_fn *order; /* NULL: none */
	enum err order_result;
	char error[MIGRATE_ERROR_BYTES]; /* "": none so far */
	struct migrate_progress progress;
};

/* Once the loop is there. Tells what is wrong; migrate_close() is due in any case. */
enum err migrate_open(struct migrate *m, struct vmm *vmm) MUST_CHECK;
void migrate_close(struct migrate *m);
/* The VM has ended: nothing of it moves any more. Waits for the thread. */
void migrate_drop(struct migrate *m);

/*
 * Begins a move to who is at the other end of fd, which is taken over. error: why it cannot begin.
 * owner: as in migrate_forget(); NULL: nobody.
 */
enum err migrate_begin(struct migrate *m, int fd, const struct migrate_options *options,
		       const void *owner, char error[MIGRATE_ERROR_BYTES]) MUST_CHECK;

/* Ends a move while that can be done; ERR_BUSY: it is too late, ERR_NOT_FOUND: there is none. */
enum err migrate_cancel(struct migrate *m, const char *why) MUST_CHECK;
/* Who began it has gone. */
void migrate_forget(struct migrate *m, const void *owner);

/* For a VM in doubt; ERR_NOT_FOUND: it is in none. */
enum err migrate_answer(struct migrate *m, enum handover_decision answer) MUST_CHECK;
enum err migrate_force(struct migrate *m) MUST_CHECK;

/* The VM stands still on account of a move: nobody else may let it run or change it. */
bool migrate_holds(struct migrate *m);
bool migrate_is_in_doubt(struct migrate *m);
/* There is one under way, or what is left of it. */
bool migrate_is_busy(struct migrate *m);

/* As `migrate-status` returns it. */
json_t *migrate_describe(struct migrate *m);

/* ---- for the parts of it, by the thread ------------------------------------------------------ */

/* Why it came to nothing; the first reason holds. Any thread. */
void migrate_fail(struct migrate *m, const char *format, ...) PRINTF_LIKE(2, 3);
/* The loop calls order(vmm); waits for its result. ERR_DENIED: the VM ends. */
enum err migrate_order(struct migrate *m, migrate_order_fn *order) MUST_CHECK;
bool migrate_is_cancelled(struct migrate *m);
/* The loop tells it who listens. */
void migrate_show(struct migrate *m, const struct migrate_progress *progress);

/* migrate_offer.c: the OFFER's text, to be freed; NULL: told by migrate_fail(). */
char *migrate_make_offer(struct migrate *m);
/* What the offer left on disks is taken away. */
void migrate_end_offer(struct migrate *m);

/*
 * migrate_copy.c: sends memory while the VM runs, until little is left; then, with the VM paused,
 * the rest. An error: of the stream, or told by migrate_fail().
 */
enum err migrate_copy(struct migrate *m) MUST_CHECK;
enum err migrate_copy_rest(struct migrate *m) MUST_CHECK;
/* It went nowhere; the VM is there. */
void migrate_stop_tracking(struct migrate *m);
/* What the thread knew of it; nothing is tracked. */
void migrate_forget_dirty(struct migrate *m);

#endif
