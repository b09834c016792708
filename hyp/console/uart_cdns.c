/* SPDX-License-Identifier: BSD-2-Clause */
/* Cadence's UART (lib/uartcdns.h), of the Zynq UltraScale+. */
#include "arch/aarch64/mmio.h"
#include "hyp/console/uart_port.h"
#include "lib/uartcdns.h"

#define CR_OFF        (CDNS_CR_RXDIS | CDNS_CR_TXDIS | CDNS_CR_STTBRK)
#define CR_ON         (CDNS_CR_RXEN | CDNS_CR_TXEN | CDNS_CR_STPBRK)
#define INT_RECEIVE   (CDNS_INT_RTRIG | CDNS_INT_TIMEOUT)
#define RTOUT_40_BITS 10

#define SEEN_OVERRUN 1

static uint32_t reg_read(const struct uart_port *p, uint32_t offset)
{
	return mmio_read32(p->hw.base + offset);
}

static void reg_write(const struct uart_port *p, uint32_t offset, uint64_t value)
{
	mmio_write32(p->hw.base + offset, (uint32_t)value);
}

static void open(struct uart_port *p)
{
	reg_write(p, CDNS_IDR, CDNS_INT_ALL);
	reg_write(p, CDNS_MR, reg_read(p, CDNS_MR) & ~CDNS_MR_CHMODE);
	reg_write(p, CDNS_CR, (reg_read(p, CDNS_CR) & ~CR_OFF) | CR_ON);
	reg_write(p, CDNS_RTRIG, 1);
	reg_write(p, CDNS_RTOUT, RTOUT_40_BITS);
	reg_write(p, CDNS_ISR, CDNS_INT_ALL);
	p->fifo_room = CDNS_FIFO_BYTES;
}

/*
 * That the transmit FIFO was empty some time ago is no reason for an interrupt; should it be so
 * again now, the caller, who asks once more, sees it.
 */
static void interrupts(struct uart_port *p, unsigned int which)
{
	uint64_t on = (which & UART_INT_RX ? INT_RECEIVE : 0) |
		      (which & UART_INT_TX ? CDNS_INT_TEMPTY : 0);

	reg_write(p, CDNS_IDR, CDNS_INT_ALL & ~on);
	if (!(p->enabled & UART_INT_TX))
		reg_write(p, CDNS_ISR, CDNS_INT_TEMPTY);
	reg_write(p, CDNS_IER, on);
}

/* Before the FIFO is looked at: what comes about after that is told again. */
static void acknowledge(struct uart_port *p)
{
	uint32_t isr = reg_read(p, CDNS_ISR);

	reg_write(p, CDNS_ISR, isr & ~INT_RECEIVE);
	if (isr & CDNS_INT_ROVR)
		p->seen |= SEEN_OVERRUN;
}

static unsigned int tx_room(struct uart_port *p)
{
	uint32_t sr = reg_read(p, CDNS_SR);

	if (sr & CDNS_SR_TEMPTY)
		return p->fifo_room;
	return sr & CDNS_SR_TFUL ? 0 : 1;
}

static void put(struct uart_port *p, uint8_t byte)
{
	reg_write(p, CDNS_FIFO, byte);
}

/*
 * The receive interrupts are bits that stay, and may not come back for bytes that are in the FIFO
 * already: they are taken away only when it is empty, and it is looked at once more behind that.
 */
static bool is_empty(const struct uart_port *p)
{
	if (!(reg_read(p, CDNS_SR) & CDNS_SR_REMPTY))
		return false;
	reg_write(p, CDNS_ISR, INT_RECEIVE);
	return reg_read(p, CDNS_SR) & CDNS_SR_REMPTY;
}

static unsigned int get(struct uart_port *p, uint8_t *byte)
{
	unsigned int got = p->seen & SEEN_OVERRUN ? UART_GOT_OVERRUN : 0;
	uint32_t status;

	p->seen = 0;
	if (is_empty(p))
		return got;
	status = reg_read(p, CDNS_RXBS);
	*byte = (uint8_t)reg_read(p, CDNS_FIFO);
	if (status & CDNS_RXBS_BREAK)
		return got | UART_GOT_BREAK;
	return got |
	       (status & (CDNS_RXBS_PARITY | CDNS_RXBS_FRAME) ? UART_GOT_ERROR : UART_GOT_BYTE);
}

static bool is_idle(struct uart_port *p)
{
	return (reg_read(p, CDNS_SR) & (CDNS_SR_TEMPTY | CDNS_SR_TACTIVE)) == CDNS_SR_TEMPTY;
}

const struct uart_ops uart_cdns_ops = {
	.open = open,
	.interrupts = interrupts,
	.acknowledge = acknowledge,
	.tx_room = tx_room,
	.put = put,
	.get = get,
	.is_idle = is_idle,
};
