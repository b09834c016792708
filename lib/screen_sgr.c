/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/screen_impl.h"

/*
 * SGR (ECMA-48 8.3.117; colours beyond eight: xterm's ctlseqs, "Character Attributes", which has
 * both the form with semicolons and ISO 8613-6's with colons).
 */

#define EXTENDED_RGB     2
#define EXTENDED_INDEXED 5

/* What each parameter below 30 does to the pen's attributes: clear, then set. */
static const struct {
	uint32_t clear;
	uint32_t set;
} attribute[30] = {
	[1] = {0, SCREEN_BOLD},
	[2] = {0, SCREEN_DIM},
	[3] = {0, SCREEN_ITALIC},
	[4] = {0, SCREEN_UNDERLINE},
	[5] = {0, SCREEN_BLINK},
	[6] = {0, SCREEN_BLINK},
	[7] = {0, SCREEN_INVERSE},
	[8] = {0, SCREEN_HIDDEN},
	[9] = {0, SCREEN_STRIKE},
	[21] = {0, SCREEN_UNDERLINE}, /* doubly underlined */
	[22] = {SCREEN_BOLD | SCREEN_DIM, 0},
	[23] = {SCREEN_ITALIC, 0},
	[24] = {SCREEN_UNDERLINE, 0},
	[25] = {SCREEN_BLINK, 0},
	[27] = {SCREEN_INVERSE, 0},
	[28] = {SCREEN_HIDDEN, 0},
	[29] = {SCREEN_STRIKE, 0},
};

/* One past the last parameter that a colon joins to number `at`. */
static unsigned int group_end(const struct screen_parser *p, unsigned int at)
{
	unsigned int end = at + 1;

	while (end < p->count && (p->sub >> end & 1))
		end++;
	return end;
}

static uint32_t byte_of(const struct screen_parser *p, unsigned int at)
{
	return p->parameter[at] < 0xff ? p->parameter[at] : 0xff;
}

static void set_rgb(const struct screen_parser *p, unsigned int at, uint32_t *colour)
{
	*colour = SCREEN_RGB | byte_of(p, at) << 16 | byte_of(p, at + 1) << 8 | byte_of(p, at + 2);
}

/*
 * 38, 48 or 58 at `at`; colour is NULL for 58, which is skipped. Gives the next parameter. With
 * colons a colour space may stand before red, often left empty.
 */
static unsigned int extended(const struct screen_parser *p, unsigned int at, uint32_t *colour)
{
	unsigned int end = group_end(p, at), kind, skipped;
	bool colons = end > at + 1;
	uint32_t unused;

	if (colour == NULL)
		colour = &unused;
	if (at + 1 >= p->count)
		return p->count;
	kind = p->parameter[at + 1];
	if (!colons)
		end = at + (kind == EXTENDED_RGB ? 5 : kind == EXTENDED_INDEXED ? 3 : 2);
	if (end > p->count)
		return p->count;
	skipped = end - at >= 6 ? 1 : 0;
	if (kind == EXTENDED_INDEXED && end - at >= 3 && p->parameter[at + 2] <= 0xff)
		*colour = SCREEN_INDEXED | p->parameter[at + 2];
	else if (kind == EXTENDED_RGB && end - at >= 5)
		set_rgb(p, at + 2 + skipped, colour);
	return end;
}

/* 30-37, 40-47, 90-97, 100-107, and 39, 49. */
static void simple_colour(struct screen_cell *pen, unsigned int value)
{
	unsigned int bright = value >= 90 ? 8 : 0, ten = value / 10 * 10;
	uint32_t colour = SCREEN_INDEXED | (value - ten + bright);

	if (value == 39)
		pen->fg = 0;
	else if (value == 49)
		pen->bg = 0;
	else if (value - ten > 7)
		return;
	else if (ten == 30 || ten == 90)
		pen->fg = colour;
	else if (ten == 40 || ten == 100)
		pen->bg = colour;
}

void screen_sgr(struct screen *s)
{
	struct screen_parser *p = &s->parser;
	struct screen_cell *pen = &s->pen;
	unsigned int at = 0;

	if (p->count == 0)
		p->count = 1;
	while (at < p->count) {
		unsigned int value = p->parameter[at], end = group_end(p, at);

		if (value == 0) {
			*pen = (struct screen_cell){.text = 0};
		} else if (value == 38 || value == 48 || value == 58) {
			end = extended(p, at,
				       value == 38   ? &pen->fg
				       : value == 48 ? &pen->bg
						     : NULL);
		} else if (value == 4 && end > at + 1 && p->parameter[at + 1] == 0) {
			pen->text &= ~SCREEN_UNDERLINE; /* 4:0 */
		} else if (value < ARRAY_SIZE(attribute)) {
			pen->text = (pen->text & ~attribute[value].clear) | attribute[value].set;
		} else {
			simple_colour(pen, value);
		}
		at = end;
	}
}
