// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/tools_rpc.h"

#include <stdio.h>
#include <string.h>

#include "vmm/clock.h"
#include "vmm/escape.h"

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
	bool had_nul; /* that one was sent */
};

typedef void rpc_fn(struct rpc *rpc);

/* ---- answers ----------------------------------------------------------------------------- */

/* False: without memory there is no answer, which the guest takes for an error. */
static bool answer_bytes(struct rpc *rpc, const char *status, const void *bytes, size_t count)
{
	size_t head = strlen(status);
	uint8_t *reply = tools_allocate(rpc->tools, head + count + 1);

	if (reply == NULL)
		return false;
	memcpy(reply, status, head);
	if (count != 0)
		memcpy(reply + head, bytes, count);
	gtchannel_post(&rpc->tools->channels, rpc->channel, reply, (uint32_t)(head + count));
	return true;
}

static void answer(struct rpc *rpc, const char *status, const char *text)
{
	(void)answer_bytes(rpc, status, text, strlen(text));
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
	if (answer_bytes(rpc, OK, entry->value, entry->bytes))
		guestinfo_was_read(&rpc->tools->info, key);
}

static void info_set(struct rpc *rpc)
{
	char key[GUESTINFO_KEY_BYTES];
	const char *value;
	uint64_t wait_ns;
	enum err err;

	if (rpc->tools->policy != TOOLS_FULL || !take_key(rpc, key, &value)) {
		answer(rpc, FAILED, "Permission denied");
		return;
	}
	wait_ns = tools_rate_take(&rpc->tools->writes, clock_now_ns(), WRITES_PER_SECOND,
				  WRITES_BURST, true);
	if (wait_ns > rpc->tools->wait_ns)
		rpc->tools->wait_ns = wait_ns;
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
	if (tools_rate_take(&t->lines, clock_now_ns(), LINES_PER_SECOND, LINES_BURST, false) != 0) {
		t->lines_lost++;
		return;
	}
	(void)escape_cut(line, sizeof(line), (const uint8_t *)rpc->text, rpc->bytes);
	if (t->lines_lost != 0)
		(void)snprintf(t->line, sizeof(t->line),
			       "guest tools: %s (after %llu lines that came too fast)", line,
			       (unsigned long long)t->lines_lost);
	else
		(void)snprintf(t->line, sizeof(t->line), "guest tools: %s", line);
	t->lines_lost = 0;
}

/* ---- what the guest tells of itself ------------------------------------------------------ */

/*
 * SetGuestInfo's kinds. Text goes to a field of the report. Tools send 2, 3 and 9 (network cards,
 * disks) when the newer forms are refused, and 5 and 6 when 11 is.
 */
enum info {
	INFO_DNS_NAME = 1,
	INFO_BUILD_NUMBER = 4,
	INFO_OS_NAME_FULL = 5,
	INFO_OS_NAME = 6,
	INFO_UPTIME = 7,
	INFO_MEMORY = 8,
	INFO_NICS_XDR = 10,
	INFO_OS_DETAILED = 11,
};

/* What begins the arguments, decimal, after spaces; what follows the space behind it is `rest`. */
static bool take_number(const struct rpc *rpc, uint64_t *value, const char **rest)
{
	const char *at = rpc->text, *end = rpc->text + rpc->bytes;
	const char *digits;

	while (at < end && *at == ' ')
		at++;
	*value = 0;
	for (digits = at; at < end && *at >= '0' && *at <= '9'; at++) {
		if (*value > UINT64_MAX / 16)
			return false;
		*value = *value * 10 + (uint64_t)(*at - '0');
	}
	if (at == digits || (at < end && *at != ' '))
		return false;
	*rest = at < end ? at + 1 : at;
	return true;
}

static void set_text(char *field, size_t room, const char *text, const char *end)
{
	(void)escape_cut(field, room, (const uint8_t *)text, (size_t)(end - text));
}

/* INFO_OS_DETAILED: a number, two names with zeros behind in fixed places, and text. */
#define DETAILED_VERSION 1
#define DETAILED_NAME    4
#define DETAILED_FULL    133
#define DETAILED_PADDING 646
#define DETAILED_TEXT    648

static void set_field(char *field, size_t room, const char *text, size_t bytes)
{
	set_text(field, room, text, text + strnlen(text, bytes));
}

static bool take_detailed(struct tools_report *report, const char *text, size_t bytes)
{
	uint32_t version;

	if (bytes < DETAILED_TEXT)
		return false;
	memcpy(&version, text, sizeof(version));
	if (version != DETAILED_VERSION)
		return false;
	set_field(report->os_name, sizeof(report->os_name), text + DETAILED_NAME,
		  DETAILED_FULL - DETAILED_NAME);
	set_field(report->os_full, sizeof(report->os_full), text + DETAILED_FULL,
		  DETAILED_PADDING - DETAILED_FULL);
	set_field(report->os_detailed, sizeof(report->os_detailed), text + DETAILED_TEXT,
		  bytes - DETAILED_TEXT);
	return true;
}

/* False: it is of a kind that is not known, or malformed. */
static bool take_info(const struct rpc *rpc, uint64_t kind, const char *text)
{
	struct tools_report *report = &rpc->tools->report;
	const char *end = rpc->text + rpc->bytes;
	const struct rpc rest = {.text = text, .bytes = (size_t)(end - text)};
	uint64_t uptime;

	switch (kind) {
	case INFO_DNS_NAME:
		set_text(report->host_name, sizeof(report->host_name), text, end);
		return true;
	case INFO_OS_NAME_FULL:
		set_text(report->os_full, sizeof(report->os_full), text, end);
		return true;
	case INFO_OS_NAME:
		set_text(report->os_name, sizeof(report->os_name), text, end);
		return true;
	case INFO_OS_DETAILED:
		return take_detailed(report, text, rest.bytes);
	case INFO_UPTIME:
		if (!take_number(&rest, &uptime, &text))
			return false;
		report->uptime_s = uptime / 100;
		return true;
	case INFO_NICS_XDR:
		return gtnic_decode((const uint8_t *)text, rest.bytes + rpc->had_nul,
				    &report->nics) == ERR_OK;
	case INFO_BUILD_NUMBER:
	case INFO_MEMORY:
		return true; /* nobody asks for it */
	default:
		return false;
	}
}

static void changed(struct tools *t)
{
	t->report_waits = true;
	tools_wake(t);
}

static void set_guest_info(struct rpc *rpc)
{
	const char *text;
	uint64_t kind;

	if (!take_number(rpc, &kind, &text) || !take_info(rpc, kind, text)) {
		answer(rpc, FAILED, "Invalid or not supported");
		return;
	}
	answer(rpc, OK, "");
	changed(rpc->tools);
}

/* tools.set.versiontype NUMBER TYPE: 10, 5 and 5 bits. */
static void set_version(struct rpc *rpc)
{
	struct tools_report *report = &rpc->tools->report;
	const char *rest;
	uint64_t number;

	if (!take_number(rpc, &number, &rest) || number > UINT16_MAX) {
		answer(rpc, FAILED, "Invalid version");
		return;
	}
	(void)snprintf(report->version, sizeof(report->version), "%u.%u.%u",
		       (unsigned int)bits_get(number, 15, 10), (unsigned int)bits_get(number, 9, 5),
		       (unsigned int)bits_get(number, 4, 0));
	answer(rpc, OK, "");
	changed(rpc->tools);
}

static void take_note(struct rpc *rpc)
{
	answer(rpc, OK, "");
}

/* ---- orders at work ---------------------------------------------------------------------- */

/* tools.os.statechange.status OK ID */
static void state_change(struct rpc *rpc)
{
	struct rpc next = *rpc;
	uint64_t ok, id;

	if (!take_number(rpc, &ok, &next.text)) {
		answer(rpc, FAILED, "Invalid state change");
		return;
	}
	next.bytes = (size_t)(rpc->text + rpc->bytes - next.text);
	if (!take_number(&next, &id, &next.text)) {
		answer(rpc, FAILED, "Invalid state change");
		return;
	}
	tools_tclo_state_changed(rpc->tools, (uint32_t)id, ok != 0);
	answer(rpc, OK, "");
}

/* vmbackup.eventSet EVENT CODE TEXT */
static void backup_event(struct rpc *rpc)
{
	const char *end = memchr(rpc->text, ' ', rpc->bytes);
	char event[40], text[TOOLS_WHY_BYTES] = "";
	struct rpc rest = *rpc;
	uint64_t code;

	if (end == NULL || (size_t)(end - rpc->text) >= sizeof(event)) {
		answer(rpc, FAILED, "Invalid event");
		return;
	}
	memcpy(event, rpc->text, (size_t)(end - rpc->text));
	event[end - rpc->text] = '\0';
	rest.text = end;
	rest.bytes = rpc->bytes - (size_t)(end - rpc->text);
	if (take_number(&rest, &code, &rest.text))
		set_text(text, sizeof(text), rest.text, rpc->text + rpc->bytes);
	if (tools_tclo_backup(rpc->tools, event, text))
		answer(rpc, OK, "");
	else
		answer(rpc, FAILED, "Nobody waits for it");
}

/* vmx.set_option synctime OLD NEW */
static void set_option(struct rpc *rpc)
{
	static const char off[] = "synctime 1 0", on[] = "synctime 0 1";
	struct tools *t = rpc->tools;
	bool is_on = rpc->bytes == sizeof(on) - 1 && memcmp(rpc->text, on, sizeof(on) - 1) == 0;

	if (!is_on &&
	    (rpc->bytes != sizeof(off) - 1 || memcmp(rpc->text, off, sizeof(off) - 1) != 0)) {
		answer(rpc, FAILED, "Invalid or not supported");
	} else if (t->policy != TOOLS_FULL) {
		answer(rpc, FAILED, "Permission denied");
	} else {
		t->sync = is_on;
		tools_tclo_sync_changed(t);
		answer(rpc, OK, "");
		tools_wake(t);
	}
}

/* ---- all --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	rpc_fn *serve;
} table[] = {
	{"info-get", info_get},
	{"info-set", info_set},
	{"log", log_line},
	{"SetGuestInfo", set_guest_info},
	{"SetGuestDiskInfo", take_note},
	{"tools.set.versiontype", set_version},
	{"tools.set.version", set_version},
	{"tools.os.statechange.status", state_change},
	{"vmbackup.eventSet", backup_event},
	{"vmx.set_option", set_option},
	{"vmx.capability.unified_loop", take_note},
	{"tools.capability.hgfs_server", take_note},
	{"tools.capability.statechange", take_note},
	{"tools.capability.softpowerop_retry", take_note},
	{"tools.capability.features", take_note},
	{"tools.capability.guest_conf_directory", take_note},
	{"tools.capability.guest_temp_directory", take_note},
};

void tools_rpc(struct tools *t, uint32_t channel, const uint8_t *command, uint32_t bytes)
{
	struct rpc rpc = {.tools = t, .channel = channel, .text = (const char *)command};

	rpc.had_nul = bytes != 0 && command[bytes - 1] == '\0';
	bytes -= rpc.had_nul;
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
