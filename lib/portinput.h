/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PORTINPUT_H
#define LIB_PORTINPUT_H

#include "lib/bits.h"
#include "lib/err.h"
#include "lib/termkey.h"

/*
 * What comes in on a serial port that shows consoles, sorted: bytes for the console that is shown,
 * commands (the escape key and one key more), keys for a view that lies over the console, replies
 * of the terminal. Pure; any bytes are safe. What is for the console is passed on as it came; it
 * waits only while it could be the start of a reply that is expected.
 */

struct portinput {
	struct termkey keys;
	uint8_t escape;  /* the escape key, a control character other than ESC */
	bool is_command; /* the escape key was typed */
	bool has_view;   /* keys go to a view. The caller's to set */
	bool expects;    /* the terminal was asked something. The caller's to set */
};

enum portinput_kind {
	PORTINPUT_BYTES,   /* bytes, count: for the console */
	PORTINPUT_COMMAND, /* code: the key after the escape key; 0: one that cannot be a command */
	PORTINPUT_KEY,     /* token: for the view */
	PORTINPUT_SIZE,    /* rows, columns: the terminal's */
	PORTINPUT_CURSOR,  /* rows, columns: where its cursor is, from 1 */
};

struct portinput_event {
	enum portinput_kind kind;
	uint32_t code;
	unsigned int rows, columns;
	const uint8_t *bytes; /* until the next call */
	size_t count;
	struct termkey_token token;
};

void portinput_init(struct portinput *p, uint8_t escape);

/* One event from the bytes, as termkey_next(). */
bool portinput_next(struct portinput *p, const uint8_t **bytes, size_t *count,
		    struct portinput_event *event);

/* Nothing came for a while (PORTINPUT_WAIT_MS): what waited counts as it stands. */
bool portinput_flush(struct portinput *p, struct portinput_event *event);
#define PORTINPUT_WAIT_MS 50

/* Does something wait for more bytes or portinput_flush()? */
bool portinput_is_waiting(const struct portinput *p);

/*
 * The text of `escape=`: ^X or ctrl-X (any control character but ESC). ERR_INVALID: anything else,
 * and *escape is unchanged.
 */
enum err portinput_parse_escape(const char *text, size_t length, uint8_t *escape) MUST_CHECK;

/* The escape key as people write it: Ctrl-G. At most 8 bytes with the NUL. */
void portinput_escape_name(uint8_t escape, char name[8]);

#endif
