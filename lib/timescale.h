/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_TIMESCALE_H
#define LIB_TIMESCALE_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A VM's time: its counter goes on at the frequency that it started with, on hosts whose counters
 * have others. Counts are of 64 bits and wrap (Arm ARM DDI 0487 D12.1).
 *
 *	guest = g0 + floor((host - h0) * F)
 *
 * F, guest ticks for one of the host's, has 64 bits behind the point and is rounded up. So the
 * result is exactly floor((host - h0) * guest_hz / host_hz) for 2^64 / host_hz host ticks, and in
 * all 2^64 of them never behind that, nor ahead by more than one: no drift.
 */

#define TIMESCALE_MIN_HZ 1000000
#define TIMESCALE_MAX_HZ 1000000000

#define TIMESCALE_NEVER UINT64_MAX

struct timescale {
	uint64_t g0; /* the guest's count when the host's is h0 */
	uint64_t h0;
	uint64_t whole;      /* F */
	uint64_t part;       /* in 2^-64 */
	uint64_t back_whole; /* 1 / F, rounded down */
	uint64_t back_part;
	uint64_t guest_hz;
	uint64_t host_hz;
};

/*
 * ERR_RANGE, and nothing changed: the frequencies are not the same, and one is not of
 * TIMESCALE_MIN_HZ..TIMESCALE_MAX_HZ.
 */
enum err timescale_set(struct timescale *t, uint64_t guest_hz, uint64_t host_hz, uint64_t g0,
		       uint64_t h0) MUST_CHECK;

/* (value * part) >> 64 */
static inline uint64_t timescale_high(uint64_t value, uint64_t part)
{
	return (uint64_t)((unsigned __int128)value * part >> 64);
}

/* The guest's count when the host's is `host`. */
static inline uint64_t timescale_guest(const struct timescale *t, uint64_t host)
{
	uint64_t ticks = host - t->h0;

	return t->g0 + ticks * t->whole + timescale_high(ticks, t->part);
}

/*
 * The first host count from `now` on at which the guest's is at least `cval` (unsigned: DDI 0487
 * D12.2.4); `now` if it is already; TIMESCALE_NEVER: none before the host's count wraps.
 */
uint64_t timescale_deadline(const struct timescale *t, uint64_t now, uint64_t cval);

/* The compare value after a write of a TimerValue register, whose 32 bits are signed. */
static inline uint64_t timescale_tval_write(uint64_t guest, uint64_t tval)
{
	return guest + (uint64_t)(int64_t)(int32_t)tval;
}

/* What such a register reads as. */
static inline uint64_t timescale_tval_read(uint64_t guest, uint64_t cval)
{
	return (uint32_t)(cval - guest);
}

#endif
