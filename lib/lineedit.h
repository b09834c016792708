/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LINEEDIT_H
#define LIB_LINEEDIT_H

#include "lib/bits.h"
#include "lib/termkey.h"

/*
 * A line of input, edited on a terminal: keys in (lib/termkey.h), terminal text out. Pure and
 * bounded; any tokens are safe. The line is printable ASCII; other characters ring the bell. A line
 * wider than the terminal is shown in part, around the cursor, so that it always takes one row.
 *
 * Left, Right, Home, End, Backspace, Delete; ^A ^E ^B ^F ^D ^H; Alt-B and Alt-F, Ctrl-Left and
 * Ctrl-Right by words; ^K ^U ^W Alt-D cut, ^Y puts back; ^T swaps; Up, Down, ^P ^N are the history;
 * Tab completes; ^L clears the screen; ^C gives the line up.
 */

#define LINEEDIT_BYTES   160 /* of a line with its NUL */
#define LINEEDIT_HISTORY 16

enum lineedit_event {
	LINEEDIT_NOTHING,
	LINEEDIT_LINE, /* line[] is whole; the cursor is in the row below it */
	LINEEDIT_QUIT, /* ^C: nothing is left of it; as above */
	LINEEDIT_END,  /* ^D in an empty line */
};

struct lineedit_client {
	/* Text for the terminal. */
	void (*write)(void *ctx, const char *text, size_t bytes);
	/*
	 * The n-th word (from 0) that could stand at line[start], where a word begins that the
	 * cursor is in or behind; all that the callback offers begin with what is there already.
	 * NULL: no more. The pointer stays good until the next call. NULL: nothing is completed.
	 */
	const char *(*candidate)(void *ctx, const char *line, size_t start, size_t length,
				 unsigned int n);
	void *ctx;
};

struct lineedit {
	const struct lineedit_client *client;
	const char *prompt;
	unsigned int columns;
	size_t length; /* of line */
	size_t cursor; /* <= length */
	size_t first;  /* of line, that is shown */
	char line[LINEEDIT_BYTES];
	char cut[LINEEDIT_BYTES];
	/* Lines given, the newest before history[made % LINEEDIT_HISTORY]; all different. */
	uint64_t made;
	unsigned int back; /* how far the history is looked back; 0: typed[] is the line */
	char typed[LINEEDIT_BYTES];
	char history[LINEEDIT_HISTORY][LINEEDIT_BYTES];
};

/* The client stays. Nothing is written before lineedit_begin(). */
void lineedit_init(struct lineedit *e, const struct lineedit_client *client);

/* Columns of the terminal; what is shown is laid out anew by lineedit_show(). */
void lineedit_columns(struct lineedit *e, unsigned int columns);

/* An empty line, with a prompt (ASCII) that stays; the cursor is at the start of a row. */
void lineedit_begin(struct lineedit *e, const char *prompt);

/* Writes the row anew. */
void lineedit_show(struct lineedit *e);

/*
 * A key. LINEEDIT_LINE: e->line is there until lineedit_begin(), and is put into the history if
 * lineedit_keep() is called for it.
 */
enum lineedit_event lineedit_key(struct lineedit *e, const struct termkey_token *key);

void lineedit_keep(struct lineedit *e);

#endif
