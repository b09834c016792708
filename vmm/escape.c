// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/escape.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

size_t escape_bytes(char *to, const uint8_t *bytes, size_t count)
{
	return escape_cut(to, ESCAPE_ROOM(count), bytes, count);
}

size_t escape_cut(char *to, size_t room, const uint8_t *bytes, size_t count)
{
	char *at = to;

	for (size_t i = 0; i < count && room - (size_t)(at - to) >= ESCAPE_ROOM(1); i++) {
		if (bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '\\') {
			*at++ = (char)bytes[i];
			continue;
		}
		*at++ = '\\';
		*at++ = 'x';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at = '\0';
	return (size_t)(at - to);
}

static int digit(char c)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

bool escape_undo(const char *text, uint8_t *to, size_t *count)
{
	size_t used = 0;

	while (*text != '\0') {
		int high, low;

		if (*text != '\\') {
			to[used++] = (uint8_t)*text++;
			continue;
		}
		if (text[1] != 'x' || (high = digit(text[2])) < 0 || (low = digit(text[3])) < 0)
			return false;
		to[used++] = (uint8_t)(high << 4 | low);
		text += 4;
	}
	*count = used;
	return true;
}
