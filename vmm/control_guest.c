// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/control.h"
#include "vmm/escape.h"
#include "vmm/vmm.h"

/* Commands of the control socket that are about the tools in the guest. */

#define GET_BYTES   8192 /* of a value in one answer */
#define SHOWN_BYTES 32   /* of each value in a list */
#define LIST_MAX    100  /* entries in one answer */

#define TIMEOUT_MS     90000 /* as caisson stop */
#define TIMEOUT_MAX_MS 86400000

static const char no_tools[] = "no tools run in the guest (yet): open-vm-tools is what it needs";

/* The guest's tools; NULL and an error text: there is nothing for them. */
static struct tools *tools_of(struct rpc_call *call)
{
	struct vmm *vmm = control_vmm(call);

	if (vmm->config.tools != TOOLS_OFF)
		return &vmm->tools;
	(void)rpc_fail(call, ERR_DENIED,
		       "this machine has nothing for guest tools (caisson run --guest-tools "
		       "vmware gives it that)");
	return NULL;
}

/* ---- values ------------------------------------------------------------------------------ */

/* The argument "key" as the guest has it, "guestinfo." before it or not; false: told. */
static bool take_key(struct rpc_call *call, char key[GUESTINFO_KEY_BYTES])
{
	static const char prefix[] = GUESTINFO_PREFIX;
	const char *text = rpc_text(call, "key");

	if (text == NULL)
		return false;
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	if (snprintf(key, GUESTINFO_KEY_BYTES, "%s%s", prefix, text) < GUESTINFO_KEY_BYTES &&
	    guestinfo_is_key(key, strlen(key)))
		return true;
	(void)rpc_fail(call, ERR_INVALID, "not a key: printable characters but space and '='");
	return false;
}

static json_t *escaped(const uint8_t *bytes, size_t count)
{
	char text[ESCAPE_ROOM(GET_BYTES)];

	(void)escape_bytes(text, bytes, count);
	return json_string(text);
}

enum err control_guest_get(struct rpc_call *call)
{
	struct tools *tools = tools_of(call);
	char key[GUESTINFO_KEY_BYTES];
	uint64_t position = 0;
	uint8_t *value;
	size_t bytes, count;
	enum err err;

	if (tools == NULL || !take_key(call, key) ||
	    (json_object_get(call->arguments, "position") != NULL &&
	     !rpc_number(call, "position", &position)))
		return ERR_INVALID;
	err = tools_info_get(tools, key, &value, &bytes);
	if (err == ERR_NOT_FOUND)
		return rpc_fail(call, ERR_INVALID, "%s has no value", key);
	if (err != ERR_OK)
		return rpc_fail(call, err, "%s was a secret, and the guest has read it", key);
	position = position < bytes ? position : bytes;
	count = bytes - position < GET_BYTES ? bytes - position : GET_BYTES;
	call->result = json_pack("{s:o,s:I}", "value", escaped(value + position, count), "bytes",
				 (json_int_t)bytes);
	free(value);
	return ERR_OK;
}

enum err control_guest_set(struct rpc_call *call)
{
	struct tools *tools = tools_of(call);
	char key[GUESTINFO_KEY_BYTES];
	const char *text;
	uint8_t *value;
	size_t bytes;
	enum err err;

	if (tools == NULL || !take_key(call, key) || (text = rpc_text(call, "value")) == NULL)
		return ERR_INVALID;
	value = malloc(strlen(text) + 1);
	if (value == NULL)
		return rpc_fail(call, ERR_NO_MEMORY, "no memory for it");
	err = escape_undo(text, value, &bytes) ? tools_info_set(tools, key, value, bytes, 0)
					       : ERR_INVALID;
	free(value);
	if (err == ERR_INVALID)
		return rpc_fail(call, err, "the value has a backslash that is not \\xNN");
	return err == ERR_OK ? err : rpc_fail(call, err, "there is no room for %s", key);
}

struct listing {
	json_t *list;
	uint64_t from; /* entries before this one are left out */
	uint64_t at;
};

static void list_entry(void *arg, const struct guestinfo_entry *entry)
{
	struct listing *l = arg;
	size_t shown = entry->bytes < SHOWN_BYTES ? entry->bytes : SHOWN_BYTES;
	json_t *one;

	if (l->at++ < l->from || json_array_size(l->list) == LIST_MAX)
		return;
	one = json_pack("{s:s,s:s,s:I}", "key", entry->key + strlen(GUESTINFO_PREFIX), "set-by",
			entry->side == GUESTINFO_GUEST ? "guest" : "owner", "bytes",
			(json_int_t)entry->bytes);
	if (entry->value != NULL)
		(void)json_object_set_new(one, "value", escaped(entry->value, shown));
	else
		(void)json_object_set_new(one, "redacted", json_true());
	if (shown < entry->bytes)
		(void)json_object_set_new(one, "cut", json_true());
	(void)json_array_append_new(l->list, one);
}

enum err control_guest_list(struct rpc_call *call)
{
	struct tools *tools = tools_of(call);
	struct listing l = {0};

	if (tools == NULL || (json_object_get(call->arguments, "position") != NULL &&
			      !rpc_number(call, "position", &l.from)))
		return ERR_INVALID;
	l.list = json_array();
	tools_info_list(tools, list_entry, &l);
	call->result = l.list;
	return ERR_OK;
}

/* ---- what the tools do ------------------------------------------------------------------- */

enum err control_guest_info(struct rpc_call *call)
{
	struct tools *tools = tools_of(call);
	struct tools_report report;

	if (tools == NULL)
		return ERR_DENIED;
	tools_get_report(tools, &report);
	call->result = json_pack("{s:b}", "running", report.running);
	guestreport_describe(&control_vmm(call)->client.guest, call->result);
	if (report.running)
		(void)json_object_set_new(call->result, "uptime",
					  json_integer((json_int_t)report.uptime_s));
	return ERR_OK;
}

static struct control_order *free_order(struct control *c)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(c->order); i++) {
		if (!c->order[i].used)
			return &c->order[i];
	}
	return NULL;
}

/* The guest has done it, or not: whoever asked, and is still there, has the answer. */
static void on_done(void *arg, enum tools_result result, const char *why)
{
	struct control_order *order = arg;
	struct control_client *client = order->client;
	struct rpc_call call = {.client = client, .id = order->id, .fd = -1};
	enum err err = ERR_OK;

	order->used = false;
	if (client == NULL)
		return;
	call.wire = &client->wire;
	if (result == TOOLS_REFUSED)
		err = rpc_fail(&call, ERR_INVALID, "the guest's tools refuse%s%s",
			       why[0] != '\0' ? ": " : " and do not say why", why);
	else if (result == TOOLS_TIMEOUT)
		err = rpc_fail(&call, ERR_BUSY, "the guest's tools have not done it within %u s",
			       order->seconds);
	else if (result == TOOLS_ABSENT)
		err = rpc_fail(&call, ERR_INVALID, "%s", no_tools);
	rpc_answer(&call, err);
	json_decref(order->id);
}

void control_guest_forget(struct control *c, const struct control_client *client)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(c->order); i++) {
		struct control_order *order = &c->order[i];

		if (!order->used || order->client != client)
			continue;
		json_decref(order->id);
		order->client = NULL; /* used until on_done() */
	}
}

static bool take_timeout(struct rpc_call *call, uint64_t *ms)
{
	*ms = TIMEOUT_MS;
	if (json_object_get(call->arguments, "timeout") == NULL)
		return true;
	if (!rpc_number(call, "timeout", ms))
		return false;
	if (*ms <= TIMEOUT_MAX_MS)
		return true;
	(void)rpc_fail(call, ERR_RANGE, "a time-out of more than a day");
	return false;
}

static enum err ask_guest(struct rpc_call *call, enum tools_action action)
{
	struct control_client *client = call->client;
	struct control_order *order = free_order(client->control);
	struct tools *tools = tools_of(call);
	struct tools_report report;
	uint64_t ms;

	if (tools == NULL)
		return ERR_DENIED;
	if (!take_timeout(call, &ms))
		return ERR_INVALID;
	if (vm_is_paused(&control_vmm(call)->vm))
		return rpc_fail(call, ERR_BUSY, "it is paused (caisson resume lets it go on)");
	tools_get_report(tools, &report);
	if (!report.running)
		return rpc_fail(call, ERR_INVALID, "%s", no_tools);
	if (order == NULL || tools_do(tools, action, ms, on_done, order) != ERR_OK)
		return rpc_fail(call, ERR_BUSY, "too much is asked of the guest already");
	*order = (struct control_order){.used = true,
					.client = client,
					.id = json_incref(call->id),
					.seconds = (uint32_t)(ms / 1000)};
	call->later = true;
	return ERR_OK;
}

enum err control_guest_shutdown(struct rpc_call *call)
{
	return ask_guest(call, TOOLS_HALT);
}

enum err control_guest_reboot(struct rpc_call *call)
{
	return ask_guest(call, TOOLS_REBOOT);
}

enum err control_guest_sync_time(struct rpc_call *call)
{
	return ask_guest(call, TOOLS_SYNC_TIME);
}

enum err control_guest_freeze(struct rpc_call *call)
{
	return ask_guest(call, TOOLS_FREEZE);
}

enum err control_guest_thaw(struct rpc_call *call)
{
	return ask_guest(call, TOOLS_THAW);
}
