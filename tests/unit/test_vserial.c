/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/vserial.h"
#include "tests/unit/prop.h"

#define NAME "org.example.0"

/* Messages as the specification has them (virtio 1.2, 5.3.6.2): id, event, value. */
enum { DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, PORT_OPEN = 6, PORT_NAME = 7 };

static void say_to(struct vserial *s, uint32_t id, uint16_t event, uint16_t value)
{
	const uint8_t message[] = {
		(uint8_t)id,    (uint8_t)(id >> 8),    (uint8_t)(id >> 16), (uint8_t)(id >> 24),
		(uint8_t)event, (uint8_t)(event >> 8), (uint8_t)value,      (uint8_t)(value >> 8),
	};

	vserial_take(s, message, sizeof(message));
}

static void expect_event(struct vserial *s, uint16_t event, size_t bytes)
{
	const uint8_t head[] = {VSERIAL_PORT, 0, 0, 0, (uint8_t)event, 0, 1, 0};
	uint8_t message[VSERIAL_MESSAGE_BYTES];

	assert_true(vserial_has_due(s));
	assert_int_equal(vserial_next(s, message), bytes);
	assert_memory_equal(message, head, sizeof(head));
	if (event == PORT_NAME)
		assert_memory_equal(message + sizeof(head), NAME, strlen(NAME));
}

static void expect_nothing(struct vserial *s)
{
	uint8_t message[VSERIAL_MESSAGE_BYTES];

	assert_false(vserial_has_due(s));
	assert_int_equal(vserial_next(s, message), 0);
}

/* As Linux does it. */
static void test_linux(void **unused)
{
	struct vserial s;

	vserial_init(&s, NAME);
	expect_nothing(&s);
	say_to(&s, UINT32_MAX, DEVICE_READY, 1);
	expect_event(&s, DEVICE_ADD, 8);
	expect_nothing(&s);
	say_to(&s, VSERIAL_PORT, PORT_READY, 1);
	expect_event(&s, PORT_NAME, 8 + strlen(NAME));
	expect_event(&s, PORT_OPEN, 8);
	expect_nothing(&s);
	assert_false(s.open);
	say_to(&s, VSERIAL_PORT, PORT_OPEN, 1);
	assert_true(s.open);
	say_to(&s, VSERIAL_PORT, PORT_OPEN, 0);
	assert_false(s.open);
	say_to(&s, VSERIAL_PORT, PORT_OPEN, 1);
	say_to(&s, VSERIAL_PORT, PORT_READY, 0);
	assert_false(s.open || s.port_ready);
	expect_nothing(&s);
}

/* Nothing before its time, for another port, too short, or twice. */
static void test_wrong(void **unused)
{
	static const uint8_t short_one[] = {1, 0, 0, 0, PORT_OPEN, 0, 1};
	struct vserial s;

	vserial_init(&s, NAME);
	say_to(&s, VSERIAL_PORT, PORT_READY, 1);
	say_to(&s, VSERIAL_PORT, PORT_OPEN, 1);
	say_to(&s, 0, DEVICE_READY, 0);
	say_to(&s, 0, DEVICE_READY, 2);
	expect_nothing(&s);
	say_to(&s, 0, DEVICE_READY, 1);
	say_to(&s, 0, DEVICE_READY, 1);
	expect_event(&s, DEVICE_ADD, 8);
	say_to(&s, 0, DEVICE_READY, 1);
	say_to(&s, VSERIAL_PORT, PORT_OPEN, 1);
	say_to(&s, 0, PORT_READY, 1);
	say_to(&s, 2, PORT_READY, 1);
	say_to(&s, VSERIAL_PORT | 1 << 16, PORT_READY, 1);
	say_to(&s, VSERIAL_PORT, PORT_READY | 0x100, 1);
	expect_nothing(&s);
	assert_false(s.open);
	say_to(&s, VSERIAL_PORT, PORT_READY, 1);
	vserial_take(&s, short_one, sizeof(short_one));
	vserial_take(&s, short_one, 0);
	assert_false(s.open);
	/* It is no longer ready: what it waited for is not due. */
	say_to(&s, VSERIAL_PORT, PORT_READY, 0);
	expect_nothing(&s);
}

static void test_long_name(void **unused)
{
	uint8_t message[VSERIAL_MESSAGE_BYTES];
	char name[2 * VSERIAL_NAME_BYTES] = {0};
	struct vserial s;

	memset(name, 'n', sizeof(name) - 1);
	vserial_init(&s, name);
	say_to(&s, 0, DEVICE_READY, 1);
	say_to(&s, VSERIAL_PORT, PORT_READY, 1);
	assert_int_equal(vserial_next(&s, message), 8);
	assert_int_equal(vserial_next(&s, message), VSERIAL_MESSAGE_BYTES);
}

/* Whatever comes, each message is due once at most, and nothing is open that was not made ready. */
static void test_random(void **unused)
{
	struct prop p = prop_start("vserial");
	uint8_t message[VSERIAL_MESSAGE_BYTES];
	struct vserial s;

	for (int round = 0; round < 1000; round++) {
		vserial_init(&s, NAME);
		for (int i = 0; i < 30; i++) {
			say_to(&s, (uint32_t)prop_below(&p, 3), (uint16_t)prop_below(&p, 9),
			       (uint16_t)prop_below(&p, 3));
			assert_true(!s.open || (s.port_ready && s.device_ready));
			if (prop_one_in(&p, 4))
				(void)vserial_next(&s, message);
		}
		for (int i = 0; i < 3; i++)
			(void)vserial_next(&s, message);
		expect_nothing(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
