/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/bits.h"

/*
 * A byte ring over memory of the caller's; no lock of its own. Positions count bytes ever put
 * and ever taken, so full and empty differ and nothing wraps in practice.
 */
struct ring {
	uint8_t *data;
	size_t bytes;  /* a power of two */
	uint64_t head; /* bytes ever put */
	uint64_t tail; /* bytes ever taken; head - tail <= bytes */
};

void ring_init(struct ring *r, uint8_t *data, size_t bytes);
size_t ring_used(const struct ring *r);
size_t ring_free(const struct ring *r);
/* False when full; the ring is unchanged then. */
bool ring_put(struct ring *r, uint8_t byte) MUST_CHECK;
/* As many of `count` bytes as there is room for; gives how many that was. */
size_t ring_append(struct ring *r, const uint8_t *from, size_t count);
/* Never fails: the oldest byte makes room. */
void ring_put_over(struct ring *r, uint8_t byte);
/*
 * Copies up to `bytes` from a position on, which is not before tail, without taking them; gives how
 * many there were.
 */
size_t ring_copy(const struct ring *r, uint64_t position, uint8_t *to, size_t bytes);
/* False when empty. */
bool ring_take(struct ring *r, uint8_t *byte) MUST_CHECK;

#endif
