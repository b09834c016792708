/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GDBPROTO_H
#define LIB_GDBPROTO_H

#include "lib/bits.h"

/*
 * Packets of the GDB remote serial protocol (GDB manual, appendix E "Remote Protocol"): framing,
 * checksums, escapes, hexadecimal, thread identifiers. Pure; what comes in is hostile.
 */

/* The longest packet that either side sends, without its frame ("PacketSize"). */
#define GDBPROTO_PACKET_BYTES 4096
/* '$', packet, '#', two digits. */
#define GDBPROTO_FRAME_BYTES (GDBPROTO_PACKET_BYTES + 4)

/* --- receiving --- */

enum gdbproto_event {
	GDBPROTO_NOTHING,   /* yet */
	GDBPROTO_PACKET,    /* packet[0..count) is a whole one, escapes taken out */
	GDBPROTO_BROKEN,    /* its checksum is wrong, or it is too long: to be asked for again */
	GDBPROTO_ACK,       /* '+' */
	GDBPROTO_NACK,      /* '-' */
	GDBPROTO_INTERRUPT, /* 0x03 between packets */
};

struct gdbproto_receiver {
	enum {
		GDBPROTO_IDLE,
		GDBPROTO_IN_PACKET,
		GDBPROTO_ESCAPED,
		GDBPROTO_SUM_1,
		GDBPROTO_SUM_2
	} state;
	uint8_t sum;   /* of the bytes so far */
	uint8_t digit; /* the first of the checksum's; 16: is none */
	bool is_long;  /* more bytes than fit */
	size_t count;
	uint8_t packet[GDBPROTO_PACKET_BYTES];
};

/* Zeroes are a receiver at rest. A '$' always begins a packet. */
enum gdbproto_event gdbproto_receive(struct gdbproto_receiver *r, uint8_t byte);

/* --- reading --- */

/* What of a packet is still to be read. */
struct gdbproto_text {
	const uint8_t *at;
	size_t left;
};

/* Each reads from the beginning, and takes nothing if it returns false. */
bool gdbproto_take(struct gdbproto_text *t, const char *prefix);
/* One to sixteen hexadecimal digits, as many as there are; seventeen are refused. */
bool gdbproto_take_number(struct gdbproto_text *t, uint64_t *number);
/* Exactly 2 * count digits. */
bool gdbproto_take_bytes(struct gdbproto_text *t, uint8_t *to, size_t count);

#define GDBPROTO_ALL (-1)
#define GDBPROTO_ANY 0

/* "p2.1", "p2.-1", "p2" (all of process 2) or "1": 0 stands for any, -1 for all. */
struct gdbproto_thread {
	int64_t process; /* GDBPROTO_ANY if it is not named */
	int64_t thread;
};

bool gdbproto_take_thread(struct gdbproto_text *t, struct gdbproto_thread *thread);

/* --- writing --- */

/*
 * A reply in the making, with its frame. What does not fit is left out and leads to is_short.
 * skip: so many of the next bytes are left out, and then no more than `most` go in: windows of a
 * longer text (qXfer).
 */
struct gdbproto_reply {
	size_t count;
	uint64_t skip;
	uint64_t most;
	bool is_short;
	uint8_t bytes[GDBPROTO_FRAME_BYTES];
};

void gdbproto_begin(struct gdbproto_reply *r);
/* With the checksum: bytes[0..count) are ready. */
void gdbproto_end(struct gdbproto_reply *r);

void gdbproto_put(struct gdbproto_reply *r, const char *text);
void gdbproto_put_number(struct gdbproto_reply *r, uint64_t number); /* hexadecimal */
void gdbproto_put_decimal(struct gdbproto_reply *r, uint64_t number);
/* Two digits for each byte. */
void gdbproto_put_bytes(struct gdbproto_reply *r, const uint8_t *bytes, size_t count);
/* As they are, with escapes: binary data. */
void gdbproto_put_raw(struct gdbproto_reply *r, const uint8_t *bytes, size_t count);
/* A text in hexadecimal. */
void gdbproto_put_hex_text(struct gdbproto_reply *r, const char *text);

/* The window [offset, offset + bytes) of what is put until gdbproto_window_end(). */
void gdbproto_window_begin(struct gdbproto_reply *r, uint64_t offset, uint64_t bytes);
void gdbproto_window_end(struct gdbproto_reply *r);

#endif
