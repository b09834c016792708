/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_UART_H
#define HYP_CONSOLE_UART_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The physical serial port: a PL011 (Arm DDI 0183), interrupt driven, with a transmit ring.
 * The line's speed and format stay as firmware left them. Without a port everything written is
 * dropped and nothing is ever received.
 */

/* What a user of the port gets; called with no lock held, on the CPU that took the interrupt. */
struct uart_client {
	/*
	 * How many bytes received() may be given. After 0 nothing comes until
	 * uart_receive_more(), which may be called as soon as there is room, even before this
	 * returns.
	 */
	size_t (*room)(void *ctx);
	/* Bytes that came in, no more than there is room for. */
	void (*received)(void *ctx, const uint8_t *bytes, size_t count);
	/* There is room in the transmit ring again, after something had been refused. */
	void (*writable)(void *ctx);
	void *ctx;
};

/* Boot CPU, once; from then on uart_write_polled() works. */
void uart_init(const struct bootinfo *bi);

/* Starts interrupts; the client stays for good. After gic_init_cpu(). */
enum err uart_start(const struct uart_client *client) MUST_CHECK;

/* There is room again after client.room() gave 0. Any CPU; takes LOCK_UART. */
void uart_receive_more(void);

/* Puts bytes into the transmit ring; returns how many fitted. Any CPU; takes LOCK_UART. */
size_t uart_write(const uint8_t *bytes, size_t count);

/* How many bytes uart_write() would take; 0 counts as a refusal for uart_client.writable. */
size_t uart_room(void);

/* Waits until what is in the ring now has left the port, two seconds at most. Takes LOCK_UART. */
void uart_flush(void);

/* Straight to the port, no lock, no ring: for panic. */
void uart_write_polled(const char *text, size_t length);

#endif
