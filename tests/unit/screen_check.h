/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_SCREEN_CHECK_H
#define TESTS_UNIT_SCREEN_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/screen.h"

/* What holds for a screen at any time, for the unit test and the fuzzer. NULL, or what does not. */

static inline bool screen_check_same(const struct screen_cell *a, const struct screen_cell *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline const char *screen_check_cells(const struct screen_cell *cells, unsigned int columns,
					     unsigned int used)
{
	static const struct screen_cell blank = {.text = ' '};

	for (unsigned int x = 0; x < columns; x++) {
		const struct screen_cell *c = &cells[x];
		uint32_t code = c->text & SCREEN_CODE_POINT;
		bool wide = (c->text & SCREEN_WIDE) != 0, right = code == 0;

		if (x >= used && !screen_check_same(c, &blank))
			return "a cell beyond `used` is not blank";
		if (code > 0x10ffff || (code < ' ' && !right) || (code >= 0x7f && code < 0xa0) ||
		    (code >= 0xd800 && code < 0xe000))
			return "a code point that is no character";
		if (right && (x == 0 || !(c[-1].text & SCREEN_WIDE)))
			return "a right half without its left half";
		if (wide && (right || x + 1 == columns || (c[1].text & SCREEN_CODE_POINT) != 0))
			return "a left half without its right half";
		if ((right && c->mark[0] != 0) || (c->mark[0] == 0 && c->mark[1] != 0))
			return "marks where they cannot be";
	}
	return NULL;
}

static inline const char *screen_check_grid(const struct screen *s, const struct screen_cell *cells,
					    const struct screen_row *row)
{
	bool taken[SCREEN_ROWS_MAX] = {false};

	for (unsigned int y = 0; y < s->rows; y++) {
		const char *wrong;

		if (row[y].at >= s->rows || taken[row[y].at])
			return "two rows in one place";
		taken[row[y].at] = true;
		if (row[y].used > s->columns || row[y].to > s->columns ||
		    (row[y].from > s->columns && row[y].from != SCREEN_UNCHANGED))
			return "a row's columns beyond the screen";
		wrong = screen_check_cells(cells + row[y].at * s->columns, s->columns, row[y].used);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static inline const char *screen_check_history(const struct screen_history *h)
{
	uint32_t at = h->head, used = 0;

	if (h->bytes == 0)
		return h->lines == 0 ? NULL : "lines without memory";
	for (uint32_t i = 0; i < h->lines; i++) {
		uint32_t low = h->data[(at + h->bytes - 2) % h->bytes];
		uint32_t length = low | (uint32_t)h->data[(at + h->bytes - 1) % h->bytes] << 8;

		used += length + 4;
		if (used > h->bytes)
			return "more history than memory";
		at = (at + h->bytes - length - 4) % h->bytes;
		if ((h->data[at] | (uint32_t)h->data[(at + 1) % h->bytes] << 8) != length)
			return "a line's two lengths differ";
	}
	return used == h->used && h->lines <= h->pushed ? NULL : "history's sums are wrong";
}

static inline const char *screen_check(const struct screen *s)
{
	const char *wrong;
	int height = s->scroll.bottom - s->scroll.top;

	if (s->columns < SCREEN_COLUMNS_MIN || s->columns > SCREEN_COLUMNS_MAX || s->rows < 1 ||
	    s->rows > SCREEN_ROWS_MAX || s->columns * s->rows > SCREEN_CELLS_MAX)
		return "size";
	if (s->x >= s->columns || s->y >= s->rows)
		return "cursor outside";
	if (s->wrap && (s->x + 1 != s->columns || !(s->modes & SCREEN_AUTOWRAP)))
		return "a wrap where none can be";
	if (s->top > s->bottom || s->bottom >= s->rows)
		return "scroll region";
	if (s->scroll.lines != 0 &&
	    (s->scroll.bottom >= s->rows || s->scroll.lines > height || -s->scroll.lines > height))
		return "pending scroll";
	wrong = screen_check_grid(s, s->cells, s->row);
	if (wrong == NULL && s->other_cells != NULL)
		wrong = screen_check_grid(s, s->other_cells, s->other_row);
	return wrong;
}

/* What a watcher has: his own cells, row by row. */
struct screen_watcher {
	unsigned int columns;
	unsigned int rows;
	unsigned int modes;
	struct screen_cell cell[SCREEN_CELLS_MAX];
};

/* Looks at everything. */
static inline void screen_watch(struct screen_watcher *w, struct screen *s)
{
	w->columns = s->columns;
	w->rows = s->rows;
	for (unsigned int y = 0; y < s->rows; y++)
		memcpy(&w->cell[y * s->columns], screen_row(s, y),
		       s->columns * sizeof(struct screen_cell));
	screen_damage_clear(s);
}

/* Follows the damage alone, and then must have the screen. A new size means looking anew. */
static inline const char *screen_follow(struct screen_watcher *w, struct screen *s)
{
	struct screen_scroll *scroll = &s->scroll;
	unsigned int columns = s->columns;

	if (w->columns != columns || w->rows != s->rows) {
		for (unsigned int y = 0; y < s->rows; y++) {
			if (s->row[y].from != 0 || s->row[y].to != columns)
				return "a new size without damage";
		}
		screen_watch(w, s);
		return NULL;
	}
	if (scroll->lines != 0) {
		unsigned int n = scroll->lines > 0 ? (unsigned int)scroll->lines
						   : (unsigned int)-scroll->lines;
		struct screen_cell *top = &w->cell[scroll->top * columns];
		size_t cells = (scroll->bottom - scroll->top + 1 - n) * columns;

		if (scroll->lines > 0)
			memmove(top, top + n * columns, cells * sizeof(*top));
		else
			memmove(top + n * columns, top, cells * sizeof(*top));
	}
	for (unsigned int y = 0; y < s->rows; y++) {
		const struct screen_row *row = &s->row[y];

		if (row->from < row->to)
			memcpy(&w->cell[y * columns + row->from], screen_row(s, y) + row->from,
			       (row->to - row->from) * sizeof(struct screen_cell));
		if (memcmp(&w->cell[y * columns], screen_row(s, y),
			   columns * sizeof(struct screen_cell)) != 0)
			return "a change without damage";
	}
	screen_damage_clear(s);
	return NULL;
}

#endif
