/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/bits.h"

/*
 * Looks in a command line of blank-separated words for `name` or `name=value` (the last one
 * wins). Returns the value (for a bare word an empty one) and its length, or NULL. Values may
 * be in double quotes to hold blanks; the quotes are not part of the value.
 */
const char *cmdline_get(const char *cmdline, const char *name, size_t *length);

/* Is the bare word or name=value there? */
bool cmdline_has(const char *cmdline, const char *name);

#endif
