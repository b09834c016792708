/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "vmm/guestreport.h"
#include "vmm/tools.h"

/* What the tools of a Debian 12 say. */
static struct tools_report debian(void)
{
	struct tools_report t = {
		.version = "12.2.0", .host_name = "pontoon", .os_name = "debian12-64"};

	strcpy(t.os_full, "Debian GNU/Linux 12");
	strcpy(t.os_detailed, "architecture='Arm' bitness='64' distroName='Debian' "
			      "prettyName='Debian GNU/Linux 12 (bookworm)' familyName='Linux'");
	t.nics.cards = 2;
	t.nics.card[0].addresses = 2;
	t.nics.card[0].address[0] =
		(struct gtnic_address){.bytes = {0xfe, 0x80, [15] = 1}, .count = 16, .prefix = 64};
	t.nics.card[0].address[1] =
		(struct gtnic_address){.bytes = {192, 0, 2, 7}, .count = 4, .prefix = 24};
	t.nics.card[1].addresses = 1;
	t.nics.card[1].address[0] =
		(struct gtnic_address){.bytes = {192, 0, 2, 8}, .count = 4, .prefix = 24};
	return t;
}

static void test_right(void **unused)
{
	struct tools_report t = debian();
	struct guestreport r;

	guestreport_from_tools(&r, &t);
	assert_string_equal(r.os, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(r.host_name, "pontoon");
	assert_string_equal(r.tools, "12.2.0");
	assert_int_equal(r.addresses, 3);
	assert_string_equal(r.address[0], "fe80::1");
	assert_string_equal(r.address[1], "192.0.2.7");
	assert_string_equal(r.address[2], "192.0.2.8");
}

static const char *os_of(const char *detailed)
{
	static struct guestreport r;
	struct tools_report t = debian();

	strcpy(t.os_detailed, detailed);
	guestreport_from_tools(&r, &t);
	return r.os;
}

/* A guest may say what it likes. */
static void test_os(void **unused)
{
	static const char *const none[] = {"",
					   "prettyName",
					   "prettyName=",
					   "prettyName=Debian",
					   "prettyName=''",
					   "notprettyName='x'",
					   "prettyName='"};
	struct tools_report t = debian();
	struct guestreport r;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_string_equal(os_of(none[i]), "Debian GNU/Linux 12");
	assert_string_equal(os_of("prettyName='no end"), "no end");
	assert_string_equal(os_of("notprettyName='x' prettyName='y'"), "y");
	t.os_detailed[0] = '\0';
	t.os_full[0] = '\0';
	guestreport_from_tools(&r, &t);
	assert_string_equal(r.os, "debian12-64");
	memset(t.os_full, 'o', sizeof(t.os_full) - 1);
	guestreport_from_tools(&r, &t);
	assert_int_equal(strlen(r.os), sizeof(r.os) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_os),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
