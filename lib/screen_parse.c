/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/charwidth.h"
#include "lib/screen_impl.h"

/*
 * From bytes to characters, controls and sequences (ECMA-48 5.4; DEC VT510 "Parser"). Sequences
 * are recognised in their 7-bit form only: in UTF-8 a byte of 0x80 and more is part of a character,
 * and xterm does not take characters U+0080 to U+009F for controls, either. Controls in the
 * middle of a sequence act at once; CAN and SUB end it, ESC begins another.
 */

#define ESC 0x1b
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define DEL 0x7f

/* A string that never ends would blind its console; the longest of real use are copied texts. */
#define STRING_MAX 65536

/* DEC Special Graphics, 0x5f to 0x7e (VT220 Programmer Reference, table 2-4). */
static const uint16_t line_drawing[] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b,
	0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c,
	0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* ---- characters --------------------------------------------------------------------------- */

void screen_index(struct screen *s)
{
	s->wrap = false;
	if (s->y == s->bottom)
		screen_scroll_up(s, s->top, s->bottom, 1, true);
	else if (s->y + 1 < s->rows)
		s->y++;
}

void screen_reverse_index(struct screen *s)
{
	s->wrap = false;
	if (s->y == s->top)
		screen_scroll_down(s, s->top, s->bottom, 1);
	else if (s->y != 0)
		s->y--;
}

__attribute__((noinline)) static void next_line(struct screen *s)
{
	screen_index(s);
	s->x = 0;
}

/* Columns x to `to` of the cursor's line were written: the cursor goes behind them. */
static inline void advance(struct screen *s, unsigned int to)
{
	struct screen_row *row = &s->row[s->y];

	screen_touch(s, s->y, s->x, to);
	row->text = 1;
	if (row->used < to)
		row->used = (uint16_t)to;
	s->x = to;
	if (to == s->columns) {
		s->x = to - 1;
		s->wrap = (s->modes & SCREEN_AUTOWRAP) != 0;
	}
}

/* A mark joins the character before the cursor, as far as there is one and room for it. */
static void combine(struct screen *s, uint32_t mark)
{
	struct screen_cell *cell = screen_cells(s, s->y) + s->x;
	unsigned int x = s->x;

	if (mark > UINT16_MAX || (x == 0 && !s->wrap))
		return;
	if (!s->wrap) {
		cell--;
		x--;
	}
	if (screen_is_right_half(cell)) {
		cell--;
		x--;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(cell->mark); i++) {
		if (cell->mark[i] != 0)
			continue;
		cell->mark[i] = (uint16_t)mark;
		screen_touch(s, s->y, x, x + 1);
		if (s->row[s->y].used <= x)
			s->row[s->y].used = (uint16_t)(x + 1);
		return;
	}
}

void screen_print(struct screen *s, uint32_t code_point)
{
	unsigned int width = charwidth(code_point);
	struct screen_cell *cell;

	if (width == 0) {
		combine(s, code_point);
		return;
	}
	s->last = code_point;
	if (s->wrap || s->x + width > s->columns) {
		if (!(s->modes & SCREEN_AUTOWRAP))
			return;
		next_line(s);
	}
	if (s->modes & SCREEN_INSERT)
		screen_insert_cells(s, width);
	screen_split(s, s->y, s->x);
	screen_split(s, s->y, s->x + width);
	cell = screen_cells(s, s->y) + s->x;
	cell[0] = s->pen;
	cell[0].text |= code_point;
	if (width == 2) {
		cell[0].text |= SCREEN_WIDE;
		cell[1] = s->pen;
	}
	advance(s, s->x + width);
}

static bool is_plain(uint8_t byte)
{
	return (uint8_t)(byte - ' ') <= '~' - ' ';
}

/* Plain text up to the end of the line at most, the way nearly all bytes take. */
static const uint8_t *print_plain(struct screen *s, const uint8_t *p, const uint8_t *end)
{
	struct screen_words words = screen_words(&s->pen);
	struct screen_cell *line, *cell;
	uint64_t pen = words.text_fg;
	unsigned int to;
	uint8_t byte;

	if (s->wrap)
		next_line(s);
	if ((size_t)(end - p) > s->columns - s->x)
		end = p + (s->columns - s->x);
	line = screen_cells(s, s->y);
	cell = line + s->x;
	if (screen_is_right_half(cell))
		screen_split(s, s->y, s->x);
	byte = *p;
	do {
		s->last = byte;
		words.text_fg = pen | byte;
		screen_put_words(cell, words);
		cell++;
		p++;
	} while (p != end && is_plain(byte = *p));
	to = (unsigned int)(cell - line);
	/* The left half was written over. */
	if (to < s->row[s->y].used && screen_is_right_half(cell)) {
		cell->text |= ' ';
		screen_touch(s, s->y, to, to + 1);
	}
	advance(s, to);
	return p;
}

void screen_update_careful(struct screen *s)
{
	s->careful = (s->modes & SCREEN_INSERT) != 0 || s->set[s->gl] == SCREEN_SET_LINES;
}

static void print_ascii(struct screen *s, uint8_t byte)
{
	if (byte == DEL)
		return;
	if (s->set[s->gl] == SCREEN_SET_LINES && byte >= 0x5f)
		screen_print(s, line_drawing[byte - 0x5f]);
	else
		screen_print(s, byte);
}

/* ---- controls ----------------------------------------------------------------------------- */

static void tab(struct screen *s)
{
	do {
		if (s->x + 1 < s->columns)
			s->x++;
		else
			return;
	} while (!(s->tab[s->x / 64] >> (s->x % 64) & 1));
}

static void shift(struct screen *s, uint8_t gl)
{
	s->gl = gl;
	screen_update_careful(s);
}

static void control(struct screen *s, uint8_t byte)
{
	switch (byte) {
	case BEL:
		s->bells++;
		break;
	case '\b':
		s->wrap = false;
		s->x -= s->x != 0;
		break;
	case '\t':
		tab(s);
		break;
	case '\n':
	case '\v':
	case '\f':
		screen_index(s);
		if (s->modes & SCREEN_NEWLINE)
			s->x = 0;
		break;
	case '\r':
		s->wrap = false;
		s->x = 0;
		break;
	case 0x0e: /* SO */
		shift(s, 1);
		break;
	case 0x0f: /* SI */
		shift(s, 0);
		break;
	default:
		break;
	}
}

/* ---- UTF-8 -------------------------------------------------------------------------------- */

/*
 * The first byte of more than one (Unicode 15, table 3-7: what the second may be keeps out
 * surrogates, too long forms and what is beyond U+10FFFF).
 */
static void utf8_begin(struct screen *s, uint8_t byte)
{
	struct screen_parser *p = &s->parser;

	if (byte < 0xc2 || byte > 0xf4) {
		screen_print(s, SCREEN_REPLACEMENT);
		return;
	}
	p->state = SCREEN_UTF8;
	p->utf8_left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	p->utf8 = byte & (0x3fu >> p->utf8_left);
	p->utf8_low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
	p->utf8_high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
}

/* False: the character ended too early, U+FFFD stands for it, and the byte is a new start. */
static bool utf8_more(struct screen *s, uint8_t byte)
{
	struct screen_parser *p = &s->parser;

	if (byte < p->utf8_low || byte > p->utf8_high) {
		p->state = SCREEN_GROUND;
		screen_print(s, SCREEN_REPLACEMENT);
		return false;
	}
	p->utf8 = p->utf8 << 6 | (byte & 0x3f);
	p->utf8_low = 0x80;
	p->utf8_high = 0xbf;
	if (--p->utf8_left == 0) {
		p->state = SCREEN_GROUND;
		if (p->utf8 >= 0xa0)
			screen_print(s, p->utf8);
	}
	return true;
}

/* ---- sequences ---------------------------------------------------------------------------- */

static void begin(struct screen_parser *p, uint8_t state)
{
	p->state = state;
	p->prefix = 0;
	p->intermediate = 0;
	p->count = 0;
	p->sub = 0;
	p->parameter[0] = 0;
}

static void begin_string(struct screen_parser *p, bool bell)
{
	p->state = SCREEN_STRING;
	p->string_bell = bell;
	p->string_bytes = 0;
}

static void collect(struct screen_parser *p, uint8_t byte)
{
	p->intermediate = p->intermediate == 0 ? byte : 0xff;
}

static void escape(struct screen *s, uint8_t byte)
{
	struct screen_parser *p = &s->parser;

	if (byte < 0x30) {
		collect(p, byte);
		return;
	}
	if (byte >= DEL)
		return;
	p->state = SCREEN_GROUND;
	if (p->intermediate == 0) {
		switch (byte) {
		case '[':
			begin(p, SCREEN_CSI);
			return;
		case ']': /* OSC */
			begin_string(p, true);
			return;
		case 'P': /* DCS */
		case 'X': /* SOS */
		case '^': /* PM */
		case '_': /* APC */
			begin_string(p, false);
			return;
		default:
			break;
		}
	}
	screen_escape(s, byte);
}

static void digit(struct screen_parser *p, uint8_t byte)
{
	uint16_t *value;

	if (p->count == 0)
		p->count = 1;
	if (p->count > SCREEN_PARAMETERS_MAX)
		return;
	value = &p->parameter[p->count - 1];
	*value = *value < UINT16_MAX / 10 ? (uint16_t)(*value * 10 + (byte - '0')) : UINT16_MAX;
}

static void separator(struct screen_parser *p, uint8_t byte)
{
	if (p->count == 0)
		p->count = 1;
	if (p->count > SCREEN_PARAMETERS_MAX)
		return;
	if (p->count < SCREEN_PARAMETERS_MAX) {
		p->parameter[p->count] = 0;
		p->sub |= (byte == ':' ? 1u : 0) << p->count;
	}
	p->count++;
}

static void csi(struct screen *s, uint8_t byte)
{
	struct screen_parser *p = &s->parser;

	if (byte >= DEL)
		return;
	if (byte >= 0x40) {
		bool whole = p->state != SCREEN_CSI_IGNORE;

		p->state = SCREEN_GROUND;
		if (p->count > SCREEN_PARAMETERS_MAX)
			p->count = SCREEN_PARAMETERS_MAX;
		if (whole)
			screen_csi(s, byte);
	} else if (byte < 0x30) {
		collect(p, byte);
		if (p->state == SCREEN_CSI)
			p->state = SCREEN_CSI_END;
	} else if (p->state == SCREEN_CSI && byte <= '9') {
		digit(p, byte);
	} else if (p->state == SCREEN_CSI && byte <= ';') {
		separator(p, byte);
	} else if (p->state == SCREEN_CSI && p->count == 0 && p->prefix == 0) {
		p->prefix = byte;
	} else {
		p->state = SCREEN_CSI_IGNORE;
	}
}

/* False: it was an ESC that did not end the string but begins a sequence, which goes on with byte.
 */
static bool string(struct screen_parser *p, uint8_t byte)
{
	if (p->state == SCREEN_STRING_ESCAPE) {
		p->state = SCREEN_GROUND;
		if (byte == '\\')
			return true;
		begin(p, SCREEN_ESCAPE);
		return false;
	}
	if (byte == ESC)
		p->state = SCREEN_STRING_ESCAPE;
	else if (byte == CAN || byte == SUB || (byte == BEL && p->string_bell) ||
		 ++p->string_bytes == STRING_MAX)
		p->state = SCREEN_GROUND;
	return true;
}

static void parse(struct screen *s, uint8_t byte)
{
	struct screen_parser *p = &s->parser;

	if (p->state >= SCREEN_STRING && string(p, byte))
		return;
	if (p->state == SCREEN_UTF8 && utf8_more(s, byte))
		return;
	if (byte == ESC) {
		begin(p, SCREEN_ESCAPE);
	} else if (byte == CAN || byte == SUB) {
		p->state = SCREEN_GROUND;
	} else if (byte < ' ') {
		control(s, byte);
	} else if (p->state == SCREEN_ESCAPE) {
		escape(s, byte);
	} else if (p->state != SCREEN_GROUND) {
		csi(s, byte);
	} else if (byte < 0x80) {
		print_ascii(s, byte);
	} else {
		utf8_begin(s, byte);
	}
}

static bool is_simple(const struct screen *s, uint8_t byte)
{
	return is_plain(byte) && s->parser.state == SCREEN_GROUND && !s->careful;
}

/*
 * All up to the next plain text. Not inlined: what text that comes byte by byte costs is mostly
 * registers saved.
 */
__attribute__((noinline)) static const uint8_t *parse_all(struct screen *s, const uint8_t *p,
							  const uint8_t *end)
{
	do
		parse(s, *p++);
	while (p != end && !is_simple(s, *p));
	return p;
}

void screen_write(struct screen *s, const uint8_t *bytes, size_t count)
{
	const uint8_t *end = bytes + count;

	while (bytes != end)
		bytes = is_simple(s, *bytes) ? print_plain(s, bytes, end)
					     : parse_all(s, bytes, end);
}
