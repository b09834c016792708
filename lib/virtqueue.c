/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/virtqueue.h"

/* Layout of the areas (virtio 1.2, 2.7.5 to 2.7.8). */
#define DESCRIPTOR_BYTES  16
#define DESCRIPTOR_LENGTH 8 /* offsets of the fields */
#define DESCRIPTOR_FLAGS  12
#define DESCRIPTOR_NEXT   14

#define FLAG_NEXT     1
#define FLAG_WRITE    2
#define FLAG_INDIRECT 4

#define RING_FLAGS       0
#define RING_INDEX       2
#define RING_ENTRIES     4
#define AVAIL_BYTES      2 /* of an entry */
#define USED_BYTES       8
#define AVAIL_SILENT     1 /* VIRTQ_AVAIL_F_NO_INTERRUPT */
#define USED_SILENT      1 /* VIRTQ_USED_F_NO_NOTIFY */
#define RING_EXTRA_BYTES 6 /* flags, index, and behind the entries the other side's event */

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

/* ---- the guest's memory, read once and written once --------------------------------------- */

static uint16_t load16(const void *at, int order)
{
	return __atomic_load_n((const uint16_t *)at, order);
}

static void store16(void *at, uint16_t value, int order)
{
	__atomic_store_n((uint16_t *)at, value, order);
}

static struct descriptor load_descriptor(const uint8_t *table, uint32_t index)
{
	const uint8_t *at = table + (size_t)index * DESCRIPTOR_BYTES;

	return (struct descriptor){
		.address = __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n((const uint32_t *)(const void *)(at + DESCRIPTOR_LENGTH),
					 __ATOMIC_RELAXED),
		.flags = load16(at + DESCRIPTOR_FLAGS, __ATOMIC_RELAXED),
		.next = load16(at + DESCRIPTOR_NEXT, __ATOMIC_RELAXED),
	};
}

/* ---- start -------------------------------------------------------------------------------- */

enum err virtqueue_start(struct virtqueue *q, const struct virtqueue_setup *setup,
			 virtqueue_at_fn at, const void *memory)
{
	uint32_t size = setup->size;

	virtqueue_stop(q);
	if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0 ||
	    !bits_is_aligned(setup->descriptor, 16) || !bits_is_aligned(setup->driver, 2) ||
	    !bits_is_aligned(setup->device, 4))
		return ERR_INVALID;

	const uint8_t *descriptor =
		at(memory, setup->descriptor, (uint64_t)size * DESCRIPTOR_BYTES);
	const uint8_t *driver = at(memory, setup->driver, size * AVAIL_BYTES + RING_EXTRA_BYTES);
	uint8_t *device = at(memory, setup->device, size * USED_BYTES + RING_EXTRA_BYTES);

	if (descriptor == NULL || driver == NULL || device == NULL)
		return ERR_RANGE;
	*q = (struct virtqueue){.size = size,
				.event_index = setup->event_index,
				.indirect = setup->indirect,
				.notify_wanted = true,
				.descriptor = descriptor,
				.driver = driver,
				.device = device,
				.at = at,
				.memory = memory};
	return ERR_OK;
}

void virtqueue_seek(struct virtqueue *q, uint16_t avail_next, uint16_t used_next)
{
	q->avail_next = avail_next;
	q->used_next = used_next;
	q->used_shown = used_next;
	/* What the driver was told of its notifications is not known. */
	q->notify_wanted = false;
}

uint16_t virtqueue_shown(const struct virtqueue *q)
{
	return q->size == 0 ? 0 : load16(q->device + RING_INDEX, __ATOMIC_ACQUIRE);
}

void virtqueue_stop(struct virtqueue *q)
{
	*q = (struct virtqueue){0};
}

/* ---- buffers ------------------------------------------------------------------------------ */

static enum err add_segment(const struct virtqueue *q, const struct descriptor *d,
			    struct virtqueue_chain *chain)
{
	bool write = (d->flags & FLAG_WRITE) != 0;
	uint32_t *total = write ? &chain->writable_bytes : &chain->readable_bytes;
	uint32_t count = chain->readable + chain->writable;

	/* What the device writes comes behind what it reads (2.7.4.2). */
	if (!write && chain->writable != 0)
		return ERR_INVALID;
	if (d->bytes == 0)
		return ERR_OK;
	if (count == VIRTQUEUE_SEGMENTS_MAX || d->bytes > UINT32_MAX - *total)
		return ERR_RANGE;

	void *at = q->at(q->memory, d->address, d->bytes);

	if (at == NULL)
		return ERR_RANGE;
	chain->segment[count] = (struct virtqueue_segment){.at = at, .bytes = d->bytes};
	*total += d->bytes;
	if (write)
		chain->writable++;
	else
		chain->readable++;
	return ERR_OK;
}

/*
 * Follows a table's descriptors from `index`. At most as many as the table has, so that a loop
 * ends. *last is where it ended: with one that leads to another table, or with the last.
 */
static enum err walk(const struct virtqueue *q, const uint8_t *table, uint32_t count,
		     uint32_t index, struct virtqueue_chain *chain, struct descriptor *last)
{
	for (uint32_t seen = 0; seen < count; seen++) {
		if (index >= count)
			return ERR_RANGE;
		*last = load_descriptor(table, index);
		if ((last->flags & FLAG_INDIRECT) != 0)
			return ERR_OK;

		enum err err = add_segment(q, last, chain);

		if (err != ERR_OK || (last->flags & FLAG_NEXT) == 0)
			return err;
		index = last->next;
	}
	return ERR_INVALID;
}

/* A table behind the last descriptor of the queue's own (2.7.5.3). */
static enum err walk_indirect(const struct virtqueue *q, struct descriptor *d,
			      struct virtqueue_chain *chain)
{
	uint32_t count = d->bytes / DESCRIPTOR_BYTES;

	if (!q->indirect || (d->flags & FLAG_NEXT) != 0 || d->bytes % DESCRIPTOR_BYTES != 0 ||
	    count == 0 || !bits_is_aligned(d->address, sizeof(uint64_t)))
		return ERR_INVALID;
	if (count > VIRTQUEUE_SEGMENTS_MAX)
		return ERR_RANGE;

	const uint8_t *table = q->at(q->memory, d->address, d->bytes);

	if (table == NULL)
		return ERR_RANGE;

	enum err err = walk(q, table, count, 0, chain, d);

	return err == ERR_OK && (d->flags & FLAG_INDIRECT) != 0 ? ERR_INVALID : err;
}

enum err virtqueue_take(struct virtqueue *q, struct virtqueue_chain *chain)
{
	struct descriptor last;

	if (q->size == 0)
		return ERR_NOT_FOUND;

	uint16_t ready = load16(q->driver + RING_INDEX, __ATOMIC_ACQUIRE) - q->avail_next;
	uint32_t slot = q->avail_next & (q->size - 1);

	if (ready == 0)
		return ERR_NOT_FOUND;
	if (ready > q->size)
		return ERR_INVALID;
	chain->head =
		load16(q->driver + RING_ENTRIES + (size_t)slot * AVAIL_BYTES, __ATOMIC_RELAXED);
	chain->wrote = q->wrote;
	chain->memory = q->memory;
	chain->readable = chain->writable = 0;
	chain->readable_bytes = chain->writable_bytes = 0;

	enum err err = walk(q, q->descriptor, q->size, chain->head, chain, &last);

	if (err == ERR_OK && (last.flags & FLAG_INDIRECT) != 0)
		err = walk_indirect(q, &last, chain);
	if (err == ERR_OK)
		q->avail_next++;
	return err;
}

void virtqueue_untake(struct virtqueue *q, uint16_t count)
{
	q->avail_next -= count;
}

/* Of the used ring. */
static void ring_wrote(const struct virtqueue *q, const uint8_t *at, uint32_t bytes)
{
	if (q->wrote != NULL)
		q->wrote(q->memory, at, bytes);
}

static void ring_store16(const struct virtqueue *q, uint8_t *at, uint16_t value, int order)
{
	store16(at, value, order);
	ring_wrote(q, at, sizeof(value));
}

void virtqueue_put(struct virtqueue *q, uint16_t head, uint32_t written)
{
	uint32_t slot = q->used_next & (q->size - 1);
	uint8_t *entry = q->device + RING_ENTRIES + (size_t)slot * USED_BYTES;

	__atomic_store_n((uint32_t *)(void *)entry, head, __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)(void *)(entry + 4), written, __ATOMIC_RELAXED);
	ring_wrote(q, entry, USED_BYTES);
	q->used_next++;
}

/* ---- notifications both ways -------------------------------------------------------------- */

bool virtqueue_publish(struct virtqueue *q)
{
	uint16_t shown = q->used_shown;

	if (q->size == 0 || shown == q->used_next)
		return false;
	q->used_shown = q->used_next;
	ring_store16(q, q->device + RING_INDEX, q->used_next, __ATOMIC_RELEASE);
	/* The index is out before the driver's wish is read (2.7.7.2, 2.7.10). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_index)
		return (load16(q->driver + RING_FLAGS, __ATOMIC_RELAXED) & AVAIL_SILENT) == 0;

	uint16_t event =
		load16(q->driver + RING_ENTRIES + (size_t)q->size * AVAIL_BYTES, __ATOMIC_RELAXED);

	return (uint16_t)(q->used_next - event - 1) < (uint16_t)(q->used_next - shown);
}

bool virtqueue_want_notify(struct virtqueue *q)
{
	if (q->size == 0)
		return false;
	if (q->event_index)
		ring_store16(q, q->device + RING_ENTRIES + (size_t)q->size * USED_BYTES,
			     q->avail_next, __ATOMIC_RELAXED);
	else if (!q->notify_wanted)
		ring_store16(q, q->device + RING_FLAGS, 0, __ATOMIC_RELAXED);
	q->notify_wanted = true;
	/* The wish is out before the index is read again (2.7.10). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load16(q->driver + RING_INDEX, __ATOMIC_RELAXED) != q->avail_next;
}

void virtqueue_spare_notify(struct virtqueue *q)
{
	/* With event indexes the old one does: it is passed only once in 65,536 buffers. */
	if (q->size != 0 && !q->event_index && q->notify_wanted)
		ring_store16(q, q->device + RING_FLAGS, USED_SILENT, __ATOMIC_RELAXED);
	q->notify_wanted = false;
}

bool virtqueue_is_idle(const struct virtqueue *q)
{
	return q->size == 0 || load16(q->device + RING_INDEX, __ATOMIC_ACQUIRE) ==
				       load16(q->driver + RING_INDEX, __ATOMIC_RELAXED);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static uint32_t copy(const struct virtqueue_segment *s, uint32_t count, uint32_t skip, uint8_t *to,
		     const uint8_t *from, uint32_t bytes)
{
	uint32_t done = 0;

	for (; count != 0 && done < bytes; s++, count--) {
		if (skip >= s->bytes) {
			skip -= s->bytes;
			continue;
		}

		uint32_t part = s->bytes - skip < bytes - done ? s->bytes - skip : bytes - done;

		if (to != NULL)
			__builtin_memcpy(to + done, (const uint8_t *)s->at + skip, part);
		else
			__builtin_memcpy((uint8_t *)s->at + skip, from + done, part);
		done += part;
		skip = 0;
	}
	return done;
}

uint32_t virtqueue_read(const struct virtqueue_chain *chain, uint32_t skip, void *to,
			uint32_t bytes)
{
	return copy(chain->segment, chain->readable, skip, to, NULL, bytes);
}

uint32_t virtqueue_write(const struct virtqueue_chain *chain, uint32_t skip, const void *from,
			 uint32_t bytes)
{
	uint32_t done =
		copy(chain->segment + chain->readable, chain->writable, skip, NULL, from, bytes);

	virtqueue_wrote(chain, skip, done);
	return done;
}

void virtqueue_wrote(const struct virtqueue_chain *chain, uint32_t skip, uint32_t bytes)
{
	const struct virtqueue_segment *s = chain->segment + chain->readable;

	for (uint32_t i = 0; chain->wrote != NULL && i < chain->writable && bytes != 0; i++, s++) {
		uint32_t gap = skip < s->bytes ? skip : s->bytes;
		uint32_t part = s->bytes - gap < bytes ? s->bytes - gap : bytes;

		if (part != 0)
			chain->wrote(chain->memory, (const uint8_t *)s->at + gap, part);
		skip -= gap;
		bytes -= part;
	}
}
