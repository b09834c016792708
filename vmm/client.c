// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/paths.h"
#include "vmm/say.h"

#define ANSWER_MS   600000 /* memory is cleaned and scrubbed meanwhile, that of other VMs, too */
#define RETRY_MS    100
#define RETRY_TRIES 100
#define ERROR_BYTES 512

static void on_message(void *arg, json_t *message)
{
	struct client *c = arg;
	const char *event = json_string_value(json_object_get(message, "event"));

	if (event != NULL && c->on_event != NULL)
		c->on_event(c->arg, event, json_object_get(message, "data"));
}

enum err client_open(struct client *c)
{
	int fd = wire_connect(PATHS_DAEMON);

	*c = (struct client){.wire.fd = -1, .wire.received = -1};
	if (fd < 0) {
		if (errno == EACCES)
			say("not allowed: virtual machines are for root and the group %s",
			    PATHS_GROUP);
		else if (errno == ENOENT || errno == ECONNREFUSED)
			say("caissond is not running: start it (systemctl start caissond)");
		else
			say("cannot reach caissond at %s: %s", PATHS_DAEMON, strerror(errno));
		return ERR_NOT_FOUND;
	}
	return wire_init(&c->wire, fd);
}

/* *result: NULL to drop it. */
static enum err ask(struct client *c, const char *command, json_t *arguments, json_t **result)
{
	char error[ERROR_BYTES];
	json_t *answer;
	enum err err = rpc_ask(&c->wire, command, arguments, ANSWER_MS, on_message, c, &answer,
			       error, sizeof(error));

	if (err != ERR_OK) {
		say(err == ERR_INVALID ? "%s" : "caissond: %s", error);
		return err;
	}
	if (result != NULL)
		*result = answer;
	else
		json_decref(answer);
	return ERR_OK;
}

static json_t *cpu_list(const struct vm_config *config)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->dedicated; i++)
		(void)json_array_append_new(list, json_integer(config->dedicate[i]));
	return list;
}

enum err client_create(struct client *c, const struct vm_config *config, uint64_t mem_bytes,
		       int *file)
{
	json_t *arguments = json_pack("{s:i,s:I,s:I}", "cpus", (int)config->cpus, "ram",
				      (json_int_t)config->ram_bytes, "mem", (json_int_t)mem_bytes);
	const char *name;
	json_t *answer;
	enum err err;

	if (config->name[0] != '\0')
		(void)json_object_set_new(arguments, "name", json_string(config->name));
	if (c->note != NULL)
		(void)json_object_set_new(arguments, "note", json_string(c->note));
	if (config->dedicated != 0)
		(void)json_object_set_new(arguments, "dedicate", cpu_list(config));
	err = ask(c, "create", arguments, &answer);
	if (err != ERR_OK)
		return err;
	name = json_string_value(json_object_get(answer, "name"));
	(void)snprintf(c->name, sizeof(c->name), "%s", name != NULL ? name : "");
	json_decref(answer);
	*file = wire_take_fd(&c->wire);
	if (*file >= 0)
		return ERR_OK;
	say("caissond gave no memory");
	return ERR_NO_MEMORY;
}

enum err client_open_log(struct client *c, int *file)
{
	enum err err = ask(c, "open-log", NULL, NULL);

	*file = wire_take_fd(&c->wire);
	return err == ERR_OK && *file < 0 ? ERR_NOT_FOUND : err;
}

static bool parse_token(const json_t *answer, struct hyp_token *token)
{
	const json_t *halves = json_object_get(answer, "token");

	for (uint32_t i = 0; i < ARRAY_SIZE(token->half); i++) {
		const char *text = json_string_value(json_array_get(halves, i));

		if (text == NULL)
			return false;
		token->half[i] = strtoull(text, NULL, 16);
	}
	return true;
}

enum err client_start(struct client *c, const struct client_region *region, uint32_t regions,
		      bool tools, uint64_t ctr, uint32_t *number)
{
	json_t *list = json_array();
	json_t *answer;
	enum err err;

	for (uint32_t i = 0; i < regions; i++)
		(void)json_array_append_new(
			list, json_pack("[I,I,I,I]", (json_int_t)region[i].offset,
					(json_int_t)region[i].ipa, (json_int_t)region[i].bytes,
					(json_int_t)region[i].rights));
	err = ask(
		c, "start",
		json_pack("{s:o,s:b,s:I}", "regions", list, "tools", tools, "ctr", (json_int_t)ctr),
		&answer);
	if (err != ERR_OK)
		return err;
	*number = (uint32_t)json_integer_value(json_object_get(answer, "number"));
	c->started = parse_token(answer, &c->token);
	c->guest = (struct guestreport){0};
	json_decref(answer);
	if (c->started)
		return ERR_OK;
	say("caissond gave no token");
	return ERR_INVALID;
}

enum err client_donate(struct client *c)
{
	return ask(c, "donate", NULL, NULL);
}

/* ---- a caissond that goes away ----------------------------------------------------------- */

static void on_closed(void *arg);

static json_t *attach_arguments(const struct client *c)
{
	char token[2][24];

	for (uint32_t i = 0; i < ARRAY_SIZE(token); i++)
		(void)snprintf(token[i], sizeof(token[i]), "%016" PRIx64, c->token.half[i]);
	json_t *arguments = json_pack("{s:s,s:s,s:s,s:b}", "name", c->name, "token0", token[0],
				      "token1", token[1], "paused", c->paused);

	if (c->note != NULL)
		(void)json_object_set_new(arguments, "note", json_string(c->note));
	return arguments;
}

/* One try. ERR_DENIED: this caissond does not know the VM. */
static enum err reconnect(struct client *c)
{
	char error[ERROR_BYTES];
	json_t *answer;
	int fd = wire_connect(PATHS_DAEMON);

	if (fd < 0 || wire_init(&c->wire, fd) != ERR_OK)
		return ERR_NOT_FOUND;

	enum err err = rpc_ask(&c->wire, "attach", attach_arguments(c), ANSWER_MS, on_message, c,
			       &answer, error, sizeof(error));

	if (err == ERR_OK) {
		json_decref(answer);
		err = c->loop != NULL ? wire_attach(&c->wire, c->loop, on_message, on_closed, c)
				      : ERR_OK;
	} else if (err == ERR_INVALID) {
		say("caissond: %s", error);
		err = ERR_DENIED;
	} else {
		err = ERR_NOT_FOUND;
	}
	if (err != ERR_OK)
		wire_close(&c->wire);
	return err;
}

static void send_guest(struct client *c)
{
	json_t *arguments = json_object();

	guestreport_describe(&c->guest, arguments);
	if (wire_send(&c->wire,
		      json_pack("{s:s,s:o}", "execute", "set-guest", "arguments", arguments),
		      -1) != ERR_OK)
		return; /* it is told when there is a caissond again */
}

void client_set_guest(struct client *c, const struct guestreport *guest)
{
	if (memcmp(&c->guest, guest, sizeof(*guest)) == 0)
		return;
	c->guest = *guest;
	if (c->wire.fd >= 0)
		send_guest(c);
}

static void on_retry(void *arg, unsigned int events)
{
	struct client *c = arg;

	switch (reconnect(c)) {
	case ERR_OK:
		send_guest(c);
		return;
	case ERR_DENIED:
		c->on_event(c->arg, "lost", NULL);
		return;
	default:
		break;
	}
	if (loop_start_timer(&c->retry, RETRY_MS) != ERR_OK)
		c->on_event(c->arg, "lost", NULL);
}

static void on_closed(void *arg)
{
	struct client *c = arg;

	/* Without a VM in EL2 there is nothing to keep: the next thing asked for fails. */
	if (c->started && loop_start_timer(&c->retry, RETRY_MS) != ERR_OK)
		c->on_event(c->arg, "lost", NULL);
}

enum err client_attach(struct client *c, struct loop *loop, client_event_fn *on_event, void *arg)
{
	enum err err;

	c->loop = loop;
	c->on_event = on_event;
	c->arg = arg;
	err = loop_add_timer(loop, &c->retry, on_retry, c);
	return err == ERR_OK ? wire_attach(&c->wire, loop, on_message, on_closed, c) : err;
}

static enum err await_caissond(struct client *c)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
	enum err err = ERR_OK;

	for (uint32_t i = 0; c->wire.fd < 0 && i < RETRY_TRIES; i++) {
		err = reconnect(c);
		if (err != ERR_NOT_FOUND)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return err;
}

enum err client_end(struct client *c)
{
	enum err err;

	loop_stop_timer(&c->retry);
	err = await_caissond(c);
	if (err == ERR_OK)
		err = ask(c, "end", NULL, NULL);
	if (err == ERR_TRUNCATED) {
		/* It went away with the question. */
		wire_close(&c->wire);
		err = await_caissond(c);
		if (err == ERR_OK)
			err = ask(c, "end", NULL, NULL);
	}
	c->started = err != ERR_OK;
	return err;
}

static void send_state(struct client *c)
{
	json_t *state = json_pack("{s:b}", "paused", c->paused);

	if (c->note != NULL)
		(void)json_object_set_new(state, "note", json_string(c->note));
	if (c->wire.fd < 0)
		json_decref(state);
	else if (wire_send(&c->wire,
			   json_pack("{s:s,s:o}", "execute", "set-state", "arguments", state),
			   -1) != ERR_OK)
		return; /* it is told when there is a caissond again */
}

void client_set_paused(struct client *c, bool paused)
{
	c->paused = paused;
	send_state(c);
}

void client_set_note(struct client *c, const char *note)
{
	if (c->note == note)
		return;
	c->note = note;
	if (c->name[0] != '\0') /* else it goes with what makes the VM */
		send_state(c);
}

void client_close(struct client *c)
{
	json_t *message;

	loop_remove(&c->retry);
	if (c->name[0] != '\0' && c->wire.fd >= 0 && /* else there is none to remove */
	    wire_send(&c->wire, json_pack("{s:s}", "execute", "remove"), -1) == ERR_OK) {
		/* Until it closes. */
		while (wire_receive(&c->wire, ANSWER_MS, &message) == ERR_OK)
			json_decref(message);
	}
	wire_close(&c->wire);
}
