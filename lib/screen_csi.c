/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>

#include "lib/fmt.h"
#include "lib/screen_impl.h"

/*
 * What sequences do. The control functions are named as in ECMA-48 chapter 8 and in DEC's VT220 and
 * VT510 manuals; xterm's ctlseqs decides where those differ. Unknown ones do nothing.
 *
 * In two things this is not xterm: what is erased with the whole main screen (ED 2, ED 0 from the
 * first cell on, RIS) goes to the history first, as in tmux, because a login prompt that
 * clears the screen must not take the last messages of a boot with it; and RIS leaves the history.
 */

#define REPLY_MAX 32
#define TABS      UINT64_C(0x0101010101010101)

/* The modes that DECSTR resets (VT510 manual), beside autowrap. */
#define SOFT_RESET                                                                                 \
	(SCREEN_CURSOR_VISIBLE | SCREEN_APP_CURSOR | SCREEN_APP_KEYPAD | SCREEN_ORIGIN |           \
	 SCREEN_INSERT)

/* ---- parameters, replies ------------------------------------------------------------------ */

/* A parameter that is missing or 0 takes the default. */
static unsigned int parameter(const struct screen *s, unsigned int at, unsigned int absent)
{
	unsigned int value = at < s->parser.count ? s->parser.parameter[at] : 0;

	return value != 0 ? value : absent;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

void screen_reply(struct screen *s, const char *format, ...)
{
	char text[REPLY_MAX];
	va_list args;
	size_t length;

	va_start(args, format);
	length = fmt_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > SCREEN_REPLY_BYTES - (size_t)(uint16_t)(s->reply_head - s->reply_tail))
		return;
	for (size_t i = 0; i < length; i++)
		s->reply[s->reply_head++ % SCREEN_REPLY_BYTES] = (uint8_t)text[i];
}

size_t screen_take_reply(struct screen *s, uint8_t *to, size_t room)
{
	size_t n;

	for (n = 0; n < room && s->reply_tail != s->reply_head; n++)
		to[n] = s->reply[s->reply_tail++ % SCREEN_REPLY_BYTES];
	return n;
}

/* ---- the cursor --------------------------------------------------------------------------- */

static void move_to(struct screen *s, unsigned int x, unsigned int y)
{
	s->x = least(x, s->columns - 1);
	s->y = least(y, s->rows - 1);
	s->wrap = false;
}

/* y counts from the region's top in origin mode, and stays in it. */
static void move_to_origin(struct screen *s, unsigned int x, unsigned int y)
{
	if (s->modes & SCREEN_ORIGIN)
		y = least(s->top + y, s->bottom);
	move_to(s, x, y);
}

/* The row as the client counts it, from 0. */
static unsigned int client_y(const struct screen *s)
{
	return s->modes & SCREEN_ORIGIN && s->y >= s->top ? s->y - s->top : s->y;
}

static void cuu(struct screen *s)
{
	unsigned int top = s->y >= s->top ? s->top : 0;

	move_to(s, s->x, s->y - least(parameter(s, 0, 1), s->y - top));
}

static void cud(struct screen *s)
{
	unsigned int bottom = s->y <= s->bottom ? s->bottom : s->rows - 1;

	move_to(s, s->x, least(s->y + parameter(s, 0, 1), bottom));
}

static void cuf(struct screen *s)
{
	move_to(s, s->x + parameter(s, 0, 1), s->y);
}

static void cub(struct screen *s)
{
	move_to(s, s->x - least(parameter(s, 0, 1), s->x), s->y);
}

static void cnl(struct screen *s)
{
	cud(s);
	s->x = 0;
}

static void cpl(struct screen *s)
{
	cuu(s);
	s->x = 0;
}

static void cha(struct screen *s)
{
	move_to(s, parameter(s, 0, 1) - 1, s->y);
}

static void vpa(struct screen *s)
{
	move_to_origin(s, s->x, parameter(s, 0, 1) - 1);
}

static void vpr(struct screen *s)
{
	move_to(s, s->x, s->y + parameter(s, 0, 1));
}

static void cup(struct screen *s)
{
	move_to_origin(s, parameter(s, 1, 1) - 1, parameter(s, 0, 1) - 1);
}

static bool is_tab(const struct screen *s, unsigned int x)
{
	return s->tab[x / 64] >> (x % 64) & 1;
}

static void cht(struct screen *s)
{
	for (unsigned int n = parameter(s, 0, 1); n != 0 && s->x + 1 < s->columns; n--) {
		do
			s->x++;
		while (s->x + 1 < s->columns && !is_tab(s, s->x));
	}
}

static void cbt(struct screen *s)
{
	s->wrap = false;
	for (unsigned int n = parameter(s, 0, 1); n != 0 && s->x != 0; n--) {
		do
			s->x--;
		while (s->x != 0 && !is_tab(s, s->x));
	}
}

static void tbc(struct screen *s)
{
	if (parameter(s, 0, 0) == 0)
		s->tab[s->x / 64] &= ~BIT(s->x % 64);
	else if (parameter(s, 0, 0) == 3)
		for (size_t i = 0; i < ARRAY_SIZE(s->tab); i++)
			s->tab[i] = 0;
}

void screen_save_cursor(struct screen *s)
{
	s->saved[(s->modes & SCREEN_ALTERNATE) != 0] = (struct screen_saved){
		.pen = s->pen,
		.x = (uint16_t)s->x,
		.y = (uint16_t)s->y,
		.set = {s->set[0], s->set[1]},
		.gl = s->gl,
		.wrap = s->wrap,
		.origin = (s->modes & SCREEN_ORIGIN) != 0,
	};
}

void screen_restore_cursor(struct screen *s)
{
	const struct screen_saved *saved = &s->saved[(s->modes & SCREEN_ALTERNATE) != 0];

	s->pen = saved->pen;
	s->set[0] = saved->set[0];
	s->set[1] = saved->set[1];
	s->gl = saved->gl;
	s->modes &= ~SCREEN_ORIGIN;
	if (saved->origin)
		s->modes |= SCREEN_ORIGIN;
	move_to(s, saved->x, saved->y);
	s->wrap = saved->wrap && (s->modes & SCREEN_AUTOWRAP);
	screen_update_careful(s);
}

/* ---- erasing, inserting, deleting --------------------------------------------------------- */

static void ed(struct screen *s)
{
	unsigned int kind = parameter(s, 0, 0);

	s->wrap = false;
	switch (kind) {
	case 0:
		if (s->x == 0 && s->y == 0)
			screen_keep_lines(s);
		screen_erase(s, s->y, s->x, s->columns);
		screen_erase_rows(s, s->y + 1, s->rows);
		break;
	case 1:
		screen_erase(s, s->y, 0, s->x + 1);
		screen_erase_rows(s, 0, s->y);
		break;
	case 2:
		screen_keep_lines(s);
		screen_erase_rows(s, 0, s->rows);
		break;
	case 3:
		screen_history_clear(&s->history);
		break;
	default:
		break;
	}
}

static void el(struct screen *s)
{
	unsigned int kind = parameter(s, 0, 0);

	s->wrap = false;
	if (kind <= 2)
		screen_erase(s, s->y, kind == 0 ? s->x : 0, kind == 1 ? s->x + 1 : s->columns);
}

static void ech(struct screen *s)
{
	s->wrap = false;
	screen_erase(s, s->y, s->x, least(s->x + parameter(s, 0, 1), s->columns));
}

static void ich(struct screen *s)
{
	s->wrap = false;
	screen_insert_cells(s, parameter(s, 0, 1));
}

static void dch(struct screen *s)
{
	s->wrap = false;
	screen_delete_cells(s, parameter(s, 0, 1));
}

static void il(struct screen *s)
{
	if (s->y < s->top || s->y > s->bottom)
		return;
	screen_scroll_down(s, s->y, s->bottom, parameter(s, 0, 1));
	move_to(s, 0, s->y);
}

static void dl(struct screen *s)
{
	if (s->y < s->top || s->y > s->bottom)
		return;
	screen_scroll_up(s, s->y, s->bottom, parameter(s, 0, 1), false);
	move_to(s, 0, s->y);
}

static void su(struct screen *s)
{
	screen_scroll_up(s, s->top, s->bottom, parameter(s, 0, 1), true);
}

/* With five parameters it is xterm's highlight tracking. */
static void sd(struct screen *s)
{
	if (s->parser.count <= 1)
		screen_scroll_down(s, s->top, s->bottom, parameter(s, 0, 1));
}

/* A line at most, which is what it is for. */
static void rep(struct screen *s)
{
	unsigned int count = least(parameter(s, 0, 1), s->columns);

	for (; s->last != 0 && count != 0; count--)
		screen_print(s, s->last);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void decstbm(struct screen *s)
{
	unsigned int top = parameter(s, 0, 1) - 1;
	unsigned int bottom = least(parameter(s, 1, s->rows), s->rows) - 1;

	if (top >= bottom)
		return;
	s->top = (uint16_t)top;
	s->bottom = (uint16_t)bottom;
	move_to_origin(s, 0, 0);
}

static void da(struct screen *s)
{
	if (parameter(s, 0, 0) != 0)
		return;
	if (s->parser.prefix == '>')
		screen_reply(s, "\033[>1;10;0c"); /* a VT220, version 1.0 */
	else
		screen_reply(s, "\033[?62;22c"); /* a VT220 with colours */
}

static void dsr(struct screen *s)
{
	const char *prefix = s->parser.prefix == '?' ? "?" : "";
	unsigned int kind = parameter(s, 0, 0);

	if (kind == 6)
		screen_reply(s, "\033[%s%u;%uR", prefix, client_y(s) + 1, s->x + 1);
	else if (kind == 5 && prefix[0] == '\0')
		screen_reply(s, "\033[0n");
}

/* Size reports in characters, of the window and of the whole display. */
static void xtwinops(struct screen *s)
{
	unsigned int kind = parameter(s, 0, 0);

	if (kind == 18 || kind == 19)
		screen_reply(s, "\033[%u;%u;%ut", kind - 10, s->rows, s->columns);
}

static void sm(struct screen *s)
{
	screen_set_modes(s, true);
}

static void rm(struct screen *s)
{
	screen_set_modes(s, false);
}

void screen_reset_modes(struct screen *s, bool all)
{
	s->modes &= all ? SCREEN_ALTERNATE : ~SOFT_RESET;
	s->modes |= SCREEN_CURSOR_VISIBLE | SCREEN_AUTOWRAP;
	s->pen = (struct screen_cell){.text = 0};
	s->set[0] = SCREEN_SET_ASCII;
	s->set[1] = SCREEN_SET_ASCII;
	s->gl = 0;
	s->top = 0;
	s->bottom = (uint16_t)(s->rows - 1);
	s->wrap = false;
	screen_update_careful(s);
	for (size_t i = 0; i < ARRAY_SIZE(s->saved); i++)
		s->saved[i] = (struct screen_saved){.set = {SCREEN_SET_ASCII, SCREEN_SET_ASCII}};
	for (size_t i = 0; all && i < ARRAY_SIZE(s->tab); i++)
		s->tab[i] = TABS;
}

static void ris(struct screen *s)
{
	screen_show_alternate(s, false);
	screen_keep_lines(s);
	screen_reset_modes(s, true);
	move_to(s, 0, 0);
	screen_erase_rows(s, 0, s->rows);
	screen_show_alternate(s, true);
	screen_erase_rows(s, 0, s->rows);
	screen_show_alternate(s, false);
	screen_damage_all(s);
}

static void decaln(struct screen *s)
{
	s->pen = (struct screen_cell){.text = 0};
	s->top = 0;
	s->bottom = (uint16_t)(s->rows - 1);
	screen_fill(s, (struct screen_cell){.text = 'E'});
	move_to(s, 0, 0);
}

static void hts(struct screen *s)
{
	s->tab[s->x / 64] |= BIT(s->x % 64);
}

static void nel(struct screen *s)
{
	screen_index(s);
	s->x = 0;
}

static void keypad_application(struct screen *s)
{
	s->modes |= SCREEN_APP_KEYPAD;
}

static void keypad_numeric(struct screen *s)
{
	s->modes &= ~SCREEN_APP_KEYPAD;
}

/* ---- which is which ----------------------------------------------------------------------- */

typedef void (*screen_act_fn)(struct screen *);

/* CSI without prefix and intermediate bytes, from '@' on. */
static const screen_act_fn csi_plain[] = {
	['@' - '@'] = ich,
	['A' - '@'] = cuu,
	['B' - '@'] = cud,
	['C' - '@'] = cuf,
	['D' - '@'] = cub,
	['E' - '@'] = cnl,
	['F' - '@'] = cpl,
	['G' - '@'] = cha,
	['H' - '@'] = cup,
	['I' - '@'] = cht,
	['J' - '@'] = ed,
	['K' - '@'] = el,
	['L' - '@'] = il,
	['M' - '@'] = dl,
	['P' - '@'] = dch,
	['S' - '@'] = su,
	['T' - '@'] = sd,
	['X' - '@'] = ech,
	['Z' - '@'] = cbt,
	['`' - '@'] = cha,
	['a' - '@'] = cuf,
	['b' - '@'] = rep,
	['c' - '@'] = da,
	['d' - '@'] = vpa,
	['e' - '@'] = vpr,
	['f' - '@'] = cup,
	['g' - '@'] = tbc,
	['h' - '@'] = sm,
	['l' - '@'] = rm,
	['m' - '@'] = screen_sgr,
	['n' - '@'] = dsr,
	['r' - '@'] = decstbm,
	['s' - '@'] = screen_save_cursor,
	['t' - '@'] = xtwinops,
	['u' - '@'] = screen_restore_cursor,
};

/* ESC without intermediate bytes, from '0' on. */
static const screen_act_fn escape_plain[] = {
	['7' - '0'] = screen_save_cursor,
	['8' - '0'] = screen_restore_cursor,
	['=' - '0'] = keypad_application,
	['>' - '0'] = keypad_numeric,
	['D' - '0'] = screen_index,
	['E' - '0'] = nel,
	['H' - '0'] = hts,
	['M' - '0'] = screen_reverse_index,
	['Z' - '0'] = da,
	['c' - '0'] = ris,
};

/* CSI ? : those that are known; DECSED and DECSEL erase all, since nothing is protected. */
static screen_act_fn csi_private(uint8_t final)
{
	switch (final) {
	case 'J':
	case 'K':
	case 'h':
	case 'l':
	case 'n':
		return csi_plain[final - '@'];
	default:
		return NULL;
	}
}

void screen_csi(struct screen *s, uint8_t final)
{
	const struct screen_parser *p = &s->parser;
	screen_act_fn act = NULL;

	/* Parameters after a colon belong to SGR only. */
	if (p->sub != 0 && final != 'm')
		return;
	if (p->intermediate == '$' && final == 'p' && (p->prefix == 0 || p->prefix == '?'))
		screen_report_mode(s);
	else if (p->intermediate == '!' && final == 'p' && p->prefix == 0)
		screen_reset_modes(s, false);
	else if (p->intermediate != 0)
		return;
	else if (p->prefix == 0 && final < '@' + ARRAY_SIZE(csi_plain))
		act = csi_plain[final - '@'];
	else if (p->prefix == '?')
		act = csi_private(final);
	else if (p->prefix == '>' && final == 'c')
		act = da;
	if (act != NULL)
		act(s);
}

void screen_escape(struct screen *s, uint8_t final)
{
	const struct screen_parser *p = &s->parser;

	switch (p->intermediate) {
	case 0:
		if (final < '0' + ARRAY_SIZE(escape_plain) && escape_plain[final - '0'] != NULL)
			escape_plain[final - '0'](s);
		break;
	case '(':
	case ')':
		s->set[p->intermediate - '('] = final;
		screen_update_careful(s);
		break;
	case '#':
		if (final == '8')
			decaln(s);
		break;
	default:
		break;
	}
}
