/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/cmdline.h"
#include "tests/unit/prop.h"

static void check(const char *cmdline, const char *name, const char *want)
{
	size_t length = 12345;
	const char *value = cmdline_get(cmdline, name, &length);

	if (want == NULL) {
		assert_null(value);
		assert_int_equal(length, 12345);
		return;
	}
	assert_non_null(value);
	assert_int_equal(length, strlen(want));
	assert_memory_equal(value, want, length);
	assert_true(value >= cmdline && value + length <= cmdline + strlen(cmdline));
}

static void test_words(void **state)
{
	check("", "a", NULL);
	check("   ", "a", NULL);
	check("a", "a", "");
	check("a", "", NULL);
	check("=x", "", NULL);
	check("a=1", "a", "1");
	check("a=", "a", "");
	check("ab=1", "a", NULL);
	check("a=1", "ab", NULL);
	check("x y=2 z", "y", "2");
	check("x y=2 z", "z", "");
	check("\tx\ny=2\r\n", "y", "2");
	check("y=a=b", "y", "a=b");
	check("b a=b", "b", "");
	check("a b", "a b", NULL);
}

static void test_last_wins(void **state)
{
	check("a=1 b a=2", "a", "2");
	check("a=1 a", "a", "");
	check("a a=3 ab=4", "a", "3");
}

static void test_quotes(void **state)
{
	check("a=\"1 2\" b=3", "a", "1 2");
	check("a=\"1 2\" b=3", "b", "3");
	check("a=\"x b=3\"", "b", NULL);
	check("a=\"\"", "a", "");
	check("a=\"", "a", "");
	check("a=\"unended b=3", "a", "unended b=3");
	check("a=\"unended b=3", "b", NULL);
	check("a=x\"y z\"w b", "a", "x\"y z\"w");
	check("a=x\"y z\"w b", "b", "");
}

/* Words built from parts, then each name looked up against what was put in last. */
static void test_built(void **state)
{
	struct prop p = prop_start(__func__);
	static const char *const names[] = {"a", "ab", "b", "console", "c"};
	static const char *const values[] = {"", "1", "a=1", "x y", " a ", "0x10", "a"};
	static const char *const blanks[] = {" ", "  ", "\t", "\n"};

	for (int round = 0; round < 5000; round++) {
		const char *last[ARRAY_SIZE(names)] = {NULL};
		char line[512] = "";

		for (uint64_t words = prop_below(&p, 8); words != 0; words--) {
			unsigned int name = prop_below(&p, ARRAY_SIZE(names));
			const char *value = values[prop_below(&p, ARRAY_SIZE(values))];
			bool quote = strchr(value, ' ') != NULL || prop_one_in(&p, 3);
			bool bare = *value == '\0' && !quote && prop_one_in(&p, 2);

			strcat(line, names[name]);
			strcat(line, bare ? "" : quote ? "=\"" : "=");
			strcat(line, value);
			strcat(line, quote ? "\"" : "");
			strcat(line, blanks[prop_below(&p, ARRAY_SIZE(blanks))]);
			last[name] = value;
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
			check(line, names[i], last[i]);
	}
}

/* Any text at all: what comes out lies within it. */
static void test_noise(void **state)
{
	struct prop p = prop_start(__func__);
	static const char letters[] = "aab==\"\" \t\nx";

	for (int round = 0; round < 20000; round++) {
		size_t bytes = prop_below(&p, 16);
		char *line = malloc(bytes + 1);
		size_t length = 0;

		for (size_t i = 0; i < bytes; i++)
			line[i] = letters[prop_below(&p, sizeof(letters) - 1)];
		line[bytes] = '\0';

		const char *value = cmdline_get(line, "a", &length);

		if (value != NULL)
			assert_true(value > line && value + length <= line + bytes);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),  cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_quotes), cmocka_unit_test(test_built),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
