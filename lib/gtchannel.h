/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GTCHANNEL_H
#define LIB_GTCHANNEL_H

#include "lib/bits.h"

/*
 * The host's side of VMware's message channels, by which a guest's tools and the host send each
 * other messages, a few bytes with each call (docs/guest-tools.md has the states). Pure: memory,
 * random numbers and time come from outside.
 *
 * Any process of the guest can call with anything. A call that names no open channel or not its
 * cookie changes nothing. One that comes out of turn, or that would exceed the size that was
 * announced, drops the message it is about; the channel stays open. Both are answered without
 * GTCHANNEL_SUCCESS. So each call moves at most what is there, and a message is either whole or
 * not there at all.
 */

#define GTCHANNEL_COUNT     128
#define GTCHANNEL_IN_BYTES  KIB(64) /* most that the guest can send in one message */
#define GTCHANNEL_OUT_BYTES MIB(1)  /* and the host */
/* A channel that was not used for this long goes, when there is none left for somebody else. */
#define GTCHANNEL_STALE_MS 60000

/* Protocols. */
#define GTCHANNEL_RPCI 0x49435052u /* the guest asks, the host answers */
#define GTCHANNEL_TCLO 0x4f4c4354u /* the host commands, the guest polls for it and answers */

/* With OPEN: the channel shall have a cookie. Without, it is not opened. */
#define GTCHANNEL_WITH_COOKIE 0x80000000u

enum gtchannel_type {
	GTCHANNEL_OPEN = 0,
	GTCHANNEL_SENDSIZE = 1,
	GTCHANNEL_SENDPAYLOAD = 2,
	GTCHANNEL_RECVSIZE = 3,
	GTCHANNEL_RECVPAYLOAD = 4,
	GTCHANNEL_RECVSTATUS = 5,
	GTCHANNEL_CLOSE = 6,
};

/* Status of an answer, bits. */
#define GTCHANNEL_SUCCESS   0x01u
#define GTCHANNEL_DORECV    0x02u /* there is a message for the guest */
#define GTCHANNEL_CLOSED    0x04u /* there is no such channel */
#define GTCHANNEL_UNSENT    0x08u /* out of turn, too long: the message is dropped */
#define GTCHANNEL_HIGH_BAND 0x80u /* this message may go by gtchannel_send() and _receive() */

/* A call of the guest's: numbers as they stand in its registers. */
struct gtchannel_call {
	uint16_t type;
	uint16_t id;
	uint32_t value; /* OPEN: protocol; SENDSIZE: bytes; SENDPAYLOAD: four of them; W1 */
	uint32_t cookie[2];
};

/* What the guest's registers get. */
struct gtchannel_answer {
	uint16_t status;
	bool has_value; /* `value` goes to W1, `tag` to W3[31:16] */
	bool has_cookie;
	uint32_t value;
	uint16_t tag; /* OPEN: id; else the type that the host's half would have, 1 or 2 */
	uint32_t cookie[2];
};

struct gtchannel {
	uint32_t protocol; /* 0: it is not open */
	uint32_t cookie[2];
	uint64_t used_ms;
	bool sends;    /* SENDSIZE was taken: in_done of in_bytes have come */
	bool receives; /* RECVSIZE was answered: out_done of out_bytes are with the guest */
	uint32_t in_bytes;
	uint32_t in_done;
	uint32_t out_bytes;
	uint32_t out_done;
	uint8_t *in;  /* while it sends, in_bytes and a NUL */
	uint8_t *out; /* NULL: there is nothing for the guest */
};

/* What the machine needs; arg is the owner's. */
struct gtchannel_ops {
	/* NULL: there is none. */
	uint8_t *(*allocate)(void *arg, uint32_t bytes);
	void (*release)(void *arg, uint8_t *memory);
	uint32_t (*random)(void *arg);
	/*
	 * A message has come, bytes and a NUL behind them; it goes when this returns, and so may
	 * not be kept. May call gtchannel_post() for this channel, and nothing else from here.
	 */
	void (*message)(void *arg, uint32_t id, const uint8_t *message, uint32_t bytes);
	/* The channel is open; may call gtchannel_post(). Or: it is not any more. */
	void (*opened)(void *arg, uint32_t id);
	void (*closed)(void *arg, uint32_t id);
};

struct gtchannels {
	const struct gtchannel_ops *ops;
	void *arg;
	bool high_band; /* high bandwidth is offered */
	struct gtchannel channel[GTCHANNEL_COUNT];
};

void gtchannel_init(struct gtchannels *c, const struct gtchannel_ops *ops, void *arg,
		    bool high_band);

/* Closes all channels: the guest starts anew. */
void gtchannel_reset(struct gtchannels *c);

/* Serves one call. now_ms: of a clock that never goes back. */
struct gtchannel_answer gtchannel_call(struct gtchannels *c, const struct gtchannel_call *call,
				       uint64_t now_ms);

/*
 * High bandwidth: a whole message at once, in two steps. First: where the bytes that the guest sent
 * are to be put, or those for it are; NULL if this is out of turn or not the message's size, which
 * drops the message. Then, when the bytes have been moved, and before any other call: _sent() or
 * _received(). type and value of `call` are not looked at.
 */
uint8_t *gtchannel_send(struct gtchannels *c, const struct gtchannel_call *call, uint64_t bytes);
const uint8_t *gtchannel_receive(struct gtchannels *c, const struct gtchannel_call *call,
				 uint64_t bytes);
void gtchannel_sent(struct gtchannels *c, uint32_t id, uint64_t now_ms);
void gtchannel_received(struct gtchannels *c, uint32_t id, uint64_t now_ms);

/* Is it open, with this protocol? */
bool gtchannel_is_open(const struct gtchannels *c, uint32_t id, uint32_t protocol);
/* Has the guest not yet fetched all of the last message for it? */
bool gtchannel_has_post(const struct gtchannels *c, uint32_t id);

/*
 * A message for the guest, in memory of ops->allocate(), which the channel takes over; NULL: none.
 * The one before, if the guest has not fetched it all, is dropped. bytes: GTCHANNEL_OUT_BYTES at
 * most.
 */
void gtchannel_post(struct gtchannels *c, uint32_t id, uint8_t *message, uint32_t bytes);

/* Closes it; nothing when it is not open. */
void gtchannel_close(struct gtchannels *c, uint32_t id);

#endif
