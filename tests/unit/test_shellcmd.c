/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/shellcmd.h"

static void test_split(void **unused)
{
	char plain[] = "  map svm.1   0xffff ", empty[] = "   ", many[] = "1 2 3 4 5 6 7 8 9";
	struct shellcmd c;

	assert_true(shellcmd_split(&c, plain));
	assert_int_equal(c.count, 3);
	assert_string_equal(c.word[0], "map");
	assert_string_equal(c.word[1], "svm.1");
	assert_string_equal(c.word[2], "0xffff");
	assert_null(c.word[3]);
	assert_true(shellcmd_split(&c, empty));
	assert_int_equal(c.count, 0);
	assert_false(shellcmd_split(&c, many));
	many[15] = '\0';
	memset(many, ' ', 2);
	assert_true(shellcmd_split(&c, many));
}

static void check_target(const char *text, bool good, uint32_t vm, uint32_t vcpu)
{
	uint32_t found_vm = 99, found_vcpu = 99;

	assert_int_equal(shellcmd_target(text, 16, &found_vm, &found_vcpu), good);
	if (good) {
		assert_int_equal(found_vm, vm);
		assert_int_equal(found_vcpu, vcpu);
	}
}

static void test_target(void **unused)
{
	static const char *const bad[] = {
		"",   "svm.", "svmx", "svm.x", ".1",        "x",  "1.2.3",  "1.",        "-1",
		"1 ", "0x1",  "svm1", "1..2",  "123456789", "sv", "svm.1x", "4294967297"};

	check_target("svm", true, 16, 0);
	check_target("svm.3", true, 16, 3);
	check_target("0", true, 0, 0);
	check_target("15.31", true, 15, 31);
	check_target("999999.7", true, 999999, 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_target(bad[i], false, 0, 0);
}

static void test_choice(void **unused)
{
	static const char *const list[] = {"on", "off", NULL};

	assert_int_equal(shellcmd_choice("on", list), 0);
	assert_int_equal(shellcmd_choice("off", list), 1);
	assert_int_equal(shellcmd_choice("of", list), -1);
	assert_int_equal(shellcmd_choice("", list), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
