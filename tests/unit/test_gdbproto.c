/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/gdbproto.h"
#include "lib/gdbregs.h"
#include "tests/unit/prop.h"

static struct gdbproto_receiver receiver;

/* All bytes of the text; the last event that was something. */
static enum gdbproto_event receive(const char *text, size_t count)
{
	enum gdbproto_event last = GDBPROTO_NOTHING;

	for (size_t i = 0; i < count; i++) {
		enum gdbproto_event event = gdbproto_receive(&receiver, (uint8_t)text[i]);

		last = event == GDBPROTO_NOTHING ? last : event;
	}
	return last;
}

static void check_packet(const char *text, const char *want)
{
	memset(&receiver, 0, sizeof(receiver));
	assert_int_equal(receive(text, strlen(text)), GDBPROTO_PACKET);
	assert_int_equal(receiver.count, strlen(want));
	assert_memory_equal(receiver.packet, want, strlen(want));
}

static void check_event(const char *text, enum gdbproto_event want)
{
	memset(&receiver, 0, sizeof(receiver));
	assert_int_equal(receive(text, strlen(text)), want);
}

static void test_frames(void **state)
{
	check_packet("$#00", "");
	check_packet("$g#67", "g");
	check_packet("$OK#9A", "OK");
	check_packet("noise+-$g#67", "g");
	check_packet("$cut off$g#67", "g");
	check_packet("$X}\x03#d8", "X#");
	check_packet("$}]#da", "}");
	check_event("+", GDBPROTO_ACK);
	check_event("-", GDBPROTO_NACK);
	check_event("\x03", GDBPROTO_INTERRUPT);
	check_event("$\x03#03", GDBPROTO_PACKET);
	check_event("$g#66", GDBPROTO_BROKEN);
	check_event("$g#6x", GDBPROTO_BROKEN);
	check_event("$g#x7", GDBPROTO_BROKEN);
	check_event("$g#6", GDBPROTO_NOTHING);
}

static void test_length(void **state)
{
	static char text[GDBPROTO_PACKET_BYTES + 8];
	uint8_t sum;

	for (size_t n = GDBPROTO_PACKET_BYTES - 1; n <= GDBPROTO_PACKET_BYTES + 1; n++) {
		memset(text, 'a', sizeof(text));
		text[0] = '$';
		sum = (uint8_t)('a' * n);
		snprintf(text + 1 + n, 4, "#%02x", sum);
		memset(&receiver, 0, sizeof(receiver));
		assert_int_equal(receive(text, n + 4),
				 n <= GDBPROTO_PACKET_BYTES ? GDBPROTO_PACKET : GDBPROTO_BROKEN);
	}
	assert_int_equal(receive("$g#67", 5), GDBPROTO_PACKET);
}

static struct gdbproto_text text_of(const char *text)
{
	return (struct gdbproto_text){(const uint8_t *)text, strlen(text)};
}

static void test_numbers(void **state)
{
	struct gdbproto_text t = text_of("0123456789abcDEF,");
	uint64_t value = 7;

	assert_true(gdbproto_take_number(&t, &value));
	assert_int_equal(value, 0x0123456789abcdef);
	assert_int_equal(t.left, 1);
	assert_false(gdbproto_take_number(&t, &value));
	assert_true(gdbproto_take(&t, ","));
	assert_false(gdbproto_take(&t, ","));
	t = text_of("00123456789abcdef");
	assert_false(gdbproto_take_number(&t, &value));
	assert_int_equal(t.left, 17);
}

static void test_bytes(void **state)
{
	struct gdbproto_text t = text_of("01fFx");
	uint8_t bytes[3] = {9, 9, 9};

	assert_false(gdbproto_take_bytes(&t, bytes, 3));
	assert_true(gdbproto_take_bytes(&t, bytes, 2));
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[1], 0xff);
	assert_int_equal(bytes[2], 9);
	t = text_of("0x");
	assert_false(gdbproto_take_bytes(&t, bytes, 1));
	assert_false(gdbproto_take_bytes(&t, bytes, SIZE_MAX));
}

static void check_thread(const char *text, bool good, int64_t process, int64_t thread)
{
	struct gdbproto_text t = text_of(text);
	struct gdbproto_thread found = {77, 77};

	assert_int_equal(gdbproto_take_thread(&t, &found), good);
	assert_int_equal(found.process, good ? process : 77);
	assert_int_equal(found.thread, good ? thread : 77);
	assert_int_equal(t.left, good ? 0 : strlen(text));
}

static void test_threads(void **state)
{
	check_thread("1", true, 0, 1);
	check_thread("0", true, 0, 0);
	check_thread("-1", true, 0, -1);
	check_thread("p11.2", true, 0x11, 2);
	check_thread("p2", true, 2, -1);
	check_thread("p-1.-1", true, -1, -1);
	check_thread("p2.", false, 0, 0);
	check_thread("p", false, 0, 0);
	check_thread("", false, 0, 0);
	check_thread("-2", false, 0, 0);
	check_thread("80000000", false, 0, 0);
}

static struct gdbproto_reply reply;

static void check_reply(const char *want)
{
	gdbproto_end(&reply);
	assert_int_equal(reply.count, strlen(want));
	assert_memory_equal(reply.bytes, want, reply.count);
}

static void test_replies(void **state)
{
	static const uint8_t bytes[] = {0, 0x7f, 0xff};

	gdbproto_begin(&reply);
	check_reply("$#00");
	gdbproto_begin(&reply);
	gdbproto_put(&reply, "OK");
	check_reply("$OK#9a");
	gdbproto_begin(&reply);
	gdbproto_put_bytes(&reply, bytes, sizeof(bytes));
	gdbproto_put_number(&reply, 0x10);
	gdbproto_put_decimal(&reply, 10);
	check_reply("$007fff1010#8b");
	gdbproto_begin(&reply);
	gdbproto_put_raw(&reply, (const uint8_t *)"}#$*", 4);
	check_reply("$}]}\x03}\x04}\n#62");
}

/* What a client takes out of a reply, checked as a receiver would. */
static size_t decode(uint8_t *to)
{
	memset(&receiver, 0, sizeof(receiver));
	gdbproto_end(&reply);
	assert_true(reply.count <= sizeof(reply.bytes));
	assert_int_equal(receive((const char *)reply.bytes, reply.count), GDBPROTO_PACKET);
	memcpy(to, receiver.packet, receiver.count);
	return receiver.count;
}

/* Any raw bytes come through, and what is too long is cut and marked. */
static void test_random(void **state)
{
	static uint8_t in[GDBPROTO_PACKET_BYTES], out[GDBPROTO_PACKET_BYTES];
	struct prop p = prop_start("random");

	for (int run = 0; run < 300; run++) {
		size_t count = prop_below(&p, sizeof(in)), got;

		for (size_t i = 0; i < count; i++)
			in[i] = prop_one_in(&p, 3) ? (uint8_t) "}$#*"[prop_below(&p, 4)]
						   : (uint8_t)prop_below(&p, 256);
		gdbproto_begin(&reply);
		gdbproto_put_raw(&reply, in, count);
		got = decode(out);
		assert_true(got == count || reply.is_short);
		assert_true(got <= count);
		assert_memory_equal(in, out, got);
	}
}

/* The target description in windows of any size is the whole of it. */
static void test_windows(void **state)
{
	static uint8_t whole[32768], part[GDBPROTO_PACKET_BYTES];
	size_t bytes = 0, count;
	const char *text = (const char *)whole;
	struct prop p = prop_start("windows");

	for (int run = 0; run < 20; run++) {
		memset(whole, 0, sizeof(whole));
		bytes = 0;
		do {
			gdbproto_begin(&reply);
			gdbproto_window_begin(&reply, bytes, 1 + prop_below(&p, 5000));
			gdbregs_put_xml(&reply);
			gdbproto_window_end(&reply);
			count = decode(part);
			assert_true(count >= 1 && (part[0] == 'm' || part[0] == 'l'));
			assert_true(part[0] == 'l' || count > 1);
			assert_true(bytes + count < sizeof(whole));
			memcpy(whole + bytes, part + 1, count - 1);
			bytes += count - 1;
		} while (part[0] == 'm');
		assert_non_null(strstr(text, "<reg name=\"x30\" bitsize=\"64\"/>"));
		assert_non_null(
			strstr(text, "name=\"tpidr_el1\" bitsize=\"64\" group=\"system\"/>"));
		assert_string_equal(text + bytes - 10, "</target>\n");
	}
	/* As many registers as there are numbers. */
	count = 0;
	for (const char *at = text; (at = strstr(at, "<reg ")) != NULL; at++)
		count++;
	assert_int_equal(count, GDBREGS_COUNT);
	gdbproto_begin(&reply);
	gdbproto_window_begin(&reply, UINT64_MAX, 10);
	gdbregs_put_xml(&reply);
	gdbproto_window_end(&reply);
	assert_int_equal(decode(part), 1);
	assert_int_equal(part[0], 'l');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),  cmocka_unit_test(test_length),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_replies),
		cmocka_unit_test(test_random),  cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
