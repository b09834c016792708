// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program: what comes over a wire (vmm/wire.h) in one piece with an answer that is waited
 * for reaches the loop, too, also when nothing ever follows it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/wire.h"

#define PATIENCE_MS 10000

static struct loop loop;
static unsigned int events;

static void on_message(void *arg, json_t *message)
{
	events += json_object_get(message, "event") != NULL;
	loop_stop(&loop);
}

static void on_closed(void *arg)
{
	loop_stop(&loop);
}

static void on_timer(void *arg, unsigned int what)
{
	loop_stop(&loop);
}

static int fail(const char *what)
{
	printf("wire: %s\n", what);
	return 1;
}

/* What the loop hears of; attached: already before the answer came. */
static int check(bool attached)
{
	static const char text[] = "{\"return\": {}}\n{\"event\": \"console\"}\n";
	struct loop_event timer;
	struct wire wire;
	json_t *message;
	int end[2];

	events = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, end) != 0 || loop_init(&loop) != ERR_OK ||
	    loop_add_timer(&loop, &timer, on_timer, NULL) != ERR_OK ||
	    wire_init(&wire, end[0]) != ERR_OK ||
	    (attached && wire_attach(&wire, &loop, on_message, on_closed, NULL) != ERR_OK) ||
	    loop_start_timer(&timer, PATIENCE_MS) != ERR_OK)
		return fail("cannot start");
	if (write(end[1], text, strlen(text)) != (ssize_t)strlen(text) ||
	    wire_receive(&wire, PATIENCE_MS, &message) != ERR_OK)
		return fail("no answer");
	json_decref(message);
	/* Something is sent before the loop runs again. */
	if ((!attached && wire_attach(&wire, &loop, on_message, on_closed, NULL) != ERR_OK) ||
	    wire_send(&wire, json_pack("{s:s}", "execute", "set-state"), -1) != ERR_OK ||
	    loop_run(&loop) != ERR_OK)
		return fail("cannot send");
	if (events != 1)
		return fail("the event that came with the answer was lost");
	wire_close(&wire);
	loop_remove(&timer);
	loop_free(&loop);
	return close(end[1]);
}

int main(void)
{
	if (check(true) != 0 || check(false) != 0)
		return 1;
	puts("wire: ok");
	return 0;
}
