/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CONSOLEARG_H
#define LIB_CONSOLEARG_H

#include "lib/err.h"
#include "lib/uartdesc.h"

/*
 * The value of `console=` and `console2=` on Caisson's command line: words with commas between.
 *
 *	none
 *	KIND,ADDRESS[,shift=N][,width=1|2|4][,fifo=BYTES][,irq=INTID][,clock=HZ][,SPEED]
 *	NODE[,irq=INTID][,clock=HZ][,SPEED]
 *
 * KIND is pl011, sbsa (the part of a PL011 that Arm's BSA asks for), 16550 or dw (DesignWare's);
 * shift, width and fifo are for the last two, whose defaults are 0, 1, 16 and 2, 4, 16. NODE is
 * a full path of the device tree, or an alias in it. SPEED is in baud, "n8" may follow it.
 */
enum consolearg_what { CONSOLEARG_NONE, CONSOLEARG_ADDRESS, CONSOLEARG_NODE };

struct consolearg {
	enum consolearg_what what;
	struct uart_desc uart; /* NODE: intid, clock_hz and baud only */
	const char *node;      /* node_bytes of the text that was parsed; no NUL behind them */
	size_t node_bytes;
};

/*
 * Reads `bytes` bytes of text. ERR_INVALID: they make no sense, and *why says what is wrong in a
 * few words, the beginning of a sentence.
 */
enum err consolearg_parse(const char *text, size_t bytes, struct consolearg *arg,
			  const char **why) MUST_CHECK;

#endif
