/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "vmm/escape.h"

static void test_there(void **unused)
{
	static const uint8_t bytes[] = "a b~\\\x1b[2J\xff";
	char text[ESCAPE_ROOM(sizeof(bytes))];

	assert_int_equal(escape_bytes(text, bytes, sizeof(bytes)), 23);
	assert_string_equal(text, "a b~\\x5c\\x1b[2J\\xff\\x00");
	assert_int_equal(escape_bytes(text, bytes, 0), 0);
	assert_string_equal(text, "");
}

static void test_back(void **unused)
{
	uint8_t all[256], back[ESCAPE_ROOM(256)];
	char text[ESCAPE_ROOM(256)];
	size_t count;

	for (unsigned int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	escape_bytes(text, all, sizeof(all));
	assert_true(escape_undo(text, back, &count));
	assert_int_equal(count, 256);
	assert_memory_equal(back, all, 256);
}

static void test_wrong(void **unused)
{
	static const char *const wrong[] = {"\\", "a\\x", "\\x1", "\\x1g", "\\n", "\\x1G"};
	uint8_t to[16];
	size_t count;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(escape_undo(wrong[i], to, &count));
	assert_true(escape_undo("\xc3\xa4", to, &count)); /* as it is */
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
