/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_UART_PORT_H
#define HYP_CONSOLE_UART_PORT_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/* What uart.c needs of a kind of UART. All but polled use: with LOCK_UART of the port held. */

struct uart_port {
	struct boot_uart hw;
	uint8_t enabled;   /* the interrupts that are: UART_INT_ */
	uint8_t fifo_room; /* bytes that fit once the port has sent all it had */
	uint8_t seen;      /* errors that were read from a status register and not told yet */
};

#define UART_INT_RX 1
#define UART_INT_TX 2

/* What get() found. */
#define UART_GOT_BYTE    1
#define UART_GOT_BREAK   2 /* instead of a byte */
#define UART_GOT_ERROR   4 /* instead of a byte: one with a wrong parity or frame */
#define UART_GOT_OVERRUN 8 /* others were lost; by itself or with one of these */

struct uart_ops {
	/* Makes the port ready, without interrupts; what it is sending is not lost. */
	void (*open)(struct uart_port *p);
	/* Enables exactly these interrupts. */
	void (*interrupts)(struct uart_port *p, unsigned int which);
	/* Calms whatever interrupt there is but for what sending and receiving calm. */
	void (*acknowledge)(struct uart_port *p);
	/* How many bytes the port surely takes now; 0: ask again after an interrupt. */
	unsigned int (*tx_room)(struct uart_port *p);
	void (*put)(struct uart_port *p, uint8_t byte);
	/* UART_GOT_ bits; 0: nothing is there. */
	unsigned int (*get)(struct uart_port *p, uint8_t *byte);
	/* Has everything left the port? */
	bool (*is_idle)(struct uart_port *p);
};

extern const struct uart_ops uart_pl011_ops;
extern const struct uart_ops uart_16550_ops;
extern const struct uart_ops uart_cdns_ops;

#endif
