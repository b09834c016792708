/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SCREEN_IMPL_H
#define LIB_SCREEN_IMPL_H

#include "lib/screen.h"

/* What the files of the screen model share; everybody else includes screen.h. */

#define SCREEN_REPLACEMENT 0xfffdu /* what stands for bytes that are not UTF-8 */

/* Character sets, by the final byte that designates them; all but lines are taken for ASCII. */
#define SCREEN_SET_ASCII 'B'
#define SCREEN_SET_LINES '0' /* DEC Special Graphics */

enum screen_state {
	SCREEN_GROUND,
	SCREEN_UTF8,          /* inside a character */
	SCREEN_ESCAPE,        /* after ESC, and intermediate bytes */
	SCREEN_CSI,           /* parameters */
	SCREEN_CSI_END,       /* intermediate bytes: no parameters any more */
	SCREEN_CSI_IGNORE,    /* malformed, up to its final byte */
	SCREEN_STRING,        /* OSC, DCS, APC, PM, SOS: skipped */
	SCREEN_STRING_ESCAPE, /* after ESC in one */
};

/* screen_grid.c. Rows and columns are within the screen, from <= to <= columns, top <= bottom. */

static inline struct screen_cell *screen_cells(struct screen *s, unsigned int y)
{
	return &s->cells[s->row[y].at * s->columns];
}

/*
 * A cell as two words, the first one with its text in the low half: loops over cells load, compare
 * and store one pair. (Little-endian, as is every machine that this is built for.)
 */
struct __attribute__((may_alias)) screen_words {
	uint64_t text_fg;
	uint64_t bg_marks;
};

static inline struct screen_words screen_words(const struct screen_cell *cell)
{
	return *(const struct screen_words *)(const void *)cell;
}

static inline void screen_put_words(struct screen_cell *cell, struct screen_words words)
{
	*(struct screen_words *)(void *)cell = words;
}

static inline bool screen_is_right_half(const struct screen_cell *cell)
{
	return (cell->text & SCREEN_CODE_POINT) == 0;
}

/* A column was changed by text: all that is kept of a row but its cells. */
static inline void screen_touch(struct screen *s, unsigned int y, unsigned int from,
				unsigned int to)
{
	struct screen_row *row = &s->row[y];

	if (row->from > from)
		row->from = (uint16_t)from;
	if (row->to < to)
		row->to = (uint16_t)to;
	if (s->changed_first > y)
		s->changed_first = (uint16_t)y;
	if (s->changed_last < y)
		s->changed_last = (uint16_t)y;
}

/* No wide character lies across the border before column x <= columns any more. */
void screen_split(struct screen *s, unsigned int y, unsigned int x);
/* Blanks with the pen's background (xterm: "bce"). */
void screen_erase(struct screen *s, unsigned int y, unsigned int from, unsigned int to);
void screen_erase_rows(struct screen *s, unsigned int from, unsigned int to);
/* The same character everywhere. */
void screen_fill(struct screen *s, struct screen_cell cell);
void screen_insert_cells(struct screen *s, unsigned int count);
void screen_delete_cells(struct screen *s, unsigned int count);
/*
 * Rows top to bottom, both included; any count. Lines that go up from the first row of the main
 * screen are kept in the history, if wanted: not what an editor deletes.
 */
void screen_scroll_up(struct screen *s, unsigned int top, unsigned int bottom, unsigned int count,
		      bool keep);
void screen_scroll_down(struct screen *s, unsigned int top, unsigned int bottom,
			unsigned int count);
/* The lines of the main screen, if it is shown, go to the history: they are about to be erased. */
void screen_keep_lines(struct screen *s);
/* Shows the other grid; its cells are as they were. */
void screen_show_alternate(struct screen *s, bool alternate);

/* screen_parse.c */

/* A character at the cursor, which moves on. Not a control character. */
void screen_print(struct screen *s, uint32_t code_point);
/* IND: down one line, or the scroll region scrolls. */
void screen_index(struct screen *s);
void screen_reverse_index(struct screen *s);
/* `careful` follows from charsets and modes. */
void screen_update_careful(struct screen *s);

/* screen_csi.c: a complete sequence in s->parser. */

void screen_csi(struct screen *s, uint8_t final);
void screen_escape(struct screen *s, uint8_t final);
/* Of RIS all but the erasing, or what DECSTR does. */
void screen_reset_modes(struct screen *s, bool all);
void screen_save_cursor(struct screen *s);
void screen_restore_cursor(struct screen *s);
/* An answer for the client; dropped whole if there is no room for it. */
void screen_reply(struct screen *s, const char *format, ...) PRINTF_LIKE(2, 3);

/* screen_sgr.c */

void screen_sgr(struct screen *s);

/* screen_mode.c: SM and RM, DECSET and DECRST, DECRQM, for what is in s->parser. */

void screen_set_modes(struct screen *s, bool on);
void screen_report_mode(struct screen *s);

/* screen_history.c */

void screen_history_init(struct screen_history *h, void *memory, size_t bytes);
void screen_history_push(struct screen_history *h, const struct screen_cell *cells,
			 unsigned int count);
void screen_history_clear(struct screen_history *h);

#endif
