/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/lineedit.h"
#include "lib/screen.h"
#include "tests/unit/prop.h"

/* An editor whose terminal is lib/screen.h's: after each key its row must show the line. */
static struct {
	struct lineedit e;
	struct screen s;
	uint8_t *memory;
} t;

static void to_screen(void *ctx, const char *text, size_t bytes)
{
	screen_write(&t.s, (const uint8_t *)text, bytes);
}

static const char *const words[] = {"map", "mem", "memory-of-a-vm", "regs", "reboot", NULL};

static const char *offer(void *ctx, const char *line, size_t start, size_t length, unsigned int n)
{
	for (int i = 0; words[i]; i++) {
		if (strncmp(words[i], line + start, length) == 0 && n-- == 0)
			return words[i];
	}
	return NULL;
}

static const struct lineedit_client client = {.write = to_screen, .candidate = offer};

static void start(unsigned int columns)
{
	size_t bytes = screen_grid_bytes(SCREEN_NO_HISTORY);

	t.memory = aligned_alloc(16, (bytes + 15) / 16 * 16);
	screen_init(&t.s, t.memory, bytes, SCREEN_NO_HISTORY);
	screen_resize(&t.s, columns, 24);
	lineedit_init(&t.e, &client);
	lineedit_columns(&t.e, columns);
	lineedit_begin(&t.e, "> ");
}

static void stop(void)
{
	free(t.memory);
}

/* The row with the cursor is the prompt and a part of the line, with the cursor where it is. */
static void check_row(void)
{
	const struct screen_cell *row = screen_row(&t.s, t.s.y);
	unsigned int columns = t.s.columns;
	size_t first = t.e.first;

	assert_int_equal(row[0].text, '>');
	assert_int_equal(row[1].text, ' ');
	assert_true(first <= t.e.cursor && t.e.cursor <= t.e.length);
	assert_int_equal(t.s.x, 2 + t.e.cursor - first);
	assert_int_equal(strlen(t.e.line), t.e.length);
	for (unsigned int x = 2; x < columns - 1; x++)
		assert_int_equal(row[x].text,
				 first + x - 2 < t.e.length ? t.e.line[first + x - 2] : ' ');
	assert_int_equal(row[columns - 1].text, ' ');
}

static enum lineedit_event press(uint8_t kind, uint32_t code, uint8_t modifiers)
{
	struct termkey_token key = {.kind = kind, .code = code, .modifiers = modifiers};
	enum lineedit_event event = lineedit_key(&t.e, &key);

	if (event == LINEEDIT_NOTHING)
		check_row();
	else
		assert_int_equal(t.s.x, event == LINEEDIT_END ? 2 : 0);
	return event;
}

static void type(const char *text)
{
	for (; *text != '\0'; text++)
		assert_int_equal(press(TERMKEY_TEXT, (uint8_t)*text, 0), LINEEDIT_NOTHING);
}

static enum lineedit_event ctrl(char letter)
{
	return press(TERMKEY_CONTROL, letter & 31, 0);
}

static void named(uint32_t key)
{
	assert_int_equal(press(TERMKEY_KEY, key, 0), LINEEDIT_NOTHING);
}

static void give(const char *text)
{
	type(text);
	assert_int_equal(ctrl('M'), LINEEDIT_LINE);
	assert_string_equal(t.e.line, text);
	lineedit_keep(&t.e);
	lineedit_begin(&t.e, "> ");
	check_row();
}

static void test_editing(void **unused)
{
	start(80);
	type("hello wrld");
	named(TERMKEY_LEFT);
	named(TERMKEY_LEFT);
	named(TERMKEY_LEFT);
	type("o");
	assert_string_equal(t.e.line, "hello world");
	ctrl('A');
	named(TERMKEY_DELETE);
	type("J");
	ctrl('E');
	press(TERMKEY_CONTROL, 127, 0);
	ctrl('H');
	assert_string_equal(t.e.line, "Jello wor");
	ctrl('W');
	assert_string_equal(t.e.line, "Jello ");
	ctrl('Y');
	ctrl('Y');
	assert_string_equal(t.e.line, "Jello worwor");
	press(TERMKEY_TEXT, 'b', TERMKEY_ALT);
	assert_int_equal(t.e.cursor, 6);
	ctrl('K');
	ctrl('U');
	assert_string_equal(t.e.line, "");
	type("ab");
	ctrl('T');
	assert_string_equal(t.e.line, "ba");
	press(TERMKEY_TEXT, 0xe9, 0);
	press(TERMKEY_KEY, TERMKEY_F1, 0);
	press(TERMKEY_OTHER, 0, 0);
	assert_string_equal(t.e.line, "ba");
	assert_int_equal(ctrl('C'), LINEEDIT_QUIT);
	lineedit_begin(&t.e, "> ");
	assert_int_equal(ctrl('D'), LINEEDIT_END);
	named(TERMKEY_DELETE); /* is no end */
	stop();
}

static void test_full(void **unused)
{
	start(40);
	for (unsigned int i = 0; i < LINEEDIT_BYTES + 20; i++)
		type("x");
	assert_int_equal(t.e.length, LINEEDIT_BYTES - 1);
	assert_true(t.s.bells >= 20);
	ctrl('U');
	ctrl('Y');
	ctrl('Y');
	assert_int_equal(t.e.length, LINEEDIT_BYTES - 1);
	ctrl('A');
	type("y");
	assert_int_equal(t.e.length, LINEEDIT_BYTES - 1);
	assert_int_equal(ctrl('M'), LINEEDIT_LINE);
	stop();
}

static void test_history(void **unused)
{
	char text[16];

	start(80);
	named(TERMKEY_UP);
	give("one");
	give("two");
	give("one");
	type("th");
	named(TERMKEY_UP);
	assert_string_equal(t.e.line, "one");
	named(TERMKEY_UP);
	assert_string_equal(t.e.line, "two");
	named(TERMKEY_UP); /* "one" was moved, not put twice */
	assert_string_equal(t.e.line, "two");
	type("!");
	named(TERMKEY_DOWN);
	assert_string_equal(t.e.line, "one");
	named(TERMKEY_DOWN);
	assert_string_equal(t.e.line, "th");
	named(TERMKEY_DOWN);
	ctrl('U');
	for (int i = 0; i < 3 * LINEEDIT_HISTORY; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		give(text);
	}
	give("n40");
	for (int i = 0; i < LINEEDIT_HISTORY + 3; i++)
		ctrl('P');
	assert_string_equal(t.e.line, "n32");
	named(TERMKEY_DOWN);
	assert_string_equal(t.e.line, "n33");
	stop();
}

static void test_completion(void **unused)
{
	unsigned int row;

	start(80);
	type("ma");
	ctrl('I');
	assert_string_equal(t.e.line, "map ");
	type("re");
	row = t.s.y;
	ctrl('I'); /* regs, reboot */
	assert_string_equal(t.e.line, "map re");
	assert_int_equal(t.s.y, row + 2);
	type("g");
	ctrl('I');
	assert_string_equal(t.e.line, "map regs ");
	ctrl('U');
	type("mem");
	ctrl('I'); /* mem, memory-of-a-vm */
	assert_string_equal(t.e.line, "mem");
	type("o");
	ctrl('I');
	assert_string_equal(t.e.line, "memory-of-a-vm ");
	type("zz");
	ctrl('I');
	assert_string_equal(t.e.line, "memory-of-a-vm zz");
	stop();
}

/* Any keys on any width, with a model of the line. */
static void test_random(void **unused)
{
	static const char controls[] = "ABFHKUWYTEPNILD";
	struct prop p = prop_start("lineedit");

	for (int round = 0; round < 200; round++) {
		start(16 + (unsigned int)prop_below(&p, 100));
		for (int i = 0; i < 300; i++) {
			enum lineedit_event event = LINEEDIT_NOTHING;

			if (prop_one_in(&p, 3))
				event = ctrl(controls[prop_below(&p, sizeof(controls) - 1)]);
			else if (prop_one_in(&p, 4))
				named((uint32_t)prop_below(&p, TERMKEY_F12));
			else if (prop_one_in(&p, 8))
				press(TERMKEY_TEXT, "bfdx"[prop_below(&p, 4)], TERMKEY_ALT);
			else if (prop_one_in(&p, 40))
				event = ctrl('M');
			else
				type(prop_one_in(&p, 4) ? " " : "m");
			if (event == LINEEDIT_LINE) {
				lineedit_keep(&t.e);
				lineedit_begin(&t.e, "> ");
			}
		}
		stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editing), cmocka_unit_test(test_full),
		cmocka_unit_test(test_history), cmocka_unit_test(test_completion),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
