/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/smbios.h"

#define DUMP_TABLES 32 /* where dmidecode(8) --from-dump has them in its file */

static struct smbios_config machine(void)
{
	return (struct smbios_config){.name = "web.1",
				      .ram_start = GIB(1),
				      .ram_bytes = MIB(512),
				      .cpus = 3,
				      .uuid = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x8e, 0xf0, 0x81,
					       0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};
}

static uint8_t sum(const uint8_t *bytes, size_t count)
{
	uint8_t all = 0;

	for (size_t i = 0; i < count; i++)
		all += bytes[i];
	return all;
}

/* A file as `dmidecode --dump-bin` writes it: the entry point names the tables' place in it. */
static void dump(const struct smbios *s, char *path)
{
	uint8_t head[DUMP_TABLES] = {0};
	int fd = mkstemp(path);

	memcpy(head, s->anchor, sizeof(s->anchor));
	head[16] = DUMP_TABLES;
	head[5] -= DUMP_TABLES;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, s->tables, s->tables_bytes), s->tables_bytes);
	close(fd);
}

/* What dmidecode, which checks lengths and contents, says of them. */
static const char *decode(const struct smbios *s)
{
	static char text[16384];
	char path[] = "/tmp/test_smbios.XXXXXX", command[128];
	FILE *f;

	dump(s, path);
	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin dmidecode --from-dump %s 2>&1",
		 path);
	f = popen(command, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	unlink(path);
	return text;
}

static void assert_says(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("not there: %s\n%s", what, text);
}

static void test_dmidecode(void **unused)
{
	static const char *const there[] = {
		"SMBIOS 3.0.0 present.",
		"UEFI is supported",
		"System is a virtual machine",
		"Manufacturer: Caisson\n",
		"Product Name: Caisson virtual machine\n",
		"Serial Number: web.1\n",
		"UUID: 12345678-9abc-8ef0-8123-456789abcdef\n",
		"Family: ARMv8\n",
		"Status: Populated, Enabled\n",
		"Core Count: 3\n",
		"64-bit capable\n",
		"Maximum Capacity: 512 MB\n",
		"Size: 512 MB\n",
		"Range Size: 512 MB\n",
		"Starting Address: 0x0000000040000000k\n",
		"Ending Address: 0x000000005FFFFFFFk\n",
		"No errors detected\n",
		"End Of Table\n",
	};
	static const char *const wrong[] = {"TRUNCATED", "BAD", "OUT OF SPEC", "Invalid", "rong"};
	struct smbios_config config = machine();
	struct smbios s;
	const char *text;

	assert_int_equal(smbios_write(&config, &s), ERR_OK);
	assert_int_equal(sum(s.anchor, sizeof(s.anchor)), 0);
	text = decode(&s);
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		assert_says(text, there[i]);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_null(strstr(text, wrong[i]));
}

/* Sizes that are told in other fields; systemd and cloud-init look how the name begins. */
static void test_large(void **unused)
{
	struct smbios_config config = machine();
	struct smbios s;
	const char *text;

	config.ram_bytes = GIB(63);
	config.cpus = 32;
	config.vmware = true;
	assert_int_equal(smbios_write(&config, &s), ERR_OK);
	text = decode(&s);
	assert_says(text, "Size: 63 GB\n");
	assert_says(text, "Core Enabled: 32\n");
	assert_says(text, "Product Name: VMware");
	config.ram_bytes = GIB(4096);
	assert_int_equal(smbios_write(&config, &s), ERR_OK);
	text = decode(&s);
	assert_says(text, "Maximum Capacity: 4 TB\n");
	assert_says(text, "Size: 4 TB\n");
}

static void test_name(void **unused)
{
	struct smbios_config config = machine();
	char name[65] = "";
	struct smbios s;

	memset(name, 'n', 64);
	config.name = name;
	assert_int_equal(smbios_write(&config, &s), ERR_NO_MEMORY);
	name[63] = '\0';
	assert_int_equal(smbios_write(&config, &s), ERR_OK);
	assert_true(s.tables_bytes < sizeof(s.tables) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dmidecode),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
