/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * The event loop of a process (libevent's): the main thread waits in loop_run() and calls back.
 * All of it is for that one thread; others reach it by an eventfd that the loop waits for.
 */
struct loop {
	struct event_base *base;
};

/* For what a file descriptor is waited for, and what the callback hears. */
#define LOOP_READ  BIT(0) /* also: the other side has closed, or there is an error */
#define LOOP_WRITE BIT(1)

typedef void loop_fn(void *arg, unsigned int events);

/*
 * Something waited for: a file descriptor, a timer or a signal. The owner keeps it, at one place,
 * from loop_add_*() to loop_remove(); all zeros before and after. A callback may remove its own.
 */
struct loop_event {
	struct loop *loop;
	struct event *event;
	int fd; /* or signal, or -1 */
	loop_fn *fn;
	void *arg;
};

enum err loop_init(struct loop *loop) MUST_CHECK;
/* All events were removed. */
void loop_free(struct loop *loop);

/* events: LOOP_READ, LOOP_WRITE, or 0 to wait for nothing yet. Calls again while it is ready. */
enum err loop_add_fd(struct loop *loop, struct loop_event *e, int fd, unsigned int events,
		     loop_fn *fn, void *arg) MUST_CHECK;
/* From now on for these events; 0: none. */
enum err loop_set_events(struct loop_event *e, unsigned int events) MUST_CHECK;

/* Calls back once, as if it were ready to be read, though it may not be. */
void loop_pretend(struct loop_event *e);

/* A timer that does not run yet; the callback's events are 0. */
enum err loop_add_timer(struct loop *loop, struct loop_event *e, loop_fn *fn, void *arg) MUST_CHECK;
/* Once, after this time; anew if it runs already. */
enum err loop_start_timer(struct loop_event *e, uint64_t ms) MUST_CHECK;
void loop_stop_timer(struct loop_event *e);

/* The callback runs in the loop, not in a signal handler; its events are the signal's number. */
enum err loop_add_signal(struct loop *loop, struct loop_event *e, int number, loop_fn *fn,
			 void *arg) MUST_CHECK;

/* Nothing when it was never added. Closes no file. */
void loop_remove(struct loop_event *e);

/* Until loop_stop(). */
enum err loop_run(struct loop *loop) MUST_CHECK;
/* From a callback: loop_run() returns after it. */
void loop_stop(struct loop *loop);

#endif
