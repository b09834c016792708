/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_UART_SIM_H
#define TESTS_UNIT_UART_SIM_H

#include <stdbool.h>

#include "abi/bootinfo.h"

/*
 * A serial port for hyp/console/uart*.c and loader/uart.c to drive: registers of a PL011 (DDI
 * 0183), a 16550 (SLLS177) or Cadence's (UG1087), with the ways that those have of losing bytes and
 * interrupts. What a driver must not do (write to a full FIFO, read an empty one, another width
 * than the registers', line control of a PL011 that is on) ends in uart_sim_failed(), which the
 * test has.
 */

#define UART_SIM_FIFO 64
#define UART_SIM_LINE 65536

/* Of a received byte. */
#define UART_SIM_BREAK   1
#define UART_SIM_FRAME   2
#define UART_SIM_OVERRUN 4 /* bytes behind this one were lost (PL011) */

struct uart_sim {
	struct boot_uart hw;
	unsigned int depth;  /* of both FIFOs */
	bool no_fifo;        /* a 16450 */
	bool no_thre_enable; /* enabling the THRE interrupt while empty gives none */
	bool sends_at_ier;   /* it is done sending just when the interrupts are set */
	bool stuck;          /* the line takes nothing */

	/* What went over the line. */
	uint8_t sent[UART_SIM_LINE];
	unsigned int sent_count;

	uint8_t tx[UART_SIM_FIFO];
	unsigned int tx_count;
	struct {
		uint8_t byte, flags;
	} rx[UART_SIM_FIFO];
	unsigned int rx_count;

	/* 16550 */
	uint8_t ier, lcr, mcr, fcr, dll, dlm;
	bool lsr_oe, thre_pending, busy_pending, lost_timeout;
	/* PL011 */
	uint32_t imsc, ris, cr, lcr_h, ibrd, fbrd;
	/* Cadence */
	uint32_t isr, imr, mr, rtrig;
	bool rx_cleared; /* PL011: ICR took the receive interrupts: only a new byte brings them back
			  */

	uint64_t now; /* CNTPCT_EL0 */
};

#define UART_SIM_HZ 1000000

extern struct uart_sim uart_sim;

void uart_sim_failed(const char *what) __attribute__((noreturn));

/* As firmware leaves it: on, without interrupts. */
void uart_sim_reset(const struct boot_uart *hw);
/* The line sends up to `count` bytes of the FIFO. */
void uart_sim_send(unsigned int count);
/* A byte comes in, with UART_SIM_ flags. */
void uart_sim_receive(uint8_t byte, uint8_t flags);
/* The level of the port's interrupt. */
bool uart_sim_interrupt(void);

#endif
