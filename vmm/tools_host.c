// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/clock.h"
#include "vmm/kick.h"
#include "vmm/say.h"
#include "vmm/tools_rpc.h"

/*
 * The loop's half: orders, their time-outs, events. vCPUs' threads write to an eventfd once and
 * then not before the loop has looked; what else there is to see, it sees at its next tick.
 */

#define REPORT_NS     (1000 * NS_PER_MS)
#define ORDER_TICK_MS 100
#define TICK_MS       1000
#define SYNC_MS       60000
#define FAR_AWAY_S    9000000000 /* the year 2255 */
/* The guest polls ten times a second, unless a script of its tools takes long. */
#define SILENT_NS (60000 * NS_PER_MS)

void tools_wake(struct tools *t)
{
	if (t->woken || t->event < 0)
		return;
	t->woken = true;
	kick_eventfd(t->event);
}

/* What the loop has to do when the lock is free again. */
struct news {
	struct tools_order over[TOOLS_ORDERS_MAX];
	uint32_t count;
	bool has_changed; /* whether it runs */
	bool is_running;
	bool has_report;
	bool has_orders; /* on their way */
};

/* Under the lock, and so is now_ns: the guest's calls have left no later time. */
static void gather(struct tools *t, uint64_t now_ns, struct news *news)
{
	t->woken = false;
	if (t->is_paused)
		t->polled_ns = now_ns;
	else if (t->main != TOOLS_NO_CHANNEL && now_ns - t->polled_ns > SILENT_NS)
		gtchannel_close(&t->channels, t->main);
	tools_tclo_expire(t, now_ns);
	news->count = 0;
	news->has_orders = false;
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		if (t->order[i].state == TOOLS_ORDER_OVER) {
			news->over[news->count++] = t->order[i];
			t->order[i].state = TOOLS_ORDER_FREE;
		} else if (t->order[i].state != TOOLS_ORDER_FREE) {
			news->has_orders = true;
		}
	}
	news->is_running = t->report.running;
	news->has_changed = t->was_running != t->report.running;
	t->was_running = t->report.running;
	news->has_report = t->report_waits && now_ns - t->report_ns >= REPORT_NS;
	if (news->has_report) {
		t->report_waits = false;
		t->report_ns = now_ns;
	}
}

static void tell(struct tools *t, const struct news *news)
{
	for (uint32_t i = 0; i < news->count; i++) {
		if (news->over[i].done != NULL)
			news->over[i].done(news->over[i].arg, news->over[i].result,
					   news->over[i].why);
	}
	if (t->listener == NULL)
		return;
	if (news->has_changed)
		t->listener(t->listener_arg,
			    news->is_running ? TOOLS_EVENT_STARTED : TOOLS_EVENT_GONE);
	if (news->has_report)
		t->listener(t->listener_arg, TOOLS_EVENT_REPORT);
}

static void look(struct tools *t)
{
	bool has_orders, has_more;
	struct news news;

	(void)pthread_mutex_lock(&t->lock);
	gather(t, clock_now_ns(), &news);
	has_orders = news.has_orders;
	has_more = t->report_waits || t->main != TOOLS_NO_CHANNEL;
	(void)pthread_mutex_unlock(&t->lock);
	if (has_orders || has_more)
		(void)!loop_start_timer(&t->on_tick, has_orders ? ORDER_TICK_MS : TICK_MS);
	tell(t, &news);
}

static void on_event(void *arg, unsigned int events)
{
	struct tools *t = arg;
	uint64_t count;

	if (read(t->event, &count, sizeof(count)) == sizeof(count))
		look(t);
}

static void on_tick(void *arg, unsigned int events)
{
	look(arg);
}

/* ---- time -------------------------------------------------------------------------------- */

/* What the guest's clock says is not to be trusted any more. */
static void sync_time(struct tools *t)
{
	bool is_running;

	(void)pthread_mutex_lock(&t->lock);
	is_running = t->report.running;
	(void)pthread_mutex_unlock(&t->lock);
	if (is_running && tools_do(t, TOOLS_SYNC_TIME, SYNC_MS, NULL, NULL) != ERR_OK)
		say("the guest's tools have too much to do to set its clock");
}

/* A point far away, which is never reached; but reading ends when Linux's clock is set. */
static bool watch_clock(struct tools *t)
{
	const struct itimerspec far = {.it_value = {.tv_sec = FAR_AWAY_S}};

	return timerfd_settime(t->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) ==
	       0;
}

static void on_clock(void *arg, unsigned int events)
{
	struct tools *t = arg;
	uint64_t count;

	if (read(t->clock, &count, sizeof(count)) < 0 && errno != ECANCELED)
		return;
	if (!watch_clock(t) && errno != ECANCELED)
		say("cannot watch the host's clock: %s", strerror(errno));
	sync_time(t);
}

void tools_set_paused(struct tools *t, bool paused)
{
	t->is_paused = paused;
	if (t->loop == NULL)
		return;
	if (!paused) {
		(void)pthread_mutex_lock(&t->lock);
		t->polled_ns = clock_now_ns();
		(void)pthread_mutex_unlock(&t->lock);
		sync_time(t);
	}
}

/* ---- for the owner ----------------------------------------------------------------------- */

enum err tools_do(struct tools *t, enum tools_action action, uint64_t timeout_ms,
		  tools_done_fn *done, void *arg)
{
	struct tools_order *order;
	enum err err = ERR_OK;

	(void)pthread_mutex_lock(&t->lock);
	order = tools_order_new(t, action, timeout_ms);
	if (order == NULL) {
		err = ERR_BUSY;
	} else {
		order->done = done;
		order->arg = arg;
		if (!t->report.running)
			tools_order_end(t, order, TOOLS_ABSENT, NULL, 0);
		tools_wake(t);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return err;
}

void tools_get_report(struct tools *t, struct tools_report *report)
{
	(void)pthread_mutex_lock(&t->lock);
	*report = t->report;
	(void)pthread_mutex_unlock(&t->lock);
}

void tools_listen(struct tools *t, tools_event_fn *listener, void *arg)
{
	t->listener = listener;
	t->listener_arg = arg;
}

enum err tools_open(struct tools *t, struct loop *loop)
{
	enum err err = ERR_NO_MEMORY;

	t->loop = loop;
	t->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->clock = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->event >= 0 && t->clock >= 0 && watch_clock(t))
		err = loop_add_fd(loop, &t->on_event, t->event, LOOP_READ, on_event, t);
	if (err == ERR_OK)
		err = loop_add_fd(loop, &t->on_clock, t->clock, LOOP_READ, on_clock, t);
	if (err == ERR_OK)
		err = loop_add_timer(loop, &t->on_tick, on_tick, t);
	if (err != ERR_OK)
		say("cannot wait for the guest's tools: %s", strerror(errno));
	return err;
}

void tools_close(struct tools *t)
{
	loop_remove(&t->on_event);
	loop_remove(&t->on_clock);
	loop_remove(&t->on_tick);
	if (t->event >= 0)
		(void)close(t->event);
	if (t->clock >= 0)
		(void)close(t->clock);
	t->event = -1;
	t->clock = -1;
	t->loop = NULL;
}
