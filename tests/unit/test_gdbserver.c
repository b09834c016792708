/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "tests/unit/gdb_mock.h"
#include "tests/unit/prop.h"

static struct mock mock;

static void give(const char *bytes)
{
	gdbserver_input(&mock.server, (const uint8_t *)bytes, strlen(bytes));
}

/* Sends a packet, with its frame. */
static void give_packet(const char *text, size_t bytes)
{
	char end[4];
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + (uint8_t)text[i]);
	snprintf(end, sizeof(end), "#%02x", sum);
	give("$");
	gdbserver_input(&mock.server, (const uint8_t *)text, bytes);
	give(end);
}

/* What comes back for a packet: acknowledged, then this packet; "-": nothing yet. */
static void check(const char *packet, const char *want)
{
	char whole[sizeof(mock.sent)];
	uint8_t sum = 0;

	mock.sent_bytes = 0;
	mock.sent[0] = '\0';
	give_packet(packet, strlen(packet));
	for (const char *c = want; *c; c++)
		sum = (uint8_t)(sum + (uint8_t)*c);
	snprintf(whole, sizeof(whole), "+$%s#%02x", want, sum);
	assert_string_equal(mock.sent, strcmp(want, "-") == 0 ? "+" : whole);
	assert_false(mock.violation);
}

/* The stop of the VM is told with this. */
static void check_stop(enum gdbserver_cause cause, uint32_t vcpu, const char *begin,
		       const char *end)
{
	mock.sent_bytes = 0;
	mock_stopped(&mock, cause, vcpu);
	assert_memory_equal(mock.sent, begin, strlen(begin));
	assert_true(strlen(mock.sent) > strlen(end) + 3);
	assert_memory_equal(mock.sent + mock.sent_bytes - 3 - strlen(end), end, strlen(end));
}

static int setup(void **state)
{
	mock_init(&mock);
	return 0;
}

/* `target remote`: the service VM. */
static int connected(void **state)
{
	mock_init(&mock);
	give("$qSupported#37");
	check("?", "-");
	assert_int_equal(mock.attached, 3);
	assert_true(mock.stop_asked);
	check_stop(GDBSERVER_INTERRUPTED, 0, "$T021d:0000000000000000;1f:", "thread:1;");
	return 0;
}

/* `target extended-remote` and `attach 2`. */
static int extended(void **state)
{
	mock_init(&mock);
	give("$qSupported:multiprocess+#c6");
	check("!", "OK");
	check("?", "W00");
	check("vAttach;1", "E01");
	check("vAttach;2", "-");
	assert_int_equal(mock.attached, 1);
	check_stop(GDBSERVER_INTERRUPTED, 2, "$T02", "thread:p2.3;");
	return 0;
}

static void test_before(void **state)
{
	static const char *const packets[] = {
		"g",      "G00",    "p0", "m0,4", "M0,0:", "c",   "s", "vCont;c",
		"Z0,4,4", "z0,4,4", "qC", "D",    "D;1",   "Hg1", "T1"};

	for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
		check(packets[i], "E01");
	check("qfThreadInfo", "l");
	check("nonsense", "");
	check("vMustReplyEmpty", "");
	check("", "");
}

static void test_registers(void **state)
{
	check("P0=0123456789abcdef", "OK");
	check("p0", "0123456789abcdef");
	check("P21=11223344", "OK");
	check("p21", "11223344");
	check("P21=1122334", "E22");
	check("p22", "00000000000000000000000000000000");
	check("P22=000102030405060708090a0b0c0d0e0f", "OK");
	check("p22", "000102030405060708090a0b0c0d0e0f");
	check("p56", "E22");
	check("pffffffffffffffff", "E22");
	check("P", "E22");
	mock.sent_bytes = 0;
	give("$g#67");
	assert_int_equal(mock.sent_bytes, 1 + 4 + 2 * (33 * 8 + 4));
	assert_memory_equal(mock.sent, "+$0123456789abcdef00", 20);
	check("G00", "E22");
}

static void test_memory(void **state)
{
	check("M40000ffc,4:01020304", "OK");
	check("m40000ffc,8", "01020304");
	check("m40001000,4", "E14");
	check("M40000ffd,4:01020304", "E14");
	check("M40000000,4:010203", "E22");
	check("M40000000,2:010203", "E22");
	check("m40000000", "E22");
	check("m40000000,0", "");
	check("Mffffffffffffffff,ffffffffffffffff:00", "E22");
	check("X40000010,0:", "");
	check("M40000010,3:61237a", "OK");
	check("m40000010,3", "61237a");
	mock.sent_bytes = 0;
	give_packet("m40000000,ffffffff", 18);
	assert_int_equal(mock.sent_bytes, 5 + 2 * GDBSERVER_MAX_MEMORY);
}

static void test_points(void **state)
{
	check("Z0,40000000,4", "OK");
	check("Z1,40000004,4", "OK");
	check("Z2,40000008,8", "OK");
	check("Z2,40000010,8", "E28");
	check("z2,40000008,8", "OK");
	check("Z2,40000010,8", "OK");
	check("Z0,0,4", "E14");
	check("Z0,40000000,2", "");
	check("Z5,40000000,4", "");
	check("Zffffffff,40000000,4", "");
	check("Z0,40000000", "E22");
	check("Z0,40000000,4;X1,00", "E22");
	assert_int_equal(mock.point[GDBSERVER_WRITE], 0x40000010);
}

static void test_going(void **state)
{
	check("c", "-");
	assert_int_equal(mock.go[0], GDBSERVER_CONTINUE);
	check("g", "E16");
	check("vCont;c", "E16");
	check_stop(GDBSERVER_AT_SOFTWARE, 0, "$T05", "thread:1;swbreak:;");
	check("?", "T051d:0000000000000000;1f:0000000000000000;20:0000000000000000;"
		   "thread:1;swbreak:;");
	check("vCont?", "vCont;c;C;s;S");
	check("s", "-");
	assert_int_equal(mock.go[0], GDBSERVER_STEP);
	assert_int_equal(mock.go[1], GDBSERVER_STAY);
	check_stop(GDBSERVER_STEPPED, 0, "$T05", "thread:1;");
	check("C05", "-");
	assert_false(mock.stop_asked);
	give("\x03");
	assert_true(mock.stop_asked);
	check_stop(GDBSERVER_WATCHED, 0, "$T05", "thread:1;rwatch:1234;");
	check("c1000", "");
	check("C0", "E22");
	check("vCont", "E22");
	check("vCont;t", "E22");
	check("vCont;c:7", "E22");
	check("vContc", "E22");
}

/* Threads of a VM with a gap. */
static void test_threads(void **state)
{
	check("qfThreadInfo", "mp2.1,p2.3");
	check("qsThreadInfo", "l");
	check("qThreadExtraInfo,p2.3", "764350552032");
	check("qC", "QCp2.3");
	check("Tp2.1", "OK");
	check("Tp2.2", "E01");
	check("Tp3.1", "E01");
	check("Tp2.21", "E01");
	check("Hgp2.1", "OK");
	check("P0=0100000000000000", "OK");
	check("Hgp2.3", "OK");
	check("p0", "0000000000000000");
	check("Hg0", "OK");
	check("Hgp2.2", "E01");
	check("Hx1", "");
	check("vCont;s:p2.1;c:p2.-1", "-");
	assert_int_equal(mock.go[0], GDBSERVER_STEP);
	assert_int_equal(mock.go[2], GDBSERVER_CONTINUE);
	check_stop(GDBSERVER_STEPPED, 0, "$T05", "thread:p2.1;");
	check("vCont;c;s:p2.1", "-");
	assert_int_equal(mock.go[0], GDBSERVER_CONTINUE);
	check_stop(GDBSERVER_AT_HARDWARE, 2, "$T05", "thread:p2.3;hwbreak:;");
	check("vCont;s:p2.3", "-");
	assert_int_equal(mock.go[0], GDBSERVER_STAY);
}

static void test_leaving(void **state)
{
	check("vKill;2", "E01");
	check("D;3", "E01");
	check("D;2", "OK");
	assert_int_equal(mock.attached, -1);
	check("g", "E01");
	check("vAttach;4", "-");
	assert_int_equal(mock.attached, 3);
	mock_stopped(&mock, GDBSERVER_INTERRUPTED, 0);
	mock.sent_bytes = 0;
	give("$k#6b");
	assert_string_equal(mock.sent, "+");
	assert_int_equal(mock.attached, -1);
}

/* The VM ends: while it runs, and while it is stopped. */
static void test_gone(void **state)
{
	check("vCont;c", "-");
	mock.sent_bytes = 0;
	mock.has_ended = true;
	mock.attached = -1;
	gdbserver_gone(&mock.server);
	assert_string_equal(mock.sent, "$W00;process:2#5d");
	check("?", "W00");
	check("D;2", "E01");
	mock.has_ended = false;
	check("vAttach;2", "-");
	mock_stopped(&mock, GDBSERVER_INTERRUPTED, 0);
	mock.has_ended = true;
	check("vCont;c", "W00;process:2");
}

/* A client that went away while the VM runs, and the next. */
static void test_again(void **state)
{
	check("QStartNoAckMode", "OK");
	mock.sent_bytes = 0;
	give("$c#63");
	assert_int_equal(mock.sent_bytes, 0);
	give("$qSupported#37");
	assert_memory_equal(mock.sent, "+$PacketSize=1000;", 18);
	check("?", "-");
	assert_true(mock.stop_asked);
	check_stop(GDBSERVER_INTERRUPTED, 0, "$T02", "thread:1;");
}

static void test_acks(void **state)
{
	check("qAttached", "1");
	mock.sent_bytes = 0;
	give("-");
	assert_string_equal(mock.sent, "$1#31");
	mock.sent_bytes = 0;
	give("$g#00");
	assert_string_equal(mock.sent, "-");
}

static void to_hex(const char *text, char *to)
{
	strcpy(to, "qRcmd,");
	for (to += 6; *text; text++, to += 2)
		snprintf(to, 3, "%02x", (unsigned char)*text);
}

/* A monitor command; its answer contains the text. */
static void check_monitor(const char *command, const char *want)
{
	char packet[256], hex[256];

	to_hex(command, packet);
	to_hex(want, hex);
	mock.sent_bytes = 0;
	give_packet(packet, strlen(packet));
	assert_non_null(strstr(mock.sent, hex + 6));
}

static void test_monitor(void **state)
{
	check_monitor("help", "monitor vm N");
	check_monitor("", "monitor vm N");
	check_monitor("vms", "   1  guest $}#*\n");
	check_monitor("vms", "*  3  service VM\n");
	check_monitor("vm 0", "no such VM");
	check_monitor("vm 99999999999999999999", "no such VM");
	check_monitor("vm x", "no such VM");
	check_monitor("vm ", "no such VM");
	check_monitor("vm service", "That is the one");
	assert_int_equal(mock.attached, 3);
	check_monitor("vm 1", "Chosen");
	assert_int_equal(mock.attached, -1);
	check("?", "-");
	assert_int_equal(mock.attached, 1);
	check("qRcmd,0", "E22");
}

static void test_transfer(void **state)
{
	char *text;

	mock.sent_bytes = 0;
	give_packet("qXfer:osdata:read:processes:0,800", 33);
	text = mock.sent;
	assert_memory_equal(text, "+$l<?xml", 8);
	assert_non_null(strstr(text, "\"pid\">2</column>"));
	assert_non_null(strstr(text, "guest }\x04}]}\x03}\n"));
	check("qXfer:osdata:read::0,800", "E00");
	check("qXfer:features:read:other.xml:0,800", "E00");
	check("qXfer:features:read:target.xml:0", "E22");
	check("qXfer:auxv:read::0,800", "");
}

/* Random packets made of pieces that mean something: the contracts hold. */
static void test_random(void **state)
{
	static const char *const pieces[] = {
		"g",
		"G",
		"p",
		"P",
		"m",
		"M",
		"X",
		"Z0",
		"z1",
		"Z2",
		"vCont",
		";c",
		";s",
		"c",
		"s",
		"H",
		"Hg",
		"qC",
		"T",
		"D",
		"k",
		"!",
		"?",
		"vAttach;",
		":",
		",",
		"0",
		"1",
		"4",
		"-1",
		"p2.1",
		"p4",
		"40000000",
		"fffffffffffffff8",
		"=",
		"00",
		"ff",
		"qfThreadInfo",
		"qsThreadInfo",
		"qXfer:features:read:target.xml:",
		"qRcmd,766d2031",
		"qSupported",
		"multiprocess+",
		"QStartNoAckMode",
	};
	struct prop p = prop_start("random");

	for (int run = 0; run < 20000; run++) {
		char packet[256] = "";

		for (uint64_t n = prop_below(&p, 7); n > 0; n--)
			strcat(packet, pieces[prop_below(&p, ARRAY_SIZE(pieces))]);
		give_packet(packet, strlen(packet));
		if (prop_one_in(&p, 3))
			mock_stopped(&mock, (enum gdbserver_cause)prop_below(&p, 5),
				     2 * (uint32_t)prop_below(&p, 2));
		if (prop_one_in(&p, 10))
			give("\x03");
		assert_false(mock.violation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_before, setup),
		cmocka_unit_test_setup(test_registers, connected),
		cmocka_unit_test_setup(test_memory, connected),
		cmocka_unit_test_setup(test_points, connected),
		cmocka_unit_test_setup(test_going, connected),
		cmocka_unit_test_setup(test_threads, extended),
		cmocka_unit_test_setup(test_leaving, extended),
		cmocka_unit_test_setup(test_gone, extended),
		cmocka_unit_test_setup(test_again, connected),
		cmocka_unit_test_setup(test_acks, connected),
		cmocka_unit_test_setup(test_monitor, connected),
		cmocka_unit_test_setup(test_transfer, extended),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
