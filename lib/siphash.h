/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SIPHASH_H
#define LIB_SIPHASH_H

#include "lib/bits.h"

/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a keyed pseudo-random
 * function. Who does not know the key learns nothing from one output about another.
 */
struct siphash128 {
	uint64_t word[2]; /* little-endian: word[0]'s low byte is the first */
};

struct siphash128 siphash128(const struct siphash128 *key, const void *data, size_t bytes);

#endif
