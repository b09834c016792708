/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/painter_sim.h"
#include "tests/unit/prop.h"

#define ROOM 4096

#define SPACES_10 "          "
#define SPACES_70 SPACES_10 SPACES_10 SPACES_10 SPACES_10 SPACES_10 SPACES_10 SPACES_10

static void write_text(struct sim *sim, unsigned int screen, const char *text)
{
	sim_write(sim, screen, text, strlen(text));
}

/* What is sent for a text that is written, as C text; the terminal showed the screen before. */
static const char *sent_for(struct sim *sim, const char *text)
{
	static uint8_t bytes[ROOM + 1];
	size_t count;

	write_text(sim, 0, text);
	count = painter_paint(&sim->painter, &sim->screen[0], bytes, ROOM);
	bytes[count] = '\0';
	screen_write(&sim->far, bytes, count);
	sim_settle(sim, ROOM);
	return (const char *)bytes;
}

static struct sim *start_settled(const char *text)
{
	struct sim *sim = sim_start(false);

	write_text(sim, 0, text);
	sim_settle(sim, ROOM);
	return sim;
}

static void plain_text_is_sent_as_it_is(void **state)
{
	struct sim *sim = start_settled("$ ");

	assert_string_equal(sent_for(sim, "l"), "l");
	assert_string_equal(sent_for(sim, "s\r\n"), "s\r\n");
	assert_string_equal(sent_for(sim, "one\r\n  two\r\n"), "one\r\n  two\r\n");
	assert_string_equal(sent_for(sim, "\303\244\342\224\200 x"), "\303\244\342\224\200 x");
	assert_string_equal(sent_for(sim, "\b\b\b"), "\b\b\b");
	assert_string_equal(sent_for(sim, "\rab"), "\rab");
}

static void what_is_there_is_not_sent(void **state)
{
	struct sim *sim = start_settled("text\033[H");

	assert_string_equal(sent_for(sim, "text\033[H"), "");
	assert_string_equal(sent_for(sim, "t\033[31m\033[5;5Hx\b\033[m \033[H"), "");
	assert_string_equal(sent_for(sim, "\033[7mt\033[m\rt\r"), "");
}

static void scrolls_are_made_by_the_terminal(void **state)
{
	struct sim *sim = start_settled("\033[24Hlast");

	assert_string_equal(sent_for(sim, "\r\nnext"), "\r\nnext");
	assert_string_equal(sent_for(sim, "\r\n\n\n"), "\r\n\n\n");
	for (unsigned int i = 0; i < 24; i++)
		write_text(sim, 0, "\r\na line of some length");
	sim_settle(sim, ROOM);
	assert_string_equal(sent_for(sim, "\033[2;10r\033[2H\033M\033[H"),
			    "\033[2;10r\033[2H\033M\033[;24r\033[H");
	assert_string_equal(sent_for(sim, "\033[r\033[5Hx\033[H\033Mnew\033[H"),
			    "\033Mnew\033[6Hx\033[H");
}

static void pens_change_when_they_must(void **state)
{
	struct sim *sim = start_settled("");

	assert_string_equal(sent_for(sim, "\033[31mred \033[1;31mbold\033[m plain"),
			    "\033[31mred \033[1mbold \033[mplain");
	assert_string_equal(sent_for(sim, "\033[32m \033[m \033[4m \033[m."), "  \033[4m \033[m.");
	assert_string_equal(sent_for(sim, "\033[1;38;5;200;48;2;1;20;255mx"),
			    "\033[1;38;5;200;48;2;1;20;255mx");
	assert_string_equal(sent_for(sim, "\033[22;49;95my\033[39mz"), "\033[0;95my\033[mz");
}

static void blanks_are_erased(void **state)
{
	struct sim *sim = start_settled("some text\r\nmore of it\r\nand more\r\nlast\r\n");

	assert_string_equal(sent_for(sim, "\033[3;3H\033[K"), "\033[3;3H\033[K");
	assert_string_equal(sent_for(sim, "\033[1;6H\033[J"), "\033[;6H\033[J");
	assert_string_equal(sent_for(sim, "xy"), "xy");
	assert_string_equal(sent_for(sim, "\b \b"), "\b \b");
	/* Not in the background's colour: not every terminal does that. */
	assert_string_equal(sent_for(sim, "\033[H\033[44m\033[78CX\033[1K"),
			    "\r\033[44m          " SPACES_70);
}

static void modes_are_mirrored(void **state)
{
	struct sim *sim = start_settled("");

	assert_string_equal(sent_for(sim, "\033[?1h\033=\033[?2004h\033[?1002h\033[?1006h"),
			    "\033[?1h\033=\033[?2004h\033[?1002h\033[?1006h");
	assert_string_equal(sent_for(sim, "\033[?1000h\033[?25l"),
			    "\033[?25l\033[?1002l\033[?1000h");
	assert_string_equal(sent_for(sim, "\033[5;5H"), "");
	assert_string_equal(sent_for(sim, "\033[?25h"), "\033[5;5H\033[?25h");
}

/* Not one character can be in the way of the next because a terminal has another width for it. */
static void doubtful_widths_are_followed_by_a_move(void **state)
{
	struct sim *sim = start_settled("");

	assert_string_equal(sent_for(sim, "\360\237\230\200x"),
			    "  \033[H\360\237\230\200\033[;3Hx");
	assert_string_equal(sent_for(sim, "e\314\201x"), "e\314\201\033[;5Hx");
	/* What they may have covered is written again. */
	assert_string_equal(sent_for(sim, "\033[3Habc\033[3H\342\230\200"),
			    "\r\n\n\342\230\200\033[3;2Hbc\b\b");
}

/* A stream of everything that the screen model knows, and more. */
static size_t random_stream(struct prop *p, char *to, size_t room)
{
	static const char *const fixed[] = {
		"\r\n",
		"\n",
		"\r\n",
		"\t",
		"\b",
		"\033M",
		"\033D",
		"\0337",
		"\0338",
		"\033c",
		"\033(0",
		"\033(B",
		"\016",
		"\017",
		"\033[m",
		"\033[r",
		"\033[?25l",
		"\033[?25h",
		"\033[?1049h",
		"\033[?1049l",
		"\033[?1h",
		"\033[?1l",
		"\033=",
		"\033>",
		"\033[?2004h",
		"\033[?2004l",
		"\033[?1000h",
		"\033[?1003h",
		"\033[?1002l",
		"\033[?1006h",
		"\033[?5h",
		"\033[?5l",
		"\033[4h",
		"\033[4l",
		"\033[?7l",
		"\033[?7h",
		"\033[?6h",
		"\033[?6l",
		"\033[?1006l",
		"\033[?1002h",
		"\033[2J",
		"\344\270\255",
		"\360\237\230\200",
		"e\314\201",
		"\342\230\200",
		"\303\251",
		"\342\224\202",
		"\033[7m",
		"\033[4m",
		"\033[44m",
		"\033[49m",
		"\033[1;33m",
		"\033[38;5;123m",
		"\033[48;2;1;2;3m",
		"\033[9m",
		"\033[8m",
	};
	static const char finals[] = "ABCDEFGHJKLMPSTX@bdfhlmr";
	size_t used = 0;

	while (used + 128 < room) {
		unsigned int n;

		switch (prop_below(p, 6)) {
		case 0:
			n = prop_below(p, ARRAY_SIZE(fixed));
			memcpy(to + used, fixed[n], strlen(fixed[n]));
			used += strlen(fixed[n]);
			break;
		case 1:
			used += sprintf(to + used, "\033[%u;%u%c", (unsigned int)prop_below(p, 30),
					(unsigned int)prop_below(p, 90),
					finals[prop_below(p, sizeof(finals) - 1)]);
			break;
		case 2:
			used += sprintf(to + used, "\033[%uH", (unsigned int)prop_below(p, 26));
			break;
		case 3:
			to[used++] = (char)prop_u64(p);
			break;
		default:
			for (n = prop_below(p, prop_one_in(p, 8) ? 100 : 12); n > 0; n--)
				to[used++] = (char)(prop_one_in(p, 5) ? ' ' : 'a' + n % 26);
			break;
		}
		if (prop_one_in(p, 4))
			break;
	}
	return used;
}

static void random_step(struct sim *sim, struct prop *p)
{
	char text[1024];
	unsigned int screen = prop_one_in(p, 3) ? prop_below(p, SIM_SCREENS) : sim->watched;
	unsigned int columns = prop_between(p, 1, prop_one_in(p, 4) ? 600 : 90);
	unsigned int rows = prop_between(p, 1, prop_one_in(p, 4) ? 300 : 30);

	switch (prop_below(p, 64)) {
	case 0:
		sim_resize(sim, columns, rows, !prop_one_in(p, 3));
		break;
	case 1:
		sim_resize_screen(sim, screen, columns, rows);
		break;
	case 2:
		sim_disturb(sim, text, random_stream(p, text, 200));
		break;
	case 3:
		sim_resize(sim, 80, 24, true);
		break;
	case 4:
	case 5:
	case 6:
		sim_watch(sim, prop_below(p, SIM_SCREENS));
		break;
	default:
		sim_write(sim, screen, text,
			  random_stream(p, text, prop_one_in(p, 4) ? sizeof(text) : 200));
		break;
	}
	if (prop_one_in(p, 2))
		sim_paint(sim, PAINTER_ROOM_MIN + prop_below(p, prop_one_in(p, 3) ? 600 : 60));
	if (prop_one_in(p, 16))
		sim_settle(sim, PAINTER_ROOM_MIN + prop_below(p, 1000));
}

static void the_terminal_shows_the_screen(void **state)
{
	struct prop p = prop_start("painter");

	for (unsigned int round = 0; round < 30; round++) {
		struct sim *sim = sim_start(round % 3 == 0);

		for (unsigned int i = 0; i < 300; i++)
			random_step(sim, &p);
		sim_settle(sim, ROOM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_sent_as_it_is),
		cmocka_unit_test(what_is_there_is_not_sent),
		cmocka_unit_test(scrolls_are_made_by_the_terminal),
		cmocka_unit_test(pens_change_when_they_must),
		cmocka_unit_test(blanks_are_erased),
		cmocka_unit_test(modes_are_mirrored),
		cmocka_unit_test(doubtful_widths_are_followed_by_a_move),
		cmocka_unit_test(the_terminal_shows_the_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
