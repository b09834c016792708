/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/painter.h"

#include "lib/termout.h"

#include <string.h>

/*
 * `cells` is what the terminal shows. Painting compares that with the screen where the screen's
 * damage says that they may differ, sends the difference, and takes away from the damage what has
 * been painted: outside of it they are equal once the pending scroll has been made.
 *
 * Every sequence is sent whole and what it does is noted at once, so output may stop between any
 * two: the next call begins by looking at the screen as it is then. When there was no room for
 * everything, the next call goes on where the last one ended, round and round, so that nothing
 * waits for ever while other things change; but every now and then the cursor's row comes first,
 * where typing is echoed.
 *
 * A blank shows only its background (and a line, if it has one, or the inverse), so blanks that
 * look alike are taken as equal, and no pen is changed for what one does not show.
 */

/* What of a cell's attributes a blank shows. */
#define SHOWN_ON_BLANK (SCREEN_UNDERLINE | SCREEN_INVERSE | SCREEN_STRIKE)

/* No screen has it: what stands beside a character of doubtful width. */
#define UNKNOWN_TEXT SCREEN_CODE_POINT

/* The longest of the pieces that are sent whole; none is longer than PAINTER_ROOM_MIN. */
#define MOVE_BYTES  16 /* CR LF LF LF, CUF or spaces; CUP */
#define MODE_BYTES  8
#define OTHER_BYTES 24 /* two spaces, CUP, a character, two marks */
#define CLEAR_BYTES 9
/* Pen, region, moving, these lines of at most 2 bytes, region: at most PAINTER_ROOM_MIN. */
#define SCROLL_STEP 15

/* Cells on the way to the next one that are sent again rather than jumped over. */
#define GAP_MAX  3
#define DOWN_MAX 3 /* rows to go down by line feeds */
#define UP_MAX   2 /* and up by reverse ones */
#define BACK_MAX 4

/* Bytes between two times that the cursor's row comes first: 22 ms at 115,200 baud. */
#define CURSOR_EVERY 256

/* Cells. */

static const struct screen_cell blank = {.text = ' '};

static struct screen_cell *line_of(const struct painter *p, unsigned int y)
{
	return &p->cells[(size_t)p->line[y] * p->columns];
}

static void clear_cells(struct screen_cell *cell, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		cell[i] = blank;
}

static unsigned int used_of(const struct painter *p, unsigned int y)
{
	return p->used[p->line[y]];
}

/* Columns of row y up to `end` were written. */
static inline void note_used(struct painter *p, unsigned int y, unsigned int end)
{
	uint16_t *used = &p->used[p->line[y]];

	if (*used < end)
		*used = end;
}

/* Behind which column the row needs no comparing: it is unchanged, or blank in both. */
static inline unsigned int end_of(const struct painter *p, const struct screen *s, unsigned int y)
{
	const struct screen_row *row = &s->row[y];
	unsigned int used = used_of(p, y), end = row->to < p->columns ? row->to : p->columns;

	if (used < row->used)
		used = row->used;
	return used < end ? used : end;
}

static void clear_from(struct painter *p, unsigned int y, unsigned int x)
{
	unsigned int used = used_of(p, y);

	if (x < used) {
		clear_cells(line_of(p, y) + x, used - x);
		p->used[p->line[y]] = x;
	}
}

static void clear_lines(struct painter *p, unsigned int from, unsigned int to)
{
	for (unsigned int y = from; y < to; y++)
		clear_from(p, y, 0);
}

/* A blank that shows its background only. */
static inline bool is_space(const struct screen_cell *cell)
{
	return (cell->text & (SCREEN_CODE_POINT | SHOWN_ON_BLANK)) == ' ' && cell->mark[0] == 0;
}

static inline bool is_ascii(const struct screen_cell *cell)
{
	return (cell->text & SCREEN_CODE_POINT) - ' ' < 0x7f - ' ' && cell->mark[0] == 0;
}

static inline bool is_same(const struct screen_cell *a, const struct screen_cell *b)
{
	uint64_t raw[4];

	/* Not memcpy(), which a freestanding compiler really calls. */
	__builtin_memcpy(&raw[0], a, sizeof(*a));
	__builtin_memcpy(&raw[2], b, sizeof(*b));
	return raw[0] == raw[2] && raw[1] == raw[3];
}

static inline bool looks_same(const struct screen_cell *a, const struct screen_cell *b)
{
	return is_same(a, b) || (a->bg == b->bg && is_space(a) && is_space(b));
}

/* Characters whose width all terminals agree on that have them at all. */
static bool is_width_sure(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} sure[] = {
		{0x20, 0x7e},     {0xa1, 0xac},     {0xae, 0x2ff},    /* Latin */
		{0x370, 0x482},                                       /* Greek, Cyrillic */
		{0x2010, 0x2027}, {0x2190, 0x2193}, {0x2500, 0x259f}, /* lines, blocks */
		{0x3041, 0x3096}, {0x30a1, 0x30fa}, {0x4e00, 0x9fa5}, /* East Asian, wide */
		{0xac00, 0xd7a3},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sure); i++) {
		if (code <= sure[i].last)
			return code >= sure[i].first;
	}
	return false;
}

/* The pen. */

static inline bool pen_fits(const struct painter *p, const struct screen_cell *cell)
{
	if (p->pen.bg != cell->bg)
		return false;
	if (is_space(cell))
		return (p->pen.text & SHOWN_ON_BLANK) == 0;
	return p->pen.fg == cell->fg && ((p->pen.text ^ cell->text) & SCREEN_ATTRIBUTES) == 0;
}

static bool send_pen(struct painter *p, struct termout *o, const struct screen_cell *pen)
{
	uint8_t anew_bytes[TERMOUT_SGR_BYTES], on_bytes[TERMOUT_SGR_BYTES];
	struct termout anew = {anew_bytes, 0, TERMOUT_SGR_BYTES},
		       on = {on_bytes, 0, TERMOUT_SGR_BYTES};
	const struct termout *best = &anew;

	/* Terminals know the end of all attributes; those of single ones came late. */
	termout_sgr(&anew, NULL, pen);
	if ((p->pen.text & ~pen->text) == 0) {
		termout_sgr(&on, &p->pen, pen);
		if (on.used < anew.used)
			best = &on;
	}
	if (!termout_has_room(o, best->used))
		return false;
	memcpy(o->to + o->used, best->to, best->used);
	o->used += best->used;
	p->pen = *pen;
	return true;
}

static bool set_pen(struct painter *p, struct termout *o, const struct screen_cell *cell)
{
	struct screen_cell pen = {
		.text = cell->text & SCREEN_ATTRIBUTES, .fg = cell->fg, .bg = cell->bg};

	if (pen_fits(p, cell))
		return true;
	if (is_space(cell)) {
		pen.text = 0;
		pen.fg = 0;
		if (cell->bg != 0) {
			pen.text = p->pen.text & ~SHOWN_ON_BLANK;
			pen.fg = p->pen.fg;
		}
	}
	return send_pen(p, o, &pen);
}

/* The place. */

static void put_place(struct painter *p, struct termout *o, unsigned int y, unsigned int x)
{
	termout_csi(o, y + 1, x + 1, 'H');
	p->known = true;
	p->y = y;
	p->x = x;
}

/* Are the cells from the cursor to column x text that can as well be sent again? */
static bool can_repeat(const struct painter *p, unsigned int x)
{
	const struct screen_cell *have = line_of(p, p->y);

	if (x - p->x > GAP_MAX)
		return false;
	for (unsigned int i = p->x; i < x; i++) {
		if (!is_ascii(&have[i]) || !pen_fits(p, &have[i]))
			return false;
	}
	return true;
}

static bool seek_far(struct painter *p, struct termout *o, unsigned int y, unsigned int x)
{
	if (!termout_has_room(o, MOVE_BYTES))
		return false;
	if (!p->known || y - p->y + UP_MAX > DOWN_MAX + UP_MAX ||
	    (y < p->y && x != p->x && x != 0)) {
		put_place(p, o, y, x);
		return true;
	}
	if (p->y < y || x == 0) {
		termout_put(o, '\r');
		p->x = 0;
	}
	for (; p->y < y; p->y++)
		termout_put(o, '\n');
	for (; p->y > y; p->y--)
		termout_text(o, "\033M");
	if (p->x == x)
		return true;
	if (p->x > x) {
		if (p->x == p->columns || p->x - x > BACK_MAX) {
			put_place(p, o, y, x);
			return true;
		}
		for (; p->x > x; p->x--)
			termout_put(o, '\b');
	} else if (can_repeat(p, x)) {
		for (; p->x < x; p->x++)
			termout_put(o, line_of(p, y)[p->x].text & SCREEN_CODE_POINT);
	} else {
		termout_csi(o, x - p->x, 1, 'C');
		p->x = x;
	}
	return true;
}

static inline bool seek(struct painter *p, struct termout *o, unsigned int y, unsigned int x)
{
	return (p->known && p->y == y && p->x == x) || seek_far(p, o, y, x);
}

/* What follows painter_forget(). */

#define PROLOGUE_PIECES 4

static bool send_prologue(struct painter *p, struct termout *o)
{
	static const char *const piece[PROLOGUE_PIECES] = {
		/* Whatever was being sent ends; UTF-8 and ASCII (ECMA-35). */
		"\030\033\\\017\033(B\033%G",
		/* Insert, new line, origin, reverse off; wrapping on, as it is where nobody asks.
		 */
		"\033[m\033[4l\033[20l\033[?6l\033[?5l\033[?7h\033[?25h\033[?1l\033>",
		"\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l",
		/* The region says how far LF goes, also where the terminal is larger in truth. */
		"\033[1;",
	};

	for (; p->prologue < PROLOGUE_PIECES; p->prologue++) {
		if (!termout_has_room(o, PAINTER_ROOM_MIN))
			return false;
		termout_text(o, piece[p->prologue]);
	}
	termout_number(o, p->rows);
	termout_text(o, "r\033[H\033[2J");
	p->known = true;
	p->x = 0;
	p->y = 0;
	p->pen = (struct screen_cell){0};
	p->modes = SCREEN_CURSOR_VISIBLE;
	for (unsigned int y = 0; y < p->rows; y++)
		p->used[y] = p->columns;
	clear_lines(p, 0, p->rows);
	return true;
}

/* Another screen. */

/* Bytes to clear the terminal and paint the screen, less those to paint over what is there. */
static int weigh_row(const struct painter *p, const struct screen *s, unsigned int y)
{
	const struct screen_cell *want = screen_row(s, y), *have = line_of(p, y);
	unsigned int used = s->row[y].used < p->columns ? s->row[y].used : p->columns;
	unsigned int x;
	int clear = 0, over = 0;

	for (x = 0; x < used; x++) {
		clear += !looks_same(&want[x], &blank);
		over += !looks_same(&want[x], &have[x]);
	}
	return clear - over - (x < used_of(p, y) ? 5 : 0);
}

static bool begin_screen(struct painter *p, struct screen *s, struct termout *o)
{
	bool smaller = s->columns < p->columns || s->rows < p->rows;
	int weight = CLEAR_BYTES;

	if (!termout_has_room(o, CLEAR_BYTES))
		return false;
	for (unsigned int y = 0; y < p->rows && !smaller; y++)
		weight += weigh_row(p, s, y);
	if (smaller || weight < 0) {
		termout_text(o, "\033[m\033[H\033[J");
		p->pen = (struct screen_cell){0};
		p->known = true;
		p->x = 0;
		p->y = 0;
		clear_lines(p, 0, p->rows);
	}
	screen_damage_all(s);
	p->another = false;
	p->behind = false;
	p->screen_columns = s->columns;
	p->screen_rows = s->rows;
	return true;
}

/* Modes. */

static const struct {
	unsigned int mode;
	char on[MODE_BYTES + 1], off[MODE_BYTES + 1];
} mode_table[] = {
	{SCREEN_CURSOR_VISIBLE, "\033[?25h", "\033[?25l"},
	{SCREEN_APP_CURSOR, "\033[?1h", "\033[?1l"},
	{SCREEN_APP_KEYPAD, "\033=", "\033>"},
	{SCREEN_PASTE, "\033[?2004h", "\033[?2004l"},
	{SCREEN_REVERSE, "\033[?5h", "\033[?5l"},
	{SCREEN_MOUSE_CLICK, "\033[?1000h", "\033[?1000l"},
	{SCREEN_MOUSE_DRAG, "\033[?1002h", "\033[?1002l"},
	{SCREEN_MOUSE_MOVE, "\033[?1003h", "\033[?1003l"},
	{SCREEN_MOUSE_SGR, "\033[?1006h", "\033[?1006l"},
};

/* Makes those of `which` on or off that are not. */
static bool send_modes(struct painter *p, struct termout *o, unsigned int which, bool on)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mode_table); i++) {
		if ((which & mode_table[i].mode) == 0)
			continue;
		if (!termout_has_room(o, MODE_BYTES))
			return false;
		termout_text(o, on ? mode_table[i].on : mode_table[i].off);
		p->modes ^= mode_table[i].mode;
	}
	return true;
}

/* Off before on: the end of one way of mouse reports ends the others. */
static bool paint_modes(struct painter *p, const struct screen *s, struct termout *o)
{
	if (((p->modes ^ s->modes) & PAINTER_MODES) == 0)
		return true;
	return send_modes(p, o, p->modes & ~s->modes, false) &&
	       send_modes(p, o, s->modes & ~p->modes & PAINTER_MODES & ~SCREEN_CURSOR_VISIBLE,
			  true);
}

/* Scrolls. */

/* All its rows are to be painted instead. (A scroll has made the changed rows reach over them.) */
static void drop_scroll(struct screen *s)
{
	for (unsigned int y = s->scroll.top; y <= s->scroll.bottom; y++) {
		s->row[y].from = 0;
		s->row[y].to = s->columns;
	}
	s->scroll.lines = 0;
}

/*
 * Is there more to keep by scrolling than scrolling costs? Of rows that change anyway nothing is
 * kept; while many lines run through, leaving the old ones till they are painted over shows more.
 */
static bool is_worth_scrolling(const struct painter *p, const struct screen *s)
{
	unsigned int lines = s->scroll.lines < 0 ? -s->scroll.lines : s->scroll.lines;
	bool whole = s->scroll.top == 0 && s->scroll.bottom == p->rows - 1u;
	unsigned int cost = lines + (whole ? 0 : 24), kept = 0;

	if (s->scroll.bottom >= p->rows)
		return false;
	for (unsigned int y = s->scroll.top; y <= s->scroll.bottom && kept <= cost; y++) {
		if (s->row[y].from >= s->row[y].to || s->row[y].from != 0)
			kept += s->row[y].used;
	}
	return kept > cost;
}

/* The terminal's rows top..bottom, and the picture of them, go up, or down, by `lines`. */
static void move_lines(struct painter *p, unsigned int top, unsigned int bottom, unsigned int lines,
		       bool up)
{
	unsigned int kept = bottom + 1 - top - lines, fresh = up ? bottom + 1 - lines : top;
	uint16_t *line = &p->line[top];
	uint16_t out[SCROLL_STEP];
	size_t out_bytes = lines * sizeof(out[0]), kept_bytes = kept * sizeof(out[0]);

	memcpy(out, up ? line : line + kept, out_bytes);
	memmove(up ? line : line + lines, up ? line + lines : line, kept_bytes);
	memcpy(up ? line + kept : line, out, out_bytes);
	clear_lines(p, fresh, fresh + lines);
}

static void send_scroll(struct painter *p, struct termout *o, const struct screen_scroll *scroll,
			unsigned int lines)
{
	bool up = scroll->lines > 0;
	bool whole = scroll->top == 0 && scroll->bottom == p->rows - 1;
	unsigned int edge = up ? scroll->bottom : scroll->top;

	if (!whole) {
		termout_csi(o, scroll->top + 1, scroll->bottom + 1, 'r');
		p->known = false; /* the first column of the first row, or of the region's */
	}
	if (!p->known || p->y != edge)
		put_place(p, o, edge, 0);
	if (up && p->x != 0) {
		termout_put(o, '\r');
		p->x = 0;
	}
	for (unsigned int i = 0; i < lines; i++)
		termout_text(o, up ? "\n" : "\033M");
	if (!whole) {
		termout_csi(o, 1, p->rows, 'r');
		p->known = false;
	}
}

static bool paint_scroll(struct painter *p, struct screen *s, struct termout *o)
{
	struct screen_scroll *scroll = &s->scroll;

	if (!is_worth_scrolling(p, s)) {
		drop_scroll(s);
		return true;
	}
	while (scroll->lines != 0) {
		bool up = scroll->lines > 0;
		unsigned int lines = up ? scroll->lines : -scroll->lines;

		lines = lines < SCROLL_STEP ? lines : SCROLL_STEP;
		/* Lines come in with the pen's background in some terminals. */
		if (!termout_has_room(o, PAINTER_ROOM_MIN) || !set_pen(p, o, &blank))
			return false;
		send_scroll(p, o, scroll, lines);
		move_lines(p, scroll->top, scroll->bottom, lines, up);
		scroll->lines += up ? -(int)lines : (int)lines;
	}
	return true;
}

/* Cells. */

/* One that is not of ASCII; gives the columns it takes, 0: no room. */
static unsigned int paint_other(struct painter *p, struct screen *s, struct termout *o,
				unsigned int y, unsigned int x)
{
	const struct screen_cell *want = &screen_row(s, y)[x];
	struct screen_cell *have = &line_of(p, y)[x];
	uint32_t code = want->text & SCREEN_CODE_POINT;
	unsigned int width = (want->text & SCREEN_WIDE) != 0 ? 2 : 1;
	bool sure = is_width_sure(code) && want->mark[0] == 0;

	if (!termout_has_room(o, OTHER_BYTES))
		return 0;
	if (x + width > p->columns || code == 0) {
		termout_put(o, ' '); /* the terminal's edge cuts it */
		width = 1;
	} else {
		if (!sure && width == 2) {
			termout_text(o, "  ");
			put_place(p, o, y, x);
		}
		termout_code_point(o, code);
		for (unsigned int i = 0; i < ARRAY_SIZE(want->mark) && want->mark[i] != 0; i++)
			termout_code_point(o, want->mark[i]);
	}
	memcpy(have, want, width * sizeof(*have));
	p->x = x + width;
	note_used(p, y, p->x);
	if (!sure) {
		/* What stands behind it may be covered, or moved. */
		p->known = false;
		if (p->x < p->columns && p->x < s->columns) {
			have[width].text = UNKNOWN_TEXT;
			note_used(p, y, p->x + 1);
			if (s->row[y].to < p->x + 1)
				s->row[y].to = p->x + 1;
		}
	}
	return width;
}

/*
 * Text from the cursor on in the pen that is set, the way nearly all bytes take: until something
 * else comes or more than GAP_MAX cells are equal. Equal ones in the end are sent only if `all`
 * are to be. Gives the cells taken.
 */
static unsigned int paint_text(struct painter *p, struct termout *o, const struct screen_cell *want,
			       struct screen_cell *have, unsigned int count, bool all)
{
	const struct screen_cell pen = p->pen;
	uint8_t *to = o->to + o->used;
	unsigned int x, same = 0;

	if (count > o->room - o->used)
		count = o->room - o->used;
	for (x = 0; x < count; x++) {
		/* Attributes, and anything but ASCII, leave a large number. */
		uint32_t code = want[x].text ^ pen.text;

		if (code - ' ' >= 0x7f - ' ' || want[x].fg != pen.fg || want[x].bg != pen.bg ||
		    (want[x].mark[0] | want[x].mark[1]) != 0)
			break;
		if (!is_same(&want[x], &have[x])) {
			same = 0;
			have[x] = want[x];
		} else if (++same > GAP_MAX) {
			x++;
			break;
		}
		to[x] = code;
	}
	if (!all || same > GAP_MAX)
		x -= same;
	o->used += x;
	p->x += x;
	note_used(p, p->y, p->x);
	return x;
}

/* The cell at column x of the line, and equal ones behind it; gives how many, 0: no room. */
static unsigned int paint_cells(struct painter *p, struct screen *s, struct termout *o,
				unsigned int y, unsigned int x)
{
	const struct screen_row *row = &s->row[y];
	const struct screen_cell *want = &screen_row(s, y)[x];
	unsigned int end = end_of(p, s, y);

	if (!seek(p, o, y, x) || !set_pen(p, o, want))
		return 0;
	if (!is_ascii(want))
		return paint_other(p, s, o, y, x);
	if (!termout_has_room(o, 1))
		return 0;
	if (is_space(want)) {
		termout_put(o, ' ');
		line_of(p, y)[x] = *want;
		p->x = x + 1;
		note_used(p, y, x + 1);
		return 1;
	}
	if (row->used < end)
		end = row->used;
	return paint_text(p, o, want, &line_of(p, y)[x], end - x, false);
}

/*
 * From column x on the row is to be blank, and is not: `count` cells from there on may differ.
 * Gives the columns made blank, 0: no room.
 */
static unsigned int paint_blanks(struct painter *p, struct screen *s, struct termout *o,
				 unsigned int y, unsigned int x, unsigned int count)
{
	struct screen_cell *have = line_of(p, y);
	unsigned int below = y + 1;

	while (count > 0 && looks_same(&have[x + count - 1], &blank))
		count--;
	if (count <= GAP_MAX)
		return paint_cells(p, s, o, y, x);
	if (!seek(p, o, y, x) || !set_pen(p, o, &blank) || !termout_has_room(o, GAP_MAX))
		return 0;
	clear_from(p, y, x);
	if (below < s->rows && s->row[below].from < s->row[below].to) {
		while (below < s->rows && s->row[below].used == 0)
			below++;
		if (below >= s->rows) {
			termout_text(o, "\033[J");
			clear_lines(p, y + 1, p->rows);
			return count;
		}
	}
	termout_text(o, "\033[K");
	return count;
}

/*
 * Paints what differs of the row from column `start` on, and takes that from its damage. Gives the
 * column where there was no room any more, or PAINTED.
 */
#define PAINTED UINT16_MAX

static unsigned int paint_row(struct painter *p, struct screen *s, struct termout *o,
			      unsigned int y, unsigned int start)
{
	struct screen_row *row = &s->row[y];
	const struct screen_cell *want = screen_row(s, y), *have = line_of(p, y);
	bool all = start <= row->from;
	unsigned int x, count;

	for (x = all ? row->from : start; x < end_of(p, s, y); x += count) {
		count = 1;
		if (looks_same(&want[x], &have[x]))
			continue;
		if ((want[x].text & SCREEN_CODE_POINT) == 0 && x > 0 &&
		    (want[x - 1].text & SCREEN_WIDE) != 0)
			x--;
		if (x >= row->used)
			count = paint_blanks(p, s, o, y, x, end_of(p, s, y) - x);
		else
			count = paint_cells(p, s, o, y, x);
		if (count == 0) {
			row->from = all ? x : row->from;
			return x;
		}
	}
	row->to = all ? 0 : start;
	row->from = all ? SCREEN_UNCHANGED : row->from;
	return PAINTED;
}

/* The first row from y on, before `end`, where anything may have changed. */
static unsigned int next_changed(const struct screen *s, unsigned int y, unsigned int end)
{
	const struct screen_row *row = s->row;

	while (y + 4 <= end && (row[y].to | row[y + 1].to | row[y + 2].to | row[y + 3].to) == 0)
		y += 4;
	while (y < end && row[y].to == 0)
		y++;
	return y;
}

/* Rows from y on, of that only what is right of column x, to end - 1. */
static bool paint_span(struct painter *p, struct screen *s, struct termout *o, unsigned int y,
		       unsigned int x, unsigned int end)
{
	unsigned int first = y;

	for (y = next_changed(s, y, end); y < end; y = next_changed(s, y + 1, end)) {
		unsigned int stop = paint_row(p, s, o, y, y == first ? x : 0);

		if (stop != PAINTED) {
			p->next_y = y;
			p->next_x = stop;
			return false;
		}
	}
	return true;
}

static bool paint_rows(struct painter *p, struct screen *s, struct termout *o)
{
	unsigned int rows = s->rows < p->rows ? s->rows : p->rows;
	unsigned int first = s->changed_first, end = s->changed_last + 1u;
	unsigned int y = p->next_y, x = p->next_x;

	end = end < rows ? end : rows;
	if (p->behind && p->since_cursor >= CURSOR_EVERY && s->y < rows) {
		p->since_cursor = 0;
		if (paint_row(p, s, o, s->y, 0) != PAINTED)
			return false;
	}
	if (!p->behind || y < first || y >= end) {
		if (!paint_span(p, s, o, first, 0, end))
			return false;
	} else if (!paint_span(p, s, o, y, x, end) || !paint_span(p, s, o, first, 0, y + 1)) {
		return false;
	}
	s->changed_first = SCREEN_UNCHANGED;
	s->changed_last = 0;
	return true;
}

static bool paint_cursor(struct painter *p, const struct screen *s, struct termout *o)
{
	unsigned int x = s->x < p->columns ? s->x : p->columns - 1u;
	unsigned int y = s->y < p->rows ? s->y : p->rows - 1u;

	if ((s->modes & SCREEN_CURSOR_VISIBLE) == 0)
		return true;
	/* Behind the last column it stands in the last one. */
	if (!(p->known && p->y == y && p->x == p->columns && x == p->columns - 1u) &&
	    !seek(p, o, y, x))
		return false;
	return (p->modes & SCREEN_CURSOR_VISIBLE) != 0 ||
	       send_modes(p, o, SCREEN_CURSOR_VISIBLE, true);
}

/*
 * Text that was written at the cursor, with nothing else to do: most calls while a client writes
 * byte by byte. False: there is more to do, of whatever kind.
 */
static inline bool paint_written(struct painter *p, struct screen *s, struct termout *o)
{
	unsigned int y = s->changed_first, count;
	struct screen_row *row = &s->row[y & (SCREEN_ROWS_MAX - 1)];

	if (y != s->changed_last || y != p->y || p->x != row->from || p->behind || p->another ||
	    !p->known || s->scroll.lines != 0 || ((p->modes ^ s->modes) & PAINTER_MODES) != 0 ||
	    s->columns != p->screen_columns || s->rows != p->screen_rows || row->to > p->columns ||
	    row->to > row->used || row->from >= row->to)
		return false;
	count = row->to - row->from;
	if (paint_text(p, o, &screen_row(s, y)[p->x], &line_of(p, y)[p->x], count,
		       s->y == y && s->x == row->to) != count) {
		row->from = p->x;
		return false;
	}
	row->from = SCREEN_UNCHANGED;
	row->to = 0;
	s->changed_first = SCREEN_UNCHANGED;
	s->changed_last = 0;
	return s->x == p->x && s->y == y;
}

/* False: no room. */
static __attribute__((noinline)) bool paint(struct painter *p, struct screen *s, struct termout *o)
{
	if (p->prologue < PROLOGUE_PIECES && !send_prologue(p, o))
		return false;
	if ((p->another || s->columns != p->screen_columns || s->rows != p->screen_rows) &&
	    !begin_screen(p, s, o))
		return false;
	return paint_modes(p, s, o) && (s->scroll.lines == 0 || paint_scroll(p, s, o)) &&
	       paint_rows(p, s, o) && paint_cursor(p, s, o);
}

size_t painter_paint(struct painter *p, struct screen *s, uint8_t *to, size_t room)
{
	struct termout o = {to, 0, room};

	if (!paint_written(p, s, &o))
		p->behind = !paint(p, s, &o);
	p->since_cursor += o.used;
	return o.used;
}

/* Its life. */

size_t painter_bytes(void)
{
	return SCREEN_CELLS_MAX * sizeof(struct screen_cell);
}

void painter_init(struct painter *p, void *memory)
{
	*p = (struct painter){.cells = memory};
	painter_resize(p, 80, 24);
}

static unsigned int between(unsigned int value, unsigned int low, unsigned int high)
{
	return value < low ? low : value > high ? high : value;
}

void painter_resize(struct painter *p, unsigned int columns, unsigned int rows)
{
	/* As screen_resize() does. */
	columns = between(columns, SCREEN_COLUMNS_MIN, SCREEN_COLUMNS_MAX);
	rows = between(between(rows, 1, SCREEN_ROWS_MAX), 1, SCREEN_CELLS_MAX / columns);
	p->columns = columns;
	p->rows = rows;
	for (unsigned int y = 0; y < rows; y++)
		p->line[y] = y;
	painter_forget(p);
}

void painter_forget(struct painter *p)
{
	p->prologue = 0;
	p->another = true;
}

void painter_switch(struct painter *p)
{
	p->another = true;
}
