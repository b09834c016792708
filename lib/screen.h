/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SCREEN_H
#define LIB_SCREEN_H

#include "lib/bits.h"

/*
 * What a terminal would show of the bytes a console's client has written, and the lines that have
 * left it at the top: the VT220 and xterm subset that is listed in screen_parse.c and screen_csi.c
 * (ECMA-48 5th edition; DEC VT220 Programmer Reference; xterm's ctlseqs; where they differ, xterm).
 * Pure: no lock, no allocation; the memory is given once, and any bytes are safe.
 *
 * Time: each call is bounded. Text costs a constant per byte, a line feed one line, and any other
 * sequence (of 3 bytes at least) at most one pass over the screen's cells, whatever its parameters
 * say: with interrupts masked, hand over no more than a few hundred bytes at once.
 */

/* Sizes beyond these are clipped: columns and rows by themselves, then rows by the product. */
#define SCREEN_COLUMNS_MIN 2
#define SCREEN_COLUMNS_MAX 512
#define SCREEN_ROWS_MAX    256
#define SCREEN_CELLS_MAX   16384

/* Of screen_cell.text. */
#define SCREEN_CODE_POINT 0x1fffffu /* 0: the right half of the wide character before it */
#define SCREEN_BOLD       (1u << 21)
#define SCREEN_DIM        (1u << 22)
#define SCREEN_ITALIC     (1u << 23)
#define SCREEN_UNDERLINE  (1u << 24)
#define SCREEN_BLINK      (1u << 25)
#define SCREEN_INVERSE    (1u << 26)
#define SCREEN_HIDDEN     (1u << 27)
#define SCREEN_STRIKE     (1u << 28)
#define SCREEN_WIDE       (1u << 29) /* the left half of two columns; never in the last one */
#define SCREEN_ATTRIBUTES (0xffu << 21)

/* Of screen_cell.fg and .bg; 0 is the terminal's default colour. */
#define SCREEN_INDEXED (1u << 24) /* | number, 0-255: xterm's palette, 0-7 and 8-15 as in SGR */
#define SCREEN_RGB     (2u << 24) /* | red << 16 | green << 8 | blue */

/* A blank is ' '. Equal cells look equal. Never a control character, never a mark alone. */
struct screen_cell {
	uint32_t text; /* code point | attributes | SCREEN_WIDE */
	uint32_t fg;
	uint32_t bg;
	uint16_t mark[2]; /* combining marks over it, 0: none. Both 0 in a right half */
} __attribute__((aligned(8)));

/* A line of the screen: where its cells are, and what of it changed since the watcher looked. */
struct screen_row {
	uint8_t at;    /* cells from at * columns on */
	uint8_t text;  /* not 0: something was written here since all of it was erased */
	uint16_t used; /* all cells from this column on are blank, without colour or attribute */
	uint16_t from; /* changed columns, [from, to); from >= to: none. Both <= columns, but */
	uint16_t to;   /* from may be SCREEN_UNCHANGED. May be cleared by the watcher, row by row */
};
#define SCREEN_UNCHANGED UINT16_MAX

/*
 * Rows top to bottom (both included) went up by `lines` (down if negative) before the rows'
 * changed columns came to be: a watcher who moves these rows of his picture, and then takes the
 * changed columns of all rows, has the screen. 0: nothing moved. |lines| <= bottom - top.
 * The rows that came in at the end are marked as changed.
 */
struct screen_scroll {
	uint16_t top;
	uint16_t bottom;
	int lines;
};

/* screen.modes. All but the last are the terminal's business, too. */
#define SCREEN_CURSOR_VISIBLE (1u << 0)
#define SCREEN_APP_CURSOR     (1u << 1)  /* DECCKM */
#define SCREEN_APP_KEYPAD     (1u << 2)  /* DECKPAM */
#define SCREEN_PASTE          (1u << 3)  /* 2004: pasted text comes in brackets */
#define SCREEN_REVERSE        (1u << 4)  /* DECSCNM: all inverse; a change damages all */
#define SCREEN_MOUSE_CLICK    (1u << 5)  /* 1000; at most one of these three */
#define SCREEN_MOUSE_DRAG     (1u << 6)  /* 1002 */
#define SCREEN_MOUSE_MOVE     (1u << 7)  /* 1003 */
#define SCREEN_MOUSE_SGR      (1u << 8)  /* 1006: its form of reports */
#define SCREEN_ALTERNATE      (1u << 9)  /* the alternate screen is shown */
#define SCREEN_AUTOWRAP       (1u << 10) /* from here on: of the model only */
#define SCREEN_ORIGIN         (1u << 11)
#define SCREEN_INSERT         (1u << 12)
#define SCREEN_NEWLINE        (1u << 13)

/* screen_init()'s flags. */
#define SCREEN_NO_ALTERNATE (1u << 0) /* one grid only: the sequences for the other do nothing */
#define SCREEN_NO_HISTORY   (1u << 1) /* memory beyond the grids is not used */

#define SCREEN_PARAMETERS_MAX 32
#define SCREEN_REPLY_BYTES    256

/* What DECSC saves. */
struct screen_saved {
	struct screen_cell pen;
	uint16_t x;
	uint16_t y;
	uint8_t set[2];
	uint8_t gl;
	bool wrap;
	bool origin;
};

/* A sequence that is being read. */
struct screen_parser {
	uint8_t state;
	uint8_t prefix;       /* one of < = > ?, or 0 */
	uint8_t intermediate; /* one of 0x20-0x2f; 0: none, 0xff: several */
	uint8_t count;        /* parameters begun */
	uint8_t utf8_left;    /* bytes to come, and what the next may be */
	uint8_t utf8_low;
	uint8_t utf8_high;
	uint8_t string_bell; /* the string that is skipped ends with BEL, too */
	uint32_t utf8;
	uint32_t string_bytes;
	uint32_t sub; /* bit n: parameter n came after a colon */
	uint16_t parameter[SCREEN_PARAMETERS_MAX];
};

/* Lines that left the screen: a ring of encoded ones, see screen_history.c. */
struct screen_history {
	uint8_t *data;
	uint32_t bytes;   /* 0: no history */
	uint32_t head;    /* where the next line goes, in the ring */
	uint32_t used;    /* bytes of complete lines */
	uint32_t lines;   /* kept */
	uint32_t seen_at; /* the line looked up last: its place in the ring and its number */
	uint64_t seen;
	uint64_t pushed; /* ever */
};

struct screen {
	/* For all to read. */
	unsigned int columns;
	unsigned int rows;
	unsigned int x; /* the cursor, from 0; < columns, < rows */
	unsigned int y;
	unsigned int modes;
	unsigned int bells; /* BEL ever received */

	/* For the watcher, who also clears them; there is one. */
	struct screen_scroll scroll;
	uint16_t changed_first; /* no row before and behind these has changed columns; */
	uint16_t changed_last;  /* SCREEN_UNCHANGED, 0: no row at all */
	struct screen_row row[SCREEN_ROWS_MAX];

	/* The model's own. */
	struct screen_cell *cells;
	struct screen_cell *other_cells; /* the screen that is not shown; NULL: there is none */
	struct screen_row other_row[SCREEN_ROWS_MAX];
	struct screen_cell pen; /* attributes and colours for new text */
	uint16_t top;           /* scroll region, both included */
	uint16_t bottom;
	bool wrap;      /* the last column was written: the next character goes to the next line */
	bool careful;   /* text needs more than being put there: insert mode, line drawing */
	uint8_t set[2]; /* G0, G1 */
	uint8_t gl;
	uint32_t last;                /* the last character, for REP; 0: none */
	struct screen_saved saved[2]; /* main, alternate */
	uint64_t tab[SCREEN_COLUMNS_MAX / 64];
	struct screen_parser parser;
	struct screen_history history;
	uint16_t reply_head; /* positions, counted without end */
	uint16_t reply_tail;
	uint8_t reply[SCREEN_REPLY_BYTES];
};

/* What screen_init() needs at least; what is beyond becomes history. */
size_t screen_grid_bytes(unsigned int flags);

/*
 * A blank screen of 80 x 24. `memory` is aligned to 16 bytes, has screen_grid_bytes(flags) or more,
 * and belongs to the screen from now on. Less than 1 KiB of history is none.
 */
void screen_init(struct screen *s, void *memory, size_t bytes, unsigned int flags);

/*
 * Another size, clipped as said above. What is there stays; if rows must go, first blank ones below
 * the cursor, then those at the top, into the history. Lines are cut or followed by blanks, not
 * wrapped anew. All is damaged. The same size again does nothing.
 */
void screen_resize(struct screen *s, unsigned int columns, unsigned int rows);

/* What the client wrote; sequences and characters may be cut anywhere between two calls. */
void screen_write(struct screen *s, const uint8_t *bytes, size_t count);

/* The columns cells of line y < s->rows; until the next call that changes the screen. */
static inline const struct screen_cell *screen_row(const struct screen *s, unsigned int y)
{
	return &s->cells[s->row[y].at * s->columns];
}

/*
 * Puts cells at the start of line y < s->rows and blanks behind them, as an overlay does. Cells
 * beyond the last column are left out; halves of wide characters become blanks.
 */
void screen_put_row(struct screen *s, unsigned int y, const struct screen_cell *from,
		    unsigned int count);

/*
 * Takes what the terminal owes the client (status, device attributes, cursor, size): input for it.
 * A reply that finds no room is dropped whole. Gives the bytes taken, at most `room`.
 */
size_t screen_take_reply(struct screen *s, uint8_t *to, size_t room);

/* The watcher starts anew, or has seen everything. */
void screen_damage_all(struct screen *s);
void screen_damage_clear(struct screen *s);

/*
 * History: lines that left the main screen at its top while its scroll region began there, or that
 * were cleared away with the whole main screen; trailing blanks are not kept, and a line without
 * text is kept empty. ED 3 empties it.
 */
/* Lines kept: 1 to this many back. */
static inline unsigned int screen_history_lines(const struct screen *s)
{
	return s->history.lines;
}

/* Lines ever stored: never less than before, so that a view can stay where it is. */
static inline uint64_t screen_history_pushed(const struct screen *s)
{
	return s->history.pushed;
}

/*
 * The line `back` (1: the newest) as up to `room` cells; gives how many it has of them, 0 for an
 * empty line and for one that is not there. Costs that line and its distance, in lines, from the
 * one asked for before.
 */
unsigned int screen_history_row(struct screen *s, unsigned int back, struct screen_cell *cells,
				unsigned int room);

#endif
