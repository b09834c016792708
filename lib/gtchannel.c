/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gtchannel.h"

#include <string.h>

/* The host's half of a conversation is numbered as if it sent, too. */
#define TAG_SIZE    GTCHANNEL_SENDSIZE
#define TAG_PAYLOAD GTCHANNEL_SENDPAYLOAD

#define WORD 4u

/* ---- messages and channels --------------------------------------------------------------- */

static void drop_in(struct gtchannels *c, struct gtchannel *ch)
{
	if (ch->in)
		c->ops->release(c->arg, ch->in);
	ch->in = NULL;
	ch->sends = false;
	ch->in_bytes = 0;
	ch->in_done = 0;
}

static void drop_out(struct gtchannels *c, struct gtchannel *ch)
{
	if (ch->out)
		c->ops->release(c->arg, ch->out);
	ch->out = NULL;
	ch->receives = false;
	ch->out_bytes = 0;
	ch->out_done = 0;
}

void gtchannel_close(struct gtchannels *c, uint32_t id)
{
	struct gtchannel *ch = &c->channel[id];

	if (ch->protocol == 0)
		return;
	drop_in(c, ch);
	drop_out(c, ch);
	*ch = (struct gtchannel){0};
	c->ops->closed(c->arg, id);
}

void gtchannel_init(struct gtchannels *c, const struct gtchannel_ops *ops, void *arg,
		    bool high_band)
{
	*c = (struct gtchannels){.ops = ops, .arg = arg, .high_band = high_band};
}

void gtchannel_reset(struct gtchannels *c)
{
	uint32_t i;

	for (i = 0; i < GTCHANNEL_COUNT; i++)
		gtchannel_close(c, i);
}

bool gtchannel_is_open(const struct gtchannels *c, uint32_t id, uint32_t protocol)
{
	return id < GTCHANNEL_COUNT && c->channel[id].protocol == protocol;
}

bool gtchannel_has_post(const struct gtchannels *c, uint32_t id)
{
	return c->channel[id].out != NULL;
}

void gtchannel_post(struct gtchannels *c, uint32_t id, uint8_t *message, uint32_t bytes)
{
	struct gtchannel *ch = &c->channel[id];

	drop_out(c, ch);
	ch->out = message;
	ch->out_bytes = bytes;
}

/* A whole message is there. Its handler may post an answer, which is not to be dropped here. */
static void complete(struct gtchannels *c, uint32_t id)
{
	struct gtchannel *ch = &c->channel[id];
	static const uint8_t nothing[1];
	uint8_t *in = ch->in;
	uint32_t bytes = ch->in_bytes;

	ch->in = NULL;
	drop_in(c, ch);
	c->ops->message(c->arg, id, in ? in : nothing, bytes);
	if (in)
		c->ops->release(c->arg, in);
}

/* ---- calls ------------------------------------------------------------------------------- */

static struct gtchannel_answer status(uint32_t bits)
{
	return (struct gtchannel_answer){.status = (uint16_t)bits};
}

/* A free one; or else the one that was unused for longest, if that is long enough. */
static uint32_t find_free(struct gtchannels *c, uint64_t now_ms)
{
	uint32_t oldest = 0, i;

	for (i = 0; i < GTCHANNEL_COUNT; i++) {
		if (c->channel[i].protocol == 0)
			return i;
		if (c->channel[i].used_ms < c->channel[oldest].used_ms)
			oldest = i;
	}
	if (now_ms - c->channel[oldest].used_ms < GTCHANNEL_STALE_MS)
		return GTCHANNEL_COUNT;
	gtchannel_close(c, oldest);
	return oldest;
}

static struct gtchannel_answer open(struct gtchannels *c, const struct gtchannel_call *call,
				    uint64_t now_ms)
{
	uint32_t protocol = call->value & ~GTCHANNEL_WITH_COOKIE;
	struct gtchannel_answer answer;
	struct gtchannel *ch;
	uint32_t id;

	if (!(call->value & GTCHANNEL_WITH_COOKIE) ||
	    (protocol != GTCHANNEL_RPCI && protocol != GTCHANNEL_TCLO))
		return status(0);
	id = find_free(c, now_ms);
	if (id == GTCHANNEL_COUNT)
		return status(0);
	ch = &c->channel[id];
	ch->protocol = protocol;
	ch->cookie[0] = c->ops->random(c->arg);
	ch->cookie[1] = c->ops->random(c->arg);
	ch->used_ms = now_ms;
	answer = (struct gtchannel_answer){.status = GTCHANNEL_SUCCESS,
					   .has_value = true,
					   .value = call->value,
					   .tag = (uint16_t)id,
					   .has_cookie = true,
					   .cookie = {ch->cookie[0], ch->cookie[1]}};
	c->ops->opened(c->arg, id);
	return answer;
}

static uint32_t high_band(const struct gtchannels *c, uint32_t bytes)
{
	return c->high_band && bytes <= GTCHANNEL_IN_BYTES ? GTCHANNEL_HIGH_BAND : 0;
}

/* It begins a new message, whatever became of the last. */
static struct gtchannel_answer send_size(struct gtchannels *c, const struct gtchannel_call *call)
{
	struct gtchannel *ch = &c->channel[call->id];

	drop_in(c, ch);
	if (call->value > GTCHANNEL_IN_BYTES)
		return status(GTCHANNEL_UNSENT);
	if (call->value == 0) {
		complete(c, call->id);
		return status(GTCHANNEL_SUCCESS | high_band(c, 0));
	}
	ch->in = c->ops->allocate(c->arg, call->value + 1);
	if (!ch->in)
		return status(GTCHANNEL_UNSENT);
	ch->in[call->value] = 0;
	ch->in_bytes = call->value;
	ch->sends = true;
	return status(GTCHANNEL_SUCCESS | high_band(c, call->value));
}

static struct gtchannel_answer send_payload(struct gtchannels *c, const struct gtchannel_call *call)
{
	struct gtchannel *ch = &c->channel[call->id];
	uint32_t bytes, i;

	if (!ch->sends)
		return status(GTCHANNEL_UNSENT);
	bytes = ch->in_bytes - ch->in_done < WORD ? ch->in_bytes - ch->in_done : WORD;
	for (i = 0; i < bytes; i++)
		ch->in[ch->in_done + i] = (uint8_t)(call->value >> 8 * i);
	ch->in_done += bytes;
	if (ch->in_done == ch->in_bytes)
		complete(c, call->id);
	return status(GTCHANNEL_SUCCESS);
}

/* It begins anew with the same message, if that is not acknowledged. */
static struct gtchannel_answer receive_size(struct gtchannels *c, const struct gtchannel_call *call)
{
	struct gtchannel *ch = &c->channel[call->id];

	if (!ch->out)
		return status(GTCHANNEL_SUCCESS);
	ch->receives = true;
	ch->out_done = 0;
	return (struct gtchannel_answer){.status = (uint16_t)(GTCHANNEL_SUCCESS | GTCHANNEL_DORECV |
							      high_band(c, ch->out_bytes)),
					 .has_value = true,
					 .value = ch->out_bytes,
					 .tag = TAG_SIZE};
}

static struct gtchannel_answer receive_payload(struct gtchannels *c,
					       const struct gtchannel_call *call)
{
	struct gtchannel *ch = &c->channel[call->id];
	struct gtchannel_answer answer = {
		.status = GTCHANNEL_SUCCESS, .has_value = true, .tag = TAG_PAYLOAD};
	uint32_t i;

	if (!ch->receives || ch->out_done == ch->out_bytes || !(call->value & GTCHANNEL_SUCCESS)) {
		drop_out(c, ch);
		return status(GTCHANNEL_UNSENT);
	}
	for (i = 0; i < WORD && ch->out_done < ch->out_bytes; i++)
		answer.value |= (uint32_t)ch->out[ch->out_done++] << 8 * i;
	return answer;
}

static struct gtchannel_answer receive_status(struct gtchannels *c,
					      const struct gtchannel_call *call)
{
	struct gtchannel *ch = &c->channel[call->id];
	bool whole = ch->receives && ch->out_done == ch->out_bytes;

	drop_out(c, ch);
	return status(whole ? GTCHANNEL_SUCCESS : GTCHANNEL_UNSENT);
}

static struct gtchannel_answer close_it(struct gtchannels *c, const struct gtchannel_call *call)
{
	gtchannel_close(c, call->id);
	return status(GTCHANNEL_SUCCESS);
}

static struct gtchannel_answer (*const serve[])(struct gtchannels *c,
						const struct gtchannel_call *call) = {
	[GTCHANNEL_SENDSIZE] = send_size,        [GTCHANNEL_SENDPAYLOAD] = send_payload,
	[GTCHANNEL_RECVSIZE] = receive_size,     [GTCHANNEL_RECVPAYLOAD] = receive_payload,
	[GTCHANNEL_RECVSTATUS] = receive_status, [GTCHANNEL_CLOSE] = close_it,
};

/* The open channel that the call names, with its cookie; NULL. */
static struct gtchannel *named(struct gtchannels *c, const struct gtchannel_call *call)
{
	struct gtchannel *ch;

	if (call->id >= GTCHANNEL_COUNT)
		return NULL;
	ch = &c->channel[call->id];
	if (ch->protocol == 0 ||
	    ((ch->cookie[0] ^ call->cookie[0]) | (ch->cookie[1] ^ call->cookie[1])) != 0)
		return NULL;
	return ch;
}

struct gtchannel_answer gtchannel_call(struct gtchannels *c, const struct gtchannel_call *call,
				       uint64_t now_ms)
{
	struct gtchannel *ch;

	if (call->type == GTCHANNEL_OPEN)
		return open(c, call, now_ms);
	if (call->type >= ARRAY_SIZE(serve))
		return status(0);
	ch = named(c, call);
	if (!ch)
		return status(GTCHANNEL_CLOSED);
	ch->used_ms = now_ms;
	return serve[call->type](c, call);
}

/* ---- high bandwidth ---------------------------------------------------------------------- */

uint8_t *gtchannel_send(struct gtchannels *c, const struct gtchannel_call *call, uint64_t bytes)
{
	struct gtchannel *ch = named(c, call);

	if (!ch || !c->high_band)
		return NULL;
	if (ch->sends && ch->in_done == 0 && bytes == ch->in_bytes)
		return ch->in;
	drop_in(c, ch);
	return NULL;
}

const uint8_t *gtchannel_receive(struct gtchannels *c, const struct gtchannel_call *call,
				 uint64_t bytes)
{
	struct gtchannel *ch = named(c, call);

	if (!ch || !c->high_band)
		return NULL;
	if (ch->receives && ch->out_done == 0 && bytes != 0 && bytes == ch->out_bytes)
		return ch->out;
	drop_out(c, ch);
	return NULL;
}

void gtchannel_sent(struct gtchannels *c, uint32_t id, uint64_t now_ms)
{
	c->channel[id].used_ms = now_ms;
	complete(c, id);
}

void gtchannel_received(struct gtchannels *c, uint32_t id, uint64_t now_ms)
{
	c->channel[id].used_ms = now_ms;
	c->channel[id].out_done = c->channel[id].out_bytes;
}
