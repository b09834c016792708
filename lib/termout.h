/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_TERMOUT_H
#define LIB_TERMOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/screen.h"

/*
 * Writes what a terminal is sent (ECMA-48's control sequences, UTF-8) into a buffer. Nothing here
 * looks for room but termout_has_room(): who writes asks before each piece.
 */
struct termout {
	uint8_t *to;
	size_t used, room;
};

/* The longest sequence of termout_sgr(): eight attributes and two colours of 24 bits. */
#define TERMOUT_SGR_BYTES 56

static inline bool termout_has_room(const struct termout *o, size_t bytes)
{
	return o->room - o->used >= bytes;
}

static inline void termout_put(struct termout *o, uint8_t byte)
{
	o->to[o->used++] = byte;
}

void termout_text(struct termout *o, const char *text);
/* In decimal; less than 1000. */
void termout_number(struct termout *o, unsigned int value);
/* CSI a ; b final, without what a terminal takes for 1 by itself. */
void termout_csi(struct termout *o, unsigned int a, unsigned int b, char final);
/* In UTF-8 (RFC 3629). */
void termout_code_point(struct termout *o, uint32_t code);

/*
 * SGR (ECMA-48, 8.3.117): from one cell's attributes and colours to another's, which has all of the
 * attributes. from NULL: whatever the terminal has, ends first.
 */
void termout_sgr(struct termout *o, const struct screen_cell *from, const struct screen_cell *to);

#endif
