/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_PANICGDB_H
#define HYP_CONSOLE_PANICGDB_H

#include "hyp/console/uart.h"

/*
 * After a panic: a session with GDB, to look at EL2 as it was. Registers of the CPU that panicked,
 * EL2's memory by its virtual addresses; nothing can be written, nothing goes on. Polled, on the
 * CPU that panicked, with no lock.
 */

/* A byte that came in on u; what there is to answer goes there. */
void panicgdb_input(struct uart *u, uint8_t byte);

#endif
