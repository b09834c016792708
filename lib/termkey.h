/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_TERMKEY_H
#define LIB_TERMKEY_H

#include "lib/bits.h"

/*
 * What a terminal sends, cut into tokens: characters, control characters, keys, and replies to
 * what the terminal was asked (ECMA-48 5.4; xterm's and VT220's keys). Pure; any bytes are safe.
 * The raw bytes of all tokens, one after the other, are the bytes that came.
 *
 *	while (termkey_next(&keys, &bytes, &count, &token))
 *		handle(&token);
 */

#define TERMKEY_RAW_BYTES 32 /* longer sequences come as several tokens of kind TERMKEY_OTHER */

enum termkey_kind {
	TERMKEY_TEXT,    /* code: a code point from U+0020 on, never U+007F */
	TERMKEY_CONTROL, /* code: 0..31 or 127; never ESC, that is a key */
	TERMKEY_KEY,     /* code: enum termkey_key */
	TERMKEY_SIZE,    /* CSI 8 ; rows ; columns t: a, b */
	TERMKEY_CURSOR,  /* CSI row ; column R: a, b. F3 with modifiers can look the same */
	TERMKEY_OTHER,   /* another sequence, or bytes that are no UTF-8 */
};

enum termkey_key {
	TERMKEY_ESCAPE,
	TERMKEY_UP,
	TERMKEY_DOWN,
	TERMKEY_RIGHT,
	TERMKEY_LEFT,
	TERMKEY_HOME,
	TERMKEY_END,
	TERMKEY_PAGE_UP,
	TERMKEY_PAGE_DOWN,
	TERMKEY_INSERT,
	TERMKEY_DELETE,
	TERMKEY_BACKTAB,
	TERMKEY_F1, /* to F12 in order; ESC 1 to ESC 9 and ESC 0 are F1 to F10 */
	TERMKEY_F12 = TERMKEY_F1 + 11,
};

enum termkey_modifiers { TERMKEY_SHIFT = 1, TERMKEY_ALT = 2, TERMKEY_CTRL = 4 };

struct termkey_token {
	uint32_t code;
	uint16_t a, b;     /* of replies */
	uint8_t kind;      /* enum termkey_kind */
	uint8_t modifiers; /* enum termkey_modifiers; text and controls after ESC: TERMKEY_ALT */
	uint8_t count;
	uint8_t raw[TERMKEY_RAW_BYTES];
};

struct termkey {
	uint8_t count;
	uint8_t raw[TERMKEY_RAW_BYTES]; /* a token that is not whole yet */
};

void termkey_init(struct termkey *k);

/*
 * Takes bytes until a token is whole: true, and *bytes and *count have moved behind what was
 * taken. False: all are taken and no (further) token is whole.
 */
bool termkey_next(struct termkey *k, const uint8_t **bytes, size_t *count,
		  struct termkey_token *token);

/*
 * Nothing came for a while: what is there is a token as it stands (an ESC alone is a key). False:
 * nothing is there. Who never calls this gets a lone ESC with the byte after it.
 */
bool termkey_flush(struct termkey *k, struct termkey_token *token);

/* Does a token wait for its end? */
bool termkey_is_pending(const struct termkey *k);

#endif
