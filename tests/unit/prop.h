/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_PROP_H
#define TESTS_UNIT_PROP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Property tests: a small generator of cases from one seed. A test calls prop_start() once,
 * which prints the seed; CAISSON_SEED=n in the environment repeats a run.
 */
struct prop {
	uint64_t state;
};

static inline uint64_t prop_u64(struct prop *p)
{
	/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
	uint64_t z = p->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline struct prop prop_start(const char *name)
{
	const char *given = getenv("CAISSON_SEED");
	struct timespec now;
	struct prop p;

	timespec_get(&now, TIME_UTC);
	p.state = given != NULL ? strtoull(given, NULL, 0)
				: (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30;
	printf("# %s: CAISSON_SEED=%#llx\n", name, (unsigned long long)p.state);
	fflush(stdout);
	return p;
}

/* 0..limit - 1; limit is not 0. */
static inline uint64_t prop_below(struct prop *p, uint64_t limit)
{
	return prop_u64(p) % limit;
}

/* low..high, both included. */
static inline uint64_t prop_between(struct prop *p, uint64_t low, uint64_t high)
{
	return low + prop_below(p, high - low + 1);
}

/* True once in n times. */
static inline bool prop_one_in(struct prop *p, unsigned int n)
{
	return prop_below(p, n) == 0;
}

/* A value of any size, as often small as large, and often next to a power of two. */
static inline uint64_t prop_value(struct prop *p)
{
	uint64_t power = UINT64_C(1) << prop_below(p, 64);

	switch (prop_below(p, 5)) {
	case 0:
		return power;
	case 1:
		return power - 1;
	case 2:
		return ~power;
	case 3:
		return prop_u64(p);
	default:
		return prop_u64(p) >> prop_below(p, 64);
	}
}

#endif
