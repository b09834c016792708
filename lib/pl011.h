/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PL011_H
#define LIB_PL011_H

#include "lib/bits.h"

/* PrimeCell UART PL011: registers (Arm DDI 0183, chapter 3) and a model of one. */

#define PL011_DR         0x000
#define PL011_RSR        0x004
#define PL011_FR         0x018
#define PL011_ILPR       0x020
#define PL011_IBRD       0x024
#define PL011_FBRD       0x028
#define PL011_LCR_H      0x02c
#define PL011_CR         0x030
#define PL011_IFLS       0x034
#define PL011_IMSC       0x038
#define PL011_RIS        0x03c
#define PL011_MIS        0x040
#define PL011_ICR        0x044
#define PL011_DMACR      0x048
#define PL011_PERIPH_ID0 0xfe0 /* eight ID registers up to 0xffc */

#define PL011_DR_FE     BIT(8)
#define PL011_DR_PE     BIT(9)
#define PL011_DR_BE     BIT(10)
#define PL011_DR_OE     BIT(11)
#define PL011_FR_CTS    BIT(0)
#define PL011_FR_DSR    BIT(1)
#define PL011_FR_DCD    BIT(2)
#define PL011_FR_BUSY   BIT(3)
#define PL011_FR_RXFE   BIT(4)
#define PL011_FR_TXFF   BIT(5)
#define PL011_FR_RXFF   BIT(6)
#define PL011_FR_TXFE   BIT(7)
#define PL011_LCR_H_BRK BIT(0)
#define PL011_LCR_H_FEN BIT(4)
#define PL011_CR_UARTEN BIT(0)
#define PL011_CR_LBE    BIT(7)
#define PL011_CR_TXE    BIT(8)
#define PL011_CR_RXE    BIT(9)
#define PL011_INT_RX    BIT(4)
#define PL011_INT_TX    BIT(5)
#define PL011_INT_RT    BIT(6)
#define PL011_INT_OE    BIT(10)
#define PL011_INT_ALL   0x7ff

/*
 * An emulated PL011 as a guest sees it. Pure: what a register access means outside comes back
 * as an effect. Receiving works whether FIFOs are enabled or not; the receive FIFO is deeper
 * than a real one's, its interrupt comes as soon as a byte is there.
 */

#define PL011_RX_BYTES 1024

struct pl011 {
	uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, dmacr;
	uint32_t ris;              /* of TX and OE; RX and RT follow from the FIFO */
	uint32_t rx_head, rx_tail; /* bytes ever put and taken */
	bool rx_overrun;           /* a byte was lost behind the last one in the FIFO */
	bool tx_blocked;           /* the other side takes nothing at present */
	uint8_t rx[PL011_RX_BYTES];
};

void pl011_reset(struct pl011 *u);

/* A read of the register at offset (any offset below 0x1000). */
uint32_t pl011_read(struct pl011 *u, uint32_t offset);

/* A write. True: `*sent` is a byte that leaves the UART. */
bool pl011_write(struct pl011 *u, uint32_t offset, uint32_t value, uint8_t *sent);

/* Bytes from the other side; returns how many went in. What does not fit is an overrun. */
size_t pl011_receive(struct pl011 *u, const uint8_t *bytes, size_t count);

/* Room in the receive FIFO. */
size_t pl011_receive_room(const struct pl011 *u);

/* Whether the other side takes nothing: the guest sees a full transmit FIFO meanwhile. */
void pl011_set_tx_blocked(struct pl011 *u, bool blocked);

/* The level of the UART's combined interrupt. */
bool pl011_interrupt(const struct pl011 *u);

#endif
