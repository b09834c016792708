/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 family (lib/uart16550.h), memory-mapped, whatever its registers' spacing. */
#include "arch/aarch64/mmio.h"
#include "hyp/console/uart_port.h"
#include "lib/uart16550.h"

#define LSR_ERRORS (UART16550_LSR_OE | UART16550_LSR_PE | UART16550_LSR_FE | UART16550_LSR_BI)
#define LCR_TRIES  1000

static uint32_t reg_read(const struct uart_port *p, unsigned int number)
{
	uint64_t address = p->hw.base + ((uint64_t)number << p->hw.shift);

	switch (p->hw.width) {
	case 4:
		return mmio_read32(address);
	case 2:
		return mmio_read16(address);
	default:
		return mmio_read8(address);
	}
}

static void reg_write(const struct uart_port *p, unsigned int number, uint64_t value)
{
	uint64_t address = p->hw.base + ((uint64_t)number << p->hw.shift);

	switch (p->hw.width) {
	case 4:
		mmio_write32(address, (uint32_t)value);
		break;
	case 2:
		mmio_write16(address, (uint16_t)value);
		break;
	default:
		mmio_write8(address, (uint8_t)value);
	}
}

/*
 * Any read of LSR forgets the errors of the byte that is next in the FIFO, and an overrun: they
 * are kept until that byte is taken.
 */
static uint32_t read_lsr(struct uart_port *p)
{
	uint32_t lsr = reg_read(p, UART16550_LSR);

	p->seen |= lsr & LSR_ERRORS;
	return lsr;
}

/*
 * A DW_apb_uart ignores writes to LCR while it sends or receives and raises its busy interrupt,
 * which reading USR clears.
 */
static void write_lcr(struct uart_port *p, uint32_t lcr)
{
	unsigned int tries = 0;

	do {
		reg_write(p, UART16550_LCR, lcr);
		if (p->hw.kind == BOOT_UART_DW)
			(void)reg_read(p, UART16550_USR);
	} while (reg_read(p, UART16550_LCR) != lcr && ++tries < LCR_TRIES);
}

/* Flow control by the port itself (MCR bit 5 and up), where firmware has set it, stays. */
static void open(struct uart_port *p)
{
	uint32_t lcr = reg_read(p, UART16550_LCR);
	uint32_t mcr;

	if (lcr & (UART16550_LCR_DLAB | UART16550_LCR_BREAK))
		write_lcr(p, lcr & ~(UART16550_LCR_DLAB | UART16550_LCR_BREAK));
	reg_write(p, UART16550_IER, 0);
	reg_write(p, UART16550_FCR, UART16550_FCR_ENABLE | UART16550_FCR_RX_HALF);
	mcr = reg_read(p, UART16550_MCR) & ~UART16550_MCR_LOOP;
	reg_write(p, UART16550_MCR,
		  mcr | UART16550_MCR_DTR | UART16550_MCR_RTS | UART16550_MCR_OUT2);
	p->fifo_room = 1;
	if ((reg_read(p, UART16550_IIR) & UART16550_IIR_FIFO) == UART16550_IIR_FIFO)
		p->fifo_room = p->hw.fifo_bytes;
}

static void interrupts(struct uart_port *p, unsigned int which)
{
	reg_write(p, UART16550_IER,
		  (which & UART_INT_RX ? UART16550_IER_ERBI : 0) |
			  (which & UART_INT_TX ? UART16550_IER_ETBEI : 0));
}

/* THRE is calmed by reading IIR itself; received bytes by being taken. */
static void acknowledge(struct uart_port *p)
{
	switch (reg_read(p, UART16550_IIR) & UART16550_IIR_ID) {
	case UART16550_IIR_LINE:
		(void)read_lsr(p);
		break;
	case UART16550_IIR_MODEM:
		(void)reg_read(p, UART16550_MSR);
		break;
	case UART16550_IIR_TIMEOUT:
		/* A DW_apb_uart can have a time-out without a byte; a read of nothing ends it. */
		if (p->hw.kind == BOOT_UART_DW && !(read_lsr(p) & UART16550_LSR_DR))
			(void)reg_read(p, UART16550_RBR);
		break;
	case UART16550_IIR_BUSY:
		if (p->hw.kind == BOOT_UART_DW)
			(void)reg_read(p, UART16550_USR);
		break;
	default:
		break;
	}
}

static unsigned int tx_room(struct uart_port *p)
{
	return read_lsr(p) & UART16550_LSR_THRE ? p->fifo_room : 0;
}

static void put(struct uart_port *p, uint8_t byte)
{
	reg_write(p, UART16550_THR, byte);
}

static unsigned int get(struct uart_port *p, uint8_t *byte)
{
	bool is_there = read_lsr(p) & UART16550_LSR_DR;
	unsigned int got = p->seen & UART16550_LSR_OE ? UART_GOT_OVERRUN : 0;

	p->seen &= ~UART16550_LSR_OE;
	if (!is_there)
		return got;
	*byte = (uint8_t)reg_read(p, UART16550_RBR);
	if (p->seen & UART16550_LSR_BI)
		got |= UART_GOT_BREAK;
	else if (p->seen & (UART16550_LSR_PE | UART16550_LSR_FE))
		got |= UART_GOT_ERROR;
	else
		got |= UART_GOT_BYTE;
	p->seen = 0;
	return got;
}

static bool is_idle(struct uart_port *p)
{
	return read_lsr(p) & UART16550_LSR_TEMT;
}

const struct uart_ops uart_16550_ops = {
	.open = open,
	.interrupts = interrupts,
	.acknowledge = acknowledge,
	.tx_room = tx_room,
	.put = put,
	.get = get,
	.is_idle = is_idle,
};
