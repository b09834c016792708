/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/screen.h"
#include "tests/unit/prop.h"
#include "tests/unit/screen_check.h"

#define HISTORY_BYTES 65536

static struct screen s;
static void *memory;

static void start(unsigned int columns, unsigned int rows)
{
	memset(memory, 0xa5, screen_grid_bytes(0) + HISTORY_BYTES);
	screen_init(&s, memory, screen_grid_bytes(0) + HISTORY_BYTES, 0);
	screen_resize(&s, columns, rows);
}

static void feed(const char *text)
{
	screen_write(&s, (const uint8_t *)text, strlen(text));
	assert_null(screen_check(&s));
}

static size_t put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* As UTF-8, without trailing blanks. */
static size_t put_line(char *to, const struct screen_cell *cells, unsigned int count)
{
	size_t n = 0;

	while (count != 0 && (cells[count - 1].text & SCREEN_CODE_POINT) == ' ')
		count--;
	for (unsigned int x = 0; x < count; x++) {
		if ((cells[x].text & SCREEN_CODE_POINT) == 0)
			continue;
		n += put_utf8(to + n, cells[x].text & SCREEN_CODE_POINT);
		for (int i = 0; i < 2 && cells[x].mark[i] != 0; i++)
			n += put_utf8(to + n, cells[x].mark[i]);
	}
	return n;
}

/* The rows, with a bar between each two; trailing empty rows are left out. */
static const char *shown(void)
{
	static char text[SCREEN_CELLS_MAX * 12];
	size_t n = 0;

	for (unsigned int y = 0; y < s.rows; y++) {
		if (y != 0)
			text[n++] = '|';
		n += put_line(text + n, screen_row(&s, y), s.columns);
	}
	while (n != 0 && text[n - 1] == '|')
		n--;
	text[n] = '\0';
	return text;
}

static const char *line_back(unsigned int back)
{
	static char text[SCREEN_COLUMNS_MAX * 12];
	static struct screen_cell cells[SCREEN_COLUMNS_MAX];
	unsigned int n = screen_history_row(&s, back, cells, SCREEN_COLUMNS_MAX);

	assert_null(screen_check_cells(cells, n, n));
	text[put_line(text, cells, n)] = '\0';
	return text;
}

static const char *reply(void)
{
	static char text[SCREEN_REPLY_BYTES + 1];

	text[screen_take_reply(&s, (uint8_t *)text, SCREEN_REPLY_BYTES)] = '\0';
	return text;
}

/* Anything that a client could bring about, and no marks where there is nothing. */
static void random_cells(struct prop *p, struct screen_cell *cells, unsigned int count)
{
	static const uint32_t code[] = {'a', '~', ' ', 0xe4, 0x2500, 0x1f130, 0xfffd};
	struct screen_cell pen = {.text = 0};

	for (unsigned int x = 0; x < count; x++) {
		if (prop_one_in(p, 8)) {
			pen.text = (uint32_t)prop_u64(p) & SCREEN_ATTRIBUTES;
			pen.fg = prop_one_in(p, 2) ? 0 : SCREEN_INDEXED | (prop_u64(p) & 0xff);
			pen.bg = prop_one_in(p, 2) ? 0 : SCREEN_RGB | (prop_u64(p) & 0xffffff);
		}
		cells[x] = pen;
		if (prop_one_in(p, 6) && x + 1 < count) {
			cells[x].text |= SCREEN_WIDE | 0x4f60;
			if (prop_one_in(p, 3))
				cells[x].mark[0] = 0x301;
			cells[++x] = pen;
			continue;
		}
		cells[x].text |= code[prop_below(p, ARRAY_SIZE(code))];
		if (prop_one_in(p, 6))
			cells[x].mark[0] = (uint16_t)prop_between(p, 0x300, 0x36f);
		if (prop_one_in(p, 2) && cells[x].mark[0] != 0)
			cells[x].mark[1] = 0x20dd;
	}
}

/* What is to be written to a new screen of some size, what it then shows and where its cursor is.
 */
struct scene {
	const char *name;
	unsigned int columns, rows;
	const char *bytes;
	const char *shown;
	unsigned int x, y;
};

#define LETTERS "aaaaa\r\nbbbbb\r\nccccc\r\nddddd\r\neeeee"

static const struct scene scenes[] = {
	{"text", 10, 3, "hello", "hello", 5, 0},
	{"CR LF", 10, 3, "one\r\ntwo", "one|two", 3, 1},
	{"LF keeps the column", 10, 3, "one\ntwo", "one|   two", 6, 1},
	{"VT and FF are LF", 10, 3, "a\vb\fc", "a| b|  c", 3, 2},
	{"BS", 10, 3, "abc\b\bX", "aXc", 2, 0},
	{"BS stops at the first column", 10, 3, "\b\bX", "X", 1, 0},
	{"DEL and NUL are nothing", 10, 3, "a\177b", "ab", 2, 0},
	{"scroll", 5, 3, "1\r\n2\r\n3\r\n4", "2|3|4", 1, 2},
	{"last column waits", 5, 3, "abcde", "abcde", 4, 0},
	{"wrap", 5, 3, "abcdef", "abcde|f", 1, 1},
	{"CR LF after the last column", 5, 3, "abcde\r\nf", "abcde|f", 1, 1},
	{"LF after the last column", 5, 3, "abcde\nf", "abcde|    f", 4, 1},
	{"BS after the last column", 5, 3, "abcde\bX", "abcXe", 4, 0},
	{"tab after the last column", 5, 3, "abcde\tX", "abcde|X", 1, 1},
	{"SGR after the last column", 5, 3, "abcde\033[1mX", "abcde|X", 1, 1},
	{"EL after the last column", 5, 3, "abcde\033[KX", "abcdX", 4, 0},
	{"no autowrap", 5, 3, "\033[?7labcdefgh", "abcdh", 4, 0},
	{"wrap scrolls", 3, 2, "abcdefghi", "def|ghi", 2, 1},
	{"CUP", 10, 5, "\033[3;4Hx", "||   x", 4, 2},
	{"CUP without parameters", 10, 5, "abc\033[Hx", "xbc", 1, 0},
	{"CUP is clipped", 10, 5, "\033[99;99Hx", "||||         x", 9, 4},
	{"CUP with 0", 10, 5, "abc\033[0;0Hx", "xbc", 1, 0},
	{"HVP", 10, 5, "\033[2;2fx", "| x", 2, 1},
	{"CUU CUD CUF CUB", 10, 5, "\033[3B\033[4C1\033[2A2\033[3D3", "|   3 2||    1", 4, 1},
	{"moves are clipped", 10, 5, "\033[99B\033[99Cx\033[99A\033[99Dy", "y||||         x", 1, 0},
	{"CNL CPL", 10, 5, "abc\033[2Ex\033[Fy", "abc|y|x", 1, 1},
	{"CHA VPA", 10, 5, "\033[4Gx\033[3dy", "   x||    y", 5, 2},
	{"HPA HPR VPR", 10, 5, "\033[3`x\033[2ay\033[2ez", "  x  y||      z", 7, 2},
	{"tabs", 30, 2, "\ta\tb\tc\td", "        a       b       c    d", 29, 0},
	{"HTS TBC", 30, 2, "\033[3g\033[5G\033H\ra\tb\033[5G\033[g\r\tc",
	 "a   b                        c", 29, 0},
	{"CHT CBT", 30, 2, "\033[2Ia\033[Zb\033[9Zc", "c               b", 1, 0},
	{"ED 0", 5, 5, LETTERS "\033[3;3H\033[J", "aaaaa|bbbbb|cc", 2, 2},
	{"ED 1", 5, 5, LETTERS "\033[3;3H\033[1J", "||   cc|ddddd|eeeee", 2, 2},
	{"ED 2", 5, 5, LETTERS "\033[3;3H\033[2Jx", "||  x", 3, 2},
	{"EL 0", 5, 1, "abcde\033[3G\033[K", "ab", 2, 0},
	{"EL 1", 5, 1, "abcde\033[3G\033[1K", "   de", 2, 0},
	{"EL 2", 5, 1, "abcde\033[3G\033[2K", "", 2, 0},
	{"ECH", 5, 1, "abcde\033[2G\033[2X", "a  de", 1, 0},
	{"ECH is clipped", 5, 1, "abcde\033[2G\033[65535X", "a", 1, 0},
	{"ICH", 5, 1, "abcde\033[2G\033[2@", "a  bc", 1, 0},
	{"ICH is clipped", 5, 1, "abcde\033[2G\033[99@x", "ax", 2, 0},
	{"DCH", 5, 1, "abcde\033[2G\033[2P", "ade", 1, 0},
	{"DCH is clipped", 5, 1, "abcde\033[2G\033[99P", "a", 1, 0},
	{"IRM", 6, 1, "abc\033[4h\033[2GXY\033[4lZ", "aXYZc", 4, 0},
	{"IL", 5, 5, LETTERS "\033[2;3H\033[2Lx", "aaaaa|x||bbbbb|ccccc", 1, 1},
	{"IL is clipped", 5, 5, LETTERS "\033[2;3H\033[65535L", "aaaaa", 0, 1},
	{"DL", 5, 5, LETTERS "\033[2;3H\033[2Mx", "aaaaa|xdddd|eeeee", 1, 1},
	{"DL is clipped", 5, 5, LETTERS "\033[2;3H\033[65535M", "aaaaa", 0, 1},
	{"IL outside the region", 5, 5, LETTERS "\033[2;3r\033[5;2H\033[LX",
	 "aaaaa|bbbbb|ccccc|ddddd|eXeee", 2, 4},
	{"SU", 5, 5, LETTERS "\033[2S", "ccccc|ddddd|eeeee", 4, 4},
	{"SD", 5, 5, LETTERS "\033[2T", "||aaaaa|bbbbb|ccccc", 4, 4},
	{"not SD", 5, 5, LETTERS "\033[1;1;1;1;1T", "aaaaa|bbbbb|ccccc|ddddd|eeeee", 4, 4},
	{"region", 5, 5, LETTERS "\033[2;4r\033[4;1H\nx", "aaaaa|ccccc|ddddd|x|eeeee", 1, 3},
	{"below the region LF does not scroll", 5, 5, LETTERS "\033[2;4r\033[5;1H\n\nx",
	 "aaaaa|bbbbb|ccccc|ddddd|xeeee", 1, 4},
	{"RI in a region", 5, 5, LETTERS "\033[2;4r\033[2;1H\033Mx", "aaaaa|x|bbbbb|ccccc|eeeee", 1,
	 1},
	{"RI above it", 5, 5, LETTERS "\033[2;4r\033[1;1H\033M\033Mx",
	 "xaaaa|bbbbb|ccccc|ddddd|eeeee", 1, 0},
	{"bad regions", 5, 3, "ab\033[2;2r\033[3;1r\033[3;9rx", "abx", 3, 0},
	{"CUU stops at the region", 5, 5, "\033[2;4r\033[3;1H\033[9Ax\033[9By", "|x|| y", 2, 3},
	{"origin mode", 5, 5, "\033[2;4r\033[?6hx\033[9;2Hy\033[2dz", "|x|  z| y", 3, 2},
	{"IND NEL", 5, 3, "a\033Db\033Ec", "a| b|c", 1, 2},
	{"DECSC DECRC", 9, 3, "ab\0337\033[3;3Hx\0338y", "aby||  x", 3, 0},
	{"DECSC keeps a wrap", 3, 3, "abc\0337\033[H\0338d", "abc|d", 1, 1},
	{"DECSC keeps a wrap only with autowrap", 3, 3, "abc\0337\033[?7l\033[H\0338d", "abd", 2,
	 0},
	{"DECRC without DECSC", 9, 3, "abc\0338x", "xbc", 1, 0},
	{"SCOSC SCORC", 9, 3, "ab\033[s\033[3;3Hx\033[uy", "aby||  x", 3, 0},
	{"line drawing", 9, 3, "\033(0lqk\033(Bq", "┌─┐q", 4, 0},
	{"SO SI", 9, 3, "\033)0x\016x\017x", "x│x", 3, 0},
	{"UTF-8", 9, 3, "a\303\274\342\202\254\360\235\204\236z", "aü€𝄞z", 5, 0},
	{"wide", 6, 3, "a你b", "a你b", 4, 0},
	{"wide does not fit", 4, 3, "abc你", "abc|你", 2, 1},
	{"wide without autowrap", 4, 3, "\033[?7labc你d", "abcd", 3, 0},
	{"over a left half", 6, 1, "你b\033[1Gx", "x b", 1, 0},
	{"over a right half", 6, 1, "你b\033[2Gx", " xb", 2, 0},
	{"text up to a left half", 6, 1, "a你b\033[1Gxy", "xy b", 2, 0},
	{"wide over halves", 8, 1, "你好\033[2G们", " 们", 3, 0},
	{"DCH of a half", 6, 1, "你好\033[2G\033[P", " 好", 1, 0},
	{"ICH cuts at the edge", 4, 1, "你好\033[1G\033[@", " 你", 0, 0},
	{"ECH of halves", 6, 1, "你好\033[2G\033[2X", "", 1, 0},
	{"combining", 6, 1, "e\314\201a", "e\314\201a", 2, 0},
	{"combining in the last column", 3, 2, "abe\314\201x", "abe\314\201|x", 1, 1},
	{"combining on wide", 6, 1, "你\314\201x", "你\314\201x", 3, 0},
	{"a third mark is dropped", 6, 1, "e\314\201\314\202\314\203", "e\314\201\314\202", 1, 0},
	{"a mark alone", 6, 1, "\314\201x", "x", 1, 0},
	{"REP", 9, 1, "ab\033[3bc", "abbbbc", 6, 0},
	{"REP is bounded", 4, 2, "a\033[65535b", "aaaa|a", 1, 1},
	{"DECALN", 3, 2, "\033#8", "EEE|EEE", 0, 0},
	{"RIS", 9, 2, "\033[1;31;4hab\033[2;2r\033c x", " x", 2, 0},
	{"OSC", 9, 1, "a\033]0;title\ab\033]2;t\033\\c", "abc", 3, 0},
	{"DCS, APC, PM, SOS", 9, 1, "a\033P1$qm\a\033\\b\033_x\033\\c\033^y\033\\d\033Xz\033\\e",
	 "abcde", 5, 0},
	{"a sequence ends a string", 9, 1, "\033]0;title\033[2Cx", "  x", 3, 0},
	{"CAN and SUB end sequences", 9, 1, "\033[3\030x\033]0;\032y", "xy", 2, 0},
	{"ESC begins anew", 9, 1, "\033[3\033[2Cx", "  x", 3, 0},
	{"controls in a sequence", 9, 2, "ab\033[\r\n2Cx", "ab|  x", 3, 1},
	{"unknown sequences", 9, 1,
	 "\033[?99z\033[=c\033[1 q\033[>4;2m\033%G\033*0\033[1\"q\033[<1ux", "x", 1, 0},
	{"malformed sequences", 9, 1, "\033[1?Ca\033[1 2Cb\033[::Cc", "abc", 3, 0},
	{"many parameters", 9, 1,
	 "\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1Hx", "x", 1, 0},
	{"large parameters", 9, 2, "\033[99999999999999999999;4294967297Hx", "|        x", 8, 1},
	{"LNM", 9, 3, "\033[20hab\nc", "ab|c", 1, 1},
	{"C1 characters are nothing", 9, 1, "a\302\233b", "ab", 2, 0},
};

static void test_scenes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		const struct scene *c = &scenes[i];

		start(c->columns, c->rows);
		feed(c->bytes);
		if (strcmp(shown(), c->shown) != 0 || s.x != c->x || s.y != c->y)
			fail_msg("%s: \"%s\" at %u, %u; not \"%s\" at %u, %u", c->name, shown(),
				 s.x, s.y, c->shown, c->x, c->y);
		/* The same bytes one by one. */
		start(c->columns, c->rows);
		for (const char *p = c->bytes; *p != '\0'; p++)
			screen_write(&s, (const uint8_t *)p, 1);
		if (strcmp(shown(), c->shown) != 0)
			fail_msg("%s, in pieces: \"%s\"", c->name, shown());
	}
}

/* ---- attributes and colours --------------------------------------------------------------- */

struct pen_case {
	const char *bytes;
	uint32_t attributes;
	uint32_t fg;
	uint32_t bg;
};

static const struct pen_case pens[] = {
	{"", 0, 0, 0},
	{"\033[1;2;3;4;5;7;8;9m", SCREEN_ATTRIBUTES, 0, 0},
	{"\033[1;2;3;4;5;7;8;9m\033[22;23;24;25;27;28;29m", 0, 0, 0},
	{"\033[1;31;42m\033[m", 0, 0, 0},
	{"\033[1;31;42m\033[0;4m", SCREEN_UNDERLINE, 0, 0},
	{"\033[1;31;42m", SCREEN_BOLD, SCREEN_INDEXED | 1, SCREEN_INDEXED | 2},
	{"\033[31;42;39;49m", 0, 0, 0},
	{"\033[97;100m", 0, SCREEN_INDEXED | 15, SCREEN_INDEXED | 8},
	{"\033[30;107m", 0, SCREEN_INDEXED | 0, SCREEN_INDEXED | 15},
	{"\033[38;5;200;48;5;0;1m", SCREEN_BOLD, SCREEN_INDEXED | 200, SCREEN_INDEXED | 0},
	{"\033[38:5:200;48:5:17m", 0, SCREEN_INDEXED | 200, SCREEN_INDEXED | 17},
	{"\033[38;2;1;2;3;48;2;255;254;253;4m", SCREEN_UNDERLINE, SCREEN_RGB | 0x010203,
	 SCREEN_RGB | 0xfffefd},
	{"\033[38:2::1:2:3;48:2:4:5:6m", 0, SCREEN_RGB | 0x010203, SCREEN_RGB | 0x040506},
	{"\033[38:2:0:1:2:3:::;7m", SCREEN_INVERSE, SCREEN_RGB | 0x010203, 0},
	{"\033[38;5;256;1m", SCREEN_BOLD, 0, 0},
	{"\033[38;2;300;0;0m", 0, SCREEN_RGB | 0xff0000, 0},
	{"\033[1;38m", SCREEN_BOLD, 0, 0},
	{"\033[1;38;5m", SCREEN_BOLD, 0, 0},
	{"\033[38;2;1;2m", 0, 0, 0},
	{"\033[58;5;3;1m", SCREEN_BOLD, 0, 0},
	{"\033[58:2::3:4:5;1m", SCREEN_BOLD, 0, 0},
	{"\033[4:3m", SCREEN_UNDERLINE, 0, 0},
	{"\033[4m\033[4:0m", 0, 0, 0},
	{"\033[21m", SCREEN_UNDERLINE, 0, 0},
	{"\033[1;38;5;1;;4m", SCREEN_UNDERLINE, 0, 0},
	{"\033[10;26;48;50;53;99;110;1000m", 0, 0, 0},
	{"\033[>4;1m\033[?4m", 0, 0, 0},
	{"\033[1;31m\033[!p", 0, 0, 0},
	{"\033[1;31m\0337\033[m\0338", SCREEN_BOLD, SCREEN_INDEXED | 1, 0},
};

static void test_pens(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(pens); i++) {
		const struct pen_case *c = &pens[i];
		const struct screen_cell *cell;

		start(20, 2);
		feed(c->bytes);
		feed("x");
		cell = screen_row(&s, 0);
		if (cell->text != (c->attributes | 'x') || cell->fg != c->fg || cell->bg != c->bg)
			fail_msg("%s: %#x %#x %#x", c->bytes + 1, cell->text, cell->fg, cell->bg);
	}
}

/* What is erased, and what comes in, has the pen's background and nothing else of it. */
static void test_erased_colour(void **state)
{
	static const char *const how[] = {"\033[2J", "\033[2K",         "\033[X", "\033[P\033[3C",
					  "\033[@",  "\033[3;1H\n\n\n", "\033[L", "\033[3M",
					  "\033[3S", "\033[3T"};

	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		const struct screen_cell *cell;

		start(4, 3);
		feed("abcdefghijkl\033[H\033[1;4;33;44m");
		feed(how[i]);
		cell = screen_row(&s, s.y) + s.x;
		if (cell->text != ' ' || cell->fg != 0 || cell->bg != (SCREEN_INDEXED | 4))
			fail_msg("%s: %#x %#x %#x", how[i] + 1, cell->text, cell->fg, cell->bg);
		feed("\033[m\033[H\033[J");
		assert_string_equal(shown(), "");
		assert_int_equal(screen_row(&s, 0)->bg, 0);
	}
}

/* ---- modes, replies ----------------------------------------------------------------------- */

static void test_modes(void **state)
{
	const unsigned int at_start = SCREEN_CURSOR_VISIBLE | SCREEN_AUTOWRAP;

	start(80, 24);
	assert_int_equal(s.modes, at_start);
	feed("\033[?1h\033=\033[?2004h\033[?25l\033[?1006;1000h");
	assert_int_equal(s.modes, SCREEN_APP_CURSOR | SCREEN_APP_KEYPAD | SCREEN_PASTE |
					  SCREEN_MOUSE_CLICK | SCREEN_MOUSE_SGR | SCREEN_AUTOWRAP);
	feed("\033[?1002h\033[?1003h\033>");
	assert_int_equal(s.modes, SCREEN_APP_CURSOR | SCREEN_PASTE | SCREEN_MOUSE_MOVE |
					  SCREEN_MOUSE_SGR | SCREEN_AUTOWRAP);
	feed("\033[?1000l\033[?5h\033[!p");
	assert_int_equal(s.modes, at_start | SCREEN_PASTE | SCREEN_MOUSE_SGR | SCREEN_REVERSE);
	feed("\033[4;20h\033[?1049h\033c");
	assert_int_equal(s.modes, at_start);
	feed("\a\033]0;x\a\a");
	assert_int_equal(s.bells, 2);
}

static void test_replies(void **state)
{
	static const struct {
		const char *bytes;
		const char *reply;
	} cases[] = {
		{"\033[c", "\033[?62;22c"},
		{"\033Z", "\033[?62;22c"},
		{"\033[>c", "\033[>1;10;0c"},
		{"\033[>0c\033[=c\033[1c", "\033[>1;10;0c"},
		{"\033[5n", "\033[0n"},
		{"\033[7;3H\033[6n", "\033[7;3R"},
		{"\033[7;3H\033[?6n", "\033[?7;3R"},
		{"\033[5;20r\033[?6h\033[3;2H\033[6n", "\033[3;2R"},
		{"\033[999;999H\033[6n", "\033[24;80R"},
		{"\033[18t\033[19t", "\033[8;24;80t\033[9;24;80t"},
		{"\033[14t\033[22;0t\033[21t", ""},
		{"\033[?7$p\033[?2004$p\033[?9999$p", "\033[?7;1$y\033[?2004;2$y\033[?9999;0$y"},
		{"\033[4$p\033[4h\033[4$p", "\033[4;2$y\033[4;1$y"},
		{"\033[?1049h\033[?47$p", "\033[?47;1$y"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(80, 24);
		feed(cases[i].bytes);
		assert_string_equal(reply(), cases[i].reply);
	}
}

/* Replies that nobody takes are dropped whole; what is there stays in order. */
static void test_replies_are_bounded(void **state)
{
	uint8_t text[7];
	size_t n = 0, taken;

	start(80, 24);
	for (int i = 0; i < 1000; i++)
		feed("\033[6n");
	while ((taken = screen_take_reply(&s, text, 6)) != 0) {
		assert_int_equal(taken, 6);
		assert_memory_equal(text, "\033[1;1R", 6);
		n += taken;
	}
	assert_int_equal(n, SCREEN_REPLY_BYTES / 6 * 6);
	for (int i = 0; i < 30000; i++) {
		feed("\033[5n");
		assert_string_equal(reply(), "\033[0n");
	}
}

/* ---- UTF-8 -------------------------------------------------------------------------------- */

/* U+FFFD for each maximal part that cannot be (Unicode 15, 3.9, table 3-8 and its neighbours). */
static void test_bad_utf8(void **state)
{
	static const struct {
		const char *bytes;
		const char *shown;
	} cases[] = {
		{"\x80z", "\ufffdz"},
		{"\xc0\xafz", "\ufffd\ufffdz"},
		{"\xe0\x80\xafz", "\ufffd\ufffd\ufffdz"},
		{"\xed\xa0\x80z", "\ufffd\ufffd\ufffdz"},
		{"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42",
		 "\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffdB"},
		{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "\ufffd\ufffd\ufffd\ufffdA"},
		{"\xe2\x82\033[Cz", "\ufffd z"},
		{"\xe2\x82\rz", "z"},
		{"\xf5\xfe\xffz", "\ufffd\ufffd\ufffdz"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(20, 2);
		feed(cases[i].bytes);
		assert_string_equal(shown(), cases[i].shown);
	}
}

/* A string that never ends hides 64 KiB, not all that follows. */
static void test_endless_string(void **state)
{
	start(20, 2);
	feed("\033]");
	for (int i = 0; i < 65536 / 16; i++)
		feed("0123456789abcdef");
	feed("seen");
	assert_string_equal(shown(), "seen");
}

/* ---- the other screen --------------------------------------------------------------------- */

static void test_alternate(void **state)
{
	start(10, 3);
	feed("main\033[2;3H\033[?1049h");
	assert_string_equal(shown(), "");
	assert_int_equal(s.x, 2); /* the cursor stays */
	feed("\033[Halt\r\n\n\n\nx");
	assert_int_equal(screen_history_lines(&s), 0);
	feed("\033[?1049l*");
	assert_string_equal(shown(), "main|  *");
	/* 1047 clears when it is left, 47 never. */
	feed("\033[?1049h\033[Halt\033[?47l\033[?47h");
	assert_string_equal(shown(), "alt");
	feed("\033[?1047l\033[?1047h");
	assert_string_equal(shown(), "");
	feed("\033c");
	assert_string_equal(shown(), "");
}

static void test_no_alternate(void **state)
{
	screen_init(&s, memory, screen_grid_bytes(SCREEN_NO_ALTERNATE), SCREEN_NO_ALTERNATE);
	feed("main\033[?1049h\033[?47h\033[?1047h\033[?1049l\033[?1047l*");
	assert_string_equal(shown(), "main*");
	feed("\033c");
	screen_resize(&s, 40, 400);
	screen_resize(&s, 80, 10);
	assert_null(screen_check(&s));
	assert_int_equal(screen_history_lines(&s), 0);
}

/* ---- history ------------------------------------------------------------------------------ */

static void test_history(void **state)
{
	start(20, 3);
	assert_string_equal(line_back(1), "");
	feed("one\r\ntwo  \r\n\r\nvier 你e\314\201\r\nfive\r\n\xf0\x9d\x84\x9e six\r\n");
	assert_int_equal(screen_history_lines(&s), 4);
	assert_string_equal(line_back(4), "one");
	assert_string_equal(line_back(3), "two");
	assert_string_equal(line_back(2), "");
	assert_string_equal(line_back(1), "vier 你e\314\201");
	assert_string_equal(line_back(5), "");
	assert_string_equal(line_back(0), "");
	feed("\033[3J");
	assert_int_equal(screen_history_lines(&s), 0);
	assert_int_equal(screen_history_pushed(&s), 4);
	feed("\n\n");
	assert_string_equal(line_back(2), "five");
	assert_string_equal(line_back(1), "\xf0\x9d\x84\x9e six");
}

/* What makes history and what does not. */
static void test_history_sources(void **state)
{
	static const struct {
		const char *bytes;
		unsigned int lines;
	} cases[] = {
		{"a\r\nb\r\nc\r\nd", 1},
		{"a\r\nb\r\nc\033[2S", 2},
		{"a\r\nb\r\nc\033[99S", 3},
		{"\033[1;2ra\r\nb\r\nc", 1},
		{"\033[2;3r\033[3Hb\r\nc\r\nd", 0},
		{"a\r\nb\r\nc\033[H\033[2M", 0},
		{"a\r\nb\033[2J", 2},
		{"a\r\nb\033[H\033[J", 2},
		{"a\r\nb\033[J", 0},
		{"a\r\nb\033c", 2},
		{"\033[2J\033[2J", 0},
		{"\033[41m\033[2J\033[2J", 0},
		{"a\033[41m\033[2J\033[2J\033[2J", 1},
		{"\033[?1049ha\r\nb\r\nc\r\nd\033[2J", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(10, 3);
		feed(cases[i].bytes);
		if (screen_history_lines(&s) != cases[i].lines)
			fail_msg("%zu: %u lines", i, screen_history_lines(&s));
	}
}

/* Every cell comes back as it was, whatever it is, over many turns of the ring. */
static void test_history_is_exact(void **state)
{
	static struct screen_cell line[64][SCREEN_COLUMNS_MAX], out[SCREEN_COLUMNS_MAX];
	struct prop p = prop_start(__func__);

	start(200, 2);
	for (unsigned int i = 0; i < 3000; i++) {
		struct screen_cell *cells = line[i % 64];
		unsigned int count = (unsigned int)prop_below(&p, 201), n;

		random_cells(&p, cells, 200);
		screen_put_row(&s, 0, cells, count);
		memcpy(cells, screen_row(&s, 0), 200 * sizeof(*cells));
		feed("\033[2H\n");
		n = (unsigned int)prop_between(&p, 1, i < 63 ? i + 1 : 64);
		if (n <= screen_history_lines(&s)) {
			const struct screen_cell *want = line[(i + 1 - n) % 64];
			unsigned int columns = screen_history_row(&s, n, out, SCREEN_COLUMNS_MAX);

			for (unsigned int x = 0; x < 200; x++)
				assert_true(screen_check_same(
					x < columns ? &out[x] : &(struct screen_cell){.text = ' '},
					&want[x]));
		}
	}
	assert_null(screen_check_history(&s.history));
	assert_true(screen_history_lines(&s) > 10);
}

/* 640 KiB hold 2,000 lines of 256 columns. */
static void test_history_capacity(void **state)
{
	const size_t bytes = screen_grid_bytes(SCREEN_NO_ALTERNATE) + 640 * 1024;
	void *all = malloc(bytes);
	char line[256];

	screen_init(&s, all, bytes, SCREEN_NO_ALTERNATE);
	screen_resize(&s, 256, 24);
	for (int i = 0; i < 3000; i++) {
		memset(line, 'a' + i % 26, sizeof(line));
		screen_write(&s, (const uint8_t *)line, sizeof(line));
	}
	assert_true(screen_history_lines(&s) >= 2000);
	assert_null(screen_check_history(&s.history));
	free(all);
}

/* ---- sizes -------------------------------------------------------------------------------- */

static void test_resize(void **state)
{
	start(5, 5);
	feed("aaaaa\r\nbb\r\ncc");
	screen_resize(&s, 8, 3); /* blank lines at the end go first */
	assert_string_equal(shown(), "aaaaa|bb|cc");
	assert_int_equal(screen_history_lines(&s), 0);
	screen_resize(&s, 3, 2);
	assert_string_equal(shown(), "bb|cc");
	assert_string_equal(line_back(1), "aaaaa");
	assert_int_equal(s.x, 2);
	assert_int_equal(s.y, 1);
	screen_resize(&s, 10, 4);
	assert_string_equal(shown(), "bb|cc");
	feed("d\033[3;9Hx");
	assert_string_equal(shown(), "bb|ccd|        x");
	screen_resize(&s, 2, 1); /* the cursor's line stays */
	assert_string_equal(shown(), "");
	assert_string_equal(line_back(1), "ccd");
	feed("\033[99;99Hy");
	assert_string_equal(shown(), " y");
}

/* A wrap that DECSC saved is for the width of then. */
static void test_resize_saved(void **state)
{
	start(4, 2);
	feed("abcd\0337");
	screen_resize(&s, 8, 2);
	feed("\0338x");
	assert_string_equal(shown(), "abcx");
}

static void test_resize_alternate(void **state)
{
	start(6, 4);
	feed("1\r\n2\r\n3\r\n4\033[?1049h\033[Halt\033[4;1Hend");
	screen_resize(&s, 4, 2);
	assert_string_equal(shown(), "|end");
	assert_int_equal(screen_history_lines(&s), 2);
	feed("\033[?1049lx");
	assert_string_equal(shown(), "3|4x");
	assert_string_equal(line_back(1), "2");
}

static void test_sizes_are_clipped(void **state)
{
	static const unsigned int sizes[][4] = {
		{0, 0, 2, 1},       {1000, 1000, 512, 32}, {80, 1000, 80, 204},
		{64, 256, 64, 256}, {512, 0, 512, 1},      {UINT32_MAX, UINT32_MAX, 512, 32},
		{132, 50, 132, 50},
	};

	start(80, 24);
	feed("你好abc");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		screen_resize(&s, sizes[i][0], sizes[i][1]);
		assert_int_equal(s.columns, sizes[i][2]);
		assert_int_equal(s.rows, sizes[i][3]);
		assert_null(screen_check(&s));
	}
	assert_string_equal(shown(), "你");
}

/* ---- damage ------------------------------------------------------------------------------- */

static void assert_damage(unsigned int y, unsigned int from, unsigned int to)
{
	if (from >= to)
		assert_true(s.row[y].from >= s.row[y].to);
	else if (s.row[y].from != from || s.row[y].to != to)
		fail_msg("row %u: %u to %u", y, s.row[y].from, s.row[y].to);
}

static void test_damage(void **state)
{
	start(10, 4);
	for (unsigned int y = 0; y < 4; y++)
		assert_damage(y, 0, 10);
	screen_damage_clear(&s);
	feed("ab\033[3;5Hx\033[3;3Hy\033[4;2H");
	assert_damage(0, 0, 2);
	assert_damage(1, 0, 0);
	assert_damage(2, 2, 5);
	assert_damage(3, 0, 0);
	feed("\n"); /* what was damaged moves along */
	assert_int_equal(s.scroll.lines, 1);
	assert_int_equal(s.scroll.top, 0);
	assert_int_equal(s.scroll.bottom, 3);
	assert_damage(0, 0, 0);
	assert_damage(1, 2, 5);
	assert_damage(3, 0, 10);
	feed("\n\033[T");
	assert_int_equal(s.scroll.lines, 1);
	feed("\033[2;3r\033[S"); /* of two regions the first becomes changed rows */
	assert_int_equal(s.scroll.lines, 1);
	assert_int_equal(s.scroll.top, 1);
	assert_int_equal(s.scroll.bottom, 2);
	for (unsigned int y = 0; y < 4; y++)
		assert_damage(y, 0, 10);
	feed("\033[2;4r\033[S"); /* the same first row is not the same region */
	assert_int_equal(s.scroll.lines, 1);
	assert_int_equal(s.scroll.bottom, 3);
	feed("\033[9S"); /* nothing of the region is left */
	assert_int_equal(s.scroll.lines, 0);
	screen_damage_clear(&s);
	feed("\033[?5h");
	assert_damage(3, 0, 10);
}

static int set_up(void **state)
{
	memory = malloc(screen_grid_bytes(0) + HISTORY_BYTES);
	return memory == NULL;
}

static int tear_down(void **state)
{
	free(memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),           cmocka_unit_test(test_pens),
		cmocka_unit_test(test_erased_colour),    cmocka_unit_test(test_modes),
		cmocka_unit_test(test_replies),          cmocka_unit_test(test_replies_are_bounded),
		cmocka_unit_test(test_endless_string),   cmocka_unit_test(test_resize_saved),
		cmocka_unit_test(test_bad_utf8),         cmocka_unit_test(test_alternate),
		cmocka_unit_test(test_no_alternate),     cmocka_unit_test(test_history),
		cmocka_unit_test(test_history_sources),  cmocka_unit_test(test_history_is_exact),
		cmocka_unit_test(test_history_capacity), cmocka_unit_test(test_resize),
		cmocka_unit_test(test_resize_alternate), cmocka_unit_test(test_sizes_are_clipped),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
