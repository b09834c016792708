// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/say.h"
#include "vmm/thread.h"

static void *run(void *arg)
{
	struct worker *w = arg;

	w->run(w->arg);
	return NULL;
}

enum err worker_start(struct worker *w, const char *name, void (*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	int error;

	*w = (struct worker){.kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .run = fn, .arg = arg};
	if (w->kick < 0) {
		say("cannot make an eventfd: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = thread_start(&w->thread, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->started = error == 0;
	if (error != 0) {
		say("cannot start a thread: %s", strerror(error));
		(void)close(w->kick);
		return ERR_NO_MEMORY;
	}
	(void)pthread_setname_np(w->thread, name);
	return ERR_OK;
}

void worker_end(struct worker *w)
{
	if (!w->started)
		return;
	atomic_store(&w->end, true);
	worker_kick(w);
	(void)pthread_join(w->thread, NULL);
	(void)close(w->kick);
	w->started = false;
}

void worker_kick(struct worker *w)
{
	kick_eventfd(w->kick);
}

bool worker_wait(struct worker *w, struct pollfd *fds, uint32_t count)
{
	struct pollfd wait[1 + WORKER_FDS_MAX] = {{.fd = w->kick, .events = POLLIN}};
	uint64_t kicks;

	if (count != 0)
		memcpy(wait + 1, fds, count * sizeof(*fds));
	if (poll(wait, 1 + count, -1) > 0) {
		for (uint32_t i = 0; i < count; i++)
			fds[i].revents = wait[1 + i].revents;
		/* Nobody else reads it: it cannot be empty. */
		if (wait[0].revents != 0 && read(w->kick, &kicks, sizeof(kicks)) < 0)
			errno = 0;
	}
	return !atomic_load(&w->end);
}
