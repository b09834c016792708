/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_RAND_H
#define GUEST_RAND_H

#include <stdint.h>

/* SplitMix64: a run repeats from its seed. */
static inline uint64_t rand_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. limit - 1; 0 for a limit of 0. */
static inline uint64_t rand_below(uint64_t *state, uint64_t limit)
{
	return limit == 0 ? 0 : rand_next(state) % limit;
}

/* A number such as argument checks get wrong; mostly one below `limit`. */
static inline uint64_t rand_odd(uint64_t *state, uint64_t limit)
{
	switch (rand_below(state, 6)) {
	case 0:
		return 0;
	case 1:
		return ~UINT64_C(0);
	case 2:
		return UINT64_C(1) << rand_below(state, 64);
	case 3:
		return rand_next(state);
	default:
		return rand_below(state, limit);
	}
}

#endif
