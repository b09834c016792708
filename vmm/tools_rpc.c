// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/tools_rpc.h"

#include <stdio.h>
#include <string.h>

/* What the guest asks, RPCI: a word, a space, and what belongs to it, which may be any bytes. */

#define OK     "1 "
#define FAILED "0 "

#define WRITES_PER_SECOND 100
#define WRITES_BURST      400
#define LINES_PER_SECOND  2
#define LINES_BURST       20
#define LINE_BYTES        400

/* A command's arguments: `text` ends with a NUL that is not one of `bytes`. */
struct rpc {
	struct tools *tools;
	uint32_t channel;
	const char *text;
	size_t bytes;
};

typedef void rpc_fn(struct rpc *rpc);

/* ---- answers ----------------------------------------------------------------------------- */

/* Without memory there is no answer, which the guest takes for an error. */
static void answer_bytes(struct rpc *rpc, const char *status, const void *bytes, size_t count)
{
	size_t head = strlen(status);
	uint8_t *reply = tools_allocate(rpc->tools, head + count + 1);

	if (reply == NULL)
		return;
	memcpy(reply, status, head);
	if (count != 0)
		memcpy(reply + head, bytes, count);
	gtchannel_post(&rpc->tools->channels, rpc->channel, reply, (uint32_t)(head + count));
}

static void answer(struct rpc *rpc, const char *status, const char *text)
{
	answer_bytes(rpc, status, text, strlen(text));
}

/* ---- values ------------------------------------------------------------------------------ */

/* The first word of the arguments, if it is a key, which it copies; what follows is `rest`. */
static bool take_key(const struct rpc *rpc, char key[GUESTINFO_KEY_BYTES], const char **rest)
{
	const char *end = memchr(rpc->text, ' ', rpc->bytes);
	size_t length = end != NULL ? (size_t)(end - rpc->text) : rpc->bytes;

	*rest = end != NULL ? end + 1 : rpc->text + rpc->bytes;
	if (!guestinfo_is_key(rpc->text, length))
		return false;
	memcpy(key, rpc->text, length);
	key[length] = '\0';
	return true;
}

static void info_get(struct rpc *rpc)
{
	const struct guestinfo_entry *entry = NULL;
	char key[GUESTINFO_KEY_BYTES];
	const char *rest;

	if (take_key(rpc, key, &rest))
		entry = guestinfo_get(&rpc->tools->info, key);
	if (entry == NULL || entry->value == NULL) {
		answer(rpc, FAILED, "No value found");
		return;
	}
	answer_bytes(rpc, OK, entry->value, entry->bytes);
	guestinfo_was_read(&rpc->tools->info, key);
}

static void info_set(struct rpc *rpc)
{
	char key[GUESTINFO_KEY_BYTES];
	const char *value;
	enum err err;

	if (rpc->tools->policy != TOOLS_FULL || !take_key(rpc, key, &value)) {
		answer(rpc, FAILED, "Permission denied");
		return;
	}
	if (tools_rate_take(&rpc->tools->writes, tools_now_ns(), WRITES_PER_SECOND, WRITES_BURST,
			    false) != 0) {
		answer(rpc, FAILED, "Too many requests");
		return;
	}
	err = guestinfo_set(&rpc->tools->info, GUESTINFO_GUEST, key, (const uint8_t *)value,
			    (size_t)(rpc->text + rpc->bytes - value), 0);
	answer(rpc, err == ERR_OK ? OK : FAILED, err == ERR_OK ? "" : "No room for it");
}

/* ---- log --------------------------------------------------------------------------------- */

static void log_line(struct rpc *rpc)
{
	struct tools *t = rpc->tools;
	char line[LINE_BYTES];

	if (t->policy != TOOLS_FULL) {
		answer(rpc, FAILED, "Permission denied");
		return;
	}
	answer(rpc, OK, "");
	if (tools_rate_take(&t->lines, tools_now_ns(), LINES_PER_SECOND, LINES_BURST, false) != 0) {
		t->lines_lost++;
		return;
	}
	tools_escape(line, sizeof(line), (const uint8_t *)rpc->text, rpc->bytes);
	if (t->lines_lost != 0)
		(void)snprintf(t->line, sizeof(t->line),
			       "guest tools: %s (after %llu lines that came too fast)", line,
			       (unsigned long long)t->lines_lost);
	else
		(void)snprintf(t->line, sizeof(t->line), "guest tools: %s", line);
	t->lines_lost = 0;
}

/* ---- all --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	rpc_fn *serve;
} table[] = {
	{"info-get", info_get},
	{"info-set", info_set},
	{"log", log_line},
};

void tools_rpc(struct tools *t, uint32_t channel, const uint8_t *command, uint32_t bytes)
{
	struct rpc rpc = {.tools = t, .channel = channel, .text = (const char *)command};

	if (bytes != 0 && command[bytes - 1] == '\0')
		bytes--;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		size_t length = strlen(table[i].name);

		if (bytes < length || memcmp(command, table[i].name, length) != 0 ||
		    (bytes != length && command[length] != ' '))
			continue;
		length += bytes != length;
		rpc.text += length;
		rpc.bytes = bytes - length;
		table[i].serve(&rpc);
		return;
	}
	answer(&rpc, FAILED, "Unknown command");
}
