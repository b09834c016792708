/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/bits.h"

/*
 * Looks in a command line of words between blanks (space, tab, line ends) for `name` or
 * `name=value`; the last one wins. Returns the value (of a bare word: an empty one) and its
 * length, or NULL and leaves length alone. A blank between double quotes is part of the word;
 * quotes around a whole value are not part of it, and a quote without an end reaches to the end
 * of the line.
 */
const char *cmdline_get(const char *cmdline, const char *name, size_t *length);

#endif
