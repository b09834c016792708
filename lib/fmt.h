/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>

#include "lib/bits.h"

/*
 * printf's %d %i %u %x %X %c %s %p %% with the flags 0 - #, width and precision (also *),
 * and the lengths l, ll, z. Writes at most bytes - 1 characters and a NUL (nothing at all when
 * bytes is 0; buf may be NULL then) and returns the length that the whole text would have had,
 * in a time that does not depend on widths. An unknown conversion is copied as it stands and
 * takes no argument; %p writes 0x and hexadecimal digits, %s writes NULL as "(null)".
 */
size_t fmt_vsnprintf(char *buf, size_t bytes, const char *fmt, va_list args) PRINTF_LIKE(3, 0);
size_t fmt_snprintf(char *buf, size_t bytes, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Decimal or 0x-prefixed hexadecimal, the whole of text, no sign, optionally followed by one of
 * K M G (1024-based). False when it is anything else or does not fit.
 */
bool fmt_parse_u64(const char *text, uint64_t *value) MUST_CHECK;

#endif
