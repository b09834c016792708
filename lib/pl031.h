/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PL031_H
#define LIB_PL031_H

#include "lib/bits.h"

/*
 * PrimeCell real time clock PL031: registers (Arm DDI 0224, chapter 3) and a model of one. Pure:
 * every call is told the time, in seconds since 1970, which may also be set back.
 */

#define PL031_DR         0x000
#define PL031_MR         0x004
#define PL031_LR         0x008
#define PL031_CR         0x00c
#define PL031_IMSC       0x010
#define PL031_RIS        0x014
#define PL031_MIS        0x018
#define PL031_ICR        0x01c
#define PL031_PERIPH_ID0 0xfe0 /* eight ID registers up to 0xffc */

struct pl031 {
	uint32_t offset; /* the clock is the time and this */
	uint32_t load, match;
	bool armed; /* the match is ahead */
	bool raw, mask;
};

void pl031_reset(struct pl031 *r);

/* Registers, at any offset below 0x1000. */
uint32_t pl031_read(const struct pl031 *r, uint32_t offset, uint64_t now);
void pl031_write(struct pl031 *r, uint32_t offset, uint32_t value, uint64_t now);

/* Raises the match when its time has come; to be called when pl031_wait() says. */
void pl031_tick(struct pl031 *r, uint64_t now);
/* Seconds until the match; false: none is ahead. */
bool pl031_wait(const struct pl031 *r, uint64_t now, uint32_t *seconds);

/* The level of the interrupt. */
bool pl031_interrupt(const struct pl031 *r);

#endif
