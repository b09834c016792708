/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "abi/hypercall.h"
#include "vmm/eventline.h"

/* Records of the event line, whole, torn, wrong, and among anything. */

static uint32_t taken;
static struct event last;

static void feed(struct eventline *line, const uint8_t *bytes, size_t count)
{
	struct event event;

	for (size_t i = 0; i < count; i++) {
		if (eventline_take(line, bytes[i], &event)) {
			taken++;
			last = event;
		}
	}
}

static void feed_event(struct eventline *line, uint32_t type, uint32_t vm, uint32_t vcpu)
{
	const uint8_t bytes[] = {(uint8_t)(EVENT_FIRST | type), (uint8_t)vm, (uint8_t)vcpu,
				 EVENT_CHECK(type, vm, vcpu)};

	feed(line, bytes, sizeof(bytes));
}

static void test_right(void **state)
{
	struct eventline line = {0};

	for (uint32_t type = EVENT_EXIT; type <= EVENT_LAST; type++) {
		for (uint32_t vm = 0; vm < CAISSON_MAX_VMS; vm++) {
			for (uint32_t vcpu = 0; vcpu < CAISSON_MAX_VCPUS; vcpu++) {
				taken = 0;
				feed_event(&line, type, vm, vcpu);
				assert_int_equal(taken, 1);
				assert_int_equal(last.type, type);
				assert_int_equal(last.vm, vm);
				assert_int_equal(last.vcpu, vcpu);
			}
		}
	}
}

static void test_wrong(void **state)
{
	static const uint8_t torn[] = {1, 2, 3, EVENT_FIRST | EVENT_EXIT, 0, 1};
	struct eventline line = {0};

	taken = 0;
	feed_event(&line, 0, 0, 0);
	feed_event(&line, EVENT_LAST + 1, 0, 0);
	feed_event(&line, EVENT_EXIT, CAISSON_MAX_VMS, 0);
	feed_event(&line, EVENT_EXIT, 0, CAISSON_MAX_VCPUS);
	assert_int_equal(taken, 0);
	for (uint32_t flip = 0; flip < 32; flip++) {
		uint8_t bytes[] = {EVENT_FIRST | EVENT_EXIT, 1, 2, EVENT_CHECK(EVENT_EXIT, 1, 2)};

		bytes[flip / 8] ^= (uint8_t)BIT(flip % 8);
		feed(&line, bytes, sizeof(bytes));
		assert_int_equal(taken, 0);
		line.count = 0;
	}
	feed(&line, torn, sizeof(torn));
	assert_int_equal(taken, 0);
	feed_event(&line, EVENT_WAKE, 1, 3);
	assert_int_equal(taken, 1);
	assert_int_equal(last.vcpu, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
