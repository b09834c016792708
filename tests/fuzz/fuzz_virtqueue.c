/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/virtqueue.h"

/*
 * A small guest memory that is the input, where the queue and all it names are, and then writes of
 * the guest's between what the device does. Whatever it is, a chain's segments are memory, and
 * their sums are right.
 */
#define BASE         UINT64_C(0x40000000)
#define MEMORY_BYTES 512
#define STEPS_MAX    400

static void *at(const void *memory, uint64_t address, uint64_t bytes)
{
	return bits_contains(BASE, MEMORY_BYTES, address, bytes)
		       ? (uint8_t *)(uintptr_t)memory + (address - BASE)
		       : NULL;
}

static void check_chain(const uint8_t *memory, const struct virtqueue_chain *c, uint32_t size)
{
	uint64_t sum[2] = {0};
	uint8_t bytes[64];

	FUZZ_CHECK(c->head < size);
	FUZZ_CHECK(c->readable + c->writable <= VIRTQUEUE_SEGMENTS_MAX);
	for (uint32_t i = 0; i < c->readable + c->writable; i++) {
		const struct virtqueue_segment *s = &c->segment[i];

		FUZZ_CHECK(s->bytes != 0);
		FUZZ_CHECK(
			bits_contains((uintptr_t)memory, MEMORY_BYTES, (uintptr_t)s->at, s->bytes));
		sum[i >= c->readable] += s->bytes;
	}
	FUZZ_CHECK(sum[0] == c->readable_bytes && sum[1] == c->writable_bytes);
	FUZZ_CHECK(virtqueue_read(c, 1, bytes, sizeof(bytes)) <= sizeof(bytes));
}

static void operate(struct virtqueue *q, uint8_t *memory, struct fuzz_input *in)
{
	static struct virtqueue_chain chain;
	uint64_t value;

	switch (fuzz_take(in, 1) % 6) {
	case 0:
		memory[fuzz_take(in, 2) % MEMORY_BYTES] = fuzz_take(in, 1);
		break;
	case 1:
		(void)virtqueue_want_notify(q);
		break;
	case 2:
		virtqueue_spare_notify(q);
		break;
	case 3:
		(void)virtqueue_publish(q);
		break;
	default:
		if (virtqueue_take(q, &chain) != ERR_OK)
			break;
		check_chain(memory, &chain, q->size);
		value = fuzz_take(in, 8);
		(void)virtqueue_write(&chain, value & 0xff, &value, sizeof(value));
		virtqueue_put(q, chain.head, chain.writable_bytes);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint64_t head = fuzz_take(&in, 1);
	struct virtqueue_setup setup = {.size = (uint32_t)1 << (head & 3),
					.event_index = (head & 4) != 0,
					.indirect = (head & 8) != 0};
	struct virtqueue q;

	setup.descriptor = BASE + (fuzz_take(&in, 2) & 0x7f0);
	setup.driver = BASE + (fuzz_take(&in, 2) & 0x3fe);
	setup.device = BASE + (fuzz_take(&in, 2) & 0x3fc);

	uint8_t *memory = calloc(1, MEMORY_BYTES);
	size_t part = in.bytes < MEMORY_BYTES ? in.bytes : MEMORY_BYTES;

	memcpy(memory, in.data, part);
	in.data += part;
	in.bytes -= part;
	if (virtqueue_start(&q, &setup, at, memory) == ERR_OK) {
		for (int i = 0; i < STEPS_MAX && in.bytes != 0; i++)
			operate(&q, memory, &in);
	}
	free(memory);
	return 0;
}
