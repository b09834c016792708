/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "abi/bootinfo.h"
#include "lib/bootcfg.h"

static struct bootcfg cfg;

static void check(enum bootcfg_key key, const char *want)
{
	assert_int_equal(cfg.value[key].bytes, strlen(want));
	assert_memory_equal(cfg.value[key].text, want, strlen(want));
}

static void test_values(void **state)
{
	static const char text[] = "# a comment\r\n"
				   "\r\n"
				   "\t kernel =\\boot\\vmlinuz \r\n"
				   "initrd= /initrd.img\n"
				   " cmdline = root=/dev/vda2  quiet # not a comment\t\n"
				   "options =\n"
				   "devicetree = a b.dtb";

	assert_int_equal(bootcfg_parse(&cfg, text, sizeof(text) - 1), ERR_OK);
	check(BOOTCFG_KERNEL, "\\boot\\vmlinuz");
	check(BOOTCFG_INITRD, "/initrd.img");
	check(BOOTCFG_CMDLINE, "root=/dev/vda2  quiet # not a comment");
	check(BOOTCFG_OPTIONS, "");
	check(BOOTCFG_DEVICETREE, "a b.dtb");
	assert_int_equal(bootcfg_parse(&cfg, "\xef\xbb\xbfkernel=k", 11), ERR_OK);
	check(BOOTCFG_KERNEL, "k");
	assert_int_equal(cfg.value[BOOTCFG_INITRD].bytes, 0);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		const char *why;
	} cases[] = {
		{"", 0, "it names no kernel"},
		{"# nothing\n\ninitrd=i\n", 0, "it names no kernel"},
		{"kernel=k\nquiet\n", 2, "no '='"},
		{"kernel=k\n\nkernal=k\n", 3, "no such key"},
		{"=k\n", 1, "no such key"},
		{"kernelx=k\n", 1, "no such key"},
		{"kerne=k\n", 1, "no such key"},
		{"kernel=k\nkernel=k\n", 2, "the key is there a second time"},
		{"options=\nkernel=k\noptions=a\n", 3, "the key is there a second time"},
		{"kernel= \t\n", 1, "a file's name is missing"},
		{"kernel=k\ninitrd=", 2, "a file's name is missing"},
		{"kernel=\x80k\n", 1, "a character that is not ASCII text"},
		{"kernel=k\rinitrd=i\n", 1, "a character that is not ASCII text"},
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(bootcfg_parse(&cfg, cases[i].text, strlen(cases[i].text)),
				 ERR_INVALID);
		assert_int_equal(cfg.line, cases[i].line);
		assert_memory_equal(cfg.why, cases[i].why, strlen(cases[i].why));
	}
	assert_int_equal(bootcfg_parse(&cfg, "kernel=k\0", 9), ERR_INVALID);
	assert_int_equal(cfg.line, 1);
}

static void test_long(void **state)
{
	static char text[BOOTCFG_FILE_BYTES_MAX + 1];
	int bytes;

	bytes = snprintf(text, sizeof(text), "kernel=%0255d\ncmdline=%02047d", 0, 0);
	assert_int_equal(bootcfg_parse(&cfg, text, bytes), ERR_OK);
	assert_int_equal(cfg.value[BOOTCFG_KERNEL].bytes, BOOTCFG_NAME_BYTES_MAX);
	assert_int_equal(cfg.value[BOOTCFG_CMDLINE].bytes, BOOTCFG_TEXT_BYTES_MAX);
	bytes = snprintf(text, sizeof(text), "kernel=k\noptions=%0*d", BOOT_CMDLINE_BYTES - 1, 0);
	assert_int_equal(bootcfg_parse(&cfg, text, bytes), ERR_OK);
	bytes = snprintf(text, sizeof(text), "kernel=k\noptions=%0*d", BOOT_CMDLINE_BYTES, 0);
	assert_int_equal(bootcfg_parse(&cfg, text, bytes), ERR_RANGE);
	assert_int_equal(cfg.line, 2);
	bytes = snprintf(text, sizeof(text), "kernel=%0256d", 0);
	assert_int_equal(bootcfg_parse(&cfg, text, bytes), ERR_RANGE);
	assert_int_equal(cfg.line, 1);
	bytes = snprintf(text, sizeof(text), "kernel=k\ncmdline=%02048d", 0);
	assert_int_equal(bootcfg_parse(&cfg, text, bytes), ERR_RANGE);
	assert_int_equal(cfg.line, 2);
	memset(text, '\n', sizeof(text));
	memcpy(text, "kernel=k", 8);
	assert_int_equal(bootcfg_parse(&cfg, text, sizeof(text) - 1), ERR_OK);
	assert_int_equal(bootcfg_parse(&cfg, text, sizeof(text)), ERR_RANGE);
	assert_int_equal(cfg.line, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
