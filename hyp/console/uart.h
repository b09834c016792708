/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_UART_H
#define HYP_CONSOLE_UART_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The physical serial ports: PL011s and the 16550 family, interrupt driven, each with a transmit
 * and a receive ring. Speed and format stay as the loader left them. To a port that the machine
 * does not have all can be written (it is dropped), and nothing is ever received from it.
 */

#define UART_PORTS    BOOT_MAX_UARTS
#define UART_TX_BYTES 16384 /* of a transmit ring */

struct uart;

/* What a user of a port gets; called with no lock held, on the CPU that took the interrupt. */
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
	/*
	 * Not more than `low` bytes wait in the transmit ring, after there had been more. May be
	 * NULL.
	 */
	void (*drained)(void *ctx);
	size_t low;
	/* A break: it may overtake bytes that there was no room for. May be NULL. */
	void (*broke)(void *ctx);
	/*
	 * The port has no interrupt that works: uart_poll() is to be called every 10 ms or so from
	 * now on. Comes from uart_start(), or later if an interrupt does not end.
	 */
	void (*polled)(void *ctx);
	void *ctx;
};

/* What went wrong on a port since the start. */
struct uart_counts {
	uint64_t overruns; /* times that bytes were lost since nobody took them */
	uint64_t errors;   /* bytes of a wrong parity or frame, dropped */
	uint64_t breaks;
};

/* Boot CPU, once; from then on uart_write_polled() works. */
void uart_init(const struct bootinfo *bi);

/* Port 0 or 1: always the same, not NULL. */
struct uart *uart_port(unsigned int index);
/* Does the machine have it? */
bool uart_exists(const struct uart *u);

/* Starts interrupts; the client stays for good. Once for a port, after gic_init_cpu(). */
enum err uart_start(struct uart *u, const struct uart_client *client) MUST_CHECK;

/*
 * Does what an interrupt would; nothing if the port has one that works (uart_client.polled). Any
 * CPU, but one at a time.
 */
void uart_poll(struct uart *u);

/*
 * Has the first CPU, which all ports interrupt, look at the port as at an interrupt: client.room()
 * is called there. False: the port has no interrupt that works. Any CPU; takes LOCK_UART.
 */
bool uart_poke(struct uart *u);

/* There is room again after client.room() gave 0. Any CPU; takes LOCK_UART. */
void uart_receive_more(struct uart *u);

/* Puts bytes into the transmit ring; returns how many fitted. Any CPU; takes LOCK_UART. */
size_t uart_write(struct uart *u, const uint8_t *bytes, size_t count);

/* How many bytes uart_write() would take; 0 counts as a refusal for uart_client.writable. */
size_t uart_room(struct uart *u);

/* How many bytes wait in the transmit ring, besides the few in the port's FIFO. */
size_t uart_used(struct uart *u);

void uart_count(struct uart *u, struct uart_counts *counts);

/* Waits until what is in the ring now has left the port, two seconds at most. Takes LOCK_UART. */
void uart_flush(struct uart *u);

/*
 * Straight to and from the port, no lock, no ring: for panic. Writing waits for the port, a tenth
 * of a second at most for a byte, and drops the rest then; reading never waits, false: nothing.
 * From the first byte on no ring is sent any more: other CPUs may be painting still.
 */
void uart_write_polled(struct uart *u, const char *text, size_t length);
void uart_send_polled(struct uart *u, const uint8_t *bytes, size_t count); /* LF as it is */
bool uart_read_polled(struct uart *u, uint8_t *byte);

#endif
