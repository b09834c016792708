/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/screen_impl.h"

/* Modes (xterm's ctlseqs: SM, DECSET, DECRQM). */

#define MOUSE_KINDS (SCREEN_MOUSE_CLICK | SCREEN_MOUSE_DRAG | SCREEN_MOUSE_MOVE)

#define DECOM             6
#define ALTERNATE_47      47
#define ALTERNATE_CLEARED 1047
#define SAVED_CURSOR      1048
#define ALTERNATE_WHOLE   1049

/* Answers of DECRPM. */
#define MODE_UNKNOWN 0
#define MODE_SET     1
#define MODE_RESET   2

struct mode {
	uint16_t number;
	uint32_t bit;
};

static const struct mode ansi_modes[] = {
	{4, SCREEN_INSERT},
	{20, SCREEN_NEWLINE},
};

static const struct mode dec_modes[] = {
	{1, SCREEN_APP_CURSOR},
	{5, SCREEN_REVERSE},
	{DECOM, SCREEN_ORIGIN},
	{7, SCREEN_AUTOWRAP},
	{25, SCREEN_CURSOR_VISIBLE},
	{ALTERNATE_47, SCREEN_ALTERNATE},
	{66, SCREEN_APP_KEYPAD},
	{1000, SCREEN_MOUSE_CLICK},
	{1002, SCREEN_MOUSE_DRAG},
	{1003, SCREEN_MOUSE_MOVE},
	{1006, SCREEN_MOUSE_SGR},
	{ALTERNATE_CLEARED, SCREEN_ALTERNATE},
	{ALTERNATE_WHOLE, SCREEN_ALTERNATE},
	{2004, SCREEN_PASTE},
};

/* 0: not one of ours. */
static uint32_t bit_of(const struct screen_parser *p, uint16_t number)
{
	const struct mode *mode = p->prefix == '?' ? dec_modes : ansi_modes;
	size_t count = p->prefix == '?' ? ARRAY_SIZE(dec_modes) : ARRAY_SIZE(ansi_modes);

	for (; count != 0; count--, mode++) {
		if (mode->number == number)
			return mode->bit;
	}
	return 0;
}

static void set_alternate(struct screen *s, uint16_t number, bool on)
{
	bool was = (s->modes & SCREEN_ALTERNATE) != 0;

	if (s->other_cells == NULL)
		return;
	if (number == ALTERNATE_WHOLE && on)
		screen_save_cursor(s);
	if (number == ALTERNATE_CLEARED && was && !on)
		screen_erase_rows(s, 0, s->rows);
	screen_show_alternate(s, on);
	if (number == ALTERNATE_WHOLE && on)
		screen_erase_rows(s, 0, s->rows);
	if (number == ALTERNATE_WHOLE && !on)
		screen_restore_cursor(s);
}

static void set_mode(struct screen *s, uint16_t number, bool on)
{
	uint32_t bit = bit_of(&s->parser, number), before = s->modes;

	if (s->parser.prefix == '?' && number == SAVED_CURSOR) {
		if (on)
			screen_save_cursor(s);
		else
			screen_restore_cursor(s);
		return;
	}
	if (bit == SCREEN_ALTERNATE) {
		set_alternate(s, number, on);
		return;
	}
	/* Any kind of mouse reports takes the others' place, and ends them. */
	if (bit & MOUSE_KINDS)
		s->modes &= ~MOUSE_KINDS;
	s->modes = on ? s->modes | bit : s->modes & ~bit;
	if (bit == SCREEN_ORIGIN) {
		s->x = 0;
		s->y = on ? s->top : 0;
		s->wrap = false;
	}
	if (bit == SCREEN_AUTOWRAP && !on)
		s->wrap = false;
	if ((s->modes ^ before) & SCREEN_REVERSE)
		screen_damage_all(s);
	if (bit == SCREEN_INSERT)
		screen_update_careful(s);
}

void screen_set_modes(struct screen *s, bool on)
{
	for (unsigned int i = 0; i < s->parser.count; i++)
		set_mode(s, s->parser.parameter[i], on);
}

void screen_report_mode(struct screen *s)
{
	uint16_t number = s->parser.parameter[0];
	uint32_t bit = bit_of(&s->parser, number);
	unsigned int answer = bit == 0 ? MODE_UNKNOWN : s->modes & bit ? MODE_SET : MODE_RESET;

	screen_reply(s, "\033[%s%u;%u$y", s->parser.prefix == '?' ? "?" : "", number, answer);
}
