/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/termout.h"

#include "lib/bits.h"

void termout_text(struct termout *o, const char *text)
{
	while (*text != '\0')
		termout_put(o, *text++);
}

void termout_number(struct termout *o, unsigned int value)
{
	if (value >= 100)
		termout_put(o, '0' + value / 100 % 10);
	if (value >= 10)
		termout_put(o, '0' + value / 10 % 10);
	termout_put(o, '0' + value % 10);
}

void termout_csi(struct termout *o, unsigned int a, unsigned int b, char final)
{
	termout_text(o, "\033[");
	if (a != 1)
		termout_number(o, a);
	if (b != 1) {
		termout_put(o, ';');
		termout_number(o, b);
	}
	termout_put(o, final);
}

void termout_code_point(struct termout *o, uint32_t code)
{
	if (code < 0x80) {
		termout_put(o, code);
		return;
	}
	if (code < 0x800) {
		termout_put(o, 0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			termout_put(o, 0xe0 | code >> 12);
		} else {
			termout_put(o, 0xf0 | code >> 18);
			termout_put(o, 0x80 | (code >> 12 & 0x3f));
		}
		termout_put(o, 0x80 | (code >> 6 & 0x3f));
	}
	termout_put(o, 0x80 | (code & 0x3f));
}

/* CSI and parameters, each with a ';' behind it, become a sequence. */
static void end_sgr(struct termout *o)
{
	if (o->to[o->used - 1] == ';')
		o->used--;
	termout_put(o, 'm');
}

static void put_parameter(struct termout *o, unsigned int value)
{
	termout_number(o, value);
	termout_put(o, ';');
}

/* base: 30 for the text's, 40 for the background's. */
static void put_colour(struct termout *o, uint32_t colour, unsigned int base)
{
	unsigned int number = colour & 0xff;

	if (colour == 0) {
		put_parameter(o, base + 9);
	} else if ((colour & SCREEN_RGB) != 0) {
		put_parameter(o, base + 8);
		put_parameter(o, 2);
		put_parameter(o, colour >> 16 & 0xff);
		put_parameter(o, colour >> 8 & 0xff);
		put_parameter(o, number);
	} else if (number < 8) {
		put_parameter(o, base + number);
	} else if (number < 16) {
		put_parameter(o, base + 60 + number - 8);
	} else {
		put_parameter(o, base + 8);
		put_parameter(o, 5);
		put_parameter(o, number);
	}
}

void termout_sgr(struct termout *o, const struct screen_cell *from, const struct screen_cell *to)
{
	static const struct {
		uint32_t attribute;
		unsigned int parameter;
	} set[] = {
		{SCREEN_BOLD, 1},  {SCREEN_DIM, 2},     {SCREEN_ITALIC, 3}, {SCREEN_UNDERLINE, 4},
		{SCREEN_BLINK, 5}, {SCREEN_INVERSE, 7}, {SCREEN_HIDDEN, 8}, {SCREEN_STRIKE, 9},
	};
	static const struct screen_cell none = {0};
	uint32_t more;

	termout_text(o, "\033[");
	if (from == NULL) {
		from = &none;
		if ((to->text | to->fg | to->bg) != 0)
			put_parameter(o, 0);
	}
	more = to->text & ~from->text;
	for (unsigned int i = 0; i < ARRAY_SIZE(set); i++) {
		if ((more & set[i].attribute) != 0)
			put_parameter(o, set[i].parameter);
	}
	if (to->fg != from->fg)
		put_colour(o, to->fg, 30);
	if (to->bg != from->bg)
		put_colour(o, to->bg, 40);
	end_sgr(o);
}
