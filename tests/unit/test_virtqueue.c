/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/virtqueue.h"
#include "tests/unit/prop.h"

/*
 * A guest's memory with a queue in it and a driver of its own, written after the other half of
 * virtio 1.2, 2.7: each buffer that it makes available comes back once, as it was made.
 */
#define BASE          UINT64_C(0x40000000)
#define BYTES         KIB(64)
#define SIZE_MAX_HERE 32
#define TABLES        KIB(16) /* indirect tables, one for each head */
#define DATA          KIB(32)

#define NEXT     1
#define WRITE    2
#define INDIRECT 4

struct guest {
	uint8_t *memory;
	uint32_t size;
	uint64_t descriptor, driver, device;
	bool event_index, indirect;
	/* the driver */
	uint16_t free[SIZE_MAX_HERE];
	uint32_t free_count;
	uint16_t avail, used_seen;
	bool busy[SIZE_MAX_HERE]; /* heads */
	uint16_t slots[SIZE_MAX_HERE][SIZE_MAX_HERE];
	uint32_t slot_count[SIZE_MAX_HERE];
	struct virtqueue_chain made[SIZE_MAX_HERE];
};

static void *at(const void *memory, uint64_t address, uint64_t bytes)
{
	const struct guest *g = memory;

	return bits_contains(BASE, BYTES, address, bytes) ? g->memory + (address - BASE) : NULL;
}

/* The memory as far as the device has told of what it wrote. */
static uint8_t told_memory[BYTES];

static void wrote(const void *memory, const void *where, uint64_t bytes)
{
	const struct guest *g = memory;

	memcpy(told_memory + ((const uint8_t *)where - g->memory), where, bytes);
}

static void put16(struct guest *g, uint64_t address, uint16_t value)
{
	memcpy(at(g, address, 2), &value, 2);
}

static uint16_t get16(struct guest *g, uint64_t address)
{
	uint16_t value;

	memcpy(&value, at(g, address, 2), 2);
	return value;
}

static void put_descriptor(struct guest *g, uint64_t table, uint32_t index, uint64_t address,
			   uint32_t bytes, uint16_t flags, uint16_t next)
{
	uint8_t *d = at(g, table + 16 * index, 16);

	memcpy(d, &address, 8);
	memcpy(d + 8, &bytes, 4);
	memcpy(d + 12, &flags, 2);
	memcpy(d + 14, &next, 2);
}

static struct virtqueue_setup setup_of(const struct guest *g)
{
	return (struct virtqueue_setup){.size = g->size,
					.descriptor = g->descriptor,
					.driver = g->driver,
					.device = g->device,
					.event_index = g->event_index,
					.indirect = g->indirect};
}

static void guest_init(struct guest *g, uint32_t size, bool event_index, bool indirect)
{
	memset(g, 0, sizeof(*g));
	g->memory = calloc(1, BYTES); /* by itself, so that ASan sees its ends */
	g->size = size;
	g->descriptor = BASE;
	g->driver = BASE + KIB(1);
	g->device = BASE + KIB(2);
	g->event_index = event_index;
	g->indirect = indirect;
	for (uint32_t i = 0; i < size; i++)
		g->free[g->free_count++] = (uint16_t)(size - 1 - i);
}

static void make_available(struct guest *g, uint16_t head)
{
	put16(g, g->driver + 4 + 2 * (g->avail % g->size), head);
	g->avail++;
	put16(g, g->driver + 2, g->avail);
}

/* Random segments, readable ones first; what the device is to see of them is left in `made`. */
static uint32_t plan(struct prop *p, struct virtqueue_chain *made, uint32_t count,
		     uint64_t *address, uint32_t *bytes)
{
	uint32_t readable = prop_below(p, count + 1);

	made->readable = made->writable = made->readable_bytes = made->writable_bytes = 0;
	for (uint32_t i = 0; i < count; i++) {
		bytes[i] = prop_one_in(p, 5) ? 0 : prop_between(p, 1, 700);
		address[i] = BASE + DATA + prop_below(p, KIB(32) - bytes[i]);
		if (bytes[i] == 0)
			continue;
		made->segment[made->readable + made->writable].bytes = bytes[i];
		if (i < readable) {
			made->readable++;
			made->readable_bytes += bytes[i];
		} else {
			made->writable++;
			made->writable_bytes += bytes[i];
		}
	}
	return readable;
}

/* A buffer in `count` descriptors, the last `inner` of them in an indirect table if there is one.
 */
static bool driver_add(struct prop *p, struct guest *g)
{
	uint64_t address[SIZE_MAX_HERE];
	uint32_t bytes[SIZE_MAX_HERE];
	bool indirect = g->indirect && prop_one_in(p, 2);
	uint32_t count = prop_between(p, 1, indirect ? 8 : g->size < 8 ? g->size : 8);
	uint32_t outer = indirect ? prop_below(p, count) : count;
	uint32_t need = outer + indirect;

	if (need > g->free_count || need > g->size)
		return false;

	uint16_t head = g->free[g->free_count - 1];
	struct virtqueue_chain *made = &g->made[head];
	uint32_t readable = plan(p, made, count, address, bytes);
	uint64_t table = BASE + TABLES + (uint64_t)head * 128;

	assert_false(g->busy[head]);
	g->busy[head] = true;
	g->slot_count[head] = need;
	for (uint32_t i = 0; i < need; i++)
		g->slots[head][i] = g->free[--g->free_count];
	made->head = head;
	for (uint32_t i = 0, kept = 0; i < count; i++) {
		uint16_t flags = i < readable ? 0 : WRITE;

		if (bytes[i] != 0)
			made->segment[kept++].at = at(g, address[i], bytes[i]);
		if (i < outer)
			put_descriptor(g, g->descriptor, g->slots[head][i], address[i], bytes[i],
				       flags | (i + 1 < need ? NEXT : 0),
				       i + 1 < need ? g->slots[head][i + 1] : 0xffff);
		else
			put_descriptor(g, table, i - outer, address[i], bytes[i],
				       flags | (i + 1 < count ? NEXT : 0), i - outer + 1);
	}
	if (indirect)
		put_descriptor(g, g->descriptor, g->slots[head][outer], table, 16 * (count - outer),
			       INDIRECT, 0xffff);
	make_available(g, head);
	return true;
}

static void check_same(const struct virtqueue_chain *a, const struct virtqueue_chain *b)
{
	assert_int_equal(a->readable, b->readable);
	assert_int_equal(a->writable, b->writable);
	assert_int_equal(a->readable_bytes, b->readable_bytes);
	assert_int_equal(a->writable_bytes, b->writable_bytes);
	for (uint32_t i = 0; i < a->readable + a->writable; i++) {
		assert_ptr_equal(a->segment[i].at, b->segment[i].at);
		assert_int_equal(a->segment[i].bytes, b->segment[i].bytes);
	}
}

/* Takes back what the device is done with. */
static uint32_t driver_reap(struct guest *g)
{
	uint32_t count = 0;

	while (g->used_seen != get16(g, g->device + 2)) {
		uint32_t entry[2];

		memcpy(entry, at(g, g->device + 4 + 8 * (g->used_seen % g->size), 8), 8);
		assert_true(entry[0] < g->size);
		assert_true(g->busy[entry[0]]);
		assert_int_equal(entry[1], g->made[entry[0]].writable_bytes);
		g->busy[entry[0]] = false;
		for (uint32_t i = g->slot_count[entry[0]]; i != 0; i--)
			g->free[g->free_count++] = g->slots[entry[0]][i - 1];
		g->used_seen++;
		count++;
	}
	return count;
}

/* Must the driver notify? From its index before and now (2.7.10.1). */
static bool driver_notifies(struct guest *g, uint16_t before)
{
	if (!g->event_index)
		return (get16(g, g->device) & 1) == 0;

	uint16_t event = get16(g, g->device + 4 + 8 * g->size);

	return (uint16_t)(g->avail - event - 1) < (uint16_t)(g->avail - before);
}

/* Does not want an interrupt, or wants the next; with event indexes also one later on. */
static void driver_wishes(struct prop *p, struct guest *g, bool silent)
{
	if (g->event_index)
		put16(g, g->driver + 4 + 2 * g->size,
		      g->used_seen + (silent ? 0x8000 : prop_below(p, 2)));
	else
		put16(g, g->driver, silent);
}

struct device {
	struct virtqueue q;
	bool awake; /* it was notified, or works still */
	uint16_t held[SIZE_MAX_HERE];
	uint32_t held_count;
};

static void device_step(struct prop *p, struct guest *g, struct device *d, bool finish)
{
	static struct virtqueue_chain chain;
	enum err err;

	virtqueue_spare_notify(&d->q);
	do {
		while ((err = virtqueue_take(&d->q, &chain)) == ERR_OK) {
			check_same(&chain, &g->made[chain.head]);
			if (!finish && prop_one_in(p, 8)) {
				virtqueue_untake(&d->q, 1);
				return; /* awake still */
			}
			d->held[d->held_count++] = chain.head;
		}
		assert_int_equal(err, ERR_NOT_FOUND);
	} while (virtqueue_want_notify(&d->q));
	d->awake = false;
}

static void device_finish_one(struct prop *p, struct guest *g, struct device *d)
{
	uint32_t i = prop_below(p, d->held_count);

	virtqueue_put(&d->q, d->held[i], g->made[d->held[i]].writable_bytes);
	d->held[i] = d->held[--d->held_count];
}

static void run_round(struct prop *p, uint32_t size, bool event_index, bool indirect)
{
	static struct guest g;
	struct device d = {.awake = false};
	bool told = true;

	guest_init(&g, size, event_index, indirect);

	struct virtqueue_setup setup = setup_of(&g);

	assert_int_equal(virtqueue_start(&d.q, &setup, at, &g), ERR_OK);
	/* As if so many had gone through already: the indexes wrap. */
	g.avail = d.q.avail_next = prop_one_in(p, 2) ? 0xfff0 : 0;
	g.used_seen = d.q.used_next = d.q.used_shown = g.avail;
	put16(&g, g.driver + 2, g.avail);
	put16(&g, g.device + 2, g.avail);
	d.q.wrote = wrote;
	memcpy(told_memory, g.memory, BYTES);
	driver_wishes(p, &g, false);
	(void)virtqueue_want_notify(&d.q);
	for (int i = 0; i < 300; i++) {
		uint16_t before = g.avail;
		bool silent = prop_one_in(p, 4);

		if (prop_one_in(p, 2)) {
			while (driver_add(p, &g) && prop_one_in(p, 2))
				;
			if (g.avail != before && driver_notifies(&g, before))
				d.awake = true;
		}
		if (d.awake && prop_one_in(p, 2))
			device_step(p, &g, &d, false);
		driver_wishes(p, &g, silent);
		while (d.held_count != 0 && prop_one_in(p, 2))
			device_finish_one(p, &g, &d);
		told = virtqueue_publish(&d.q);
		if (silent)
			assert_false(told);
		if (told)
			assert_true(driver_reap(&g) != 0);
	}
	/* Nothing is left where nobody looks: the device was told of all, the driver gets it. */
	if (d.awake)
		device_step(p, &g, &d, true);
	(void)driver_reap(&g);
	while (d.held_count != 0)
		device_finish_one(p, &g, &d);
	assert_int_equal(driver_reap(&g), 0);
	(void)virtqueue_publish(&d.q);
	assert_true(virtqueue_is_idle(&d.q));
	assert_memory_equal(told_memory + (g.device - BASE), at(&g, g.device, 6 + 8 * size),
			    6 + 8 * size);
	(void)driver_reap(&g);
	make_available(&g, 0);
	assert_false(virtqueue_is_idle(&d.q));
	for (uint32_t i = 0; i < size; i++)
		assert_false(g.busy[i]);
	assert_int_equal(g.free_count, size);
	free(g.memory);
}

static void test_random(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 400; round++)
		run_round(&p, 1u << prop_below(&p, 6), round & 1, round & 2);
}

/* ---- wrong rings --------------------------------------------------------------------------- */

static enum err start_with(struct guest *g, struct virtqueue *q)
{
	struct virtqueue_setup setup = setup_of(g);

	return virtqueue_start(q, &setup, at, g);
}

static void test_start(void **state)
{
	static const uint32_t bad_size[] = {0, 3, 24, 512, 0x10000, UINT32_MAX};
	struct virtqueue q;
	struct guest g;

	guest_init(&g, 16, true, true);
	assert_int_equal(start_with(&g, &q), ERR_OK);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad_size); i++) {
		g.size = bad_size[i];
		assert_int_equal(start_with(&g, &q), ERR_INVALID);
		assert_int_equal(q.size, 0);
	}
	g.size = 16;
	g.descriptor = BASE + 8;
	assert_int_equal(start_with(&g, &q), ERR_INVALID);
	g.descriptor = BASE;
	g.driver = BASE + KIB(1) + 1;
	assert_int_equal(start_with(&g, &q), ERR_INVALID);
	g.driver = BASE + KIB(1);
	g.device = BASE + KIB(2) + 2;
	assert_int_equal(start_with(&g, &q), ERR_INVALID);
	/* Up to the last byte of memory, and one entry beyond it. */
	g.device = BASE + BYTES - (16 * 8 + 6) - 2;
	assert_int_equal(start_with(&g, &q), ERR_OK);
	g.device += 4;
	assert_int_equal(start_with(&g, &q), ERR_RANGE);
	g.device = BASE + KIB(2);
	g.driver = BASE + BYTES - (16 * 2 + 6);
	assert_int_equal(start_with(&g, &q), ERR_OK);
	g.driver += 2;
	assert_int_equal(start_with(&g, &q), ERR_RANGE);
	g.driver = UINT64_MAX - 3;
	assert_int_equal(start_with(&g, &q), ERR_RANGE);
	g.driver = BASE + KIB(1);
	g.descriptor = BASE + BYTES - 16 * 16;
	assert_int_equal(start_with(&g, &q), ERR_OK);
	g.descriptor += 16;
	assert_int_equal(start_with(&g, &q), ERR_RANGE);
	virtqueue_stop(&q);
	assert_false(virtqueue_want_notify(&q));
	assert_false(virtqueue_publish(&q));
	free(g.memory);
}

/* What taking the one buffer at descriptor 0 gives. */
static enum err take_one(struct guest *g, uint16_t head)
{
	static struct virtqueue_chain chain;
	struct virtqueue q;

	assert_int_equal(start_with(g, &q), ERR_OK);
	g->avail = 0;
	make_available(g, head);

	enum err err = virtqueue_take(&q, &chain);

	assert_int_equal(q.avail_next, err == ERR_OK);
	return err;
}

static void test_wrong_chains(void **state)
{
	const uint64_t table = BASE + TABLES;
	struct guest g;

	guest_init(&g, 8, true, true);
	put_descriptor(&g, BASE, 0, BASE + DATA, 100, 0, 0);
	assert_int_equal(take_one(&g, 0), ERR_OK);
	assert_int_equal(take_one(&g, 8), ERR_RANGE);
	assert_int_equal(take_one(&g, 0xffff), ERR_RANGE);
	/* loops: onto itself, and of all eight */
	put_descriptor(&g, BASE, 0, BASE + DATA, 100, NEXT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	for (uint32_t i = 0; i < 8; i++)
		put_descriptor(&g, BASE, i, BASE + DATA, 0, NEXT, (i + 1) % 8);
	assert_int_equal(take_one(&g, 3), ERR_INVALID);
	put_descriptor(&g, BASE, 2, BASE + DATA, 0, 0, 0);
	assert_int_equal(take_one(&g, 3), ERR_OK);
	put_descriptor(&g, BASE, 0, BASE + DATA, 1, NEXT, 8);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	/* addresses */
	put_descriptor(&g, BASE, 0, BASE - 1, 1, 0, 0);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	put_descriptor(&g, BASE, 0, BASE + BYTES - 1, 2, 0, 0);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	put_descriptor(&g, BASE, 0, UINT64_MAX, UINT32_MAX, 0, 0);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	/* readable behind writable */
	put_descriptor(&g, BASE, 0, BASE + DATA, 4, NEXT | WRITE, 1);
	put_descriptor(&g, BASE, 1, BASE + DATA, 4, 0, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	/* indirect: sizes, flags, a table in a table, one that is not memory */
	put_descriptor(&g, table, 0, BASE + DATA, 4, NEXT, 1);
	put_descriptor(&g, table, 1, BASE + DATA, 4, WRITE, 0);
	put_descriptor(&g, BASE, 0, table, 32, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_OK);
	put_descriptor(&g, BASE, 0, table, 16, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, BASE, 0, table, 0, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, BASE, 0, table, 33, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, BASE, 0, table + 4, 32, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, BASE, 0, table, 32, INDIRECT | NEXT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, BASE, 0, table, 16 * (VIRTQUEUE_SEGMENTS_MAX + 1), INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	put_descriptor(&g, BASE, 0, BASE + BYTES - 16, 32, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_RANGE);
	put_descriptor(&g, BASE, 0, table, 32, INDIRECT, 0);
	put_descriptor(&g, table, 1, table, 32, INDIRECT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, table, 1, BASE + DATA, 4, NEXT, 0);
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	put_descriptor(&g, table, 1, BASE + DATA, 4, 0, 0);
	g.indirect = false;
	assert_int_equal(take_one(&g, 0), ERR_INVALID);
	free(g.memory);
}

/* More buffers than the queue has room for: the index jumped. */
static void test_wrong_index(void **state)
{
	static struct virtqueue_chain chain;
	struct virtqueue q;
	struct guest g;

	guest_init(&g, 8, false, false);
	assert_int_equal(start_with(&g, &q), ERR_OK);
	put_descriptor(&g, BASE, 0, BASE + DATA, 4, 0, 0);
	put16(&g, g.driver + 2, 9);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_INVALID);
	put16(&g, g.driver + 2, 0xffff);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_INVALID);
	put16(&g, g.driver + 2, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(virtqueue_take(&q, &chain), ERR_OK);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_NOT_FOUND);
	free(g.memory);
}

/* Two buffers do not do: the third is waited for, and not the two that are put back. */
static void test_want_more(void **state)
{
	static struct virtqueue_chain chain;
	struct virtqueue q;
	struct guest g;

	guest_init(&g, 8, true, false);
	assert_int_equal(start_with(&g, &q), ERR_OK);
	for (uint16_t i = 0; i < 3; i++)
		put_descriptor(&g, BASE, i, BASE + DATA, 100, WRITE, 0);
	make_available(&g, 0);
	make_available(&g, 1);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_OK);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_OK);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_NOT_FOUND);
	assert_false(virtqueue_want_notify(&q));
	virtqueue_untake(&q, 2);

	/* The driver notifies when it passes this index (2.7.10.1). */
	const uint8_t *avail_event = q.device + 4 + (size_t)8 * 8;

	assert_int_equal(avail_event[0] | avail_event[1] << 8, 2);
	make_available(&g, 2);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(virtqueue_take(&q, &chain), ERR_OK);
		assert_int_equal(chain.head, i);
	}
	free(g.memory);
}

/* A total that does not fit into 32 bits, of segments that overlap. */
static void *endless(const void *memory, uint64_t address, uint64_t bytes)
{
	const struct guest *g = memory;

	return bits_contains(BASE, BYTES, address, 1) ? g->memory + (address - BASE) : NULL;
}

static void test_total(void **state)
{
	static struct virtqueue_chain chain;
	struct virtqueue q;
	struct guest g;

	guest_init(&g, 8, false, false);

	struct virtqueue_setup setup = setup_of(&g);

	put_descriptor(&g, BASE, 0, BASE + DATA, 0x80000000, WRITE | NEXT, 1);
	put_descriptor(&g, BASE, 1, BASE + DATA, 0x7fffffff, WRITE, 0);
	make_available(&g, 0);
	assert_int_equal(virtqueue_start(&q, &setup, endless, &g), ERR_OK);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_OK);
	assert_int_equal(chain.writable_bytes, UINT32_MAX);
	virtqueue_untake(&q, 1);
	put_descriptor(&g, BASE, 1, BASE + DATA, 0x80000000, WRITE, 0);
	assert_int_equal(virtqueue_take(&q, &chain), ERR_RANGE);
	free(g.memory);
}

static void test_bytes(void **state)
{
	uint8_t memory[30], out[30];
	struct virtqueue_chain chain = {
		.readable = 2,
		.writable = 2,
		.segment = {{memory, 5}, {memory + 10, 3}, {memory + 15, 4}, {memory + 20, 10}}};

	for (uint32_t i = 0; i < sizeof(memory); i++)
		memory[i] = i;
	assert_int_equal(virtqueue_read(&chain, 0, out, 30), 8);
	assert_memory_equal(out, "\0\1\2\3\4\12\13\14", 8);
	assert_int_equal(virtqueue_read(&chain, 4, out, 2), 2);
	assert_memory_equal(out, "\4\12", 2);
	assert_int_equal(virtqueue_read(&chain, 8, out, 2), 0);
	assert_int_equal(virtqueue_read(&chain, UINT32_MAX, out, 2), 0);
	assert_int_equal(virtqueue_write(&chain, 3, "abcd", 4), 4);
	assert_memory_equal(memory + 18, "a\23bcd\27", 6);
	assert_int_equal(virtqueue_write(&chain, 12, "xyz", 3), 2);
	assert_memory_equal(memory + 27, "\33xy", 3);

	/* Written by itself, and by somebody else: just that is told. */
	struct guest g = {.memory = memory};

	chain.wrote = wrote;
	chain.memory = &g;
	memset(told_memory, 0xee, sizeof(memory));
	assert_int_equal(virtqueue_write(&chain, 3, "ABC", 3), 3);
	assert_memory_equal(told_memory + 17, "\356A\356BC\356", 6);
	memset(told_memory, 0xee, sizeof(memory));
	virtqueue_wrote(&chain, 2, 4);
	assert_memory_equal(told_memory + 16, "\356\21A\356BC\356", 7);
	virtqueue_wrote(&chain, 13, 100);
	assert_memory_equal(told_memory + 28, "\356y", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),       cmocka_unit_test(test_start),
		cmocka_unit_test(test_wrong_chains), cmocka_unit_test(test_wrong_index),
		cmocka_unit_test(test_total),        cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_want_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
