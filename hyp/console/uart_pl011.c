/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 (Arm DDI 0183) and what Arm's BSA keeps of it as the Generic UART. */
#include "arch/aarch64/mmio.h"
#include "hyp/console/uart_port.h"
#include "lib/pl011.h"

#define FIFO_BYTES  16 /* the smaller one of the two that there are: revisions before r1p5 */
#define BUSY_READS  100000
#define CR_ON       (PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE)
#define INT_RECEIVE (PL011_INT_RX | PL011_INT_RT)

static uint32_t reg_read(const struct uart_port *p, uint32_t offset)
{
	return mmio_read32(p->hw.base + offset);
}

static void reg_write(const struct uart_port *p, uint32_t offset, uint64_t value)
{
	mmio_write32(p->hw.base + offset, (uint32_t)value);
}

static bool is_idle(struct uart_port *p)
{
	return !(reg_read(p, PL011_FR) & PL011_FR_BUSY);
}

/*
 * The line control register is written while the UART is off and has sent what it had (DDI 0183
 * 3.3.7, 3.3.8). The Generic UART has neither register and is always on.
 */
static void open(struct uart_port *p)
{
	uint32_t cr, lcr, reads = 0;

	reg_write(p, PL011_IMSC, 0);
	p->fifo_room = FIFO_BYTES;
	if (p->hw.kind == BOOT_UART_SBSA)
		return;
	cr = reg_read(p, PL011_CR);
	lcr = reg_read(p, PL011_LCR_H);
	if (!(lcr & PL011_LCR_H_FEN) || (lcr & PL011_LCR_H_BRK)) {
		while (!is_idle(p) && reads++ < BUSY_READS)
			;
		reg_write(p, PL011_CR, cr & ~PL011_CR_UARTEN);
		reg_write(p, PL011_LCR_H, (lcr | PL011_LCR_H_FEN) & ~PL011_LCR_H_BRK);
	}
	reg_write(p, PL011_CR, (cr | CR_ON) & ~PL011_CR_LBE);
}

static void interrupts(struct uart_port *p, unsigned int which)
{
	reg_write(p, PL011_IMSC,
		  (which & UART_INT_RX ? INT_RECEIVE : 0) |
			  (which & UART_INT_TX ? PL011_INT_TX : 0));
}

/*
 * The receive interrupts are cleared by emptying the FIFO alone (DDI 0183 2.8.3, 2.8.5): cleared
 * by ICR they would not come back for bytes that are in the FIFO already.
 */
static void acknowledge(struct uart_port *p)
{
	reg_write(p, PL011_ICR, reg_read(p, PL011_RIS) & ~INT_RECEIVE);
}

static unsigned int tx_room(struct uart_port *p)
{
	uint32_t fr = reg_read(p, PL011_FR);

	if (fr & PL011_FR_TXFE)
		return p->fifo_room;
	return fr & PL011_FR_TXFF ? 0 : 1;
}

static void put(struct uart_port *p, uint8_t byte)
{
	reg_write(p, PL011_DR, byte);
}

static unsigned int get(struct uart_port *p, uint8_t *byte)
{
	unsigned int got = UART_GOT_BYTE;
	uint32_t dr;

	if (reg_read(p, PL011_FR) & PL011_FR_RXFE)
		return 0;
	dr = reg_read(p, PL011_DR);
	*byte = (uint8_t)dr;
	if (dr & PL011_DR_BE)
		got = UART_GOT_BREAK;
	else if (dr & (PL011_DR_PE | PL011_DR_FE))
		got = UART_GOT_ERROR;
	return dr & PL011_DR_OE ? got | UART_GOT_OVERRUN : got;
}

const struct uart_ops uart_pl011_ops = {
	.open = open,
	.interrupts = interrupts,
	.acknowledge = acknowledge,
	.tx_room = tx_room,
	.put = put,
	.get = get,
	.is_idle = is_idle,
};
