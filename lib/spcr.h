/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SPCR_H
#define LIB_SPCR_H

#include "lib/err.h"
#include "lib/uartdesc.h"

/*
 * What ACPI tables tell of the console. Tables are untrusted: `bytes` is how many may be read, and
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
 * The Fixed ACPI Description Table's HEADLESS flag (ACPI 6.5, table 5.10, bit 12): the machine has
 * no display, keyboard or mouse. ERR_TRUNCATED, ERR_INVALID as above.
 */
enum err fadt_headless(const uint8_t *table, size_t bytes, bool *headless) MUST_CHECK;

#endif
