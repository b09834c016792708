/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_USERVM_BACKDOOR_H
#define TESTS_USERVM_BACKDOOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The guest's side of the tools' interface (docs/guest-tools.md), by hand: for payloads at EL1 and
 * for programs of a guest's Linux. Nothing here looks whether what the host answers makes sense,
 * nothing waits, and every call says its registers, so that wrong ones can be tried.
 */

#define BACKDOOR_MAGIC 0x564d5868
#define BACKDOOR_LOW   0x860000000e /* x7: port in w3, 4 bytes, in */
#define BACKDOOR_IN    0x860000001c /* x7: high bandwidth, to the guest */
#define BACKDOOR_OUT   0x8600000018

#define BACKDOOR_PORT      0x5658
#define BACKDOOR_PORT_HIGH 0x5659

enum backdoor_command {
	BACKDOOR_GETVERSION = 10,
	BACKDOOR_MESSAGE = 30,
};

enum message_type {
	MESSAGE_OPEN = 0,
	MESSAGE_SENDSIZE = 1,
	MESSAGE_SENDPAYLOAD = 2,
	MESSAGE_RECVSIZE = 3,
	MESSAGE_RECVPAYLOAD = 4,
	MESSAGE_RECVSTATUS = 5,
	MESSAGE_CLOSE = 6,
};

#define STATUS_SUCCESS    0x01
#define STATUS_DORECV     0x02
#define STATUS_CLOSED     0x04
#define STATUS_UNSENT     0x08
#define STATUS_CHECKPOINT 0x10
#define STATUS_HIGH       0x80

#define MESSAGE_COOKIES 0x80000000
#define MESSAGE_RPCI    0x49435052
#define MESSAGE_TCLO    0x4f4c4354
#define MESSAGE_MAX     65536 /* guest to host */
#define CHANNELS_MAX    128

struct backdoor {
	uint64_t x[8];
};

/* One call; x0 to x6 come back. An exception at it is the caller's. */
static inline void backdoor_call(struct backdoor *regs)
{
	register uint64_t x0 __asm__("x0") = regs->x[0];
	register uint64_t x1 __asm__("x1") = regs->x[1];
	register uint64_t x2 __asm__("x2") = regs->x[2];
	register uint64_t x3 __asm__("x3") = regs->x[3];
	register uint64_t x4 __asm__("x4") = regs->x[4];
	register uint64_t x5 __asm__("x5") = regs->x[5];
	register uint64_t x6 __asm__("x6") = regs->x[6];
	register uint64_t x7 __asm__("x7") = regs->x[7];

	__asm__ volatile("mrs	xzr, mdccsr_el0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			   "+r"(x7)
			 :
			 : "memory");
	regs->x[0] = x0;
	regs->x[1] = x1;
	regs->x[2] = x2;
	regs->x[3] = x3;
	regs->x[4] = x4;
	regs->x[5] = x5;
	regs->x[6] = x6;
	regs->x[7] = x7;
}

struct channel {
	uint32_t id;
	uint32_t cookie_high, cookie_low;
	bool is_high;   /* the host takes high bandwidth; from SENDSIZE */
	uint64_t calls; /* made on it so far */
};

/* A low-bandwidth message; *value is w1, in and out. Returns the status. */
static inline uint32_t message(struct channel *channel, enum message_type type, uint32_t *value)
{
	struct backdoor r = {{BACKDOOR_MAGIC, *value, (uint32_t)type << 16 | BACKDOOR_MESSAGE,
			      channel->id << 16 | BACKDOOR_PORT, channel->cookie_high,
			      channel->cookie_low, 0, BACKDOOR_LOW}};

	backdoor_call(&r);
	channel->calls++;
	*value = (uint32_t)r.x[1];
	if (type == MESSAGE_OPEN) {
		channel->id = (uint32_t)r.x[3] >> 16;
		channel->cookie_high = (uint32_t)r.x[4];
		channel->cookie_low = (uint32_t)r.x[5];
	}
	return (uint32_t)r.x[2] >> 16;
}

static inline uint32_t message_send(struct channel *channel, enum message_type type, uint32_t value)
{
	return message(channel, type, &value);
}

/* A high-bandwidth transfer. Returns the status. */
static inline uint32_t message_high(struct channel *channel, bool is_in, uint64_t address,
				    uint64_t bytes)
{
	struct backdoor r = {{BACKDOOR_MAGIC, STATUS_SUCCESS << 16, bytes,
			      channel->id << 16 | BACKDOOR_PORT_HIGH,
			      is_in ? channel->cookie_high : address,
			      is_in ? address : channel->cookie_low,
			      is_in ? channel->cookie_low : channel->cookie_high,
			      is_in ? BACKDOOR_IN : BACKDOOR_OUT}};

	backdoor_call(&r);
	channel->calls++;
	return (uint32_t)r.x[1] >> 16;
}

static inline bool channel_open(struct channel *channel, uint32_t protocol)
{
	*channel = (struct channel){0};
	return message_send(channel, MESSAGE_OPEN, protocol | MESSAGE_COOKIES) & STATUS_SUCCESS;
}

static inline bool channel_close(struct channel *channel)
{
	return message_send(channel, MESSAGE_CLOSE, 0) & STATUS_SUCCESS;
}

/* Sends a message; by high bandwidth if it is there and wanted. */
static inline bool channel_send(struct channel *channel, const void *data, uint32_t bytes,
				bool wants_high)
{
	const uint8_t *from = data;
	uint32_t status = message_send(channel, MESSAGE_SENDSIZE, bytes), word;

	channel->is_high = status & STATUS_HIGH;
	if (!(status & STATUS_SUCCESS))
		return false;
	if (bytes != 0 && wants_high && channel->is_high)
		return message_high(channel, false, (uint64_t)from, bytes) & STATUS_SUCCESS;
	for (uint32_t at = 0; at < bytes; at += 4) {
		word = 0;
		for (uint32_t i = 0; i < 4 && at + i < bytes; i++)
			word |= (uint32_t)from[at + i] << 8 * i;
		if (!(message_send(channel, MESSAGE_SENDPAYLOAD, word) & STATUS_SUCCESS))
			return false;
	}
	return true;
}

/* Takes the message that waits, at most `room` bytes; -1: there is none, or it failed. */
static inline int64_t channel_receive(struct channel *channel, void *data, uint32_t room,
				      bool wants_high)
{
	uint32_t bytes = 0, status = message(channel, MESSAGE_RECVSIZE, &bytes), word;
	uint8_t *to = data;

	if ((status & (STATUS_SUCCESS | STATUS_DORECV)) != (STATUS_SUCCESS | STATUS_DORECV) ||
	    bytes > room)
		return -1;
	if (bytes != 0 && wants_high && status & STATUS_HIGH) {
		if (!(message_high(channel, true, (uint64_t)to, bytes) & STATUS_SUCCESS))
			return -1;
	} else {
		for (uint32_t at = 0; at < bytes; at += 4) {
			word = STATUS_SUCCESS;
			if (!(message(channel, MESSAGE_RECVPAYLOAD, &word) & STATUS_SUCCESS))
				return -1;
			for (uint32_t i = 0; i < 4 && at + i < bytes; i++)
				to[at + i] = (uint8_t)(word >> 8 * i);
		}
	}
	word = STATUS_SUCCESS;
	return message(channel, MESSAGE_RECVSTATUS, &word) & STATUS_SUCCESS ? (int64_t)bytes : -1;
}

/* A whole RPC on an open RPCI channel: bytes of the reply, or -1. */
static inline int64_t rpc(struct channel *channel, const void *command, uint32_t bytes, void *reply,
			  uint32_t room, bool wants_high)
{
	if (!channel_send(channel, command, bytes, wants_high))
		return -1;
	return channel_receive(channel, reply, room, wants_high);
}

#endif
