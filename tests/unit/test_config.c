/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/say.h"

/* Settings of user VMs, from text as files hold it. say() is caught. */

static char said[512];
static unsigned int lines;

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	lines++;
}

static enum err parse(struct vm_config *config, const char *text)
{
	config_init(config);
	lines = 0;
	said[0] = '\0';
	return config_parse(config, "f", text, strlen(text));
}

static void test_all(void **state)
{
	struct vm_config c;

	assert_int_equal(parse(&c, "# comment\n; too\n\n  name=web.1\nkernel =  /k\ninitrd=/i\n"
				   "append = root=/dev/vda1 a=\"b c\" \r\nmem = 1G\ncpus= 32\n"
				   "disk=/a\ndisk = /b,format=qcow2,ro\nnet=user\nnet = tap\n"
				   "net=tap,ifname=tap7\nrng = yes\nvsock=3\nconsole = /c\n"
				   "dedicate = 1\ndedicate = 3,2\nagent = yes\nptp = "
				   "yes\nguest-tools = vmware,ro\n"
				   "guestinfo = "
				   "guestinfo.metadata=/m\nguestinfo=pass=/p,secret\nguestinfo=p3=/"
				   "a,b,secret=3\n"
				   "guestinfo=metadata=/x=y,z\n"
				   "migratable = /etc/caisson/hosts\ntime = masked\n"),
			 ERR_OK);
	assert_string_equal(c.name, "web.1");
	assert_string_equal(c.kernel, "/k");
	assert_string_equal(c.migratable, "/etc/caisson/hosts");
	assert_true(c.masked_time);
	assert_string_equal(c.append, "root=/dev/vda1 a=\"b c\"");
	assert_int_equal(c.ram_bytes, GIB(1));
	assert_int_equal(c.cpus, 32);
	assert_int_equal(c.disks, 2);
	assert_string_equal(c.disk[0].path, "/a");
	assert_int_equal(c.disk[0].format, DISK_RAW);
	assert_false(c.disk[0].read_only);
	assert_string_equal(c.disk[1].path, "/b");
	assert_int_equal(c.disk[1].format, DISK_QCOW2);
	assert_true(c.disk[1].read_only);
	assert_int_equal(c.nets, 3);
	assert_int_equal(c.net[0].kind, NET_USER);
	assert_string_equal(c.net[1].ifname, "");
	assert_string_equal(c.net[2].ifname, "tap7");
	assert_true(c.rng);
	assert_int_equal(c.vsock_cid, 3);
	assert_true(c.agent);
	assert_true(c.ptp);
	assert_int_equal(c.dedicated, 2);
	assert_int_equal(c.dedicate[0], 3);
	assert_int_equal(c.dedicate[1], 2);
	assert_string_equal(c.console, "/c");
	assert_int_equal(c.tools, TOOLS_READ_ONLY);
	assert_int_equal(c.guestinfos, 3);
	assert_string_equal(c.guestinfo[0].key, "metadata");
	assert_string_equal(c.guestinfo[0].path, "/x=y,z");
	assert_int_equal(c.guestinfo[0].reads, 0);
	assert_string_equal(c.guestinfo[1].key, "pass");
	assert_string_equal(c.guestinfo[1].path, "/p");
	assert_int_equal(c.guestinfo[1].reads, 1);
	assert_string_equal(c.guestinfo[2].path, "/a,b");
	assert_int_equal(c.guestinfo[2].reads, 3);
	assert_int_equal(config_check(&c), ERR_OK);
	assert_int_equal(lines, 0);
	config_free(&c);
}

/* The last holds; nothing is what it is without being said. */
static void test_again(void **state)
{
	struct vm_config c;

	assert_int_equal(parse(&c, ""), ERR_OK);
	assert_int_equal(c.ram_bytes, MIB(256));
	assert_int_equal(c.cpus, 1);
	config_free(&c);
	assert_int_equal(parse(&c, "kernel=/a\nkernel=/b\nmem=2M\nmem=4M\nrng=yes\nrng=no"),
			 ERR_OK);
	assert_string_equal(c.kernel, "/b");
	assert_int_equal(c.ram_bytes, MIB(4));
	assert_false(c.rng);
	assert_false(c.agent);
	assert_false(c.ptp);
	config_free(&c);
}

/* One line each, which says where and what. */
static void test_wrong(void **state)
{
	static const char *const wrong[] = {
		"kernel",
		"kernel=",
		"=x",
		"frob=1",
		"mem=",
		"mem=3M",
		"mem=64G",
		"mem=-2M",
		"mem=0",
		"cpus=0",
		"cpus=33",
		"cpus=x",
		"dedicate=",
		"dedicate=0",
		"dedicate=1,",
		"dedicate=1-2",
		"dedicate=3,3",
		"dedicate=4096",
		"name=",
		"name=.x",
		"name=-x",
		"name=a/b",
		"name=a b",
		"rng=maybe",
		"agent=",
		"ptp=1",
		"vsock=2",
		"vsock=4294967295",
		"disk=",
		"disk=,ro",
		"disk=/a,rw",
		"disk=/a,",
		"net=",
		"net=tapx",
		"net=tap,x",
		"net=tap,ifname=",
		"net=tap,ifname=0123456789abcdef",
		"net=tap,ifname=a/b",
		"name=0123456789abcdef0123456789abcdef",
		"guest-tools=yes",
		"guest-tools=vmware,rw",
		"guestinfo=a",
		"guestinfo=a=",
		"guestinfo=a=,secret",
		"guestinfo=a=/a,secret=0",
		"guestinfo=a=/a,secret=x",
		"guestinfo==/a",
		"guestinfo=guestinfo.=/a",
		"guestinfo=a b=/a",
		"guestinfo=a\x80=/a",
		"guestinfo=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef=/a",
	};
	char text[128];
	struct vm_config c;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		(void)snprintf(text, sizeof(text), "cpus=2\n%s\nkernel=/never", wrong[i]);
		if (parse(&c, text) == ERR_OK)
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(lines, 1);
		assert_int_equal(strncmp(said, "f:2: ", 5), 0);
		assert_null(c.kernel);
		config_free(&c);
	}
}

static void test_bounds(void **state)
{
	static char text[8192];
	struct vm_config c;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "append=", 7);
	assert_int_equal(parse(&c, text), ERR_RANGE);
	config_free(&c);
	config_init(&c);
	assert_int_equal(config_parse(&c, "f", "mem=\0", 5), ERR_RANGE);
	config_free(&c);
	text[0] = '\0';
	for (int i = 0; i < CONFIG_DISKS_MAX + 1; i++)
		(void)strcat(text, "disk=/a\n");
	assert_int_equal(parse(&c, text), ERR_INVALID);
	assert_int_equal(c.disks, CONFIG_DISKS_MAX);
	config_free(&c);
	text[0] = '\0';
	for (int i = 0; i < CONFIG_GUESTINFO_MAX + 1; i++)
		(void)sprintf(text + strlen(text), "guestinfo=%d=/a\n", i);
	assert_int_equal(parse(&c, text), ERR_INVALID);
	assert_int_equal(c.guestinfos, CONFIG_GUESTINFO_MAX);
	config_free(&c);
}

static void test_fit(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} row[] = {
		{"", ERR_INVALID},
		{"kernel=/k", ERR_OK},
		{"firmware=/f", ERR_OK},
		{"firmware=/f\nflash-vars=/v", ERR_OK},
		{"kernel=/k\nfirmware=/f", ERR_INVALID},
		{"firmware=/f\ninitrd=/i", ERR_INVALID},
		{"firmware=/f\nappend=a", ERR_INVALID},
		{"kernel=/k\nflash-vars=/v", ERR_INVALID},
		{"kernel=/k\ndedicate=1", ERR_OK},
		{"kernel=/k\nguestinfo=a=/a", ERR_INVALID},
		{"kernel=/k\nguestinfo=a=/a\nguest-tools=vmware", ERR_OK},
		{"kernel=/k\ncpus=2\ndedicate=1,2,3", ERR_INVALID},
	};
	struct vm_config c;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(parse(&c, row[i].text), ERR_OK);
		assert_int_equal(config_check(&c), row[i].err);
		assert_int_equal(lines, row[i].err == ERR_OK ? 0 : 1);
		config_free(&c);
	}
}

/* What is written is read as the same, and written so again. */
static void test_text(void **state)
{
	static const char *const row[] = {
		"kernel = /k\ninitrd = /i\nappend = root=/dev/vda1 a=\"b c\"\nmem = 1024M\n"
		"cpus = 4\ndedicate = 1,3\nvsock = 7\ndisk = /a,format=raw\n"
		"disk = /b,format=qcow2,ro\nnet = user\nnet = tap\nnet = tap,ifname=tap7\n"
		"rng = yes\nconsole = virtio\nagent = yes\nptp = yes\nguest-tools = vmware,ro\n"
		"migratable = /h\ntime = masked\nguestinfo = a=/x,y\nguestinfo = b=/z,secret=3\n",
		"firmware = /f\nflash-vars = /v\nmem = 256M\ncpus = 1\nrng = no\n"
		"console = /c\nagent = no\nptp = no\nguest-tools = off\ntime = auto\n",
	};
	char folder[512], with_name[1024];
	struct vm_config c;
	char *text;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		(void)snprintf(with_name, sizeof(with_name), "name = web.1\n%s", row[i]);
		assert_int_equal(parse(&c, row[i]), ERR_OK);
		text = config_text(&c, "web.1");
		assert_string_equal(text, with_name);
		free(text);
		config_free(&c);
	}
	assert_int_equal(parse(&c, "kernel = k\ndisk = d"), ERR_OK);
	text = config_text(&c, "a");
	assert_non_null(getcwd(folder, sizeof(folder)));
	(void)snprintf(with_name, sizeof(with_name), "kernel = %s/k\n", folder);
	assert_non_null(strstr(text, with_name));
	(void)snprintf(with_name, sizeof(with_name), "disk = %s/d,format=raw\n", folder);
	assert_non_null(strstr(text, with_name));
	free(text);
	config_free(&c);

	assert_int_equal(parse(&c, "kernel = /k"), ERR_OK);
	assert_int_equal(config_set(&c, "--", "append", "a\nb"), ERR_OK);
	assert_null(config_text(&c, "a"));
	assert_int_equal(lines, 1);
	config_free(&c);
}

/* What would be read otherwise, or not at all, is told before anybody relies on it. */
static void test_text_refused(void **state)
{
	static const char *const row[][2] = {
		{"append", " a"}, {"kernel", "/k "}, {"append", "long"}};
	static char text[4096];
	char before[512], folder[] = "/tmp/caisson,XXXXXX";
	struct vm_config c;

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *value = strcmp(row[i][1], "long") == 0 ? text : row[i][1];

		assert_int_equal(parse(&c, "kernel = /k"), ERR_OK);
		assert_int_equal(config_set(&c, "--", row[i][0], value), ERR_OK);
		assert_null(config_text(&c, "a"));
		assert_int_equal(lines, 1);
		config_free(&c);
	}
	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(parse(&c, "kernel = /k\ndisk = d"), ERR_OK);
	assert_null(config_text(&c, "a"));
	assert_int_equal(lines, 1);
	config_free(&c);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),          cmocka_unit_test(test_again),
		cmocka_unit_test(test_wrong),        cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fit),          cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
