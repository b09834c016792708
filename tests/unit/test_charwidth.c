/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/charwidth.h"
#include "lib/charwidth_table.h"

/* Known ones (UAX #11 and UnicodeData.txt 15.0), at borders of ranges where there are some. */
static void test_known(void **state)
{
	static const struct {
		uint32_t code;
		unsigned int width;
	} cases[] = {
		{' ', 1},     {'~', 1},     {0xa0, 1},    {0xad, 1},    {0x2ff, 1},   {0x300, 0},
		{0x36f, 0},   {0x370, 1},   {0x10ff, 1},  {0x1100, 2},  {0x115f, 2},  {0x1160, 0},
		{0x11ff, 0},  {0x1200, 1},  {0x200b, 0},  {0x200d, 0},  {0x2010, 1},  {0x2500, 1},
		{0x231a, 2},  {0x2fff, 1},  {0x3000, 2},  {0x302a, 0},  {0x303f, 1},  {0x4e00, 2},
		{0x9fff, 2},  {0xac00, 2},  {0xd7a3, 2},  {0xe000, 1},  {0xfe0f, 0},  {0xff01, 2},
		{0xff60, 2},  {0xff61, 1},  {0xfffd, 1},  {0x1f600, 2}, {0x20000, 2}, {0x2fffd, 2},
		{0x2fffe, 1}, {0x3fffd, 2}, {0xe0001, 0}, {0xe0100, 0}, {0xf0000, 1}, {0x10ffff, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (charwidth(cases[i].code) != cases[i].width)
			fail_msg("U+%04X: %u", cases[i].code, charwidth(cases[i].code));
	}
}

/* The table is sorted, each entry changes the width, and the search finds what a walk finds. */
static void test_all(void **state)
{
	unsigned int width = 1;
	size_t next = 0;

	for (uint32_t code = ' '; code <= 0x10ffff; code++) {
		if (next < ARRAY_SIZE(charwidth_table) && charwidth_table[next] >> 2 == code) {
			assert_int_not_equal(charwidth_table[next] & 3, width);
			width = charwidth_table[next++] & 3;
		}
		if (charwidth(code) != width)
			fail_msg("U+%04X: %u", code, charwidth(code));
	}
	assert_int_equal(next, ARRAY_SIZE(charwidth_table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
