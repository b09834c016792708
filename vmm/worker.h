/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_WORKER_H
#define VMM_WORKER_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A device's own thread, for work that no vCPU is to wait for. It sleeps in worker_wait() until it
 * is kicked or a file descriptor of its own is ready.
 */
struct worker {
	int kick; /* an eventfd; others may write to it, too */
	bool started;
	pthread_t thread;
	atomic_bool end;
	void (*run)(void *arg);
	void *arg;
};

/*
 * Starts the thread: fn(arg), which returns once worker_wait() is false. name: up to 15 bytes.
 * Tells what is wrong. All zeros before; worker_end() is due also after an error.
 */
enum err worker_start(struct worker *w, const char *name, void (*fn)(void *arg),
		      void *arg) MUST_CHECK;
/* Waits for the thread's end. Nothing when it was never started. */
void worker_end(struct worker *w);

/* There is something to do. Any thread. */
void worker_kick(struct worker *w);

#define WORKER_FDS_MAX 4

/*
 * By the thread itself: waits for a kick or one of these file descriptors, whose revents are
 * set. False: it is to end.
 */
bool worker_wait(struct worker *w, struct pollfd *fds, uint32_t count);

#endif
