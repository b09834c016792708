/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PAINTER_H
#define LIB_PAINTER_H

#include "lib/bits.h"
#include "lib/screen.h"

/*
 * Brings a terminal at the far end of a slow line from what it shows to what a screen is now, with
 * few bytes. The painter keeps what the terminal shows (a grid of cells, cursor, pen, modes), so
 * that what changed and changed back costs nothing, and a backlog is never sent.
 *
 * Of the terminal it asks the VT100's CUP, CUF, BS, CR, LF, RI, EL, ED, SGR, DECSTBM, and UTF-8;
 * modes (DECTCEM, DECCKM, DECKPAM, xterm's mouse and paste modes) are mirrored, and ignored by one
 * that lacks them. It needs none of: erasing in the pen's colour, wrapping at the last column, LF
 * without CR, agreement on the width of rare characters. It never sends a tab or a bell.
 *
 * No lock of its own; memory is the caller's.
 */

/* painter_paint() may get nowhere with less room than this. */
#define PAINTER_ROOM_MIN 64

/* Of the screen's modes, what the terminal is told. */
#define PAINTER_MODES                                                                              \
	(SCREEN_CURSOR_VISIBLE | SCREEN_APP_CURSOR | SCREEN_APP_KEYPAD | SCREEN_PASTE |            \
	 SCREEN_REVERSE | SCREEN_MOUSE_CLICK | SCREEN_MOUSE_DRAG | SCREEN_MOUSE_MOVE |             \
	 SCREEN_MOUSE_SGR)

struct painter {
	struct screen_cell *cells; /* what the terminal shows; row y's begin at line[y] * columns */
	uint16_t columns, rows;    /* of the terminal */
	uint16_t line[SCREEN_ROWS_MAX];
	uint16_t used[SCREEN_ROWS_MAX]; /* of each line: from this column on it is blank */

	/* The terminal's cursor, if known. x == columns: the last column was written just now. */
	uint16_t x, y;
	bool known;
	struct screen_cell pen; /* of its text only the attributes */
	unsigned int modes;     /* those of PAINTER_MODES */

	uint8_t prologue;                     /* pieces sent of what follows painter_forget() */
	bool another;                         /* painter_switch(), and nothing painted since */
	bool behind;                          /* there was no room for all of it the last time, */
	uint16_t next_x, next_y;              /* which ended here */
	uint16_t since_cursor;                /* bytes sent since the cursor's row came first */
	uint16_t screen_columns, screen_rows; /* of what was painted last */
};

/* The memory that painter_init() takes, 8-byte aligned. */
size_t painter_bytes(void);

/* A terminal of 80x24 of which nothing is known. */
void painter_init(struct painter *p, void *memory);

/* The terminal has another size (at most what screen_resize() takes); implies painter_forget(). */
void painter_resize(struct painter *p, unsigned int columns, unsigned int rows);

/*
 * Nothing is known of the terminal any more (attach, redraw, break, bytes of somebody else's):
 * modes are set, it is cleared, and everything is painted.
 */
void painter_forget(struct painter *p);

/* What painter_paint() gets from now on is another screen. */
void painter_switch(struct painter *p);

/*
 * Writes bytes that bring the terminal nearer to the screen as it stands now; whole sequences only,
 * at most `room`, which is at least PAINTER_ROOM_MIN. Gives how many; 0: it is there. To be called
 * again when there is room, or after any screen_write(): it goes on from where the terminal is.
 * It is the screen's watcher: takes its damage. What of the screen is outside the terminal's size
 * is not painted, what is outside the screen stays blank. The work is bounded: each cell is
 * compared once, and once more after painter_switch().
 */
size_t painter_paint(struct painter *p, struct screen *s, uint8_t *to, size_t room);

/* Did the last painter_paint() lack room for all that there was to send? */
static inline bool painter_is_behind(const struct painter *p)
{
	return p->behind;
}

#endif
