// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "vmm/clock.h"
#include "vmm/stream.h"
#include "vmm/tools_rpc.h"

_Static_assert(SNAPSHOT_CHANNEL_NONE == TOOLS_NO_CHANNEL && SNAPSHOT_NICS == GTNIC_CARDS &&
		       SNAPSHOT_ADDRESSES == GTNIC_ADDRESSES,
	       "the format");

#define TEXT(field)                                                                                \
	{                                                                                          \
		offsetof(struct snapshot_tools, field), offsetof(struct tools_report, field),      \
			sizeof(((struct tools_report *)0)->field)                                  \
	}

/* What the tools have told in text, here and there. */
static const struct {
	size_t saved, told, bytes;
} texts[] = {TEXT(version), TEXT(host_name), TEXT(os_name), TEXT(os_full), TEXT(os_detailed)};

/* ---- save ---------------------------------------------------------------------------------- */

static void save_nic(const struct gtnic_card *from, struct snapshot_nic *to)
{
	memcpy(to->mac, from->mac, sizeof(to->mac));
	to->addresses = from->addresses;
	to->addresses_told = from->addresses_told;
	for (uint32_t i = 0; i < from->addresses; i++) {
		memcpy(to->address[i].bytes, from->address[i].bytes, sizeof(to->address[i].bytes));
		to->address[i].count = from->address[i].count;
		to->address[i].prefix = from->address[i].prefix;
	}
}

/* Under the lock. */
static enum err save_tools(const struct tools *t, struct stream *s)
{
	const struct tools_report *report = &t->report;
	struct snapshot_tools state = {.main = t->main,
				       .option = t->option,
				       .is_asked = t->is_asked,
				       .sync = t->sync,
				       .running = report->running,
				       .nics = report->nics.cards,
				       .uptime_s = report->uptime_s};

	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++)
		memcpy((uint8_t *)&state + texts[i].saved, (const uint8_t *)report + texts[i].told,
		       texts[i].bytes);
	for (uint32_t i = 0; i < report->nics.cards; i++)
		save_nic(&report->nics.card[i], &state.nic[i]);
	return stream_write(s, SNAPSHOT_TOOLS, 0, 1, &state, sizeof(state));
}

/* In one piece: head, what the guest has sent of a message, what it is to fetch. */
static enum err save_channel(const struct tools *t, struct stream *s, uint32_t id)
{
	const struct gtchannel *ch = &t->channels.channel[id];
	struct snapshot_channel head = {.protocol = ch->protocol,
					.talk = t->talk[id],
					.cookie = {ch->cookie[0], ch->cookie[1]},
					.sends = ch->sends,
					.receives = ch->receives,
					.in_bytes = ch->in_bytes,
					.in_done = ch->in_done,
					.has_out = ch->out != NULL,
					.out_bytes = ch->out_bytes,
					.out_done = ch->out_done};
	size_t bytes = sizeof(head) + ch->in_done + ch->out_bytes;
	uint8_t *all = malloc(bytes);
	enum err err;

	if (all == NULL)
		return stream_fail(s, ERR_NO_MEMORY, "out of memory");
	memcpy(all, &head, sizeof(head));
	if (ch->in_done != 0)
		memcpy(all + sizeof(head), ch->in, ch->in_done);
	if (ch->out != NULL && ch->out_bytes != 0)
		memcpy(all + sizeof(head) + ch->in_done, ch->out, ch->out_bytes);
	err = stream_write(s, SNAPSHOT_CHANNEL, id, 1, all, bytes);
	free(all);
	return err;
}

static enum err save_value(const struct guestinfo_entry *e, struct stream *s, uint32_t index)
{
	struct snapshot_guestinfo head = {.side = e->side, .reads = e->reads};

	memcpy(head.key, e->key, sizeof(head.key));
	return stream_write_parts(s, SNAPSHOT_GUESTINFO, index, 1, &head, sizeof(head), e->value,
				  e->value != NULL ? e->bytes : 0);
}

enum err tools_save(struct tools *t, struct stream *s)
{
	enum err err;

	(void)pthread_mutex_lock(&t->lock);
	err = save_tools(t, s);
	for (uint32_t i = 0; err == ERR_OK && i < GTCHANNEL_COUNT; i++) {
		if (t->channels.channel[i].protocol != 0)
			err = save_channel(t, s, i);
	}
	for (uint32_t i = 0; err == ERR_OK && i < t->info.count; i++)
		err = save_value(t->info.entry[i], s, i);
	(void)pthread_mutex_unlock(&t->lock);
	return err;
}

/* ---- load ---------------------------------------------------------------------------------- */

bool tools_owns(uint32_t section_id)
{
	return section_id == SNAPSHOT_TOOLS || section_id == SNAPSHOT_CHANNEL ||
	       section_id == SNAPSHOT_GUESTINFO;
}

static enum err cannot_be(struct stream *s, const struct stream_section *section)
{
	return stream_fail(s, ERR_INVALID, "%s: a state that cannot be", stream_name(section->id));
}

/* Printable ASCII with a NUL within its field. */
static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	for (size_t i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return length < room;
}

static bool take_nic(const struct snapshot_nic *from, struct gtnic_card *to)
{
	if (!is_text(from->mac, sizeof(from->mac)) || from->addresses > GTNIC_ADDRESSES ||
	    from->addresses > from->addresses_told || from->reserved != 0)
		return false;
	*to = (struct gtnic_card){.addresses = from->addresses,
				  .addresses_told = from->addresses_told};
	memcpy(to->mac, from->mac, sizeof(to->mac));
	for (uint32_t i = 0; i < from->addresses; i++) {
		const struct snapshot_address *address = &from->address[i];

		if ((address->count != 4 && address->count != 16) ||
		    address->prefix > address->count * 8)
			return false;
		memcpy(to->address[i].bytes, address->bytes, sizeof(address->bytes));
		to->address[i].count = address->count;
		to->address[i].prefix = address->prefix;
	}
	return true;
}

static bool take_report(const struct snapshot_tools *state, struct tools_report *report)
{
	bool good = state->nics <= GTNIC_CARDS && state->running <= 1;

	*report =
		(struct tools_report){.running = state->running != 0, .uptime_s = state->uptime_s};
	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = (const char *)state + texts[i].saved;

		good = good && is_text(text, texts[i].bytes);
		memcpy((uint8_t *)report + texts[i].told, text, texts[i].bytes);
	}
	for (uint32_t i = 0; good && i < state->nics; i++)
		good = take_nic(&state->nic[i], &report->nics.card[i]);
	report->nics.cards = good ? state->nics : 0;
	return good;
}

static enum err load_tools(struct tools *t, struct stream *s, const struct stream_section *section)
{
	static struct snapshot_tools state;
	static struct tools_report report;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.main > TOOLS_NO_CHANNEL || state.is_asked > 1 || state.sync > 1 ||
	    (state.running != 0 && state.main == TOOLS_NO_CHANNEL) || state.option > UINT8_MAX ||
	    !take_report(&state, &report))
		return cannot_be(s, section);
	t->main = state.main;
	t->option = state.option;
	t->is_asked = state.is_asked != 0;
	t->sync = state.sync != 0;
	t->report = report;
	return ERR_OK;
}

static bool is_channel(const struct snapshot_channel *head, uint32_t id, size_t rest)
{
	bool in = head->sends == 1 ? head->in_bytes != 0 && head->in_bytes <= GTCHANNEL_IN_BYTES &&
					     head->in_done < head->in_bytes
				   : head->in_bytes == 0 && head->in_done == 0;
	bool out = head->has_out == 1
			   ? head->out_bytes <= GTCHANNEL_OUT_BYTES &&
				     head->out_done <= head->out_bytes
			   : head->out_bytes == 0 && head->out_done == 0 && head->receives == 0;

	return id < GTCHANNEL_COUNT && in && out && head->sends <= 1 && head->receives <= 1 &&
	       head->has_out <= 1 && head->reserved == 0 && head->talk <= TOOLS_TALK_READY &&
	       (head->protocol == GTCHANNEL_RPCI || head->protocol == GTCHANNEL_TCLO) &&
	       rest == (size_t)head->in_done + head->out_bytes;
}

static enum err load_channel(struct tools *t, struct stream *s,
			     const struct stream_section *section)
{
	const uint8_t *bytes = section->contents + sizeof(struct snapshot_channel);
	struct snapshot_channel head;
	enum err err = stream_take(s, section, 1, &head, sizeof(head), true);

	if (err != ERR_OK)
		return err;
	if (!is_channel(&head, section->instance, section->bytes - sizeof(head)) ||
	    t->channels.channel[section->instance].protocol != 0)
		return cannot_be(s, section);

	uint8_t *in = head.sends != 0 ? tools_allocate(t, head.in_bytes + 1) : NULL;
	uint8_t *out = head.has_out != 0 ? tools_allocate(t, head.out_bytes) : NULL;
	struct gtchannel *ch = &t->channels.channel[section->instance];

	*ch = (struct gtchannel){.protocol = head.protocol,
				 .cookie = {head.cookie[0], head.cookie[1]},
				 .used_ms = clock_now_ms(),
				 .sends = in != NULL,
				 .receives = head.receives != 0,
				 .in_bytes = head.in_bytes,
				 .in_done = head.in_done,
				 .out_bytes = head.out_bytes,
				 .out_done = head.out_done,
				 .in = in,
				 .out = out};
	t->talk[section->instance] = (uint8_t)head.talk;
	if ((in == NULL && head.sends != 0) || (out == NULL && head.has_out != 0))
		return stream_fail(s, ERR_NO_MEMORY, "messages of the guest tools: too many");
	if (in != NULL) {
		memcpy(in, bytes, head.in_done);
		memset(in + head.in_done, 0, head.in_bytes + 1 - head.in_done);
	}
	if (out != NULL)
		memcpy(out, bytes + head.in_done, head.out_bytes);
	return ERR_OK;
}

static enum err load_value(struct tools *t, struct stream *s, const struct stream_section *section)
{
	static const uint8_t redacted[] = "-";
	const uint8_t *value = section->contents + sizeof(struct snapshot_guestinfo);
	size_t bytes = section->bytes - sizeof(struct snapshot_guestinfo);
	struct snapshot_guestinfo head;
	enum err err = stream_take(s, section, 1, &head, sizeof(head), true);

	if (err != ERR_OK)
		return err;
	if (strnlen(head.key, sizeof(head.key)) == sizeof(head.key) ||
	    head.side > GUESTINFO_GUEST || (bytes == 0 && head.reads != 0) ||
	    guestinfo_get(&t->info, head.key) != NULL)
		return cannot_be(s, section);
	/* One that is gone: it is read once here. */
	err = guestinfo_set(&t->info, (enum guestinfo_side)head.side, head.key,
			    bytes != 0 ? value : redacted, bytes != 0 ? bytes : 1,
			    bytes != 0 ? head.reads : 1);
	if (err == ERR_OK && bytes == 0)
		guestinfo_was_read(&t->info, head.key);
	return err == ERR_OK ? ERR_OK : cannot_be(s, section);
}

enum err tools_load(struct tools *t, struct stream *s, const struct stream_section *section)
{
	enum err err;

	(void)pthread_mutex_lock(&t->lock);
	if (section->id == SNAPSHOT_TOOLS)
		err = load_tools(t, s, section);
	else if (section->id == SNAPSHOT_CHANNEL)
		err = load_channel(t, s, section);
	else
		err = load_value(t, s, section);
	(void)pthread_mutex_unlock(&t->lock);
	return err;
}

/* Orders go by a channel that polls; without one nobody is there to take them. */
void tools_begin(struct tools *t)
{
	(void)pthread_mutex_lock(&t->lock);
	if (!gtchannel_is_open(&t->channels, t->main, GTCHANNEL_TCLO)) {
		t->main = TOOLS_NO_CHANNEL;
		t->is_asked = false;
		t->report.running = false;
	}
	t->polled_ns = clock_now_ns();
	t->report_waits = true;
	tools_wake(t);
	(void)pthread_mutex_unlock(&t->lock);
}
