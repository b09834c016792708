/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/diskproof.h"

#define TOKEN "00112233445566778899aabbccddeeff"

static char folder[] = "/tmp/diskproof.XXXXXX";
static char disk[64], copy[64], small[64], name[64];

static void make(char *path, const char *base, off_t bytes)
{
	FILE *file;

	(void)snprintf(path, 64, "%s/%s", folder, base);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), bytes), 0);
	(void)fclose(file);
}

static int set_up(void **unused)
{
	char other[64];

	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	if (mkdir(other, 0700) != 0)
		return -1;
	make(disk, "disk", 4096);
	make(copy, "other/disk", 4096);
	make(small, "small", 512);
	(void)snprintf(name, sizeof(name), "%s/link", folder);
	return symlink(disk, name);
}

static int tear_down(void **unused)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static bool check(const char *path, const json_t *told, bool trust, const char *text)
{
	char error[DISKPROOF_ERROR_BYTES] = "";
	bool same = diskproof_check(path, told, trust, error) == ERR_OK;

	assert_int_equal(same, text == NULL);
	if (text != NULL)
		assert_non_null(strstr(error, text));
	return same;
}

/* The same file, also by another name; a copy is none, unless somebody says so. */
static void test_file(void **unused)
{
	char error[DISKPROOF_ERROR_BYTES];
	json_t *told = diskproof_describe(disk, false, TOKEN, 3, error);

	assert_non_null(told);
	check(disk, told, false, NULL);
	check(name, told, false, NULL);
	check(copy, told, false, "not seen to be shared");
	check(copy, told, true, NULL);
	check(small, told, true, "its size differs");
	check("/nowhere/disk", told, true, "is not there");
	check("/dev/null", told, false, "its size differs");
	diskproof_forget(disk, TOKEN, 3);
	check(disk, told, false, "not seen to be shared");
	json_decref(told);
}

/* What is left of an earlier question is not overwritten, and nothing is shown then. */
static void test_twice(void **unused)
{
	char error[DISKPROOF_ERROR_BYTES];
	json_t *first = diskproof_describe(disk, false, TOKEN, 0, error);
	json_t *second = diskproof_describe(disk, false, TOKEN, 0, error);

	assert_null(json_object_get(second, "beside"));
	check(disk, second, false, "not seen to be shared");
	diskproof_forget(disk, TOKEN, 0);
	json_decref(first);
	json_decref(second);
	assert_null(diskproof_describe("/nowhere/disk", false, TOKEN, 0, error));
	assert_non_null(strstr(error, "/nowhere/disk"));
}

/* From outside: names that lead elsewhere, what is missing or of another kind. */
static void test_hostile(void **unused)
{
	static const char *const told[] = {
		"{}",
		"{\"bytes\": 4096}",
		"{\"bytes\": 4096, \"beside\": \"../other/disk\", \"text\": \"\"}",
		"{\"bytes\": 4096, \"beside\": \".caisson-../../../etc/passwd\", \"text\": \"x\"}",
		"{\"bytes\": 4096, \"beside\": \"disk\", \"text\": \"\"}",
		"{\"bytes\": 4096, \"beside\": 1, \"text\": []}",
		"{\"bytes\": 4096, \"block\": true, \"ids\": [\"serial=1\"]}",
		"{\"bytes\": 4096, \"block\": true, \"ids\": {}}",
		"{\"bytes\": -1, \"ids\": null}",
		"[]",
	};
	char error[DISKPROOF_ERROR_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		json_t *json = json_loads(told[i], 0, NULL);

		assert_int_not_equal(diskproof_check(disk, json, false, error), ERR_OK);
		json_decref(json);
	}
	assert_int_not_equal(diskproof_check(disk, NULL, true, error), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
