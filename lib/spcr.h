/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SPCR_H
#define LIB_SPCR_H

#include "lib/acpiw.h"
#include "lib/uartdesc.h"

/*
 * What an ACPI table tells of the console. It is untrusted: `bytes` is how many may be read, and
 * nothing behind them or behind the table's own length is.
 */

/*
 * The Serial Port Console Redirection Table (Microsoft's specification, revisions 1 to 4, the
 * types of ports as in its Debug Port Table 2). A table with the address 0 says that there is no
 * console: ERR_OK and kind BOOT_UART_NONE. The speed is what firmware says that it set, not a wish:
 * QEMU's table says 9,600. ERR_TRUNCATED: it ends early; ERR_INVALID: no SPCR, a
 * wrong checksum, or registers that contradict each other; ERR_UNSUPPORTED: a port of another
 * kind, or one that is not in memory.
 */
enum err spcr_parse(const uint8_t *table, size_t bytes, struct uart_desc *uart) MUST_CHECK;

/*
 * An SPCR (revision 2) that says what spcr_parse() reads of this port: a PL011, an SBSA UART, or
 * one of the 16550 family with a shift of at most 2. A speed that the table has no code for is left
 * as it is. Its address.
 */
uint64_t spcr_write(struct acpiw *w, const struct uart_desc *uart);

#endif
