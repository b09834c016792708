/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/uart.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/gic.h"
#include "hyp/core/lock.h"
#include "lib/pl011.h"
#include "lib/ring.h"

#define TX_RING_BYTES  16384
#define FLUSH_LIMIT_S  2 /* a full ring takes 1.5 s at 115,200 Bd */
#define RX_CHUNK_BYTES 32

static uint64_t base;
static uint32_t intid;
static struct uart_client client;

static struct spinlock uart_lock = SPINLOCK_INIT(LOCK_UART);
static uint8_t tx_data[TX_RING_BYTES];
static struct ring tx GUARDED_BY(uart_lock);
static bool tx_was_full GUARDED_BY(uart_lock);
static bool rx_stopped GUARDED_BY(uart_lock); /* the client has no room */

void uart_init(const struct bootinfo *bi) NO_THREAD_CHECK
{
	ring_init(&tx, tx_data, sizeof(tx_data));
	if (bi->uart.bytes == 0)
		return;
	base = bi->uart.base;
	intid = bi->uart_intid;
	mmio_write32(base + PL011_IMSC, 0);
	mmio_write32(base + PL011_LCR_H, mmio_read32(base + PL011_LCR_H) | PL011_LCR_H_FEN);
	mmio_write32(base + PL011_CR,
		     mmio_read32(base + PL011_CR) | PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
}

static void set_interrupts(void) REQUIRES(uart_lock)
{
	mmio_write32(base + PL011_IMSC, (rx_stopped ? 0 : PL011_INT_RX | PL011_INT_RT) |
						(ring_used(&tx) ? PL011_INT_TX : 0));
}

/* Moves what fits from the ring to the port; asks for an interrupt while something is left. */
static void tx_push(void) REQUIRES(uart_lock)
{
	uint8_t byte;

	while (!(mmio_read32(base + PL011_FR) & PL011_FR_TXFF)) {
		if (!ring_take(&tx, &byte))
			break;
		mmio_write32(base + PL011_DR, byte);
	}
	set_interrupts();
}

size_t uart_write(const uint8_t *bytes, size_t count)
{
	size_t done = 0;

	if (base == 0)
		return count;
	lock_acquire(&uart_lock);
	while (done < count && ring_put(&tx, bytes[done]))
		done++;
	if (done < count)
		tx_was_full = true;
	tx_push();
	lock_release(&uart_lock);
	return done;
}

size_t uart_room(void)
{
	size_t room;

	if (base == 0)
		return TX_RING_BYTES;
	lock_acquire(&uart_lock);
	room = ring_free(&tx);
	if (room == 0)
		tx_was_full = true;
	lock_release(&uart_lock);
	return room;
}

static uint64_t tx_put(void)
{
	uint64_t put;

	lock_acquire(&uart_lock);
	put = tx.head;
	lock_release(&uart_lock);
	return put;
}

/* Has the line sent everything up to the byte that was put as number `put`? */
static bool tx_is_sent(uint64_t put)
{
	bool sent;

	lock_acquire(&uart_lock);
	tx_push();
	sent = tx.tail >= put && !(mmio_read32(base + PL011_FR) & PL011_FR_BUSY);
	lock_release(&uart_lock);
	return sent;
}

void uart_flush(void)
{
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t limit = FLUSH_LIMIT_S * sysreg_read(cntfrq_el0);
	uint64_t put = tx_put();

	while (base != 0 && !tx_is_sent(put) && sysreg_read(cntpct_el0) - start < limit)
		isb();
}

static void stop_receiving(bool stop)
{
	lock_acquire(&uart_lock);
	rx_stopped = stop;
	set_interrupts();
	lock_release(&uart_lock);
}

void uart_receive_more(void)
{
	if (base != 0)
		stop_receiving(false);
}

/* Without room the bytes stay in the port, where flow control or its FIFO's end may hold them. */
static void receive(void)
{
	uint8_t bytes[RX_CHUNK_BYTES];
	size_t room = client.room(client.ctx), count = 0;

	if (room == 0) {
		stop_receiving(true);
		/* Room that was made in between was announced to nobody. */
		if (client.room(client.ctx) > 0)
			stop_receiving(false);
		return;
	}
	if (room > sizeof(bytes))
		room = sizeof(bytes);
	lock_acquire(&uart_lock);
	while (count < room && !(mmio_read32(base + PL011_FR) & PL011_FR_RXFE))
		bytes[count++] = (uint8_t)mmio_read32(base + PL011_DR);
	lock_release(&uart_lock);
	if (count > 0)
		client.received(client.ctx, bytes, count);
}

static void transmit(void)
{
	bool tell;

	lock_acquire(&uart_lock);
	tx_push();
	tell = tx_was_full && ring_free(&tx) >= TX_RING_BYTES / 2;
	if (tell)
		tx_was_full = false;
	lock_release(&uart_lock);
	if (tell)
		client.writable(client.ctx);
}

/*
 * Level-sensitive: what is not served now interrupts again. The receive interrupts are cleared by
 * emptying the FIFO alone (DDI 0183 2.8.3, 2.8.5): cleared by ICR they would not come back for
 * bytes that are in the FIFO already.
 */
static void interrupt(void *ctx)
{
	uint32_t pending = mmio_read32(base + PL011_MIS);

	mmio_write32(base + PL011_ICR, pending & ~(uint32_t)(PL011_INT_RX | PL011_INT_RT));
	if (pending & (PL011_INT_RX | PL011_INT_RT))
		receive();
	if (pending & PL011_INT_TX)
		transmit();
}

enum err uart_start(const struct uart_client *new_client)
{
	enum err err;

	if (base == 0)
		return ERR_OK;
	client = *new_client;
	err = gic_handler_set(intid, interrupt, NULL);
	if (err != ERR_OK)
		return err;
	gic_config_set(intid, false);
	gic_enable(intid);
	lock_acquire(&uart_lock);
	tx_push();
	lock_release(&uart_lock);
	return ERR_OK;
}

void uart_write_polled(const char *text, size_t length)
{
	size_t i;

	for (i = 0; base != 0 && i < length; i++) {
		if (text[i] == '\n') {
			while (mmio_read32(base + PL011_FR) & PL011_FR_TXFF)
				;
			mmio_write32(base + PL011_DR, '\r');
		}
		while (mmio_read32(base + PL011_FR) & PL011_FR_TXFF)
			;
		mmio_write32(base + PL011_DR, (uint8_t)text[i]);
	}
}
