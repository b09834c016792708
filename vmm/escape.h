/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_ESCAPE_H
#define VMM_ESCAPE_H

#include "lib/bits.h"

/*
 * Bytes as printable ASCII: the others, and the backslash, become \xNN. For what a guest wrote,
 * which may be anything, where people or JSON shall have it.
 */

#define ESCAPE_ROOM(count) ((count)*4 + 1)

/* to: has ESCAPE_ROOM(count) bytes. Returns the text's length. */
size_t escape_bytes(char *to, const uint8_t *bytes, size_t count);
/* The same, of as many bytes as surely have room. */
size_t escape_cut(char *to, size_t room, const uint8_t *bytes, size_t count);
/* The other way round. to: has room for as many bytes as the text has. False: it is no such text.
 */
bool escape_undo(const char *text, uint8_t *to, size_t *count);

#endif
