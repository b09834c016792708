/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/uart_sim.h"

#include <string.h>

#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"
#include "lib/pl011.h"
#include "lib/uart16550.h"
#include "lib/uartcdns.h"

#define CHARACTER_TICKS 87 /* at 115,200 Bd */

struct uart_sim uart_sim;

static struct uart_sim *const s = &uart_sim;

static bool is_16550(void)
{
	return s->hw.kind == BOOT_UART_16550 || s->hw.kind == BOOT_UART_DW;
}

static bool is_cdns(void)
{
	return s->hw.kind == BOOT_UART_CDNS;
}

static unsigned int depth(void)
{
	bool enabled = is_16550() ? s->fcr & UART16550_FCR_ENABLE : s->lcr_h & PL011_LCR_H_FEN;

	if (s->hw.kind == BOOT_UART_SBSA || is_cdns())
		enabled = true;
	return enabled && !s->no_fifo ? s->depth : 1;
}

void uart_sim_reset(const struct boot_uart *hw)
{
	memset(s, 0, sizeof(*s));
	s->hw = *hw;
	s->depth = is_cdns() ? CDNS_FIFO_BYTES : 16;
	s->lcr = UART16550_LCR_8BITS;
	s->cr = PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE;
	s->lcr_h = 0x60;
	if (is_cdns())
		s->cr = CDNS_CR_TXEN | CDNS_CR_RXEN;
	s->mr = CDNS_MR_8N1;
}

void uart_sim_send(unsigned int count)
{
	unsigned int half = depth() / 2;

	for (; count > 0 && s->tx_count > 0 && !s->stuck; count--) {
		if (s->sent_count < UART_SIM_LINE)
			s->sent[s->sent_count++] = s->tx[0];
		memmove(s->tx, s->tx + 1, --s->tx_count);
		if (s->tx_count == 0) {
			s->thre_pending = true;
			s->isr |= CDNS_INT_TEMPTY;
		}
		if (s->tx_count == half)
			s->ris |= PL011_INT_TX;
	}
}

void uart_sim_receive(uint8_t byte, uint8_t flags)
{
	if (s->rx_count == depth()) {
		s->lsr_oe = true;
		s->rx[s->rx_count - 1].flags |= UART_SIM_OVERRUN;
		s->ris |= PL011_INT_OE;
		s->isr |= CDNS_INT_ROVR;
		return;
	}
	s->rx[s->rx_count].byte = byte;
	s->rx[s->rx_count++].flags = flags;
	s->rx_cleared = false;
	s->isr |= CDNS_INT_TIMEOUT | (s->rx_count == s->rtrig ? CDNS_INT_RTRIG : 0);
}

static uint8_t take(uint8_t *flags)
{
	uint8_t byte = s->rx[0].byte;

	if (s->rx_count == 0)
		uart_sim_failed("a read of the empty receive FIFO");
	*flags = s->rx[0].flags;
	memmove(&s->rx[0], &s->rx[1], --s->rx_count * sizeof(s->rx[0]));
	return byte;
}

static void give(uint8_t byte)
{
	if (s->tx_count == depth())
		uart_sim_failed("a write to the full transmit FIFO");
	s->tx[s->tx_count++] = byte;
	s->thre_pending = false;
}

/* ---- 16550 ---- */

static uint8_t iir(void)
{
	uint8_t fifo = depth() > 1 ? UART16550_IIR_FIFO : 0;

	if (s->busy_pending)
		return fifo | UART16550_IIR_BUSY;
	if ((s->ier & UART16550_IER_ERBI) && s->lost_timeout)
		return fifo | UART16550_IIR_TIMEOUT;
	if ((s->ier & UART16550_IER_ERBI) && s->rx_count > 0)
		return fifo | (s->rx_count >= 8 || depth() == 1 ? 0x4 : UART16550_IIR_TIMEOUT);
	if ((s->ier & UART16550_IER_ETBEI) && s->thre_pending)
		return fifo | UART16550_IIR_THRE;
	return fifo | UART16550_IIR_NONE;
}

static uint8_t read_lsr(void)
{
	uint8_t lsr = s->rx_count > 0 ? UART16550_LSR_DR : 0;

	if (s->rx_count > 0 && (s->rx[0].flags & UART_SIM_BREAK))
		lsr |= UART16550_LSR_BI | UART16550_LSR_FE;
	if (s->rx_count > 0 && (s->rx[0].flags & UART_SIM_FRAME))
		lsr |= UART16550_LSR_FE;
	if (s->lsr_oe)
		lsr |= UART16550_LSR_OE;
	if (s->tx_count == 0)
		lsr |= UART16550_LSR_THRE | UART16550_LSR_TEMT;
	s->rx[0].flags &= ~(UART_SIM_BREAK | UART_SIM_FRAME);
	s->lsr_oe = false;
	return lsr;
}

static uint32_t read_16550(unsigned int number)
{
	bool dlab = s->lcr & UART16550_LCR_DLAB;
	uint8_t value, flags;

	switch (number) {
	case UART16550_RBR:
		if (dlab)
			return s->dll;
		if (s->lost_timeout && s->rx_count == 0) {
			s->lost_timeout = false;
			return 0;
		}
		return take(&flags);
	case UART16550_IER:
		return dlab ? s->dlm : s->ier;
	case UART16550_IIR:
		value = iir();
		if ((value & UART16550_IIR_ID) == UART16550_IIR_THRE)
			s->thre_pending = false;
		return value;
	case UART16550_LCR:
		return s->lcr;
	case UART16550_MCR:
		return s->mcr;
	case UART16550_LSR:
		return read_lsr();
	case UART16550_MSR:
		return 0;
	case UART16550_USR:
		s->busy_pending = false;
		uart_sim_send(1);
		return s->tx_count > 0;
	default:
		uart_sim_failed("a read of no register");
	}
}

static void write_lcr(uint8_t value)
{
	if (s->hw.kind == BOOT_UART_DW && s->tx_count > 0)
		s->busy_pending = true;
	else
		s->lcr = value;
}

static void write_16550(unsigned int number, uint8_t value)
{
	bool dlab = s->lcr & UART16550_LCR_DLAB;

	switch (number) {
	case UART16550_THR:
		if (dlab)
			s->dll = value;
		else
			give(value);
		break;
	case UART16550_IER:
		if (dlab) {
			s->dlm = value;
			break;
		}
		if (s->sends_at_ier)
			uart_sim_send(UART_SIM_FIFO);
		if (!(s->ier & UART16550_IER_ETBEI) && (value & UART16550_IER_ETBEI) &&
		    s->tx_count == 0)
			s->thre_pending = !s->no_thre_enable;
		s->ier = value;
		break;
	case UART16550_FCR:
		if ((value ^ s->fcr) & UART16550_FCR_ENABLE)
			s->rx_count = s->tx_count = 0;
		s->fcr = value;
		break;
	case UART16550_LCR:
		write_lcr(value);
		break;
	case UART16550_MCR:
		s->mcr = value;
		break;
	default:
		uart_sim_failed("a write to no register");
	}
}

/* ---- PL011 ---- */

static uint32_t pl011_raw(void)
{
	uint32_t ris = s->ris;

	if (s->rx_count >= 8 && !s->rx_cleared)
		ris |= PL011_INT_RX;
	if (s->rx_count > 0 && !s->rx_cleared)
		ris |= PL011_INT_RT;
	return ris;
}

static uint32_t pl011_data(void)
{
	uint8_t flags;
	uint32_t value = take(&flags);

	value |= flags & UART_SIM_BREAK ? PL011_DR_BE | PL011_DR_FE : 0;
	value |= flags & UART_SIM_FRAME ? PL011_DR_FE : 0;
	value |= flags & UART_SIM_OVERRUN ? PL011_DR_OE : 0;
	return value;
}

static uint32_t read_pl011(uint64_t offset)
{
	if (s->hw.kind == BOOT_UART_SBSA && (offset == PL011_CR || offset == PL011_LCR_H))
		uart_sim_failed("a register that the Generic UART has not got");
	switch (offset) {
	case PL011_DR:
		return pl011_data();
	case PL011_FR:
		return (s->tx_count == 0 ? PL011_FR_TXFE : PL011_FR_BUSY) |
		       (s->tx_count == depth() ? PL011_FR_TXFF : 0) |
		       (s->rx_count == 0 ? PL011_FR_RXFE : 0);
	case PL011_LCR_H:
		return s->lcr_h;
	case PL011_CR:
		return s->cr;
	case PL011_IMSC:
		return s->imsc;
	case PL011_RIS:
		return pl011_raw();
	case PL011_MIS:
		return pl011_raw() & s->imsc;
	default:
		uart_sim_failed("a read of no register");
	}
}

static void write_pl011(uint64_t offset, uint32_t value)
{
	if (s->hw.kind == BOOT_UART_SBSA && offset >= PL011_ILPR && offset <= PL011_IFLS)
		uart_sim_failed("a register that the Generic UART has not got");
	switch (offset) {
	case PL011_DR:
		give((uint8_t)value);
		break;
	case PL011_IBRD:
		s->ibrd = value;
		break;
	case PL011_FBRD:
		s->fbrd = value;
		break;
	case PL011_LCR_H:
		if (s->cr & PL011_CR_UARTEN)
			uart_sim_failed("line control while the UART is on");
		s->lcr_h = value;
		break;
	case PL011_CR:
		if (!(value & PL011_CR_UARTEN) && s->tx_count > 0 && !s->stuck)
			uart_sim_failed("off while it sends");
		s->cr = value;
		break;
	case PL011_IMSC:
		s->imsc = value;
		break;
	case PL011_ICR:
		s->ris &= ~value;
		s->rx_cleared |= (value & (PL011_INT_RX | PL011_INT_RT)) != 0;
		break;
	default:
		uart_sim_failed("a write to no register");
	}
}

/* ---- Cadence: interrupts are edges that stay ---- */

static uint32_t read_cdns(uint64_t offset)
{
	uint8_t flags = s->rx[0].flags;

	switch (offset) {
	case CDNS_CR:
		return s->cr;
	case CDNS_MR:
		return s->mr;
	case CDNS_ISR:
		return s->isr;
	case CDNS_SR:
		return (s->tx_count == 0 ? CDNS_SR_TEMPTY : CDNS_SR_TACTIVE) |
		       (s->tx_count == depth() ? CDNS_SR_TFUL : 0) |
		       (s->rx_count == 0 ? CDNS_SR_REMPTY : 0);
	case CDNS_FIFO:
		return take(&flags);
	case CDNS_RXBS:
		return (flags & UART_SIM_BREAK ? CDNS_RXBS_BREAK | CDNS_RXBS_FRAME : 0) |
		       (flags & UART_SIM_FRAME ? CDNS_RXBS_FRAME : 0);
	default:
		uart_sim_failed("a read of no register");
	}
}

static void write_cdns(uint64_t offset, uint32_t value)
{
	switch (offset) {
	case CDNS_CR:
		s->cr = value;
		break;
	case CDNS_MR:
		s->mr = value;
		break;
	case CDNS_IER:
		if (s->sends_at_ier)
			uart_sim_send(UART_SIM_FIFO);
		s->imr |= value;
		break;
	case CDNS_IDR:
		s->imr &= ~value;
		break;
	case CDNS_ISR:
		s->isr &= ~value;
		break;
	case CDNS_RTRIG:
		s->rtrig = value;
		break;
	case CDNS_RTOUT:
		break;
	case CDNS_FIFO:
		if (!(s->cr & CDNS_CR_TXEN) || (s->cr & (CDNS_CR_TXDIS | CDNS_CR_STTBRK)))
			uart_sim_failed("a byte for a transmitter that is off");
		give((uint8_t)value);
		break;
	default:
		uart_sim_failed("a write to no register");
	}
}

/* ---- all ---- */

bool uart_sim_interrupt(void)
{
	if (is_cdns())
		return s->isr & s->imr;
	if (!is_16550())
		return pl011_raw() & s->imsc;
	return (iir() & UART16550_IIR_ID) != UART16550_IIR_NONE;
}

static uint64_t check_access(uint64_t address, unsigned int bytes)
{
	uint64_t offset = address - s->hw.base;

	if (bytes != (is_16550() ? s->hw.width : 4))
		uart_sim_failed("an access of another width");
	if (is_16550() && (offset & ((1u << s->hw.shift) - 1)))
		uart_sim_failed("an access between the registers");
	/* A driver that waits gives the line its time. */
	s->now += 10;
	if (s->now % CHARACTER_TICKS < 10)
		uart_sim_send(1);
	return offset;
}

uint32_t mock_mmio_read(uint64_t address, unsigned int bytes)
{
	uint64_t offset = check_access(address, bytes);

	if (is_cdns())
		return read_cdns(offset);
	return is_16550() ? read_16550((unsigned int)(offset >> s->hw.shift)) : read_pl011(offset);
}

void mock_mmio_write(uint64_t address, unsigned int bytes, uint32_t value)
{
	uint64_t offset = check_access(address, bytes);

	if (is_16550())
		write_16550((unsigned int)(offset >> s->hw.shift), (uint8_t)value);
	else if (is_cdns())
		write_cdns(offset, value);
	else
		write_pl011(offset, value);
}

uint64_t mock_sysreg_read(const char *name)
{
	return strcmp(name, "cntfrq_el0") == 0 ? UART_SIM_HZ : s->now;
}
