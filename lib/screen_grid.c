/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "lib/screen_impl.h"

/*
 * The cells. Rows are found through a table, so that scrolling moves its entries and no cells. An
 * entry carries the row's damage with it, which is all that a scroll has to do about damage. Cells
 * from `used` on are blank without colour, always: a new line costs what stood there before, and
 * what leaves the screen is stored without looking for its end.
 */

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS    24
#define HISTORY_MIN     1024

static const struct screen_cell blank = {.text = ' '};

static void fill(struct screen_cell *cell, const struct screen_cell *end, struct screen_cell with)
{
	struct screen_words words = screen_words(&with);

	for (; end - cell >= 4; cell += 4) {
		screen_put_words(cell, words);
		screen_put_words(cell + 1, words);
		screen_put_words(cell + 2, words);
		screen_put_words(cell + 3, words);
	}
	for (; cell != end; cell++)
		screen_put_words(cell, words);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

size_t screen_grid_bytes(unsigned int flags)
{
	size_t grids = flags & SCREEN_NO_ALTERNATE ? 1 : 2;

	return grids * SCREEN_CELLS_MAX * sizeof(struct screen_cell);
}

void screen_init(struct screen *s, void *memory, size_t bytes, unsigned int flags)
{
	size_t grids = screen_grid_bytes(flags);

	*s = (struct screen){.cells = memory};
	if (!(flags & SCREEN_NO_ALTERNATE))
		s->other_cells = s->cells + SCREEN_CELLS_MAX;
	if (!(flags & SCREEN_NO_HISTORY) && bytes >= grids + HISTORY_MIN)
		screen_history_init(&s->history, (uint8_t *)memory + grids, bytes - grids);
	screen_reset_modes(s, true);
	screen_resize(s, DEFAULT_COLUMNS, DEFAULT_ROWS);
}

/* ---- damage ------------------------------------------------------------------------------- */

void screen_damage_all(struct screen *s)
{
	s->scroll = (struct screen_scroll){.lines = 0};
	for (unsigned int y = 0; y < s->rows; y++)
		screen_touch(s, y, 0, s->columns);
}

void screen_damage_clear(struct screen *s)
{
	s->scroll = (struct screen_scroll){.lines = 0};
	for (unsigned int y = 0; y < s->rows; y++) {
		s->row[y].from = SCREEN_UNCHANGED;
		s->row[y].to = 0;
	}
	s->changed_first = SCREEN_UNCHANGED;
	s->changed_last = 0;
}

/* Before rows are moved: the watcher hears of one region only, what moved elsewhere is painted. */
static void note_scroll(struct screen *s, unsigned int top, unsigned int bottom, int lines)
{
	struct screen_scroll *pending = &s->scroll;

	if (pending->lines != 0 && (pending->top != top || pending->bottom != bottom)) {
		for (unsigned int y = pending->top; y <= pending->bottom; y++)
			screen_touch(s, y, 0, s->columns);
		pending->lines = 0;
	}
	/* Changed rows move, too. */
	if (s->changed_first > top)
		s->changed_first = (uint16_t)top;
	if (s->changed_last < bottom)
		s->changed_last = (uint16_t)bottom;
	pending->top = (uint16_t)top;
	pending->bottom = (uint16_t)bottom;
	pending->lines += lines;
	/* Nothing of what the watcher has is left; all rows came in later and are marked. */
	if (pending->lines > (int)(bottom - top) || -pending->lines > (int)(bottom - top))
		pending->lines = 0;
}

/* ---- cells of a row ----------------------------------------------------------------------- */

void screen_split(struct screen *s, unsigned int y, unsigned int x)
{
	struct screen_row *row = &s->row[y];
	struct screen_cell *cell = screen_cells(s, y) + x;

	if (x == 0 || x >= row->used || !screen_is_right_half(cell))
		return;
	for (int side = -1; side <= 0; side++) {
		cell[side].text = (cell[side].text & SCREEN_ATTRIBUTES) | ' ';
		cell[side].mark[0] = 0;
		cell[side].mark[1] = 0;
	}
	screen_touch(s, y, x - 1, x + 1);
}

static struct screen_cell erased(const struct screen *s)
{
	struct screen_cell cell = blank;

	cell.bg = s->pen.bg;
	return cell;
}

/* Blanks where no wide character is cut. */
static void put_blanks(struct screen *s, unsigned int y, unsigned int from, unsigned int to)
{
	struct screen_row *row = &s->row[y];
	struct screen_cell *cells = screen_cells(s, y);

	if (s->pen.bg == 0) {
		to = least(to, row->used);
		if (to == row->used && from < to)
			row->used = (uint16_t)from;
	} else if (from < to && row->used < to) {
		row->used = (uint16_t)to;
	}
	if (from >= to)
		return;
	fill(cells + from, cells + to, erased(s));
	screen_touch(s, y, from, to);
}

void screen_erase(struct screen *s, unsigned int y, unsigned int from, unsigned int to)
{
	screen_split(s, y, from);
	screen_split(s, y, to);
	put_blanks(s, y, from, to);
}

void screen_erase_rows(struct screen *s, unsigned int from, unsigned int to)
{
	for (unsigned int y = from; y < to; y++) {
		put_blanks(s, y, 0, s->columns);
		s->row[y].text = 0;
	}
}

void screen_fill(struct screen *s, struct screen_cell cell)
{
	for (unsigned int y = 0; y < s->rows; y++) {
		struct screen_cell *cells = screen_cells(s, y);

		fill(cells, cells + s->columns, cell);
		s->row[y].used = (uint16_t)s->columns;
		s->row[y].text = 1;
		screen_touch(s, y, 0, s->columns);
	}
}

void screen_insert_cells(struct screen *s, unsigned int count)
{
	struct screen_row *row = &s->row[s->y];
	struct screen_cell *cells = screen_cells(s, s->y);
	unsigned int x = s->x;

	count = least(count, s->columns - x);
	screen_split(s, s->y, x);
	screen_split(s, s->y, s->columns - count);
	if (row->used > x) {
		unsigned int end = least(row->used, s->columns - count);

		memmove(cells + x + count, cells + x, (end - x) * sizeof(*cells));
		row->used = (uint16_t)(end + count);
		screen_touch(s, s->y, x, s->columns);
	}
	put_blanks(s, s->y, x, x + count);
}

void screen_delete_cells(struct screen *s, unsigned int count)
{
	struct screen_cell *cells = screen_cells(s, s->y);
	unsigned int x = s->x;

	count = least(count, s->columns - x);
	screen_split(s, s->y, x);
	screen_split(s, s->y, x + count);
	memmove(cells + x, cells + x + count, (s->columns - x - count) * sizeof(*cells));
	screen_touch(s, s->y, x, s->columns);
	put_blanks(s, s->y, s->columns - count, s->columns);
}

void screen_put_row(struct screen *s, unsigned int y, const struct screen_cell *from,
		    unsigned int count)
{
	struct screen_cell *cells = screen_cells(s, y);

	count = least(count, s->columns);
	memcpy(cells, from, count * sizeof(*cells));
	fill(cells + count, cells + s->columns, blank);
	for (unsigned int x = 0; x < count; x++) {
		bool wide = (cells[x].text & SCREEN_WIDE) != 0;

		if (wide && x + 1 < s->columns && screen_is_right_half(&cells[x + 1])) {
			x++;
			cells[x].text &= SCREEN_ATTRIBUTES;
		} else if (wide || screen_is_right_half(&cells[x])) {
			cells[x].text = (cells[x].text & SCREEN_ATTRIBUTES) | ' ';
		}
	}
	while (count > 0 && memcmp(&cells[count - 1], &blank, sizeof(blank)) == 0)
		count--;
	s->row[y].used = (uint16_t)count;
	s->row[y].text = 1;
	screen_touch(s, y, 0, s->columns);
}

/* ---- rows --------------------------------------------------------------------------------- */

static void reverse(struct screen_row *first, struct screen_row *last)
{
	for (; first < last; first++, last--) {
		struct screen_row row = *first;

		*first = *last;
		*last = row;
	}
}

/* Rows that came in: all new to the watcher. */
static void put_new_rows(struct screen *s, unsigned int from, unsigned int to)
{
	screen_erase_rows(s, from, to);
	for (unsigned int y = from; y < to; y++)
		screen_touch(s, y, 0, s->columns);
}

static void push_line(struct screen *s, unsigned int y)
{
	const struct screen_row *row = &s->row[y];

	screen_history_push(&s->history, screen_cells(s, y), row->text ? row->used : 0);
}

void screen_scroll_up(struct screen *s, unsigned int top, unsigned int bottom, unsigned int count,
		      bool keep)
{
	struct screen_row *row = s->row;

	count = least(count, bottom - top + 1);
	note_scroll(s, top, bottom, (int)count);
	if (keep && top == 0 && !(s->modes & SCREEN_ALTERNATE)) {
		for (unsigned int y = 0; y < count; y++)
			push_line(s, y);
	}
	if (count == 1) {
		struct screen_row gone = row[top];

		memmove(&row[top], &row[top + 1], (bottom - top) * sizeof(*row));
		row[bottom] = gone;
	} else {
		reverse(&row[top], &row[top + count] - 1);
		reverse(&row[top + count], &row[bottom]);
		reverse(&row[top], &row[bottom]);
	}
	put_new_rows(s, bottom + 1 - count, bottom + 1);
}

void screen_scroll_down(struct screen *s, unsigned int top, unsigned int bottom, unsigned int count)
{
	struct screen_row *row = s->row;

	count = least(count, bottom - top + 1);
	note_scroll(s, top, bottom, -(int)count);
	reverse(&row[top], &row[bottom]);
	reverse(&row[top], &row[top + count] - 1);
	reverse(&row[top + count], &row[bottom]);
	put_new_rows(s, top, top + count);
}

/* One more than the last row that has text, as far as is known without looking at cells. */
static unsigned int rows_used(const struct screen *s)
{
	unsigned int y = s->rows;

	while (y != 0 && !(s->row[y - 1].text && s->row[y - 1].used != 0))
		y--;
	return y;
}

void screen_keep_lines(struct screen *s)
{
	unsigned int end = s->modes & SCREEN_ALTERNATE ? 0 : rows_used(s);

	for (unsigned int y = 0; y < end; y++)
		push_line(s, y);
}

/* ---- two grids, and their size ------------------------------------------------------------ */

static void swap_grids(struct screen *s, unsigned int rows)
{
	struct screen_cell *cells = s->cells;

	s->cells = s->other_cells;
	s->other_cells = cells;
	for (unsigned int y = 0; y < rows; y++) {
		struct screen_row row = s->row[y];

		s->row[y] = s->other_row[y];
		s->other_row[y] = row;
	}
}

void screen_show_alternate(struct screen *s, bool alternate)
{
	if (s->other_cells == NULL || alternate == ((s->modes & SCREEN_ALTERNATE) != 0))
		return;
	swap_grids(s, s->rows);
	s->modes ^= SCREEN_ALTERNATE;
	screen_damage_all(s);
}

static void swap_cells(struct screen_cell *a, struct screen_cell *b, unsigned int count)
{
	for (; count != 0; count--, a++, b++) {
		struct screen_cell cell = *a;

		*a = *b;
		*b = cell;
	}
}

/* Row y's cells come to lie at y * columns. */
static void straighten(struct screen *s)
{
	for (unsigned int y = 0; y < s->rows; y++) {
		unsigned int at = s->row[y].at, other = y;

		if (at == y)
			continue;
		swap_cells(s->cells + at * s->columns, s->cells + y * s->columns, s->columns);
		while (s->row[other].at != y)
			other++;
		s->row[other].at = (uint8_t)at;
		s->row[y].at = (uint8_t)y;
	}
}

/* Straight rows get another length. Where they become longer the last one moves first. */
static void restride(struct screen *s, unsigned int rows, unsigned int columns)
{
	struct screen_cell *cells = s->cells;
	unsigned int old = s->columns, width = least(old, columns);

	for (unsigned int i = 0; i < rows; i++) {
		unsigned int y = columns < old ? i : rows - 1 - i;

		memmove(cells + y * columns, cells + y * old, width * sizeof(*cells));
		fill(cells + y * columns + width, cells + (y + 1) * columns, blank);
	}
}

/*
 * The grid that is shown gets another size, and its rows say so; s->columns and s->rows are still
 * the old ones. Row y stays on it. Gives how many rows went at the top.
 */
static unsigned int resize_grid(struct screen *s, unsigned int columns, unsigned int rows,
				unsigned int y, bool keep)
{
	unsigned int last = rows_used(s), gone = 0, stay;

	if (last <= y)
		last = y + 1;
	if (last > rows)
		gone = least(last - rows, y);
	straighten(s);
	for (unsigned int i = 0; i < s->rows; i++) {
		if (keep && i < gone)
			push_line(s, i);
		screen_split(s, i, columns);
	}
	stay = least(s->rows - gone, rows);
	memmove(s->cells, s->cells + gone * s->columns, stay * s->columns * sizeof(*s->cells));
	memmove(s->row, s->row + gone, stay * sizeof(*s->row));
	restride(s, stay, columns);
	fill(s->cells + stay * columns, s->cells + rows * columns, blank);
	for (unsigned int i = 0; i < rows; i++) {
		unsigned int used = i < stay ? least(s->row[i].used, columns) : 0;

		s->row[i] = (struct screen_row){.at = (uint8_t)i,
						.text = i < stay ? s->row[i].text : 0,
						.used = (uint16_t)used};
	}
	return gone;
}

static void clip_saved(struct screen *s, struct screen_saved *saved, unsigned int gone)
{
	unsigned int y = saved->y < gone ? 0 : saved->y - gone;

	saved->x = (uint16_t)least(saved->x, s->columns - 1);
	saved->y = (uint16_t)least(y, s->rows - 1);
	saved->wrap = false;
}

void screen_resize(struct screen *s, unsigned int columns, unsigned int rows)
{
	unsigned int shown = s->modes & SCREEN_ALTERNATE ? 1 : 0, gone[2] = {0, 0};

	columns = least(columns, SCREEN_COLUMNS_MAX);
	if (columns < SCREEN_COLUMNS_MIN)
		columns = SCREEN_COLUMNS_MIN;
	rows = least(least(rows, SCREEN_ROWS_MAX), SCREEN_CELLS_MAX / columns);
	if (rows == 0)
		rows = 1;
	if (columns == s->columns && rows == s->rows)
		return;
	gone[shown] = resize_grid(s, columns, rows, s->y, shown == 0);
	if (s->other_cells != NULL) {
		swap_grids(s, rows > s->rows ? rows : s->rows);
		gone[!shown] = resize_grid(s, columns, rows, s->saved[!shown].y, shown == 1);
		swap_grids(s, rows);
	}
	s->columns = columns;
	s->rows = rows;
	s->x = least(s->x, columns - 1);
	s->y -= gone[shown];
	s->wrap = false;
	s->top = 0;
	s->bottom = (uint16_t)(rows - 1);
	for (unsigned int i = 0; i < 2; i++)
		clip_saved(s, &s->saved[i], gone[i]);
	screen_damage_all(s);
}
