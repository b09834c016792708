/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/prop.h"
#include "vmm/clock.h"
#include "vmm/say.h"
#include "vmm/tools_rpc.h"

/*
 * The host's end of a guest's tools, called as vCPUs' threads do, through a run page: registers,
 * RPCs, the conversation by which they take orders. The loop's half is left out: what it would see
 * is looked at here.
 */

#define FORM_LOW UINT64_C(0x860000000e)
#define PORT_LOW 0x5658

static struct tools tools;
static struct run_page page;
static uint8_t ram[32 * 4096];
static char said[TOOLS_LINE_BYTES];
static unsigned int lines, wakes;
static uint64_t waited_ns; /* the longest */

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	lines++;
}

void tools_wake(struct tools *t)
{
	wakes++;
}

/* Memory is at 1 GiB. */
void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes)
{
	return bits_contains(GIB(1), m->ram_bytes, ipa, bytes) ? m->ram + (ipa - GIB(1)) : NULL;
}

static const struct guestmem memory = {.ram = ram, .ram_bytes = sizeof(ram)};

/* The guest's end of a channel. */
struct end {
	uint64_t id, cookie[2];
};

static void call(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5)
{
	const uint64_t args[8] = {x0, x1, x2, x3, x4, x5, 6, FORM_LOW};
	uint64_t wait_ns;

	memcpy(page.args, args, sizeof(args));
	page.tools_pages = 0;
	memset(page.result, 0xee, sizeof(page.result));
	wait_ns = tools_exit(&tools, &page, &memory);
	if (wait_ns > waited_ns)
		waited_ns = wait_ns;
}

static unsigned int message(struct end *e, unsigned int type, uint64_t value)
{
	call(CAISSON_TOOLS_W0, value, type << 16 | 30, e->id << 16 | PORT_LOW, e->cookie[0],
	     e->cookie[1]);
	return (unsigned int)(page.result[2] >> 16);
}

static void open_end(struct end *e, uint32_t protocol)
{
	*e = (struct end){0};
	assert_int_equal(message(e, GTCHANNEL_OPEN, protocol | GTCHANNEL_WITH_COOKIE), 1);
	*e = (struct end){page.result[3] >> 16, {page.result[4], page.result[5]}};
}

static void send_bytes(struct end *e, const void *bytes, size_t count)
{
	assert_int_equal(message(e, GTCHANNEL_SENDSIZE, count) & 1, 1);
	for (size_t i = 0; i < count; i += 4) {
		uint32_t word = 0;

		memcpy(&word, (const uint8_t *)bytes + i, count - i < 4 ? count - i : 4);
		assert_int_equal(message(e, GTCHANNEL_SENDPAYLOAD, word), 1);
	}
}

/* NULL: there is nothing. */
static const char *receive(struct end *e)
{
	static char text[70000];
	unsigned int status = message(e, GTCHANNEL_RECVSIZE, 0);
	size_t count = page.result[1];

	if (!(status & GTCHANNEL_DORECV))
		return NULL;
	for (size_t i = 0; i < count; i += 4) {
		assert_int_equal(message(e, GTCHANNEL_RECVPAYLOAD, 1), 1);
		memcpy(text + i, &page.result[1], 4);
	}
	text[count] = '\0';
	assert_int_equal(message(e, GTCHANNEL_RECVSTATUS, 1), 1);
	return text;
}

static const char *ask(struct end *e, const char *command)
{
	const char *reply;

	send_bytes(e, command, strlen(command));
	reply = receive(e);
	return reply != NULL ? reply : "nothing";
}

/* A poll with an answer; what comes back. */
static const char *poll_with(struct end *e, const char *text)
{
	send_bytes(e, text, strlen(text));
	return receive(e);
}

static int setup(void **unused)
{
	tools_init(&tools, TOOLS_FULL, 62);
	lines = 0;
	wakes = 0;
	return 0;
}

static int teardown(void **unused)
{
	tools_free(&tools);
	assert_int_equal(tools.message_bytes, 0);
	assert_int_equal(tools.info.count, 0);
	return 0;
}

static void test_registers(void **unused)
{
	call(CAISSON_TOOLS_W0, 1, UINT64_C(0xbeef) << 32 | 10, UINT64_C(0xf00d) << 32 | PORT_LOW, 4,
	     5);
	assert_int_equal(page.result[0], 6);
	assert_int_equal(page.result[1], CAISSON_TOOLS_W0);
	assert_int_equal(page.result[2], 2);
	assert_int_equal(page.result[3], UINT64_C(0xf00d) << 32 | PORT_LOW);
	assert_int_equal(page.result[6], 6);
	call(CAISSON_TOOLS_W0, 1, 1, PORT_LOW, 4, 5);
	assert_int_equal(page.result[0], 62);
	call(CAISSON_TOOLS_W0, 1, 46, PORT_LOW, 4, 5);
	assert_int_equal(page.result[0], CAISSON_TOOLS_W0);
	assert_true(page.result[1] < 1000000 && page.result[3] > 1700000000 && page.result[4] == 0);
	/* An unknown command, port, form. */
	for (unsigned int command = 0; command < 0x10000; command += 777) {
		call(CAISSON_TOOLS_W0, 7, command + 60, PORT_LOW, 4, 5);
		assert_int_equal(page.result[0], 0xffffffff);
		assert_int_equal(page.result[1], 7);
	}
	call(CAISSON_TOOLS_W0, 7, 10, PORT_LOW + 2, 4, 5);
	assert_int_equal(page.result[0], 0xffffffff);
	page.args[3] = PORT_LOW;
	page.args[7] = FORM_LOW + 1;
	(void)tools_exit(&tools, &page, &memory);
	assert_int_equal(page.result[0], 0xffffffff);
}

static void test_values(void **unused)
{
	static const uint8_t binary[] = "info-set guestinfo.bin a\0b\xff";
	struct end e;
	uint8_t *value;
	size_t bytes;

	open_end(&e, GTCHANNEL_RPCI);
	assert_string_equal(ask(&e, "info-get guestinfo.none"), "0 No value found");
	assert_string_equal(ask(&e, "info-set guestinfo.a some text"), "1 ");
	assert_string_equal(ask(&e, "info-get guestinfo.a"), "1 some text");
	send_bytes(&e, "info-get guestinfo.a", 21); /* with a NUL */
	assert_string_equal(receive(&e), "1 some text");
	send_bytes(&e, binary, sizeof(binary) - 1);
	assert_string_equal(receive(&e), "1 ");
	assert_int_equal(tools_info_get(&tools, "guestinfo.bin", &value, &bytes), ERR_OK);
	assert_int_equal(bytes, 4);
	assert_memory_equal(value, "a\0b\xff", 4);
	free(value);
	assert_string_equal(ask(&e, "info-set machine.id 1"), "0 Permission denied");
	assert_string_equal(ask(&e, "info-set"), "0 Permission denied");
	assert_string_equal(ask(&e, "info-get"), "0 No value found");
	assert_string_equal(ask(&e, ""), "0 Unknown command");
	assert_string_equal(ask(&e, "info-gets guestinfo.a"), "0 Unknown command");
	assert_string_equal(ask(&e, "make-coffee"), "0 Unknown command");
	assert_int_equal(tools_info_set(&tools, "guestinfo.s", (const uint8_t *)"x", 1, 1), ERR_OK);
	assert_string_equal(ask(&e, "info-get guestinfo.s"), "1 x");
	assert_string_equal(ask(&e, "info-get guestinfo.s"), "0 No value found");
	assert_int_equal(tools_info_get(&tools, "guestinfo.s", &value, &bytes), ERR_DENIED);
}

static void test_read_only(void **unused)
{
	struct end e;

	tools.policy = TOOLS_READ_ONLY;
	open_end(&e, GTCHANNEL_RPCI);
	assert_int_equal(tools_info_set(&tools, "guestinfo.s", (const uint8_t *)"x", 1, 0), ERR_OK);
	assert_string_equal(ask(&e, "info-get guestinfo.s"), "1 x");
	assert_string_equal(ask(&e, "info-set guestinfo.s y"), "0 Permission denied");
	assert_string_equal(ask(&e, "log text"), "0 Permission denied");
	assert_string_equal(ask(&e, "vmx.set_option synctime 0 1"), "0 Permission denied");
	assert_string_equal(ask(&e, "info-get guestinfo.s"), "1 x");
	assert_int_equal(lines, 0);
}

static void test_log(void **unused)
{
	static const uint8_t nasty[] = "log a\x1b[2J\nb\\";
	struct end e;

	open_end(&e, GTCHANNEL_RPCI);
	send_bytes(&e, nasty, sizeof(nasty) - 1);
	assert_string_equal(said, "guest tools: a\\x1b[2J\\x0ab\\x5c");
	/* A flood ends in a few lines. */
	for (unsigned int i = 0; i < 1000; i++)
		assert_string_equal(ask(&e, "log more"), "1 ");
	assert_true(lines < 40);
}

static void test_writes_limited(void **unused)
{
	struct end e;

	open_end(&e, GTCHANNEL_RPCI);
	for (unsigned int i = 0; i < 1000; i++)
		assert_string_equal(ask(&e, "info-set guestinfo.x 1"), "1 ");
	/* Too many by some hundreds, each of which waits ten milliseconds more than the last. */
	assert_true(waited_ns > UINT64_C(3000000000));
}

static void test_report(void **unused)
{
	static const uint8_t nics[] = {0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0};
	uint8_t command[64] = "SetGuestInfo  10 ";
	struct end e;

	open_end(&e, GTCHANNEL_RPCI);
	assert_string_equal(ask(&e, "SetGuestInfo  1 name\x1b.example"), "1 ");
	assert_string_equal(tools.report.host_name, "name\\x1b.example");
	assert_string_equal(ask(&e, "SetGuestInfo  5 Debian GNU/Linux 12"), "1 ");
	assert_string_equal(tools.report.os_full, "Debian GNU/Linux 12");
	assert_string_equal(ask(&e, "SetGuestInfo  7 3488"), "1 ");
	assert_int_equal(tools.report.uptime_s, 34);
	assert_string_equal(ask(&e, "tools.set.versiontype 12352 4"), "1 ");
	assert_string_equal(tools.report.version, "12.2.0");
	memcpy(command + 17, nics, sizeof(nics));
	send_bytes(&e, command, 17 + sizeof(nics));
	assert_string_equal(receive(&e), "1 ");
	send_bytes(&e, command, 17 + sizeof(nics) - 4);
	assert_memory_equal(receive(&e), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo  7 99999999999999999999999"), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo  7"), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo"), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo  77 x"), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo  1x y"), "0 ", 2);
	assert_memory_equal(ask(&e, "tools.set.versiontype 70000 4"), "0 ", 2);
	assert_true(tools.report_waits && wakes > 0);
}

/* The form in which tools of 11 and later tell their system, as those of a Debian 12 do. */
static void test_os(void **unused)
{
	static const char detailed[] = "distroName='Debian GNU/Linux' "
				       "prettyName='Debian GNU/Linux 12 (bookworm)'";
	uint8_t command[17 + 648 + sizeof(detailed)] = "SetGuestInfo  11 \x01";
	struct end e;

	open_end(&e, GTCHANNEL_RPCI);
	strcpy((char *)command + 17 + 4, "debian12-64");
	strcpy((char *)command + 17 + 133, "Linux 6.1 Debian\x1b");
	memcpy(command + 17 + 648, detailed, sizeof(detailed));
	send_bytes(&e, command, sizeof(command));
	assert_string_equal(receive(&e), "1 ");
	assert_string_equal(tools.report.os_name, "debian12-64");
	assert_string_equal(tools.report.os_full, "Linux 6.1 Debian\\x1b");
	assert_string_equal(tools.report.os_detailed, detailed);
	/* Names and text that have no end. */
	memset(command + 17 + 4, 'n', 129);
	memset(command + 17 + 133, 'f', 513);
	send_bytes(&e, command, 17 + 648 + 5);
	assert_string_equal(receive(&e), "1 ");
	assert_int_equal(strspn(tools.report.os_name, "n"), strlen(tools.report.os_name));
	assert_int_equal(strspn(tools.report.os_full, "f"), strlen(tools.report.os_full));
	assert_string_equal(tools.report.os_detailed, "distr");
	/* Refused, they tell it otherwise. */
	send_bytes(&e, command, 17 + 647);
	assert_memory_equal(receive(&e), "0 ", 2);
	command[17] = 2;
	send_bytes(&e, command, sizeof(command));
	assert_memory_equal(receive(&e), "0 ", 2);
	assert_memory_equal(ask(&e, "SetGuestInfo  11 prettyName='x'"), "0 ", 2);
	assert_string_equal(tools.report.os_detailed, "distr");
}

/* Up to where it takes orders. */
static void start(struct end *e)
{
	open_end(e, GTCHANNEL_TCLO);
	assert_string_equal(poll_with(e, ""), "reset");
	assert_string_equal(poll_with(e, "OK ATR toolbox"), "Capabilities_Register");
	assert_false(tools.report.running);
	assert_string_equal(poll_with(e, "OK "), "Set_Option broadcastIP 1");
	assert_string_equal(poll_with(e, "OK "), "Set_Option time.synchronize.tools.startup 1");
	assert_string_equal(poll_with(e, "OK "), "Set_Option synctime 0");
	assert_null(poll_with(e, "OK "));
	assert_true(tools.report.running);
	assert_null(poll_with(e, ""));
}

static void test_orders(void **unused)
{
	struct tools_order *ping, *halt, *sync;
	struct end e, rpci;

	start(&e);
	open_end(&rpci, GTCHANNEL_RPCI);
	ping = tools_order_new(&tools, TOOLS_PING, 1000);
	sync = tools_order_new(&tools, TOOLS_SYNC_TIME, 1000);
	halt = tools_order_new(&tools, TOOLS_HALT, 1000);
	assert_string_equal(poll_with(&e, ""), "ping");
	assert_int_equal(ping->state, TOOLS_ORDER_SENT);
	assert_string_equal(poll_with(&e, "OK "), "Time_Synchronize 1");
	assert_int_equal(ping->state, TOOLS_ORDER_OVER);
	assert_int_equal(ping->result, TOOLS_DONE);
	assert_string_equal(poll_with(&e, "ERROR no\x07 time"), "OS_Halt");
	assert_int_equal(sync->result, TOOLS_REFUSED);
	assert_string_equal(sync->why, "no\\x07 time");
	assert_null(poll_with(&e, "OK "));
	assert_int_equal(halt->state, TOOLS_ORDER_BEGUN);
	/* Another's change of state, then its own. */
	assert_string_equal(ask(&rpci, "tools.os.statechange.status 1 2"), "1 ");
	assert_int_equal(halt->state, TOOLS_ORDER_BEGUN);
	assert_memory_equal(ask(&rpci, "tools.os.statechange.status x"), "0 ", 2);
	assert_memory_equal(ask(&rpci, "tools.os.statechange.status 1"), "0 ", 2);
	assert_string_equal(ask(&rpci, "tools.os.statechange.status 1 1"), "1 ");
	assert_int_equal(halt->result, TOOLS_DONE);
}

static void test_freeze(void **unused)
{
	struct tools_order *freeze, *thaw;
	struct end e, rpci;

	start(&e);
	open_end(&rpci, GTCHANNEL_RPCI);
	freeze = tools_order_new(&tools, TOOLS_FREEZE, 1000);
	assert_string_equal(poll_with(&e, ""), "vmbackup.start 0");
	assert_null(poll_with(&e, "OK "));
	assert_string_equal(ask(&rpci, "vmbackup.eventSet reset 0 "), "1 ");
	assert_string_equal(ask(&rpci, "vmbackup.eventSet req.keepAlive 0 "), "1 ");
	assert_int_equal(freeze->state, TOOLS_ORDER_BEGUN);
	assert_string_equal(ask(&rpci, "vmbackup.eventSet prov.snapshotCommit 0 "), "1 ");
	assert_int_equal(freeze->result, TOOLS_DONE);
	/* Nobody waits for a second one. */
	assert_memory_equal(ask(&rpci, "vmbackup.eventSet prov.snapshotCommit 0 "), "0 ", 2);
	freeze->state = TOOLS_ORDER_FREE;
	thaw = tools_order_new(&tools, TOOLS_THAW, 1000);
	assert_string_equal(poll_with(&e, ""), "vmbackup.snapshotDone");
	assert_null(poll_with(&e, "OK "));
	assert_string_equal(ask(&rpci, "vmbackup.eventSet req.done 0 "), "1 ");
	assert_int_equal(thaw->result, TOOLS_DONE);
	/* One that takes too long is called off. */
	thaw->state = TOOLS_ORDER_FREE;
	freeze = tools_order_new(&tools, TOOLS_FREEZE, 0);
	assert_string_equal(poll_with(&e, ""), "vmbackup.start 0");
	tools_tclo_expire(&tools, clock_now_ns());
	assert_int_equal(freeze->result, TOOLS_TIMEOUT);
	assert_string_equal(poll_with(&e, "OK "), "vmbackup.abort");
	assert_memory_equal(ask(&rpci, "vmbackup.eventSet x"), "0 ", 2);
}

/* Whoever says it how often: the owner's orders have room. */
static void test_sync(void **unused)
{
	struct end e, rpci;

	open_end(&rpci, GTCHANNEL_RPCI);
	assert_string_equal(ask(&rpci, "vmx.set_option synctime 1 0"), "1 ");
	assert_int_equal(tools.order[0].state, TOOLS_ORDER_FREE);
	start(&e);
	for (unsigned int i = 0; i < 2 * TOOLS_ORDERS_MAX + 1; i++)
		assert_string_equal(ask(&rpci, i % 2 == 0 ? "vmx.set_option synctime 0 1"
							  : "vmx.set_option synctime 1 0"),
				    "1 ");
	assert_int_equal(tools.order[1].state, TOOLS_ORDER_FREE);
	assert_string_equal(poll_with(&e, ""), "Set_Option synctime 1");
	assert_string_equal(ask(&rpci, "vmx.set_option synctime 1 0"), "1 ");
	assert_string_equal(poll_with(&e, "OK "), "Set_Option synctime 0");
	assert_null(poll_with(&e, "OK "));
}

/* What the guest has not fetched in time it does not find later; who goes takes orders along. */
static void test_late(void **unused)
{
	struct tools_order *halt, *reboot;
	struct end e, other;

	start(&e);
	halt = tools_order_new(&tools, TOOLS_HALT, 0);
	send_bytes(&e, "", 0);
	assert_int_equal(halt->state, TOOLS_ORDER_SENT);
	tools_tclo_expire(&tools, clock_now_ns());
	assert_int_equal(halt->result, TOOLS_TIMEOUT);
	assert_null(receive(&e));
	assert_null(poll_with(&e, ""));
	/* Fetched, and answered when nobody waits any more. */
	halt->state = TOOLS_ORDER_FREE;
	halt = tools_order_new(&tools, TOOLS_PING, 0);
	assert_string_equal(poll_with(&e, ""), "ping");
	tools_tclo_expire(&tools, clock_now_ns());
	halt->state = TOOLS_ORDER_FREE;
	reboot = tools_order_new(&tools, TOOLS_REBOOT, 1000);
	assert_string_equal(poll_with(&e, "OK "), "OS_Reboot");
	assert_int_equal(reboot->state, TOOLS_ORDER_SENT);
	/* Somebody else says that it is the tools: orders are not carried over. */
	open_end(&other, GTCHANNEL_TCLO);
	assert_string_equal(poll_with(&other, ""), "reset");
	assert_null(poll_with(&other, "OK ATR toolbox-dnd"));
	assert_true(tools.report.running);
	open_end(&other, GTCHANNEL_TCLO);
	assert_string_equal(poll_with(&other, ""), "reset");
	assert_string_equal(poll_with(&other, "OK ATR toolbox"), "Capabilities_Register");
	assert_int_equal(reboot->result, TOOLS_ABSENT);
	assert_false(tools.report.running);
	assert_int_equal(message(&other, GTCHANNEL_CLOSE, 0), 1);
	assert_int_equal(tools.main, TOOLS_NO_CHANNEL);
}

/* Both directions, with pages in any order; nothing moves when one is no memory. */
static void test_high_band(void **unused)
{
	static const char set[] = "info-set guestinfo.h ";
	struct end e;

	open_end(&e, GTCHANNEL_RPCI);
	assert_int_equal(message(&e, GTCHANNEL_SENDSIZE, 6000), 0x81);
	memcpy(ram + 5 * 4096 - 10, set, 10);
	memcpy(ram + 2 * 4096, set + 10, sizeof(set) - 11);
	memset(ram + 2 * 4096 + sizeof(set) - 11, 'v', 4096 - sizeof(set) + 11);
	memset(ram + 9 * 4096, 'w', 4096);
	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		page.tools_pages = 3;
		page.tools_page[0] = GIB(1) + 5 * 4096 - 10;
		page.tools_page[1] = GIB(1) + 2 * 4096;
		page.tools_page[2] = wrong == 0 ? GIB(1) + sizeof(ram) : GIB(1) + 9 * 4096;
		page.args[1] = 1 << 16;
		page.args[2] = 6000;
		page.args[3] = e.id << 16 | RUN_TOOLS_PORT;
		page.args[4] = 0x1234;
		page.args[5] = e.cookie[1];
		page.args[6] = e.cookie[0];
		page.args[7] = UINT64_C(0x86) << 32 | RUN_TOOLS_OUT;
		(void)tools_exit(&tools, &page, &memory);
		assert_int_equal(page.result[1] >> 16 & 1, wrong);
	}
	assert_string_equal(receive(&e), "1 ");
	send_bytes(&e, "info-get guestinfo.h", 20);
	assert_int_equal(message(&e, GTCHANNEL_RECVSIZE, 0), 0x83);
	assert_int_equal(page.result[1], 6000 - sizeof(set) + 1 + 2);
	page.args[2] = page.result[1];
	page.tools_pages = 2;
	page.tools_page[0] = GIB(1) + 11 * 4096 + 1;
	page.tools_page[1] = GIB(1) + 20 * 4096;
	page.args[1] = 1 << 16;
	page.args[3] = e.id << 16 | RUN_TOOLS_PORT;
	page.args[4] = e.cookie[0];
	page.args[5] = 0x1234;
	page.args[6] = e.cookie[1];
	page.args[7] = UINT64_C(0x86) << 32 | RUN_TOOLS_IN;
	(void)tools_exit(&tools, &page, &memory);
	assert_int_equal(page.result[1], 1 << 16);
	assert_memory_equal(ram + 11 * 4096 + 1, "1 vvvv", 6);
	assert_int_equal(ram[20 * 4096 + 1800], 'w');
	assert_int_equal(message(&e, GTCHANNEL_RECVSTATUS, 1), 1);
}

/* Any registers: it answers, and what there is stays within its bounds. */
static void test_random(void **unused)
{
	static const uint64_t forms[] = {FORM_LOW, UINT64_C(0x86) << 32 | RUN_TOOLS_OUT,
					 UINT64_C(0x86) << 32 | RUN_TOOLS_IN};
	struct prop p = prop_start(__func__);
	struct end e[3];

	open_end(&e[0], GTCHANNEL_RPCI);
	open_end(&e[1], GTCHANNEL_TCLO);
	start(&e[2]);
	for (unsigned int i = 0; i < 30000; i++) {
		struct end *end = &e[prop_below(&p, 3)];

		for (unsigned int n = 0; n < 7; n++)
			page.args[n] = prop_u64(&p);
		page.args[1] = prop_below(&p, prop_one_in(&p, 4) ? 70000 : 20);
		page.args[2] =
			prop_below(&p, 8) << 16 | (prop_one_in(&p, 9) ? prop_below(&p, 64) : 30);
		page.args[3] = end->id << 16 | (PORT_LOW + prop_below(&p, 2));
		page.args[4] = end->cookie[0];
		page.args[5] = end->cookie[1];
		page.args[7] = forms[prop_below(&p, 3)];
		page.tools_pages = (uint32_t)prop_below(&p, RUN_TOOLS_PAGES + 1);
		for (unsigned int n = 0; n < page.tools_pages; n++)
			page.tools_page[n] = GIB(1) + prop_below(&p, sizeof(ram) + 4096);
		(void)tools_exit(&tools, &page, &memory);
		assert_true(tools.message_bytes <= MIB(8));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report, setup, teardown),
		cmocka_unit_test_setup_teardown(test_os, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freeze, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_high_band, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
