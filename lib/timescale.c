/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/timescale.h"

/*
 * EL2 has no library for divisions of more than 64 bits, and needs just these two, when a VM's
 * frequency is set: bit by bit. Everything after that is multiplied.
 */
typedef unsigned __int128 u128;

static bool is_scalable(uint64_t hz)
{
	return hz >= TIMESCALE_MIN_HZ && hz <= TIMESCALE_MAX_HZ;
}

/* ceil(rest * 2^64 / by), rest < by < 2^32. */
static uint64_t fraction(uint64_t rest, uint64_t by)
{
	uint64_t quotient = 0;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		rest <<= 1;
		quotient <<= 1;
		if (rest >= by) {
			rest -= by;
			quotient |= 1;
		}
	}
	return quotient + (rest != 0);
}

/* floor(2^128 / by); by is more than 2^32. */
static u128 reciprocal(u128 by)
{
	u128 rest = 1, quotient = 0;
	unsigned int i;

	for (i = 0; i < 128; i++) {
		rest <<= 1;
		quotient <<= 1;
		if (rest >= by) {
			rest -= by;
			quotient |= 1;
		}
	}
	return quotient;
}

enum err timescale_set(struct timescale *t, uint64_t guest_hz, uint64_t host_hz, uint64_t g0,
		       uint64_t h0)
{
	u128 back = (u128)1 << 64;

	if (guest_hz != host_hz && (!is_scalable(guest_hz) || !is_scalable(host_hz)))
		return ERR_RANGE;
	*t = (struct timescale){
		.g0 = g0, .h0 = h0, .whole = 1, .guest_hz = guest_hz, .host_hz = host_hz};
	if (guest_hz != host_hz) {
		t->whole = guest_hz / host_hz;
		t->part = fraction(guest_hz % host_hz, host_hz);
		back = reciprocal((u128)t->whole << 64 | t->part);
	}
	t->back_whole = (uint64_t)(back >> 64);
	t->back_part = (uint64_t)back;
	return ERR_OK;
}

/* floor(value * F) >= target, with `rest`, in 2^-64, beyond it? */
static bool reaches(const struct timescale *t, uint64_t ticks, uint64_t target, uint64_t rest)
{
	u128 part = (u128)ticks * t->part;
	u128 whole = (u128)ticks * t->whole + (uint64_t)(part >> 64);

	return whole > target || (whole == target && (uint64_t)part >= rest);
}

/*
 * With f the fraction of a guest tick that is over at `now`, the least number of host ticks e is
 * wanted for which e * F + f >= cval - guest. The product with 1 / F is less than that by three at
 * most: one for what 1 / F lacks, one for each product whose lower half is dropped.
 */
uint64_t timescale_deadline(const struct timescale *t, uint64_t now, uint64_t cval)
{
	uint64_t guest = timescale_guest(t, now);
	uint64_t over = (now - t->h0) * t->part; /* modulo 2^64: f */
	uint64_t target, rest, ticks, deadline;
	u128 estimate;

	if (guest >= cval)
		return now;
	/* cval - guest - f, in two words */
	rest = 0 - over;
	target = cval - guest - (over != 0);
	estimate =
		(u128)target * t->back_whole + timescale_high(target, t->back_part) +
		(uint64_t)(((u128)rest * t->back_whole + timescale_high(rest, t->back_part)) >> 64);
	if (estimate >> 64)
		return TIMESCALE_NEVER;
	ticks = (uint64_t)estimate;
	while (!reaches(t, ticks, target, rest)) {
		if (++ticks == 0)
			return TIMESCALE_NEVER;
	}
	if (__builtin_add_overflow(now, ticks, &deadline))
		return TIMESCALE_NEVER;
	return deadline;
}
