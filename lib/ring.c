/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ring.h"

void ring_init(struct ring *r, uint8_t *data, size_t bytes)
{
	*r = (struct ring){.data = data, .bytes = bytes};
}

size_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

size_t ring_free(const struct ring *r)
{
	return r->bytes - ring_used(r);
}

static uint8_t *ring_slot(const struct ring *r, uint64_t position)
{
	return &r->data[position & (r->bytes - 1)];
}

bool ring_put(struct ring *r, uint8_t byte)
{
	if (ring_free(r) == 0)
		return false;
	*ring_slot(r, r->head) = byte;
	r->head++;
	return true;
}

size_t ring_append(struct ring *r, const uint8_t *from, size_t count)
{
	size_t room = ring_free(r), n;

	if (count > room)
		count = room;
	for (n = 0; n < count; n++)
		*ring_slot(r, r->head + n) = from[n];
	r->head += count;
	return count;
}

void ring_put_over(struct ring *r, uint8_t byte)
{
	if (ring_free(r) == 0)
		r->tail++;
	*ring_slot(r, r->head) = byte;
	r->head++;
}

size_t ring_copy(const struct ring *r, uint64_t position, uint8_t *to, size_t bytes)
{
	size_t n;

	for (n = 0; n < bytes && position < r->head; n++)
		to[n] = *ring_slot(r, position++);
	return n;
}

bool ring_take(struct ring *r, uint8_t *byte)
{
	if (ring_used(r) == 0)
		return false;
	*byte = *ring_slot(r, r->tail);
	r->tail++;
	return true;
}
