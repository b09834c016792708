/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"

/* What libFuzzer calls, with each input in memory of its own size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* A property that must hold for every input. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* The input as a source of values; zeros when it is used up. */
struct fuzz_input {
	const uint8_t *data;
	size_t bytes;
};

static inline uint64_t fuzz_take(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && in->bytes != 0; i++) {
		value = value << 8 | *in->data++;
		in->bytes--;
	}
	return value;
}

/* The rest of the input as a text; to be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1);

	if (bytes != 0)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	return text;
}

#endif
