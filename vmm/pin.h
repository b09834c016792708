/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_PIN_H
#define VMM_PIN_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * Memory whose pages stay where they are: the fixed buffers of an io_uring. EL2 is told virtual
 * addresses and keeps physical ones, so pages are pinned before it is told. A part is whole huge
 * pages of 2 MiB, aligned, or one page of 4 KiB.
 */
struct pin_part {
	uint8_t *start;
	uint64_t bytes;
};

#define PIN_PARTS_MAX 4

/* Pins all parts until pin_release(). *ring: what holds the pins. ERR_NO_MEMORY, with errno. */
enum err pin_memory(const struct pin_part *part, uint32_t parts, int *ring) MUST_CHECK;
/* -1: nothing is pinned. */
void pin_release(int ring);

#endif
