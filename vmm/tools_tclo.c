// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/clock.h"
#include "vmm/tools_rpc.h"

#include <stdio.h>
#include <string.h>

#include "vmm/escape.h"

/*
 * The conversation in which the guest polls for what the host wants of it: it sends the answer to
 * the last command, or nothing, and fetches the next, if there is one. The first two commands find
 * out who is there, which is believed until another says the same; then come options, then orders,
 * one at a time.
 */

static const char name_main[] = "OK ATR toolbox";

/* After the options that are always the same: the guest's own time synchronisation. */
static const char *const options[] = {
	"Set_Option broadcastIP 1",
	"Set_Option time.synchronize.tools.startup 1",
};

static const char *const sync_text[] = {"Set_Option synctime 0", "Set_Option synctime 1"};

static const char *const texts[] = {
	[TOOLS_HALT] = "OS_Halt",
	[TOOLS_REBOOT] = "OS_Reboot",
	[TOOLS_SYNC_TIME] = "Time_Synchronize 1",
	[TOOLS_FREEZE] = "vmbackup.start 0",
	[TOOLS_THAW] = "vmbackup.snapshotDone",
	[TOOLS_BROADCAST_IP] = "Set_Option broadcastIP 1",
	[TOOLS_PING] = "ping",
	[TOOLS_ABORT_FREEZE] = "vmbackup.abort",
};

/* Is it over only when the guest has sent an event? */
static const bool has_event[] = {
	[TOOLS_HALT] = true, [TOOLS_REBOOT] = true,    [TOOLS_FREEZE] = true,
	[TOOLS_THAW] = true, [TOOLS_SET_SYNC] = false,
};

#define SET_SYNC_MS 60000

/* ---- orders ------------------------------------------------------------------------------ */

struct tools_order *tools_order_new(struct tools *t, enum tools_action action, uint64_t timeout_ms)
{
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		struct tools_order *order = &t->order[i];

		if (order->state != TOOLS_ORDER_FREE)
			continue;
		*order = (struct tools_order){.state = TOOLS_ORDER_WAITS,
					      .action = action,
					      .serial = ++t->serial,
					      .until_ns = clock_now_ns() + timeout_ms * 1000000};
		return order;
	}
	return NULL;
}

void tools_order_end(struct tools *t, struct tools_order *order, enum tools_result result,
		     const char *why, size_t bytes)
{
	order->state = TOOLS_ORDER_OVER;
	order->result = result;
	(void)escape_cut(order->why, sizeof(order->why), (const uint8_t *)why,
			 why != NULL ? bytes : 0);
	tools_wake(t);
}

static bool is_under_way(const struct tools_order *order)
{
	return order->state != TOOLS_ORDER_FREE && order->state != TOOLS_ORDER_OVER;
}

/* The oldest in this state; NULL. */
static struct tools_order *oldest(struct tools *t, enum tools_order_state state)
{
	struct tools_order *found = NULL;

	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		struct tools_order *order = &t->order[i];

		if (order->state == state && (found == NULL || order->serial < found->serial))
			found = order;
	}
	return found;
}

/* The one of this kind that the guest has been sent; NULL. */
static struct tools_order *sent(struct tools *t, enum tools_action action)
{
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		struct tools_order *order = &t->order[i];

		if (order->action == action &&
		    (order->state == TOOLS_ORDER_SENT || order->state == TOOLS_ORDER_BEGUN))
			return order;
	}
	return NULL;
}

void tools_tclo_expire(struct tools *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		struct tools_order *order = &t->order[i];
		enum tools_action action = order->action;
		bool is_sent = order->state == TOOLS_ORDER_SENT;

		if (!is_under_way(order) || now_ns < order->until_ns)
			continue;
		/* The guest shall not come upon it later. */
		if (is_sent && t->main != TOOLS_NO_CHANNEL &&
		    gtchannel_has_post(&t->channels, t->main)) {
			gtchannel_post(&t->channels, t->main, NULL, 0);
			t->is_asked = false;
		} else if (action == TOOLS_FREEZE && order->state != TOOLS_ORDER_WAITS) {
			(void)tools_order_new(t, TOOLS_ABORT_FREEZE, 60000);
		}
		tools_order_end(t, order, TOOLS_TIMEOUT, NULL, 0);
	}
}

/* ---- what is said ------------------------------------------------------------------------ */

static bool post(struct tools *t, uint32_t channel, const char *text)
{
	size_t bytes = strlen(text);
	uint8_t *message = tools_allocate(t, bytes);

	if (message == NULL)
		return false;
	memcpy(message, text, bytes);
	gtchannel_post(&t->channels, channel, message, (uint32_t)bytes);
	return true;
}

static const char *order_text(const struct tools *t, const struct tools_order *order)
{
	return order->action == TOOLS_SET_SYNC ? sync_text[t->sync] : texts[order->action];
}

/* The guest has nothing to answer any more, and can have the next order. */
static void post_next(struct tools *t)
{
	struct tools_order *order = oldest(t, TOOLS_ORDER_WAITS);

	if (order == NULL || !post(t, t->main, order_text(t, order)))
		return;
	order->state = TOOLS_ORDER_SENT;
	t->is_asked = true;
}

static void settle(struct tools *t)
{
	if (t->option < ARRAY_SIZE(options)) {
		(void)post(t, t->main, options[t->option++]);
	} else if (t->option == ARRAY_SIZE(options)) {
		t->option++;
		(void)post(t, t->main, sync_text[t->sync]);
	} else {
		t->talk[t->main] = TOOLS_TALK_READY;
		t->report.running = true;
		tools_wake(t);
		post_next(t);
	}
}

/* ---- what comes -------------------------------------------------------------------------- */

static bool begins(const uint8_t *bytes, uint32_t count, const char *text)
{
	return count >= strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

void tools_tclo_opened(struct tools *t, uint32_t channel)
{
	t->talk[channel] = post(t, channel, "reset") ? TOOLS_TALK_RESET : TOOLS_TALK_OTHER;
}

/* Whoever took orders does not any more: what it was to do, it does not. */
static void lose_main(struct tools *t)
{
	t->main = TOOLS_NO_CHANNEL;
	t->is_asked = false;
	t->report.running = false;
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		struct tools_order *order = &t->order[i];
		bool goes_down = order->action == TOOLS_HALT || order->action == TOOLS_REBOOT;

		if (is_under_way(order))
			tools_order_end(t, order,
					goes_down && order->state == TOOLS_ORDER_BEGUN
						? TOOLS_DONE
						: TOOLS_ABSENT,
					NULL, 0);
	}
	tools_wake(t);
}

void tools_tclo_closed(struct tools *t, uint32_t channel)
{
	t->talk[channel] = TOOLS_TALK_NONE;
	if (channel == t->main)
		lose_main(t);
}

/* It says who it is. */
static void introduced(struct tools *t, uint32_t channel, const uint8_t *answer, uint32_t bytes)
{
	if (bytes < sizeof(name_main) - 1 ||
	    memcmp(answer, name_main, sizeof(name_main) - 1) != 0 ||
	    (bytes > sizeof(name_main) - 1 && answer[sizeof(name_main) - 1] != '\0')) {
		t->talk[channel] = TOOLS_TALK_OTHER;
		return;
	}
	if (t->main != TOOLS_NO_CHANNEL && t->main != channel) {
		t->talk[t->main] = TOOLS_TALK_OTHER;
		lose_main(t);
	}
	t->main = channel;
	t->option = 0;
	t->talk[channel] = TOOLS_TALK_REGISTER;
	(void)post(t, channel, "Capabilities_Register");
}

static void answered(struct tools *t, const uint8_t *answer, uint32_t bytes)
{
	static const char error[] = "ERROR ";
	struct tools_order *order = oldest(t, TOOLS_ORDER_SENT);
	uint32_t head = begins(answer, bytes, error) ? sizeof(error) - 1 : 0;

	if (!t->is_asked)
		return;
	t->is_asked = false;
	if (order == NULL)
		return; /* it came too late */
	if (!begins(answer, bytes, "OK"))
		tools_order_end(t, order, TOOLS_REFUSED, (const char *)answer + head, bytes - head);
	else if (has_event[order->action])
		order->state = TOOLS_ORDER_BEGUN;
	else
		tools_order_end(t, order, TOOLS_DONE, NULL, 0);
}

void tools_tclo_message(struct tools *t, uint32_t channel, const uint8_t *answer, uint32_t bytes)
{
	enum tools_talk talk = (enum tools_talk)t->talk[channel];

	if (channel == t->main)
		t->polled_ns = clock_now_ns();
	/* What was posted has not been fetched, so nothing is an answer to it. */
	if (gtchannel_has_post(&t->channels, channel))
		return;
	switch (talk) {
	case TOOLS_TALK_RESET:
		if (bytes != 0)
			introduced(t, channel, answer, bytes);
		break;
	case TOOLS_TALK_REGISTER:
		t->talk[channel] = TOOLS_TALK_SETTLE;
		settle(t);
		break;
	case TOOLS_TALK_SETTLE:
		settle(t);
		break;
	case TOOLS_TALK_READY:
		answered(t, answer, bytes);
		post_next(t);
		break;
	case TOOLS_TALK_NONE:
	case TOOLS_TALK_OTHER:
		break;
	}
}

/* What an order says is decided when it is sent: one that waits is enough, whatever comes. */
void tools_tclo_sync_changed(struct tools *t)
{
	for (uint32_t i = 0; i < TOOLS_ORDERS_MAX; i++) {
		if (t->order[i].state == TOOLS_ORDER_WAITS && t->order[i].action == TOOLS_SET_SYNC)
			return;
	}
	if (t->main != TOOLS_NO_CHANNEL)
		(void)tools_order_new(t, TOOLS_SET_SYNC, SET_SYNC_MS);
}

void tools_tclo_state_changed(struct tools *t, uint32_t id, bool ok)
{
	struct tools_order *order = id == 1   ? sent(t, TOOLS_HALT)
				    : id == 2 ? sent(t, TOOLS_REBOOT)
					      : NULL;
	static const char failed[] = "a script of the guest's failed";

	if (order != NULL)
		tools_order_end(t, order, ok ? TOOLS_DONE : TOOLS_REFUSED, ok ? NULL : failed,
				sizeof(failed) - 1);
}

bool tools_tclo_backup(struct tools *t, const char *event, const char *text)
{
	struct tools_order *freeze = sent(t, TOOLS_FREEZE), *thaw = sent(t, TOOLS_THAW);

	if (strcmp(event, "prov.snapshotCommit") == 0) {
		if (freeze == NULL)
			return false;
		tools_order_end(t, freeze, TOOLS_DONE, NULL, 0);
	} else if (strcmp(event, "req.done") == 0) {
		if (thaw != NULL)
			tools_order_end(t, thaw, TOOLS_DONE, NULL, 0);
		if (freeze != NULL)
			tools_order_end(t, freeze, TOOLS_REFUSED, text, strlen(text));
	} else if (strcmp(event, "req.aborted") == 0 || strcmp(event, "req.error") == 0) {
		if (thaw != NULL)
			tools_order_end(t, thaw, TOOLS_REFUSED, text, strlen(text));
		if (freeze != NULL)
			tools_order_end(t, freeze, TOOLS_REFUSED, text, strlen(text));
	}
	return true;
}
