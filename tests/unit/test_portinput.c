/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/portinput.h"
#include "tests/unit/prop.h"

#define ESCAPE 7

/*
 * What comes of a text, as a text: bytes as they are, <x> a command, (k) a token for the view,
 * {s r c} a size, {c r c} a cursor.
 */
static const char *sorted(struct portinput *p, const char *text, size_t step)
{
	static char out[400];
	size_t left = strlen(text), used = 0, count;
	const uint8_t *bytes = (const uint8_t *)text;
	struct portinput_event e;

	while (left > 0) {
		count = step < left ? step : left;
		left -= count;
		while (portinput_next(p, &bytes, &count, &e)) {
			char *to = out + used;
			size_t room = sizeof(out) - used;

			if (e.kind == PORTINPUT_BYTES) {
				memcpy(to, e.bytes, e.count);
				used += e.count;
			} else if (e.kind == PORTINPUT_COMMAND) {
				used += (size_t)snprintf(to, room, "<%c>", e.code ? e.code : '0');
			} else if (e.kind == PORTINPUT_KEY) {
				used += (size_t)snprintf(to, room, "(%u:%u)", e.token.kind,
							 e.token.code);
			} else {
				used += (size_t)snprintf(to, room, "{%c %u %u}",
							 e.kind == PORTINPUT_SIZE ? 's' : 'c',
							 e.rows, e.columns);
			}
		}
		assert_int_equal(count, 0);
	}
	out[used] = 0;
	return out;
}

static void test_sorting(void **unused)
{
	static const struct {
		const char *in, *out;
		bool has_view, expects;
	} cases[] = {
		{"abc", "abc", false, false},
		{"a\007lb", "a<l>b", false, false},
		{"a\007\007b", "a\007b", false, false},
		{"a\007\007\007\007b", "a\007\007b", false, false},
		{"a\007\033[Ab", "a<0>b", false, false},
		{"a\007\001b", "a<\001>b", false, false},
		{"a\007?b", "a<?>b", false, false},
		/* A key that is held back by nothing: not even half a sequence. */
		{"\033", "\033", false, false},
		{"\033[8;50;200t", "\033[8;50;200t", false, false},
		{"\033[8;50;200t", "{s 50 200}", false, true},
		{"a\033[50;200Rb", "a{c 50 200}b", false, true},
		{"a\033[Ab\033[8;50;200tc", "a\033[Ab{s 50 200}c", false, true},
		/* A reply in between does not take the place of the command. */
		{"\007\033[8;50;200tl", "{s 50 200}<l>", false, true},
		{"\033[Aq", "(2:1)(0:113)", true, false},
		{"x\007l", "(0:120)<l>", true, false},
		{"x\007\007", "(0:120)\007", true, false},
		/* The escape key ends a sequence that it comes into. */
		{"\033[1\007l", "\033[1<l>", false, true},
	};
	unsigned int i, step;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (step = 1; step < 20; step++) {
			struct portinput p;
			const char *out;

			portinput_init(&p, ESCAPE);
			p.has_view = cases[i].has_view;
			p.expects = cases[i].expects;
			out = sorted(&p, cases[i].in, step);
			if (strcmp(out, cases[i].out) != 0)
				fail_msg("case %u in steps of %u: %s", i, step, out);
			assert_false(portinput_is_waiting(&p));
		}
	}
}

static void test_flush(void **unused)
{
	struct portinput_event e;
	struct portinput p;

	portinput_init(&p, ESCAPE);
	p.expects = true;
	assert_string_equal(sorted(&p, "\033", 1), "");
	assert_true(portinput_is_waiting(&p));
	assert_true(portinput_flush(&p, &e));
	assert_int_equal(e.kind, PORTINPUT_BYTES);
	assert_int_equal(e.count, 1);
	assert_int_equal(e.bytes[0], '\033');
	assert_false(portinput_flush(&p, &e));
	/* What waited when the answer was given up comes first. */
	assert_string_equal(sorted(&p, "\033[5", 1), "");
	p.expects = false;
	assert_string_equal(sorted(&p, "~x", 2), "\033[5~x");
	/* ESC after the escape key is no command. */
	assert_string_equal(sorted(&p, "\007\033", 1), "");
	assert_true(portinput_flush(&p, &e));
	assert_int_equal(e.kind, PORTINPUT_COMMAND);
	assert_int_equal(e.code, 0);
}

static void test_escape_option(void **unused)
{
	static const struct {
		const char *text;
		uint8_t escape;
	} cases[] = {
		{"^G", 7},      {"^g", 7},      {"ctrl-a", 1}, {"Ctrl-T", 20}, {"CTRL+]", 29},
		{"^?", 127},    {"^@", 0},      {"^_", 31},    {"^[", 99},     {"^", 99},
		{"G", 99},      {"", 99},       {"^1", 99},    {"ctrl-", 99},  {"ctrl-[", 99},
		{"ctrlxa", 99}, {"alt-ga", 99}, {"^GG", 99},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t escape = 99;
		enum err err =
			portinput_parse_escape(cases[i].text, strlen(cases[i].text), &escape);

		assert_int_equal(err == ERR_OK, cases[i].escape != 99);
		assert_int_equal(escape, cases[i].escape);
	}
}

static void test_escape_name(void **unused)
{
	char name[8];

	portinput_escape_name(7, name);
	assert_string_equal(name, "Ctrl-G");
	portinput_escape_name(127, name);
	assert_string_equal(name, "Ctrl-?");
	portinput_escape_name(29, name);
	assert_string_equal(name, "Ctrl-]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_escape_option),
		cmocka_unit_test(test_escape_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
