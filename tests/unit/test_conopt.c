/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/conopt.h"

static void test_plain(void **unused)
{
	assert_true(conopt_is_plain("view=plain"));
	assert_true(conopt_is_plain("view=log escape=^T view=plain"));
	assert_false(conopt_is_plain(""));
	assert_false(conopt_is_plain("view"));
	assert_false(conopt_is_plain("view=plainer"));
	assert_false(conopt_is_plain("view=plai"));
	assert_false(conopt_is_plain("view2=plain"));
	assert_int_equal(conopt_memory_bytes("view=plain"), 0);
}

static void test_history(void **unused)
{
	static const struct {
		const char *cmdline;
		unsigned int kib;
		enum err err;
	} cases[] = {
		{"", 640, ERR_OK},
		{"scrollback=64", 64, ERR_OK},
		{"scrollback=16", 16, ERR_OK},
		{"scrollback=15", 640, ERR_RANGE},
		{"scrollback=8192", 8192, ERR_OK},
		{"scrollback=8193", 640, ERR_RANGE},
		{"scrollback=99999999999999999999999", 640, ERR_RANGE},
		{"scrollback=", 640, ERR_RANGE},
		{"scrollback=1M", 640, ERR_RANGE},
		{"scrollback=-64", 640, ERR_RANGE},
	};
	unsigned int i;
	size_t bytes;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(conopt_history(cases[i].cmdline, &bytes), cases[i].err);
		assert_int_equal(bytes, KIB(cases[i].kib));
	}
	assert_int_equal(conopt_memory_bytes("scrollback=1640") - conopt_memory_bytes(""),
			 3 * KIB(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
