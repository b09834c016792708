/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/screen_impl.h"

/*
 * History is a ring of lines: two bytes of length, the line, and its length again, so that one can
 * go both ways. A line is text in UTF-8, with these bytes in between:
 *
 *   MARK      the character that follows is a combining mark over the one before
 *   WIDE      the character that follows takes two columns
 *   PEN       attributes (8 bits), kinds of the colours (2 bits each), then each colour that is not
 *             the default: 1 byte of an index or 3 of red, green and blue
 *
 * so plain text costs a byte a character. A line that does not fit into the whole ring is cut.
 */
#define MARK 1
#define WIDE 2
#define PEN  3

#define LENGTH_BYTES     2
#define LINE_EXTRA       (2 * LENGTH_BYTES)
#define LINE_MAX         UINT16_MAX
#define CELL_MAX         32 /* bytes of any cell with its marks and a pen before it */
#define ATTRIBUTES_SHIFT 21

struct writer {
	struct screen_history *h;
	uint32_t at;     /* in the ring */
	uint32_t length; /* of the line so far */
	uint32_t room;   /* bytes that can be written without dropping older lines */
	struct screen_cell pen;
};

struct reader {
	const struct screen_history *h;
	uint32_t at;
	uint32_t left;
};

void screen_history_init(struct screen_history *h, void *memory, size_t bytes)
{
	*h = (struct screen_history){
		.data = memory, .bytes = bytes < UINT32_MAX / 2 ? (uint32_t)bytes : UINT32_MAX / 2};
}

void screen_history_clear(struct screen_history *h)
{
	h->used = 0;
	h->lines = 0;
}

/* ---- places in the ring ------------------------------------------------------------------- */

/* Forward by up to the ring's size. */
static uint32_t ahead(const struct screen_history *h, uint32_t at, uint32_t bytes)
{
	at += bytes;
	return at < h->bytes ? at : at - h->bytes;
}

static uint32_t behind(const struct screen_history *h, uint32_t at, uint32_t bytes)
{
	return at >= bytes ? at - bytes : at + h->bytes - bytes;
}

static uint32_t length_at(const struct screen_history *h, uint32_t at)
{
	return h->data[at] | (uint32_t)h->data[ahead(h, at, 1)] << 8;
}

static uint32_t oldest(const struct screen_history *h)
{
	return behind(h, h->head, h->used);
}

static void drop_oldest(struct screen_history *h)
{
	h->used -= length_at(h, oldest(h)) + LINE_EXTRA;
	h->lines--;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Makes room for so many bytes more. False: the line is as long as one can be. */
static bool make_room(struct writer *w, uint32_t bytes)
{
	struct screen_history *h = w->h;
	uint32_t max = h->bytes - LINE_EXTRA < LINE_MAX ? h->bytes - LINE_EXTRA : LINE_MAX;
	uint32_t have;

	if (w->length + bytes > max)
		return false;
	while (h->bytes - h->used < LINE_EXTRA + w->length + bytes)
		drop_oldest(h);
	have = h->bytes - h->used - LINE_EXTRA;
	w->room = (have < max ? have : max) - w->length;
	return true;
}

static void put(struct writer *w, uint32_t byte)
{
	w->h->data[w->at] = (uint8_t)byte;
	w->at = ahead(w->h, w->at, 1);
	w->length++;
	w->room--;
}

static void put_character(struct writer *w, uint32_t code)
{
	if (code < 0x80) {
		put(w, code);
		return;
	}
	if (code < 0x800) {
		put(w, 0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			put(w, 0xe0 | code >> 12);
		} else {
			put(w, 0xf0 | code >> 18);
			put(w, 0x80 | (code >> 12 & 0x3f));
		}
		put(w, 0x80 | (code >> 6 & 0x3f));
	}
	put(w, 0x80 | (code & 0x3f));
}

static void put_colour(struct writer *w, uint32_t colour)
{
	if (colour & SCREEN_RGB) {
		put(w, colour >> 16 & 0xff);
		put(w, colour >> 8 & 0xff);
	}
	if (colour != 0)
		put(w, colour & 0xff);
}

static void put_pen(struct writer *w, const struct screen_cell *cell)
{
	uint32_t attributes = cell->text & SCREEN_ATTRIBUTES;

	if (attributes == w->pen.text && cell->fg == w->pen.fg && cell->bg == w->pen.bg)
		return;
	w->pen.text = attributes;
	w->pen.fg = cell->fg;
	w->pen.bg = cell->bg;
	put(w, PEN);
	put(w, attributes >> ATTRIBUTES_SHIFT);
	put(w, (cell->fg >> 24 & 3) | (cell->bg >> 24 & 3) << 2);
	put_colour(w, cell->fg);
	put_colour(w, cell->bg);
}

/* Characters of ASCII in the pen's colours, as many as follow; gives how many. There is room. */
static unsigned int put_plain(struct writer *w, const struct screen_cell *cell, unsigned int count)
{
	uint8_t *to = w->h->data + w->at;
	const struct screen_cell *first = cell, *end;
	struct screen_words pen = screen_words(&w->pen);

	if (count > w->h->bytes - w->at)
		count = w->h->bytes - w->at;
	end = cell + count;
	for (; cell != end; cell++) {
		struct screen_words words = screen_words(cell);
		uint64_t code = words.text_fg ^ pen.text_fg;

		if (code - ' ' > '~' - ' ' || words.bg_marks != pen.bg_marks)
			break;
		*to++ = (uint8_t)code;
	}
	count = (unsigned int)(cell - first);
	w->at = ahead(w->h, w->at, count);
	w->length += count;
	w->room -= count;
	return count;
}

static void put_cell(struct writer *w, const struct screen_cell *cell)
{
	if (screen_is_right_half(cell))
		return;
	put_pen(w, cell);
	if (cell->text & SCREEN_WIDE)
		put(w, WIDE);
	put_character(w, cell->text & SCREEN_CODE_POINT);
	for (unsigned int i = 0; i < ARRAY_SIZE(cell->mark) && cell->mark[i] != 0; i++) {
		put(w, MARK);
		put_character(w, cell->mark[i]);
	}
}

static void put_length(struct screen_history *h, uint32_t at, uint32_t length)
{
	h->data[at] = (uint8_t)length;
	h->data[ahead(h, at, 1)] = (uint8_t)(length >> 8);
}

static bool is_blank(const struct screen_cell *cell)
{
	return cell->text == ' ' && cell->fg == 0 && cell->bg == 0 && cell->mark[0] == 0;
}

void screen_history_push(struct screen_history *h, const struct screen_cell *cells,
			 unsigned int count)
{
	struct writer w = {.h = h};
	unsigned int x = 0;

	if (h->bytes == 0)
		return;
	while (count != 0 && is_blank(&cells[count - 1]))
		count--;
	(void)make_room(&w, 0);
	w.at = ahead(h, h->head, LENGTH_BYTES);
	while (x != count) {
		if (w.room < count - x + CELL_MAX && !make_room(&w, count - x + CELL_MAX))
			break;
		x += put_plain(&w, cells + x, count - x);
		if (x != count)
			put_cell(&w, &cells[x++]);
	}
	put_length(h, h->head, w.length);
	put_length(h, w.at, w.length);
	h->head = ahead(h, w.at, LENGTH_BYTES);
	h->used += w.length + LINE_EXTRA;
	h->lines++;
	h->pushed++;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The place of line `number`, which is kept, from the nearest one whose place is known. */
static uint32_t find(struct screen_history *h, uint64_t number)
{
	uint64_t first = h->pushed - h->lines, from = h->pushed;
	uint32_t at = h->head;

	if (number - first < from - number) {
		from = first;
		at = oldest(h);
	}
	if (h->seen >= first && h->seen < h->pushed) {
		uint64_t far = from > number ? from - number : number - from;

		if ((h->seen > number ? h->seen - number : number - h->seen) < far) {
			from = h->seen;
			at = h->seen_at;
		}
	}
	for (; from > number; from--)
		at = behind(h, at, length_at(h, behind(h, at, LENGTH_BYTES)) + LINE_EXTRA);
	for (; from < number; from++)
		at = ahead(h, at, length_at(h, at) + LINE_EXTRA);
	h->seen = number;
	h->seen_at = at;
	return at;
}

static uint32_t take(struct reader *r)
{
	uint32_t byte;

	if (r->left == 0)
		return 0;
	byte = r->h->data[r->at];
	r->at = ahead(r->h, r->at, 1);
	r->left--;
	return byte;
}

/* The rest of a character, whose first byte is given. */
static uint32_t take_character(struct reader *r, uint32_t first)
{
	unsigned int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t code = more == 0 ? first : first & (0x3fu >> more);

	for (; more != 0; more--)
		code = code << 6 | (take(r) & 0x3f);
	return code;
}

static uint32_t take_colour(struct reader *r, uint32_t kind)
{
	uint32_t colour = 0;

	for (unsigned int bytes = kind == 0                      ? 0
				  : kind << 24 == SCREEN_INDEXED ? 1
								 : 3;
	     bytes != 0; bytes--)
		colour = colour << 8 | take(r);
	return kind << 24 | colour;
}

static void take_pen(struct reader *r, struct screen_cell *pen)
{
	uint32_t kinds;

	pen->text = take(r) << ATTRIBUTES_SHIFT;
	kinds = take(r);
	pen->fg = take_colour(r, kinds & 3);
	pen->bg = take_colour(r, kinds >> 2 & 3);
}

static void add_mark(struct screen_cell *cell, uint32_t code)
{
	if (screen_is_right_half(cell))
		cell--;
	cell->mark[cell->mark[0] != 0] = (uint16_t)code;
}

static unsigned int decode(struct reader *r, struct screen_cell *cells, unsigned int room)
{
	struct screen_cell pen = {.text = 0};
	unsigned int n = 0, width = 1;

	while (r->left != 0) {
		uint32_t byte = take(r);

		if (byte == PEN) {
			take_pen(r, &pen);
		} else if (byte == WIDE) {
			width = 2;
		} else if (byte == MARK) {
			byte = take_character(r, take(r));
			if (n != 0)
				add_mark(&cells[n - 1], byte);
		} else {
			if (n + width > room)
				break;
			cells[n] = pen;
			cells[n].text |= take_character(r, byte);
			n++;
			if (width == 2) {
				cells[n - 1].text |= SCREEN_WIDE;
				cells[n++] = pen;
			}
			width = 1;
		}
	}
	return n;
}

unsigned int screen_history_row(struct screen *s, unsigned int back, struct screen_cell *cells,
				unsigned int room)
{
	struct screen_history *h = &s->history;
	struct reader r = {.h = h};
	uint32_t at;

	if (back == 0 || back > h->lines)
		return 0;
	at = find(h, h->pushed - back);
	r.left = length_at(h, at);
	r.at = ahead(h, at, LENGTH_BYTES);
	return decode(&r, cells, room);
}
