/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "vmm/guestreport.h"

static void test_clean(void **unused)
{
	char text[8];

	guestreport_clean(text, sizeof(text), "a\x1b[2\xffJ\n", 7);
	assert_string_equal(text, "a?[2?J?");
	guestreport_clean(text, sizeof(text), "12345678", 8);
	assert_string_equal(text, "1234567");
	guestreport_clean(text, sizeof(text), "12345678", 3);
	assert_string_equal(text, "123");
	guestreport_clean(text, sizeof(text), "1\0hidden", 8);
	assert_string_equal(text, "1");
	guestreport_clean(text, sizeof(text), "", 0);
	assert_string_equal(text, "");
}

static void add(struct guestreport *r, const char *text)
{
	guestreport_add_address(r, text, strlen(text));
}

/* Each is better than the ones before. */
static void test_address(void **unused)
{
	static const char *const better[] = {"127.0.0.1", "fe80::1", "2001:db8::1", "192.0.2.7"};
	struct guestreport r = {0};

	assert_null(guestreport_address(&r));
	for (size_t i = 0; i < ARRAY_SIZE(better); i++) {
		add(&r, better[i]);
		assert_string_equal(guestreport_address(&r), better[i]);
	}
	add(&r, "192.0.2.8");
	add(&r, "169.254.3.4");
	add(&r, "::1");
	assert_string_equal(guestreport_address(&r), "192.0.2.7");
}

static void test_many(void **unused)
{
	struct guestreport r = {0};
	char text[32];

	add(&r, "");
	add(&r, "192.0.2.1");
	add(&r, "192.0.2.1");
	assert_int_equal(r.addresses, 1);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", i);
		add(&r, text);
	}
	assert_int_equal(r.addresses, GUESTREPORT_ADDRESSES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
