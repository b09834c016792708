/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_UART_H
#define LOADER_UART_H

#include "lib/bits.h"

/*
 * The loader's console: a PL011 (Arm DDI 0183) at base, written to by polling, at the speed the
 * firmware left it at. Until there is one, text is dropped.
 */
void uart_init(uint64_t base);

void uart_print(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line that names what is wrong and what to do about it; then this machine stands still. */
void uart_stop(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

#endif
