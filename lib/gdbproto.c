/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gdbproto.h"

#include "lib/text.h"

#include <string.h>

#define ESCAPE    '}'
#define ESCAPED   0x20
#define INTERRUPT 0x03
#define NO_DIGIT  16

static const char digits[] = "0123456789abcdef";

static uint8_t digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint8_t)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (uint8_t)(c - 'A' + 10);
	return NO_DIGIT;
}

/* --- receiving --- */

static void begin_packet(struct gdbproto_receiver *r)
{
	r->state = GDBPROTO_IN_PACKET;
	r->sum = 0;
	r->count = 0;
	r->is_long = false;
}

static enum gdbproto_event between_packets(struct gdbproto_receiver *r, uint8_t byte)
{
	if (byte == '$')
		begin_packet(r);
	else if (byte == '+')
		return GDBPROTO_ACK;
	else if (byte == '-')
		return GDBPROTO_NACK;
	else if (byte == INTERRUPT)
		return GDBPROTO_INTERRUPT;
	return GDBPROTO_NOTHING;
}

static void keep(struct gdbproto_receiver *r, uint8_t byte)
{
	if (r->count < sizeof(r->packet))
		r->packet[r->count++] = byte;
	else
		r->is_long = true;
}

static void in_packet(struct gdbproto_receiver *r, uint8_t byte)
{
	if (byte == '$') { /* the one before was cut off */
		begin_packet(r);
		return;
	}
	if (byte == '#') {
		r->state = GDBPROTO_SUM_1;
		return;
	}
	r->sum = (uint8_t)(r->sum + byte);
	if (r->state == GDBPROTO_ESCAPED) {
		keep(r, byte ^ ESCAPED);
		r->state = GDBPROTO_IN_PACKET;
	} else if (byte == ESCAPE) {
		r->state = GDBPROTO_ESCAPED;
	} else {
		keep(r, byte);
	}
}

enum gdbproto_event gdbproto_receive(struct gdbproto_receiver *r, uint8_t byte)
{
	switch (r->state) {
	case GDBPROTO_IDLE:
		return between_packets(r, byte);
	case GDBPROTO_IN_PACKET:
	case GDBPROTO_ESCAPED:
		in_packet(r, byte);
		return GDBPROTO_NOTHING;
	case GDBPROTO_SUM_1:
		r->digit = digit_of(byte);
		r->state = GDBPROTO_SUM_2;
		return GDBPROTO_NOTHING;
	case GDBPROTO_SUM_2:
		break;
	}
	r->state = GDBPROTO_IDLE;
	if (r->is_long || r->digit == NO_DIGIT || digit_of(byte) == NO_DIGIT ||
	    r->sum != (uint8_t)(r->digit << 4 | digit_of(byte)))
		return GDBPROTO_BROKEN;
	return GDBPROTO_PACKET;
}

/* --- reading --- */

bool gdbproto_take(struct gdbproto_text *t, const char *prefix)
{
	size_t length = text_length(prefix);

	if (t->left < length || memcmp(t->at, prefix, length) != 0)
		return false;
	t->at += length;
	t->left -= length;
	return true;
}

bool gdbproto_take_number(struct gdbproto_text *t, uint64_t *number)
{
	uint64_t value = 0;
	size_t n = 0;

	while (n < t->left && digit_of(t->at[n]) != NO_DIGIT) {
		if (n == 16)
			return false;
		value = value << 4 | digit_of(t->at[n++]);
	}
	if (n == 0)
		return false;
	t->at += n;
	t->left -= n;
	*number = value;
	return true;
}

bool gdbproto_take_bytes(struct gdbproto_text *t, uint8_t *to, size_t count)
{
	size_t i;

	if (t->left / 2 < count)
		return false;
	for (i = 0; i < 2 * count; i++) {
		if (digit_of(t->at[i]) == NO_DIGIT)
			return false;
	}
	for (i = 0; i < count; i++)
		to[i] = (uint8_t)(digit_of(t->at[2 * i]) << 4 | digit_of(t->at[2 * i + 1]));
	t->at += 2 * count;
	t->left -= 2 * count;
	return true;
}

static bool take_id(struct gdbproto_text *t, int64_t *id)
{
	uint64_t number;

	if (gdbproto_take(t, "-1")) {
		*id = GDBPROTO_ALL;
		return true;
	}
	if (!gdbproto_take_number(t, &number) || number > INT32_MAX)
		return false;
	*id = (int64_t)number;
	return true;
}

bool gdbproto_take_thread(struct gdbproto_text *t, struct gdbproto_thread *thread)
{
	struct gdbproto_text rest = *t;
	struct gdbproto_thread found = {GDBPROTO_ANY, GDBPROTO_ALL};

	if (gdbproto_take(&rest, "p")) {
		if (!take_id(&rest, &found.process))
			return false;
		if (gdbproto_take(&rest, ".") && !take_id(&rest, &found.thread))
			return false;
	} else if (!take_id(&rest, &found.thread)) {
		return false;
	}
	*t = rest;
	*thread = found;
	return true;
}

/* --- writing --- */

#define BODY_END (GDBPROTO_FRAME_BYTES - 3)

void gdbproto_begin(struct gdbproto_reply *r)
{
	r->bytes[0] = '$';
	r->count = 1;
	r->skip = 0;
	r->most = UINT64_MAX;
	r->is_short = false;
}

void gdbproto_end(struct gdbproto_reply *r)
{
	uint8_t sum = 0;
	size_t i;

	for (i = 1; i < r->count; i++)
		sum = (uint8_t)(sum + r->bytes[i]);
	r->bytes[r->count++] = '#';
	r->bytes[r->count++] = (uint8_t)digits[sum >> 4];
	r->bytes[r->count++] = (uint8_t)digits[sum & 15];
}

/* Is the next byte in the window, with room for `bytes` of it? */
static bool is_wanted(struct gdbproto_reply *r, size_t bytes)
{
	if (r->skip > 0) {
		r->skip--;
		return false;
	}
	if (r->is_short || r->most == 0 || BODY_END - r->count < bytes) {
		r->is_short = true;
		return false;
	}
	r->most--;
	return true;
}

void gdbproto_put_raw(struct gdbproto_reply *r, const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint8_t c = bytes[i];
		bool escape = c == '$' || c == '#' || c == ESCAPE || c == '*';

		if (!is_wanted(r, escape ? 2 : 1))
			continue;
		if (escape)
			r->bytes[r->count++] = ESCAPE;
		r->bytes[r->count++] = escape ? c ^ ESCAPED : c;
	}
}

void gdbproto_put(struct gdbproto_reply *r, const char *text)
{
	gdbproto_put_raw(r, (const uint8_t *)text, text_length(text));
}

static void put_base(struct gdbproto_reply *r, uint64_t number, unsigned int base)
{
	uint8_t text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (uint8_t)digits[number % base];
		number /= base;
	} while (number != 0);
	gdbproto_put_raw(r, text + at, sizeof(text) - at);
}

void gdbproto_put_number(struct gdbproto_reply *r, uint64_t number)
{
	put_base(r, number, 16);
}

void gdbproto_put_decimal(struct gdbproto_reply *r, uint64_t number)
{
	put_base(r, number, 10);
}

void gdbproto_put_bytes(struct gdbproto_reply *r, const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint8_t two[2] = {(uint8_t)digits[bytes[i] >> 4], (uint8_t)digits[bytes[i] & 15]};

		gdbproto_put_raw(r, two, 2);
	}
}

void gdbproto_put_hex_text(struct gdbproto_reply *r, const char *text)
{
	gdbproto_put_bytes(r, (const uint8_t *)text, text_length(text));
}

void gdbproto_window_begin(struct gdbproto_reply *r, uint64_t offset, uint64_t bytes)
{
	gdbproto_put(r, "l");
	r->skip = offset;
	r->most = bytes;
}

void gdbproto_window_end(struct gdbproto_reply *r)
{
	r->skip = 0;
	r->most = UINT64_MAX;
	if (r->is_short)
		r->bytes[1] = 'm'; /* there is more */
	r->is_short = false;
}
