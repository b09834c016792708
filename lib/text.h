/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/bits.h"

/* NUL-terminated text, for code that has no C library. */

static inline bool text_is(const char *a, const char *b)
{
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return *a == *b;
}

static inline bool text_begins(const char *text, const char *start)
{
	while (*start != '\0' && *text == *start) {
		text++;
		start++;
	}
	return *start == '\0';
}

/* Bytes before the NUL. */
static inline size_t text_length(const char *text)
{
	const char *p = text;

	while (*p != '\0')
		p++;
	return p - text;
}

#endif
