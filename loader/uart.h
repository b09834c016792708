/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_UART_H
#define LOADER_UART_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/*
 * The loader's console, written to by polling. Without one text is dropped; so is the rest when the
 * port takes nothing for a second.
 */

/*
 * Where text goes from here on; kind BOOT_UART_NONE: nowhere. divisor (lib/uartdesc.h) sets its
 * speed, with 8 bits and no parity; 0: it stays as firmware left it.
 */
void uart_init(const struct boot_uart *port, uint32_t divisor);

/*
 * While UEFI has the machine: no port is touched, lines of text go to `text`, and uart_stop() is
 * `stop`, which does not return.
 */
void uart_redirect(void (*text)(const char *line), void (*stop)(const char *why));

void uart_print(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line that names what is wrong and what to do about it; then this machine stands still. */
void uart_stop(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

#endif
