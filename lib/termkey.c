/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With every byte the token at hand is looked at again from its start: it is short, and nobody
 * types fast. So the state is just the bytes.
 */
#include "lib/termkey.h"

#include <string.h>

#define ESC 0x1b

enum shape {
	SHAPE_PART,   /* bytes are missing */
	SHAPE_WHOLE,  /* a token */
	SHAPE_BROKEN, /* the last byte begins another token */
};

void termkey_init(struct termkey *k)
{
	k->count = 0;
}

bool termkey_is_pending(const struct termkey *k)
{
	return k->count > 0;
}

/* Bytes of the character that begins with `lead`; 0: none begins so (RFC 3629). */
static unsigned int utf8_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Is byte number `at` of a character, not its first, as it must be? */
static bool utf8_fits(const uint8_t *raw, unsigned int at)
{
	uint8_t low = 0x80, high = 0xbf;

	if (at == 1) {
		low = raw[0] == 0xe0 ? 0xa0 : raw[0] == 0xf0 ? 0x90 : low;
		high = raw[0] == 0xed ? 0x9f : raw[0] == 0xf4 ? 0x8f : high;
	}
	return raw[at] >= low && raw[at] <= high;
}

static enum shape text_shape(const uint8_t *raw, unsigned int count)
{
	unsigned int length = utf8_length(raw[0]);

	if (length == 0)
		return SHAPE_WHOLE; /* of kind OTHER */
	if (count > 1 && !utf8_fits(raw, count - 1))
		return SHAPE_BROKEN;
	return count < length ? SHAPE_PART : SHAPE_WHOLE;
}

static bool is_final(uint8_t byte)
{
	return byte >= 0x40 && byte <= 0x7e;
}

/* After ESC [: parameters, intermediates, final byte (ECMA-48 5.4), and two that are different. */
static enum shape csi_shape(const uint8_t *raw, unsigned int count)
{
	uint8_t last = raw[count - 1];

	if (count > 3 && raw[2] == 'M') /* X10's mouse report: three bytes follow, any */
		return count < 6 ? SHAPE_PART : SHAPE_WHOLE;
	if (count == 3 && (last == 'M' || last == '['))
		return SHAPE_PART; /* ESC [ [ A to E: F1 to F5 of Linux's console */
	if (is_final(last))
		return SHAPE_WHOLE;
	if (last < 0x20 || last > 0x3f || (last >= 0x30 && raw[count - 2] < 0x30))
		return SHAPE_BROKEN;
	return SHAPE_PART;
}

static enum shape shape_of(const uint8_t *raw, unsigned int count)
{
	uint8_t last = raw[count - 1];

	if (raw[0] != ESC)
		return text_shape(raw, count);
	if (count == 1)
		return SHAPE_PART;
	switch (raw[1]) {
	case ESC:
		return SHAPE_BROKEN;
	case '[':
		return count == 2 ? SHAPE_PART : csi_shape(raw, count);
	case 'O':
		if (count == 2)
			return SHAPE_PART;
		return is_final(last) ? SHAPE_WHOLE : SHAPE_BROKEN;
	default:
		if (utf8_length(raw[1]) == 0)
			return SHAPE_BROKEN;
		return text_shape(raw + 1, count - 1);
	}
}

static void key(struct termkey_token *t, unsigned int code)
{
	t->kind = TERMKEY_KEY;
	t->code = code;
}

/* One whole character. */
static void decode_text(struct termkey_token *t, const uint8_t *raw, unsigned int count)
{
	unsigned int length = utf8_length(raw[0]), i;
	uint32_t code = raw[0];

	if (length != count)
		return;
	if (length > 1) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): at most 4 */
		code = raw[0] & (0x7fu >> length);
		for (i = 1; i < length; i++)
			code = code << 6 | (raw[i] & 0x3f);
	}
	t->kind = code < 0x20 || code == 0x7f ? TERMKEY_CONTROL : TERMKEY_TEXT;
	t->code = code;
}

/* The keys that a single letter stands for, after ESC [ and after ESC O. */
static bool decode_letter(struct termkey_token *t, uint8_t letter)
{
	static const struct {
		char letter;
		uint8_t key;
	} letters[] = {
		{'A', TERMKEY_UP},     {'B', TERMKEY_DOWN},    {'C', TERMKEY_RIGHT},
		{'D', TERMKEY_LEFT},   {'H', TERMKEY_HOME},    {'F', TERMKEY_END},
		{'P', TERMKEY_F1},     {'Q', TERMKEY_F1 + 1},  {'R', TERMKEY_F1 + 2},
		{'S', TERMKEY_F1 + 3}, {'Z', TERMKEY_BACKTAB},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(letters); i++) {
		if (letters[i].letter == letter) {
			key(t, letters[i].key);
			return true;
		}
	}
	return false;
}

/* ESC [ number ~: VT220's editing keypad and function keys. */
static void decode_number(struct termkey_token *t, unsigned int number)
{
	static const uint8_t keys[] = {
		[1] = TERMKEY_HOME,     [2] = TERMKEY_INSERT,   [3] = TERMKEY_DELETE,
		[4] = TERMKEY_END,      [5] = TERMKEY_PAGE_UP,  [6] = TERMKEY_PAGE_DOWN,
		[7] = TERMKEY_HOME,     [8] = TERMKEY_END,      [11] = TERMKEY_F1,
		[12] = TERMKEY_F1 + 1,  [13] = TERMKEY_F1 + 2,  [14] = TERMKEY_F1 + 3,
		[15] = TERMKEY_F1 + 4,  [17] = TERMKEY_F1 + 5,  [18] = TERMKEY_F1 + 6,
		[19] = TERMKEY_F1 + 7,  [20] = TERMKEY_F1 + 8,  [21] = TERMKEY_F1 + 9,
		[23] = TERMKEY_F1 + 10, [24] = TERMKEY_F1 + 11,
	};

	if (number < ARRAY_SIZE(keys) && keys[number] != 0)
		key(t, keys[number]);
}

#define PARAMETERS 3

/* Numbers between semicolons; false: there is something else, or too many. */
static bool parameters(const uint8_t *raw, unsigned int count, unsigned int number[PARAMETERS],
		       unsigned int *numbers)
{
	unsigned int i;

	*numbers = count > 0 ? 1 : 0;
	memset(number, 0, PARAMETERS * sizeof(number[0]));
	for (i = 0; i < count; i++) {
		if (raw[i] == ';') {
			if (++*numbers > PARAMETERS)
				return false;
		} else if (raw[i] >= '0' && raw[i] <= '9') {
			number[*numbers - 1] = number[*numbers - 1] * 10 + raw[i] - '0';
			if (number[*numbers - 1] > UINT16_MAX)
				return false;
		} else {
			return false;
		}
	}
	return true;
}

static void reply(struct termkey_token *t, unsigned int kind, unsigned int a, unsigned int b)
{
	t->kind = (uint8_t)kind;
	t->a = (uint16_t)a;
	t->b = (uint16_t)b;
}

/* ESC [ and what follows, whole. */
static void decode_csi(struct termkey_token *t, const uint8_t *raw, unsigned int count)
{
	unsigned int number[PARAMETERS], numbers;
	uint8_t last = raw[count - 1];

	if (count == 4 && raw[2] == '[') {
		if (last >= 'A' && last <= 'E')
			key(t, TERMKEY_F1 + last - 'A');
		return;
	}
	if (!parameters(raw + 2, count - 3, number, &numbers))
		return;
	if (last == 'R' && numbers == 2) {
		reply(t, TERMKEY_CURSOR, number[0], number[1]);
		return;
	}
	if (last == 't' && numbers == 3 && number[0] == 8) {
		reply(t, TERMKEY_SIZE, number[1], number[2]);
		return;
	}
	if (numbers > 2)
		return;
	if (last == '~')
		decode_number(t, number[0]);
	else if (number[0] <= 1)
		(void)decode_letter(t, last);
	if (t->kind == TERMKEY_KEY && numbers == 2 && number[1] > 0)
		t->modifiers = (number[1] - 1) & (TERMKEY_SHIFT | TERMKEY_ALT | TERMKEY_CTRL);
	if (t->kind == TERMKEY_KEY && t->code == TERMKEY_BACKTAB)
		t->modifiers |= TERMKEY_SHIFT;
}

/* ESC and one character. */
static void decode_alt(struct termkey_token *t, const uint8_t *raw, unsigned int count)
{
	if (count == 1 && raw[0] >= '0' && raw[0] <= '9') {
		key(t, raw[0] == '0' ? TERMKEY_F1 + 9 : TERMKEY_F1 + raw[0] - '1');
		return;
	}
	decode_text(t, raw, count);
	if (t->kind == TERMKEY_TEXT || t->kind == TERMKEY_CONTROL)
		t->modifiers = TERMKEY_ALT;
}

/* The first `count` bytes that are there, whole or not, are a token. */
static void take(struct termkey *k, unsigned int count, bool whole, struct termkey_token *t)
{
	const uint8_t *raw = k->raw;

	memset(t, 0, sizeof(*t));
	t->kind = TERMKEY_OTHER;
	t->count = (uint8_t)count;
	memcpy(t->raw, raw, count);
	k->count = 0;
	if (raw[0] != ESC)
		decode_text(t, raw, count);
	else if (count == 1)
		key(t, TERMKEY_ESCAPE);
	else if (count == 2 || (raw[1] != '[' && raw[1] != 'O'))
		decode_alt(t, raw + 1, count - 1);
	else if (whole && raw[1] == '[')
		decode_csi(t, raw, count);
	else if (whole)
		(void)decode_letter(t, raw[2]);
}

bool termkey_next(struct termkey *k, const uint8_t **bytes, size_t *count,
		  struct termkey_token *token)
{
	while (*count > 0) {
		enum shape shape;

		k->raw[k->count++] = **bytes;
		shape = shape_of(k->raw, k->count);
		if (shape == SHAPE_BROKEN) {
			take(k, k->count - 1u, false, token);
			return true;
		}
		++*bytes;
		--*count;
		if (shape == SHAPE_WHOLE || k->count == TERMKEY_RAW_BYTES) {
			take(k, k->count, shape == SHAPE_WHOLE, token);
			return true;
		}
	}
	return false;
}

bool termkey_flush(struct termkey *k, struct termkey_token *token)
{
	if (k->count == 0)
		return false;
	take(k, k->count, false, token);
	return true;
}
