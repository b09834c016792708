/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/siphash.h"

static inline uint64_t rotate(uint64_t value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static void rounds(uint64_t v[4], unsigned int count)
{
	for (; count > 0; count--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void compress(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

struct siphash128 siphash128(const struct siphash128 *key, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint64_t v[4] = {
		key->word[0] ^ UINT64_C(0x736f6d6570736575),
		key->word[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
		key->word[0] ^ UINT64_C(0x6c7967656e657261),
		key->word[1] ^ UINT64_C(0x7465646279746573),
	};
	struct siphash128 out;
	uint64_t word = 0;
	size_t i;

	for (i = 0; i < bytes; i++) {
		word |= (uint64_t)p[i] << (i % 8 * 8);
		if (i % 8 == 7) {
			compress(v, word);
			word = 0;
		}
	}
	compress(v, word | (uint64_t)bytes << 56);
	v[2] ^= 0xee;
	rounds(v, 4);
	out.word[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	rounds(v, 4);
	out.word[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
	return out;
}
