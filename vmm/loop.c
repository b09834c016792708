// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/loop.h"

#include <event2/event.h>
#include <sys/time.h>

enum err loop_init(struct loop *loop)
{
	loop->base = event_base_new();
	return loop->base != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void loop_free(struct loop *loop)
{
	if (loop->base != NULL)
		event_base_free(loop->base);
	loop->base = NULL;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_event *e = arg;
	unsigned int events = 0;

	if (what & EV_SIGNAL)
		events = (unsigned int)fd;
	if (what & EV_READ)
		events |= LOOP_READ;
	if (what & EV_WRITE)
		events |= LOOP_WRITE;
	e->fn(e->arg, events);
}

static enum err add(struct loop *loop, struct loop_event *e, int fd, short what, loop_fn *fn,
		    void *arg)
{
	*e = (struct loop_event){.loop = loop, .fd = fd, .fn = fn, .arg = arg};
	e->event = event_new(loop->base, fd, what, on_event, e);
	return e->event != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static short what_of(unsigned int events)
{
	return (short)(EV_PERSIST | (events & LOOP_READ ? EV_READ : 0) |
		       (events & LOOP_WRITE ? EV_WRITE : 0));
}

enum err loop_add_fd(struct loop *loop, struct loop_event *e, int fd, unsigned int events,
		     loop_fn *fn, void *arg)
{
	enum err err = add(loop, e, fd, what_of(events), fn, arg);

	if (err == ERR_OK && events != 0 && event_add(e->event, NULL) != 0)
		err = ERR_NO_MEMORY;
	return err;
}

enum err loop_set_events(struct loop_event *e, unsigned int events)
{
	(void)event_del(e->event);
	if (events == 0)
		return ERR_OK;
	if (event_assign(e->event, e->loop->base, e->fd, what_of(events), on_event, e) != 0 ||
	    event_add(e->event, NULL) != 0)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

void loop_pretend(struct loop_event *e)
{
	event_active(e->event, EV_READ, 0);
}

enum err loop_add_timer(struct loop *loop, struct loop_event *e, loop_fn *fn, void *arg)
{
	return add(loop, e, -1, 0, fn, arg);
}

enum err loop_start_timer(struct loop_event *e, uint64_t ms)
{
	struct timeval after = {.tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	return event_add(e->event, &after) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

void loop_stop_timer(struct loop_event *e)
{
	(void)event_del(e->event);
}

enum err loop_add_signal(struct loop *loop, struct loop_event *e, int number, loop_fn *fn,
			 void *arg)
{
	enum err err = add(loop, e, number, EV_SIGNAL | EV_PERSIST, fn, arg);

	return err == ERR_OK && event_add(e->event, NULL) != 0 ? ERR_NO_MEMORY : err;
}

void loop_remove(struct loop_event *e)
{
	if (e->event != NULL)
		event_free(e->event);
	*e = (struct loop_event){0};
}

enum err loop_run(struct loop *loop)
{
	return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0 ? ERR_OK : ERR_UNSUPPORTED;
}

void loop_stop(struct loop *loop)
{
	(void)event_base_loopbreak(loop->base);
}
