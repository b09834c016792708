/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies over a console on a port: a message, the list of consoles, the console's history. Each
 * is text in a screen of the port's own, which the painter is given instead of the console's.
 */
#include "hyp/console/port.h"
#include "hyp/core/timer.h"
#include "lib/charwidth.h"
#include "lib/fmt.h"

#include <string.h>

#define MESSAGE_MS   4000
#define TEXT_BYTES   256  /* a line of text before it becomes cells */
#define SEARCH_CELLS 8000 /* of one call: about half a millisecond */
#define SEARCH_MS    1    /* between two calls, for whoever else wants the CPU */
#define NO_LINE      UINT64_MAX

#define CELLS_BYTES          (SCREEN_COLUMNS_MAX * sizeof(struct screen_cell))
#define OVERLAY_SCREEN_FLAGS (SCREEN_NO_ALTERNATE | SCREEN_NO_HISTORY)

size_t overlay_bytes(void)
{
	return CELLS_BYTES + screen_grid_bytes(OVERLAY_SCREEN_FLAGS);
}

void overlay_init(struct overlay *o, void *memory)
{
	o->cells = memory;
	screen_init(&o->screen, (uint8_t *)memory + CELLS_BYTES,
		    screen_grid_bytes(OVERLAY_SCREEN_FLAGS), OVERLAY_SCREEN_FLAGS);
}

static void set_kind(struct port *p, enum overlay_kind kind) REQUIRES(port_lock)
{
	p->overlay.kind = (uint8_t)kind;
	p->in.has_view = kind == OVERLAY_HELP || kind == OVERLAY_SCROLL;
}

void overlay_close(struct port *p)
{
	set_kind(p, OVERLAY_NONE);
	p->overlay.is_searching = false;
}

static void write_text(struct overlay *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void write_text(struct overlay *o, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	screen_write(&o->screen, (const uint8_t *)text,
		     length < sizeof(text) ? length : sizeof(text) - 1);
}

/* --- lines of cells --- */

struct line {
	struct screen_cell *cells;
	unsigned int count;
	unsigned int room;
};

static void line_put(struct line *l, uint32_t text)
{
	if (l->count < l->room)
		l->cells[l->count++] = (struct screen_cell){.text = text};
}

/* One that may be wide, inverse. */
static void line_character(struct line *l, uint32_t code)
{
	bool is_wide = charwidth(code) == 2;

	line_put(l, code | SCREEN_INVERSE | (is_wide ? SCREEN_WIDE : 0));
	if (is_wide)
		line_put(l, SCREEN_INVERSE);
}

static void line_text(struct line *l, uint32_t attributes, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void line_text(struct line *l, uint32_t attributes, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	size_t i;

	va_start(args, fmt);
	(void)fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (i = 0; text[i] != 0; i++)
		line_put(l, (uint8_t)text[i] | attributes);
}

/* The last line of the overlay, inverse over the whole width. */
static void put_last_line(struct port *p, struct line *l) REQUIRES(port_lock)
{
	struct overlay *o = &p->overlay;

	while (l->count < o->screen.columns)
		line_put(l, ' ' | SCREEN_INVERSE);
	screen_put_row(&o->screen, o->screen.rows - 1, l->cells, l->count);
}

/* --- the message --- */

static void copy_console(struct overlay *o, struct vcon *v)
{
	unsigned int y;

	lock_acquire(&v->lock);
	if (v->is_live && v->screen) {
		for (y = 0; y < v->screen->rows && y < o->screen.rows; y++)
			screen_put_row(&o->screen, y, screen_row(v->screen, y), v->screen->columns);
		write_text(o, "\033[%u;%uH", v->screen->y + 1, v->screen->x + 1);
	}
	lock_release(&v->lock);
}

void overlay_message(struct port *p, const char *fmt, ...)
{
	struct overlay *o = &p->overlay;
	struct line l = {o->cells, 0, SCREEN_COLUMNS_MAX};
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	write_text(o, "\033[H\033[2J\033[?25h");
	if (p->shown)
		copy_console(o, p->shown);
	line_text(&l, SCREEN_INVERSE, " %s", text);
	put_last_line(p, &l);
	set_kind(p, OVERLAY_MESSAGE);
	o->until = port_now() + port_ms(MESSAGE_MS);
}

/* --- the list of consoles --- */

static void help_console(struct port *p, const struct vcon_info *i) REQUIRES(port_lock)
{
	char where[] = "port 1", dropped[24];

	where[5] = i->port;
	(void)fmt_snprintf(dropped, sizeof(dropped), "%lu/%lu", i->input_dropped,
			   i->output_dropped);
	write_text(&p->overlay, " %c   %-15s %-6s %3ux%-3u %6lu %10lu %8s %5lu K\r\n",
		   i->key ? i->key : ' ', i->name, i->port ? where : "", i->columns, i->rows,
		   i->history_lines, i->bytes_written, dropped, i->memory_bytes / 1024);
}

/* What the line has lost, if anything, and breaks. */
static void help_line(struct port *p) REQUIRES(port_lock)
{
	struct uart_counts c;

	uart_count(p->uart, &c);
	if (c.overruns | c.errors | c.breaks)
		write_text(&p->overlay,
			   "This line: input lost %lu times, %lu bad bytes, %lu breaks", c.overruns,
			   c.errors, c.breaks);
	write_text(&p->overlay, "\r\n");
}

static void render_help(struct port *p) REQUIRES(port_lock)
{
	struct overlay *o = &p->overlay;
	unsigned int i, lines = 0, more = 0;
	struct vcon_info info;
	char key[8];

	portinput_escape_name(p->in.escape, key);
	write_text(o,
		   "\033[H\033[2J\033[?25l\033[1mCaisson %s\033[m   port %u, %u x %u   "
		   "%s, then a key:\r\n",
		   CAISSON_VERSION, p->index + 1, p->columns, p->rows, key);
	help_line(p);
	write_text(o, "Key  Console         Shown  Size     Lines    Written  Dropped  Memory\r\n");
	for (i = 0; i < VCON_MAX; i++) {
		if (!vcon_info(i, &info))
			continue;
		if (lines + 9 < o->screen.rows) {
			help_console(p, &info);
			lines++;
		} else {
			more++;
		}
	}
	if (more > 0)
		write_text(o, "     and %u more\r\n", more);
	write_text(o,
		   "\r\n n p next, previous    r  redraw, ask the terminal's size\r\n"
		   " [   scroll back       ?  this list\r\n"
		   " %s sends itself    Dropped: bytes typed / raw output",
		   key);
}

void overlay_help(struct port *p)
{
	set_kind(p, OVERLAY_HELP);
	render_help(p);
}

/* --- the history --- */

/* Lines of the console by number: history, then the screen. */
struct extent {
	uint64_t first;
	uint64_t screen; /* the first one on the screen */
	uint64_t end;
};

static struct extent extent_of(const struct screen *s)
{
	uint64_t pushed = screen_history_pushed(s);

	return (struct extent){pushed - screen_history_lines(s), pushed, pushed + s->rows};
}

/* Copies a line's cells to o->cells; gives how many. */
static unsigned int get_line(struct overlay *o, struct screen *s, const struct extent *e,
			     uint64_t number)
{
	if (number < e->first || number >= e->end)
		return 0;
	if (number < e->screen)
		return screen_history_row(s, (unsigned int)(e->screen - number), o->cells,
					  SCREEN_COLUMNS_MAX);
	memcpy(o->cells, screen_row(s, (unsigned int)(number - e->screen)),
	       s->columns * sizeof(o->cells[0]));
	return s->columns;
}

static uint32_t fold(uint32_t c, bool any_case)
{
	return any_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/*
 * Cells [at, *end) of the line that show the text that is searched for, the first from column `at`
 * on; false: none. Capitals in the text make capitals count.
 */
static bool match(const struct overlay *o, unsigned int count, unsigned int *at, unsigned int *end)
{
	bool any_case = true;
	unsigned int x, n, k;

	for (k = 0; k < o->text_count; k++)
		any_case &= !(o->text[k] >= 'A' && o->text[k] <= 'Z');
	for (; o->text_count > 0 && *at < count; ++*at) {
		for (x = *at, n = 0; x < count && n < o->text_count; x++) {
			uint32_t c = o->cells[x].text & SCREEN_CODE_POINT;

			if (c == 0 && x > *at)
				continue; /* the right half of a wide character */
			if (fold(c, any_case) != o->text[n])
				break;
			n++;
		}
		if (n == o->text_count) {
			*end = x;
			return true;
		}
	}
	return false;
}

static void mark_matches(struct overlay *o, unsigned int count)
{
	unsigned int at = 0, end, x;

	while (match(o, count, &at, &end)) {
		for (x = at; x < end; x++)
			o->cells[x].text ^= SCREEN_INVERSE;
		at = end;
	}
}

static void scroll_status(struct port *p, const struct extent *e) REQUIRES(port_lock)
{
	struct overlay *o = &p->overlay;
	struct line l = {o->cells, 0, SCREEN_COLUMNS_MAX};
	unsigned int i;

	if (o->is_prompt) {
		line_text(&l, SCREEN_INVERSE, "/");
		for (i = 0; i < o->text_count; i++)
			line_character(&l, o->text[i]);
		line_put(&l, '_' | SCREEN_INVERSE);
	} else {
		line_text(&l, SCREEN_INVERSE, " %s: line %lu of %lu%s", p->shown->name,
			  o->top - e->first + 1, e->end - e->first,
			  o->is_searching ? "  searching"
			  : o->is_missing ? "  not found"
					  : "");
		line_text(&l, SCREEN_INVERSE, "   arrows PgUp PgDn g G  / search, n N  q back");
	}
	put_last_line(p, &l);
}

/* Puts the first line shown where there are lines. */
static void place(struct overlay *o, const struct extent *e)
{
	unsigned int view = o->screen.rows - 1;

	if (o->top > e->end - view || e->end < view)
		o->top = e->end < view ? 0 : e->end - view;
	if (o->top < e->first)
		o->top = e->first;
}

/* Something of the view has changed; it is drawn when it is painted, however often that was. */
static void change(struct port *p) REQUIRES(port_lock)
{
	struct vcon *v = p->shown;
	struct extent e;

	lock_acquire(&v->lock);
	if (v->is_live) {
		e = extent_of(v->screen);
		place(&p->overlay, &e);
		p->overlay.is_stale = true;
	}
	lock_release(&v->lock);
}

void overlay_render(struct port *p)
{
	struct overlay *o = &p->overlay;
	unsigned int y, count, view = o->screen.rows - 1;
	struct vcon *v = p->shown;
	struct extent e;

	if (o->kind != OVERLAY_SCROLL || !o->is_stale)
		return;
	o->is_stale = false;
	lock_acquire(&v->lock);
	if (!v->is_live) {
		lock_release(&v->lock);
		return;
	}
	e = extent_of(v->screen);
	place(o, &e);
	for (y = 0; y < view; y++) {
		count = get_line(o, v->screen, &e, o->top + y);
		if (count > o->screen.columns)
			count = o->screen.columns;
		mark_matches(o, count);
		screen_put_row(&o->screen, y, o->cells, count);
	}
	lock_release(&v->lock);
	scroll_status(p, &e);
}

void overlay_scroll(struct port *p)
{
	struct overlay *o = &p->overlay;

	if (!p->shown || !p->shown->screen) {
		overlay_message(p, "This console keeps no lines to look back at");
		return;
	}
	write_text(o, "\033[H\033[2J\033[?25l");
	o->top = UINT64_MAX / 2; /* the end: it is put right when it is rendered */
	o->text_count = 0;
	o->is_prompt = o->is_searching = o->is_missing = false;
	o->found = NO_LINE;
	set_kind(p, OVERLAY_SCROLL);
	change(p);
}

static void search_from(struct overlay *o, uint64_t line, bool upward)
{
	o->next = line;
	o->is_upward = upward;
	o->is_missing = false;
	o->is_searching = o->text_count > 0;
	o->search_at = port_now();
}

/* Looks through some lines more. */
static void search(struct port *p) REQUIRES(port_lock)
{
	struct overlay *o = &p->overlay;
	struct vcon *v = p->shown;
	unsigned int cells = 0, count, at, end;
	struct extent e;

	o->search_at = port_now() + port_ms(SEARCH_MS);
	lock_acquire(&v->lock);
	if (!v->is_live) {
		lock_release(&v->lock);
		return;
	}
	e = extent_of(v->screen);
	while (cells < SEARCH_CELLS && o->is_searching) {
		count = get_line(o, v->screen, &e, o->next);
		cells += count + 1;
		at = 0;
		if (o->next < e.first || o->next >= e.end) {
			o->is_searching = false;
			o->is_missing = true;
		} else if (match(o, count, &at, &end)) {
			o->is_searching = false;
			o->found = o->next;
			o->top = o->next < o->screen.rows / 2 ? 0 : o->next - o->screen.rows / 2;
		} else {
			o->next += o->is_upward ? UINT64_MAX : 1;
		}
	}
	lock_release(&v->lock);
	if (!o->is_searching)
		change(p);
}

/* What a cell can show by itself: no control (U+0080 to U+009F), no mark. */
static bool is_searchable(uint32_t code)
{
	return charwidth(code) > 0 && (code < 0x80 || code >= 0xa0);
}

/* A key while the text to search for is typed. */
static void prompt_key(struct overlay *o, const struct termkey_token *t)
{
	if (t->kind == TERMKEY_TEXT && t->modifiers == 0) {
		if (o->text_count < OVERLAY_SEARCH_BYTES && is_searchable(t->code))
			o->text[o->text_count++] = t->code;
	} else if (t->kind == TERMKEY_CONTROL && (t->code == 8 || t->code == 127)) {
		if (o->text_count > 0)
			o->text_count--;
	} else if (t->kind == TERMKEY_CONTROL && t->code == '\r') {
		o->is_prompt = false;
		search_from(o, o->top + o->screen.rows - 2, true);
	} else if (t->kind == TERMKEY_KEY && t->code == TERMKEY_ESCAPE) {
		o->is_prompt = false;
		o->text_count = 0;
	}
}

static void scroll_by(struct overlay *o, bool upward, uint64_t lines)
{
	if (upward)
		o->top = o->top < lines ? 0 : o->top - lines;
	else
		o->top += lines;
}

static void scroll_letter(struct port *p, uint32_t c) REQUIRES(port_lock)
{
	struct overlay *o = &p->overlay;
	uint64_t from = o->found != NO_LINE ? o->found : o->top;

	switch (c) {
	case 'q':
		overlay_close(p);
		break;
	case 'g':
		o->top = 0;
		break;
	case 'G':
		o->top = UINT64_MAX / 2;
		break;
	case 'k':
		scroll_by(o, true, 1);
		break;
	case 'j':
	case '\r':
		scroll_by(o, false, 1);
		break;
	case 'b':
		scroll_by(o, true, o->screen.rows - 2);
		break;
	case ' ':
	case 'f':
		scroll_by(o, false, o->screen.rows - 2);
		break;
	case '/':
		o->is_prompt = true;
		o->text_count = 0;
		o->found = NO_LINE;
		break;
	case 'n':
		search_from(o, from - 1, true);
		break;
	case 'N':
		search_from(o, from + 1, false);
		break;
	default:
		break;
	}
}

static void scroll_key(struct port *p, const struct termkey_token *t) REQUIRES(port_lock)
{
	static const char letters[] = {
		[TERMKEY_ESCAPE] = 'q',    [TERMKEY_UP] = 'k',  [TERMKEY_DOWN] = 'j',
		[TERMKEY_HOME] = 'g',      [TERMKEY_END] = 'G', [TERMKEY_PAGE_UP] = 'b',
		[TERMKEY_PAGE_DOWN] = 'f',
	};

	if (p->overlay.is_prompt)
		prompt_key(&p->overlay, t);
	else if (t->kind == TERMKEY_KEY && t->code < sizeof(letters))
		scroll_letter(p, (uint8_t)letters[t->code]);
	else if (t->kind == TERMKEY_TEXT || t->kind == TERMKEY_CONTROL)
		scroll_letter(p, t->code);
	if (p->overlay.kind == OVERLAY_SCROLL)
		change(p);
}

/* --- what the port calls --- */

bool overlay_key(struct port *p, const struct termkey_token *token)
{
	if (p->overlay.kind == OVERLAY_SCROLL) {
		scroll_key(p, token);
		return true;
	}
	overlay_close(p);
	return token->kind != TERMKEY_TEXT || token->code == 'q' || token->code == ' ';
}

void overlay_resize(struct port *p)
{
	struct overlay *o = &p->overlay;

	screen_resize(&o->screen, p->columns, p->rows);
	if (o->kind == OVERLAY_HELP)
		render_help(p);
	else if (o->kind == OVERLAY_SCROLL)
		change(p);
	else
		overlay_close(p);
}

void overlay_tick(struct port *p, uint64_t now)
{
	struct overlay *o = &p->overlay;

	if (o->kind == OVERLAY_HELP)
		render_help(p);
	else if (o->kind == OVERLAY_MESSAGE && now >= o->until)
		overlay_close(p);
	else if (o->kind == OVERLAY_SCROLL && o->is_searching && now >= o->search_at)
		search(p);
}

uint64_t overlay_due(const struct port *p)
{
	const struct overlay *o = &p->overlay;

	if (o->kind == OVERLAY_MESSAGE)
		return o->until;
	return o->kind == OVERLAY_SCROLL && o->is_searching ? o->search_at : TIMER_NEVER;
}
