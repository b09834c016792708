/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/hostreport.h"
#include "tests/unit/prop.h"

static struct host_report a_report(void)
{
	struct host_report r = {.bytes = sizeof(r), .off_count = 2, .name = "depot"};

	strcpy(r.address, "192.0.2.7");
	strcpy(r.machine, "a board");
	strcpy(r.off[0], "mail");
	strcpy(r.off[1], "web");
	return r;
}

static void test_right(void **state)
{
	struct host_report r = a_report(), before = r;

	assert_int_equal(hostreport_clean(&r), ERR_OK);
	assert_memory_equal(&r, &before, sizeof(r));
}

static void test_wrong(void **state)
{
	struct host_report r = a_report();

	r.bytes--;
	assert_int_equal(hostreport_clean(&r), ERR_INVALID);
	r = a_report();
	r.off_count = HOST_REPORT_VMS + 1;
	assert_int_equal(hostreport_clean(&r), ERR_INVALID);
	r = a_report();
	r.off_count = 3; /* the third has no name */
	assert_int_equal(hostreport_clean(&r), ERR_INVALID);
	r = a_report();
	r.reserved = 1;
	assert_int_equal(hostreport_clean(&r), ERR_INVALID);
}

/* Terminals' control characters, text without an end, leftovers behind the end. */
static void test_text(void **state)
{
	struct host_report r = a_report();

	strcpy(r.name, "a\x1b[2J\x9b\xff\x7f~");
	strcpy(r.address, "x");
	r.address[2] = 'y';
	memset(r.message, 'm', sizeof(r.message));
	memset(r.off[1], '\n', sizeof(r.off[1]));
	strcpy(r.guest[0].address, "\x1b[2J");
	memset(r.guest[15].os, 'o', sizeof(r.guest[15].os));
	assert_int_equal(hostreport_clean(&r), ERR_OK);
	assert_string_equal(r.name, "a?[2J???~");
	assert_int_equal(r.address[2], 0);
	assert_int_equal(strlen(r.message), sizeof(r.message) - 1);
	assert_int_equal(strlen(r.off[1]), sizeof(r.off[1]) - 1);
	assert_int_equal(r.off[1][0], '?');
	assert_string_equal(r.guest[0].address, "?[2J");
	assert_int_equal(strlen(r.guest[15].os), sizeof(r.guest[15].os) - 1);
}

static void test_random(void **state)
{
	struct prop p = prop_start("hostreport");

	for (unsigned int round = 0; round < 20000; round++) {
		struct host_report r;

		for (size_t i = 0; i < sizeof(r); i++)
			((uint8_t *)&r)[i] = (uint8_t)prop_below(&p, 256);
		r.bytes = sizeof(r);
		r.reserved = 0;
		r.off_count = (uint32_t)prop_below(&p, HOST_REPORT_VMS + 2);
		if (hostreport_clean(&r) != ERR_OK)
			continue;
		assert_true(r.off_count <= HOST_REPORT_VMS);
		for (size_t i = offsetof(struct host_report, name); i < sizeof(r); i++) {
			char c = ((const char *)&r)[i];

			assert_true(c == 0 || (c >= ' ' && c <= '~'));
		}
		assert_int_equal(r.message[sizeof(r.message) - 1], 0);
	}
}

static void test_load(void **state)
{
	struct hostreport_span span = {.all = 3000, .busy = 4500, .away = 3000};

	assert_int_equal(hostreport_load(&span), 50);
	span.away = 5000; /* two accounts never fit together */
	assert_int_equal(hostreport_load(&span), 0);
	span = (struct hostreport_span){0, UINT64_MAX, 0};
	assert_int_equal(hostreport_load(&span), 0);
	span.all = 100;
	assert_int_equal(hostreport_load(&span), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_text),  cmocka_unit_test(test_random),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
