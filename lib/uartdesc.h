/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_UARTDESC_H
#define LIB_UARTDESC_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/* A serial port as a command line, a table or a device tree describes it. */
struct uart_desc {
	uint64_t base;     /* of the first register; 0 is an address too */
	uint32_t intid;    /* 0: unknown */
	uint32_t clock_hz; /* of the input clock; 0: unknown */
	uint32_t baud;     /* 0: as firmware left it */
	uint8_t kind;      /* enum boot_uart_kind; BOOT_UART_NONE: there is no port */
	uint8_t shift;     /* these three as in struct boot_uart */
	uint8_t width;
	uint8_t fifo_bytes;
};

#define UART_FIFO_BYTES 16 /* of a 16550 that does not say otherwise */

/*
 * The divisor for a speed: a 16550's latch (clock / 16 / baud), a PL011's IBRD and FBRD (bits 5:0,
 * sixty-fourths; DDI 0183 3.3.6). 0: the clock does not give the speed within 4 %, which is about
 * what a receiver bears, or is not known.
 */
uint32_t uart_divisor_16550(uint32_t clock_hz, uint32_t baud);
uint32_t uart_divisor_pl011(uint32_t clock_hz, uint32_t baud);

#endif
