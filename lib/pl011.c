/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pl011.h"

/* Reset values of DDI 0183 table 3-1; the ID registers are those of revision r1p5. */
#define CR_RESET   (PL011_CR_TXE | PL011_CR_RXE)
#define IFLS_RESET 0x12

static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

void pl011_reset(struct pl011 *u)
{
	*u = (struct pl011){.cr = CR_RESET, .ifls = IFLS_RESET};
}

size_t pl011_receive_room(const struct pl011 *u)
{
	return PL011_RX_BYTES - (u->rx_head - u->rx_tail);
}

static uint32_t raw_interrupts(const struct pl011 *u)
{
	return u->ris | (u->rx_head != u->rx_tail ? PL011_INT_RX | PL011_INT_RT : 0);
}

bool pl011_interrupt(const struct pl011 *u)
{
	return (raw_interrupts(u) & u->imsc) != 0;
}

static uint32_t flags(const struct pl011 *u)
{
	uint32_t fr = PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD;

	fr |= u->tx_blocked ? PL011_FR_TXFF | PL011_FR_BUSY : PL011_FR_TXFE;
	if (u->rx_head == u->rx_tail)
		fr |= PL011_FR_RXFE;
	if (pl011_receive_room(u) == 0)
		fr |= PL011_FR_RXFF;
	return fr;
}

static uint32_t take(struct pl011 *u)
{
	uint32_t value;

	if (u->rx_head == u->rx_tail)
		return 0;
	value = u->rx[u->rx_tail++ % PL011_RX_BYTES];
	if (u->rx_overrun && u->rx_head == u->rx_tail) {
		value |= PL011_DR_OE;
		u->rsr |= PL011_DR_OE >> 8;
		u->rx_overrun = false;
	}
	return value;
}

uint32_t pl011_read(struct pl011 *u, uint32_t offset)
{
	if (offset >= PL011_PERIPH_ID0)
		return offset % 4 == 0 && offset < 0x1000 ? id[(offset - PL011_PERIPH_ID0) / 4] : 0;
	switch (offset) {
	case PL011_DR:
		return take(u);
	case PL011_RSR:
		return u->rsr;
	case PL011_FR:
		return flags(u);
	case PL011_ILPR:
		return u->ilpr;
	case PL011_IBRD:
		return u->ibrd;
	case PL011_FBRD:
		return u->fbrd;
	case PL011_LCR_H:
		return u->lcr_h;
	case PL011_CR:
		return u->cr;
	case PL011_IFLS:
		return u->ifls;
	case PL011_IMSC:
		return u->imsc;
	case PL011_RIS:
		return raw_interrupts(u);
	case PL011_MIS:
		return raw_interrupts(u) & u->imsc;
	case PL011_DMACR:
		return u->dmacr;
	default:
		return 0;
	}
}

static void put(struct pl011 *u, uint8_t byte)
{
	if (pl011_receive_room(u) == 0) {
		u->rx_overrun = true;
		u->ris |= PL011_INT_OE;
		return;
	}
	u->rx[u->rx_head++ % PL011_RX_BYTES] = byte;
}

/* The byte leaves at once, so the transmit FIFO falls through its trigger level each time. */
static bool send(struct pl011 *u, uint8_t byte, uint8_t *sent)
{
	if (!u->tx_blocked)
		u->ris |= PL011_INT_TX;
	if (u->cr & PL011_CR_LBE) {
		put(u, byte);
		return false;
	}
	*sent = byte;
	return true;
}

bool pl011_write(struct pl011 *u, uint32_t offset, uint32_t value, uint8_t *sent)
{
	switch (offset) {
	case PL011_DR:
		return send(u, (uint8_t)value, sent);
	case PL011_RSR:
		u->rsr = 0;
		break;
	case PL011_ILPR:
		u->ilpr = value & 0xff;
		break;
	case PL011_IBRD:
		u->ibrd = value & 0xffff;
		break;
	case PL011_FBRD:
		u->fbrd = value & 0x3f;
		break;
	case PL011_LCR_H:
		u->lcr_h = value & 0xff;
		break;
	case PL011_CR:
		u->cr = value & 0xff87;
		break;
	case PL011_IFLS:
		u->ifls = value & 0x3f;
		break;
	case PL011_IMSC:
		u->imsc = value & PL011_INT_ALL;
		break;
	case PL011_ICR:
		u->ris &= ~value;
		break;
	case PL011_DMACR:
		u->dmacr = value & 0x7;
		break;
	default:
		break;
	}
	return false;
}

size_t pl011_receive(struct pl011 *u, const uint8_t *bytes, size_t count)
{
	uint32_t before = u->rx_head;
	size_t i;

	for (i = 0; i < count; i++)
		put(u, bytes[i]);
	return u->rx_head - before;
}

void pl011_set_tx_blocked(struct pl011 *u, bool blocked)
{
	if (u->tx_blocked && !blocked)
		u->ris |= PL011_INT_TX;
	u->tx_blocked = blocked;
}
