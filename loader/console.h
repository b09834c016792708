/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_CONSOLE_H
#define LOADER_CONSOLE_H

#include "loader/machine.h"

/*
 * Which serial ports are Caisson's: console= and console2= of its command line, else what
 * stdout-path of the device tree means, else the tree's first PL011, else its first 16550. What is
 * wrong with the command line is told on the port that is used then.
 */

/* Takes Caisson's command line over, chooses the ports, starts the first one for text. */
void console_open(struct machine *m);

/* When the GIC is known: the ports' interrupts, and whether the machine has a display. */
void console_finish(struct machine *m);

#endif
