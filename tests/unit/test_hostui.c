/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hostui.h"
#include "lib/screen.h"
#include "tests/unit/prop.h"
#include "tests/unit/screen_check.h"

/* The UI on lib/screen.h's terminal. */
static struct {
	struct hostui ui;
	struct screen s;
	uint8_t *memory;
	char text[SCREEN_COLUMNS_MAX + 1];
} t;

static void to_screen(void *ctx, const char *text, size_t bytes)
{
	assert_true(bytes <= HOSTUI_COLUMNS_MAX);
	screen_write(&t.s, (const uint8_t *)text, bytes);
}

/* What is there before must not be seen through. */
static void show(void)
{
	static const uint8_t dirt[] = "\x1b[31;1m\x1b#8";

	screen_write(&t.s, dirt, sizeof(dirt) - 1);
	screen_write(&t.s, (const uint8_t *)"\x1b[m", 3);
	hostui_show(&t.ui, to_screen, NULL);
	assert_null(screen_check(&t.s));
}

static const char *line(unsigned int y)
{
	const struct screen_cell *cells = screen_row(&t.s, y);
	size_t used = 0;

	for (unsigned int x = 0; x < t.s.columns; x++) {
		t.text[x] = (char)(cells[x].text & SCREEN_CODE_POINT);
		assert_int_equal(cells[x].fg, 0);
		assert_int_equal(cells[x].bg, 0);
		if (t.text[x] != ' ')
			used = x + 1;
	}
	t.text[used] = 0;
	return t.text;
}

static bool is_inverse(unsigned int y)
{
	bool is = (screen_row(&t.s, y)[0].text & SCREEN_INVERSE) != 0;

	for (unsigned int x = 0; x < t.s.columns; x++)
		assert_int_equal((screen_row(&t.s, y)[x].text & SCREEN_INVERSE) != 0, is);
	return is;
}

static void size(unsigned int columns, unsigned int rows)
{
	screen_resize(&t.s, columns, rows);
	hostui_resize(&t.ui, t.s.columns, t.s.rows);
}

static void add_row(struct hostui_snapshot *now, uint32_t id, const char *name, char key)
{
	struct hostui_row *r = &now->row[now->row_count++];

	*r = (struct hostui_row){.id = id, .is_vm = id < 100, .is_user = id < 16, .key = key};
	r->has_load = r->is_user;
	strncpy(r->name, name, sizeof(r->name) - 1);
	r->state = "running";
	r->vcpus = id + 1;
	r->memory_bytes = MIB(64) * (id + 1);
	r->cpu_ms = 12345;
	r->load_percent = 150;
}

static int start(void **state)
{
	struct hostui_snapshot *now = &t.ui.now;
	size_t bytes = screen_grid_bytes(SCREEN_NO_HISTORY);

	t.memory = aligned_alloc(16, (bytes + 15) / 16 * 16);
	screen_init(&t.s, t.memory, bytes, SCREEN_NO_HISTORY);
	hostui_init(&t.ui);
	now->version = "1.2.3";
	now->uptime_s = 86400 + 3 * 3600 + 4 * 60 + 5;
	now->memory_bytes = GIB(4);
	now->own_bytes = MIB(32);
	now->user_bytes = MIB(192);
	now->store_bytes = MIB(8);
	now->cpu_count = 2;
	now->cpu[0] = (struct hostui_cpu){10, 85, 5};
	now->cpu[1] = (struct hostui_cpu){100, 0, 0};
	add_row(now, 16, "svm", '1');
	add_row(now, 0, "web", '2');
	add_row(now, 1, "data\x1b[2Jbase", '3');
	add_row(now, 0x100, "log", 'l');
	add_row(now, 0x101, "shell", 's');
	hostui_update(&t.ui);
	return 0;
}

static int stop(void **state)
{
	free(t.memory);
	return 0;
}

static char console;

static enum hostui_request press(uint8_t kind, uint32_t code)
{
	const struct termkey_token key = {.kind = kind, .code = code};
	enum hostui_request request = hostui_key(&t.ui, &key, &console);

	show();
	return request;
}

static enum hostui_request function(unsigned int n)
{
	return press(TERMKEY_KEY, TERMKEY_F1 + n - 1);
}

static void test_wide(void **state)
{
	show();
	assert_string_equal(line(0), " Caisson 1.2.3  up 1 d 03:04:05                          "
				     "               F1 Help");
	assert_string_equal(line(1), "CPUs 2: user VMs 55%, service VM 42%, asleep 2%");
	assert_string_equal(line(2), "  0: 10/ 85/  5   1:100/  0/  0");
	assert_string_equal(line(3),
			    "Memory 4096 M: Caisson 32 M, user VMs 192 M, their stores 8 M");
	assert_string_equal(line(4), "");
	assert_string_equal(line(5), "KEY NAME             STATE    VCPUS     MEMORY     CPU TIME"
				     "   LOAD PORT");
	assert_string_equal(line(6), " 1  svm              running     17     1088 M");
	assert_string_equal(line(7), " 2  web              running      1       64 M       12.3 s"
				     "   150%");
	assert_string_equal(line(8), " 3  data?[2Jbase     running      2      128 M       12.3 s"
				     "   150%");
	assert_string_equal(line(9), " l  log");
	assert_string_equal(line(11), "");
	assert_string_equal(line(23), "F1 Help F2 Console F3 Log F4 Shell F5 Start F6 Stop "
				      "F7 Restart F8 Reset F9 Off");
	for (unsigned int y = 0; y < 24; y++)
		assert_int_equal(is_inverse(y), y == 0 || y == 6 || y == 23);
	assert_int_equal(t.s.modes & SCREEN_CURSOR_VISIBLE, 0);
	t.ui.now.warnings = 3;
	t.ui.now.cpus_left_out = 2;
	show();
	assert_string_equal(line(4), "! log: 0 errors, 3 warnings; 2 CPUs unused");
	assert_true(screen_row(&t.s, 4)[0].text & SCREEN_BOLD);
	t.ui.now.warnings = 0;
	t.ui.now.is_manager_lost = true;
	t.ui.now.off_left_out = 7;
	show();
	assert_string_equal(line(4), "! caissond is silent; 7 VMs more; 2 CPUs unused");
}

/* What the service VM tells: a line more, its load, VMs that are off. */
static void test_report(void **state)
{
	struct hostui_snapshot *now = &t.ui.now;

	now->host_name = "depot";
	now->host_address = "";
	now->row[0].has_load = true;
	now->row[0].load_percent = 12;
	now->row[2] = (struct hostui_row){
		.id = 0x200, .is_vm = true, .is_user = true, .is_off = true, .state = "off"};
	strcpy(now->row[2].name, "mail");
	hostui_update(&t.ui);
	show();
	assert_string_equal(line(1), "Host depot");
	assert_string_equal(line(7), " 1  svm              running     17     1088 M              "
				     "   12%");
	assert_string_equal(line(9), " -  mail             off");
	now->host_address = "2001:db8::1";
	now->machine = "a board";
	size(40, 10);
	show();
	assert_string_equal(line(1), "Host depot, 2001:db8::1 on a board");
	assert_string_equal(line(6), " 2  web              running      1");
	assert_string_equal(line(9), "1? 2Con 3Log 4Sh 5Run 6End 7Re 8Rst 9Off");
}

/* What a guest's tools tell is above the table, of the chosen row; it may be anything. */
static void test_guest(void **state)
{
	struct hostui_row *r = &t.ui.now.row[1];

	r->os = "Debian GNU/Linux 12\x1b[2J";
	show();
	assert_string_equal(line(4), "");
	press(TERMKEY_KEY, TERMKEY_DOWN);
	assert_string_equal(line(4), "web: Debian GNU/Linux 12?[2J");
	r->address = "192.0.2.7";
	show();
	assert_string_equal(line(4), "web: Debian GNU/Linux 12?[2J, 192.0.2.7");
	r->os = "";
	show();
	assert_string_equal(line(4), "web: 192.0.2.7");
	press(TERMKEY_KEY, TERMKEY_HOME);
	assert_string_equal(line(4), "");
	t.ui.now.row_count = 0;
	hostui_update(&t.ui);
	show();
	assert_string_equal(line(4), "");
}

/* Nothing is cut in the middle that looks whole, and nothing is missing that is needed. */
static void test_small(void **state)
{
	size(40, 10);
	show();
	assert_string_equal(line(0), " Caisson 1.2.3  up 1 d 03:04:05 F1 Help");
	assert_string_equal(line(1), "CPUs 2: VMs 55% svm 42% asleep 2%");
	assert_string_equal(line(2), "Memory 4096M: own 32M VMs 192M");
	assert_string_equal(line(3), "KEY NAME             STATE    VCPUS");
	assert_string_equal(line(5), " 2  web              running      1");
	assert_string_equal(line(9), "1? 2Con 3Log 4Sh 5Run 6End 7Re 8Rst 9Off");
	assert_int_equal(function(1), HOSTUI_NOTHING);
	assert_string_equal(line(1), " F2, Enter console; F3 log; F4 shell");
	assert_string_equal(line(8), " Any key goes back.");
	assert_int_equal(function(9), HOSTUI_NOTHING);
	assert_int_equal(function(9), HOSTUI_NOTHING);
	assert_string_equal(line(9), "Switch off? All VMs are cut off. y: yes");
}

static void test_choosing(void **state)
{
	show();
	assert_int_equal(press(TERMKEY_CONTROL, '\r'), HOSTUI_SHOW);
	assert_int_equal(console, '1');
	press(TERMKEY_KEY, TERMKEY_UP);
	press(TERMKEY_KEY, TERMKEY_DOWN);
	assert_true(is_inverse(7));
	assert_int_equal(function(2), HOSTUI_SHOW);
	assert_int_equal(console, '2');
	/* The choice stays with its VM, also when that is another one by number, or off; and goes
	 * to its neighbour when that is gone. */
	t.ui.now.row[4] = t.ui.now.row[1];
	t.ui.now.row[4].id = 0x201;
	strcpy(t.ui.now.row[1].name, "next");
	hostui_update(&t.ui);
	show();
	assert_true(is_inverse(10));
	t.ui.now.row_count = 4;
	hostui_update(&t.ui);
	show();
	assert_true(is_inverse(9));
	press(TERMKEY_KEY, TERMKEY_HOME);
	assert_true(is_inverse(6));
	press(TERMKEY_KEY, TERMKEY_END);
	press(TERMKEY_KEY, TERMKEY_PAGE_DOWN);
	assert_true(is_inverse(9));
	t.ui.now.row[3].key = 0;
	assert_int_equal(function(2), HOSTUI_NOTHING);
	assert_string_equal(line(23), "This row has no console.");
	assert_int_equal(function(3), HOSTUI_SHOW);
	assert_int_equal(console, 'l');
	assert_int_equal(function(4), HOSTUI_SHOW);
	assert_int_equal(console, 's');
	t.ui.now.row_count = 0;
	hostui_update(&t.ui);
	press(TERMKEY_KEY, TERMKEY_DOWN);
	assert_int_equal(function(2), HOSTUI_NOTHING);
}

static void test_asking(void **state)
{
	assert_int_equal(function(9), HOSTUI_NOTHING);
	assert_string_equal(line(23), "Switch off? All VMs are cut off. y: yes");
	assert_int_equal(press(TERMKEY_SIZE, 'y'), HOSTUI_NOTHING);
	assert_int_equal(press(TERMKEY_TEXT, 'n'), HOSTUI_NOTHING);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_NOTHING);
	function(9);
	assert_int_equal(function(9), HOSTUI_NOTHING);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_NOTHING);
	function(9);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_POWER_OFF);
	function(8);
	assert_string_equal(line(23), "Reset? All VMs are cut off. y: yes");
	assert_int_equal(press(TERMKEY_TEXT, 'Y'), HOSTUI_RESTART);
	assert_int_equal(press(TERMKEY_TEXT, 'Y'), HOSTUI_NOTHING);
}

static enum hostui_request ask(unsigned int n)
{
	assert_int_equal(function(n), HOSTUI_NOTHING);
	return press(TERMKEY_TEXT, 'y');
}

/* Start, stop, restart: only what can be, and never another VM than the one that was asked about.
 */
static void test_vms(void **state)
{
	struct hostui_snapshot *now = &t.ui.now;

	press(TERMKEY_KEY, TERMKEY_DOWN);
	assert_int_equal(ask(6), HOSTUI_NOTHING);
	function(6);
	assert_string_equal(line(23), "caissond, who does it, is not there.");
	now->has_manager = true;
	assert_int_equal(function(5), HOSTUI_NOTHING);
	assert_string_equal(line(23), "It runs already.");
	function(6);
	assert_string_equal(line(23), "Stop web? y: yes");
	assert_int_equal(press(TERMKEY_TEXT, 'n'), HOSTUI_NOTHING);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_NOTHING);
	assert_int_equal(ask(6), HOSTUI_VM_STOP);
	function(7);
	assert_string_equal(line(23), "Restart web? y: yes");
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_VM_RESTART);
	/* Gone, another in its place. */
	function(6);
	strcpy(now->row[1].name, "next");
	hostui_update(&t.ui);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_NOTHING);
	/* Off, while that was asked. */
	function(6);
	now->row[1].is_off = true;
	now->row[1].id = 0x200;
	hostui_update(&t.ui);
	assert_int_equal(press(TERMKEY_TEXT, 'y'), HOSTUI_NOTHING);
	assert_string_equal(line(23), "It does not run.");
	assert_int_equal(ask(7), HOSTUI_NOTHING);
	assert_int_equal(function(5), HOSTUI_VM_START);
	press(TERMKEY_KEY, TERMKEY_HOME);
	assert_int_equal(ask(6), HOSTUI_NOTHING);
	function(6);
	assert_string_equal(line(23), "This one starts and ends with the host.");
	press(TERMKEY_KEY, TERMKEY_END);
	function(5);
	assert_string_equal(line(23), "Choose a virtual machine.");
	now->row_count = 0;
	hostui_update(&t.ui);
	assert_int_equal(function(5), HOSTUI_NOTHING);
}

/* Many rows: the chosen one is always to be seen. */
static void test_scrolling(void **state)
{
	struct hostui_snapshot *now = &t.ui.now;

	size(60, 12);
	while (now->row_count < 48)
		add_row(now, 0x200 + now->row_count, "more", 'x');
	hostui_update(&t.ui);
	show();
	assert_non_null(strstr(line(3), "1-7/48"));
	for (unsigned int i = 1; i < 48; i++) {
		press(TERMKEY_KEY, TERMKEY_DOWN);
		assert_true(is_inverse(i < 7 ? 4 + i : 10));
	}
	assert_non_null(strstr(line(3), "42-48/48"));
	press(TERMKEY_KEY, TERMKEY_PAGE_UP);
	press(TERMKEY_KEY, TERMKEY_HOME);
	assert_true(is_inverse(4));
	assert_non_null(strstr(line(3), "1-7/48"));
}

/* Any size, any figures, any key: every cell is written, and only with printable text. */
static void test_random(void **state)
{
	struct prop p = prop_start("hostui");
	struct hostui_snapshot *now = &t.ui.now;

	for (unsigned int round = 0; round < 3000; round++) {
		if (prop_one_in(&p, 4))
			size((unsigned int)prop_between(&p, 1, prop_one_in(&p, 8) ? 600 : 100),
			     (unsigned int)prop_between(&p, 1, prop_one_in(&p, 8) ? 300 : 40));
		now->cpu_count = (uint32_t)prop_below(&p, 40);
		now->row_count = (uint32_t)prop_below(&p, 100);
		now->has_manager = prop_one_in(&p, 2);
		now->uptime_s = prop_value(&p);
		now->memory_bytes = prop_value(&p);
		now->warnings = prop_below(&p, 2) * prop_value(&p);
		now->cpus_left_out = (uint32_t)prop_below(&p, 2);
		for (unsigned int i = 0; i < HOSTUI_ROWS_MAX; i++) {
			now->row[i].id = (uint32_t)prop_below(&p, 100);
			now->row[i].is_vm = now->row[i].is_user = prop_one_in(&p, 2);
			now->row[i].cpu_ms = prop_value(&p);
			now->row[i].memory_bytes = prop_value(&p);
			now->row[i].key = (char)prop_below(&p, 256);
			now->row[i].is_off = prop_one_in(&p, 2);
			memset(now->row[i].name, (int)prop_below(&p, 256), HOSTUI_NAME_BYTES);
		}
		hostui_update(&t.ui);
		press((uint8_t)prop_below(&p, 6), (uint32_t)prop_below(&p, 40));
		assert_true(now->row_count == 0 || t.ui.chosen < now->row_count);
		for (unsigned int y = 0; y < t.s.rows; y++) {
			line(y);
			is_inverse(y);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wide, start, stop),
		cmocka_unit_test_setup_teardown(test_report, start, stop),
		cmocka_unit_test_setup_teardown(test_guest, start, stop),
		cmocka_unit_test_setup_teardown(test_small, start, stop),
		cmocka_unit_test_setup_teardown(test_choosing, start, stop),
		cmocka_unit_test_setup_teardown(test_asking, start, stop),
		cmocka_unit_test_setup_teardown(test_vms, start, stop),
		cmocka_unit_test_setup_teardown(test_scrolling, start, stop),
		cmocka_unit_test_setup_teardown(test_random, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
