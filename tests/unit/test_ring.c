/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/ring.h"
#include "tests/unit/prop.h"

#define RING_MAX 64

/* A queue in the plainest way: the oldest byte first, everything moved when it leaves. */
struct queue {
	uint8_t byte[RING_MAX];
	size_t count;
};

static uint8_t queue_take(struct queue *q)
{
	uint8_t oldest = q->byte[0];

	q->count--;
	memmove(q->byte, q->byte + 1, q->count);
	return oldest;
}

static void step(struct prop *p, struct ring *r, struct queue *q)
{
	uint8_t byte = prop_u64(p);
	uint8_t out = 0;
	uint8_t block[5];
	size_t done;

	switch (prop_below(p, 4)) {
	case 2:
		for (done = 0; done < sizeof(block); done++)
			block[done] = byte++;
		done = ring_append(r, block, sizeof(block));
		assert_true(done == sizeof(block) || q->count + done == r->bytes);
		memcpy(&q->byte[q->count], block, done);
		q->count += done;
		break;
	case 0:
		assert_int_equal(ring_put(r, byte), q->count < r->bytes);
		if (q->count < r->bytes)
			q->byte[q->count++] = byte;
		break;
	case 1:
		ring_put_over(r, byte);
		if (q->count == r->bytes)
			queue_take(q);
		q->byte[q->count++] = byte;
		break;
	default:
		assert_int_equal(ring_take(r, &out), q->count != 0);
		if (q->count != 0)
			assert_int_equal(out, queue_take(q));
		break;
	}
	assert_int_equal(ring_used(r), q->count);
	assert_int_equal(ring_free(r), r->bytes - q->count);
}

static void test_against_queue(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 200; round++) {
		size_t bytes = (size_t)1 << prop_below(&p, 7);
		uint8_t *data = malloc(bytes); /* by itself, so that ASan sees its ends */
		struct queue q = {.count = 0};
		struct ring r;

		ring_init(&r, data, bytes);
		/* Positions near a wrap of 32 bits and anywhere else. */
		r.head = r.tail = prop_one_in(&p, 2) ? UINT32_MAX : prop_u64(&p) >> 8;
		for (int i = 0; i < 500; i++)
			step(&p, &r, &q);
		free(data);
	}
}

static void test_full_and_empty(void **state)
{
	uint8_t data[2];
	uint8_t out = 7;
	struct ring r;

	ring_init(&r, data, sizeof(data));
	assert_false(ring_take(&r, &out));
	assert_int_equal(out, 7);
	assert_true(ring_put(&r, 1));
	assert_true(ring_put(&r, 2));
	assert_false(ring_put(&r, 3));
	assert_true(ring_take(&r, &out));
	assert_int_equal(out, 1);
	ring_put_over(&r, 4);
	ring_put_over(&r, 5);
	assert_true(ring_take(&r, &out));
	assert_int_equal(out, 4);
}

static void test_copy(void **unused)
{
	uint8_t data[8], out[16];
	struct ring r;
	unsigned int i;

	ring_init(&r, data, sizeof(data));
	for (i = 0; i < 13; i++)
		ring_put_over(&r, (uint8_t)('a' + i));
	assert_int_equal(r.tail, 5);
	assert_int_equal(ring_copy(&r, 5, out, sizeof(out)), 8);
	assert_memory_equal(out, "fghijklm", 8);
	assert_int_equal(ring_copy(&r, 7, out, 3), 3);
	assert_memory_equal(out, "hij", 3);
	assert_int_equal(ring_copy(&r, 13, out, sizeof(out)), 0);
	assert_int_equal(ring_copy(&r, UINT64_MAX, out, sizeof(out)), 0);
	assert_int_equal(ring_used(&r), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_queue),
		cmocka_unit_test(test_full_and_empty),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
