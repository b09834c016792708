/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings and interrupts of the serial ports. Nothing here waits for a port: what it does not take
 * stays in the transmit ring until it interrupts; what nobody takes stays in the receive ring,
 * then in the port's FIFO, where flow control may hold the sender, and is lost last, counted.
 */
#include "hyp/console/uart.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/console/uart_port.h"
#include "hyp/core/gic.h"
#include "hyp/core/lock.h"
#include "hyp/core/log.h"
#include "lib/ring.h"

#define RX_BYTES       1024
#define RX_CHUNK_BYTES 32
#define RX_GETS_MAX    128  /* for one interrupt */
#define FLUSH_LIMIT_S  2    /* a full ring takes 1.5 s at 115,200 Bd */
#define POLL_LIMIT     10   /* parts of a second */
#define IDLE_MAX       1000 /* interrupts of a second that found nothing: the next is the last */

struct uart {
	const struct uart_ops *ops; /* NULL: there is no such port */
	struct uart_client client;
	struct spinlock lock; /* LOCK_UART: what follows */
	struct uart_port port;
	struct ring tx;
	struct ring rx;
	struct uart_counts counts;
	bool started;
	bool tx_was_full;
	bool tx_was_high; /* more than client.low */
	bool is_poked;    /* the next interrupt is uart_poke()'s */
	bool is_stuck;    /* its interrupt is off: it did not end */
	uint32_t idle;    /* interrupts that found nothing, one after the other, */
	uint64_t idle_at; /* since then */
	uint8_t tx_data[UART_TX_BYTES];
	uint8_t rx_data[RX_BYTES];
};

static struct uart uarts[UART_PORTS];
static bool is_panic; /* ports are written to past their rings */

static const struct uart_ops *const ops_of_kind[] = {
	[BOOT_UART_NONE] = NULL,
	[BOOT_UART_PL011] = &uart_pl011_ops,
	[BOOT_UART_SBSA] = &uart_pl011_ops,
	[BOOT_UART_16550] = &uart_16550_ops,
	[BOOT_UART_DW] = &uart_16550_ops,
	[BOOT_UART_CDNS] = &uart_cdns_ops,
};

static void init_port(struct uart *u, const struct boot_uart *hw) NO_THREAD_CHECK
{
	lock_init(&u->lock, LOCK_UART);
	ring_init(&u->tx, u->tx_data, sizeof(u->tx_data));
	ring_init(&u->rx, u->rx_data, sizeof(u->rx_data));
	u->ops = hw->kind < ARRAY_SIZE(ops_of_kind) ? ops_of_kind[hw->kind] : NULL;
	if (!u->ops)
		return;
	u->port = (struct uart_port){.hw = *hw};
	u->is_stuck = false;
	u->ops->open(&u->port);
}

/* Its interrupt is not known, or off. */
static bool is_polled(const struct uart *u) NO_THREAD_CHECK
{
	return u->port.hw.intid == 0 || __atomic_load_n(&u->is_stuck, __ATOMIC_RELAXED);
}

void uart_init(const struct bootinfo *bi)
{
	uint32_t i;

	is_panic = false;
	for (i = 0; i < UART_PORTS; i++)
		init_port(&uarts[i], &bi->uart[i]);
}

struct uart *uart_port(unsigned int index)
{
	return &uarts[index];
}

bool uart_exists(const struct uart *u)
{
	return u->ops;
}

static bool has_to_send(const struct uart *u) REQUIRES(u->lock)
{
	return ring_used(&u->tx) > 0 && !__atomic_load_n(&is_panic, __ATOMIC_RELAXED);
}

/* The transmit interrupt while something waits, the receive interrupt while there is room. */
static void set_interrupts(struct uart *u) REQUIRES(u->lock)
{
	unsigned int which = (has_to_send(u) ? UART_INT_TX : 0) |
			     (u->started && ring_free(&u->rx) ? UART_INT_RX : 0);

	if (which != u->port.enabled)
		u->ops->interrupts(&u->port, which);
	u->port.enabled = (uint8_t)which;
}

/* Moves what fits from the ring to the port. */
static void push(struct uart *u) REQUIRES(u->lock)
{
	unsigned int room;
	uint8_t byte;

	while (has_to_send(u) && (room = u->ops->tx_room(&u->port)) > 0) {
		for (; room > 0 && ring_take(&u->tx, &byte); room--)
			u->ops->put(&u->port, byte);
	}
}

/*
 * Some 16550s do not interrupt when that is enabled while they are empty already, so the port is
 * asked once more behind it.
 */
static void push_on(struct uart *u) REQUIRES(u->lock)
{
	push(u);
	set_interrupts(u);
	if (has_to_send(u)) {
		push(u);
		set_interrupts(u);
	}
	if (ring_used(&u->tx) > u->client.low)
		u->tx_was_high = true;
}

size_t uart_write(struct uart *u, const uint8_t *bytes, size_t count)
{
	size_t done;

	if (!u->ops)
		return count;
	lock_acquire(&u->lock);
	done = ring_append(&u->tx, bytes, count);
	if (done < count)
		u->tx_was_full = true;
	push_on(u);
	lock_release(&u->lock);
	return done;
}

size_t uart_room(struct uart *u)
{
	size_t room;

	if (!u->ops)
		return UART_TX_BYTES;
	lock_acquire(&u->lock);
	room = ring_free(&u->tx);
	if (room == 0)
		u->tx_was_full = true;
	lock_release(&u->lock);
	return room;
}

size_t uart_used(struct uart *u)
{
	size_t used;

	lock_acquire(&u->lock);
	used = ring_used(&u->tx);
	lock_release(&u->lock);
	return used;
}

void uart_count(struct uart *u, struct uart_counts *counts)
{
	lock_acquire(&u->lock);
	*counts = u->counts;
	lock_release(&u->lock);
}

static uint64_t tx_put(struct uart *u)
{
	uint64_t put;

	lock_acquire(&u->lock);
	put = u->tx.head;
	lock_release(&u->lock);
	return put;
}

/* Has the line sent everything up to the byte that was put as number `put`? */
static bool tx_is_sent(struct uart *u, uint64_t put)
{
	bool sent;

	lock_acquire(&u->lock);
	push_on(u);
	sent = u->tx.tail >= put && u->ops->is_idle(&u->port);
	lock_release(&u->lock);
	return sent;
}

void uart_flush(struct uart *u)
{
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t limit = FLUSH_LIMIT_S * sysreg_read(cntfrq_el0);
	uint64_t put = tx_put(u);

	while (u->ops && !tx_is_sent(u, put) && sysreg_read(cntpct_el0) - start < limit)
		isb();
}

void uart_receive_more(struct uart *u)
{
	bool waiting;

	lock_acquire(&u->lock);
	waiting = u->started && ring_used(&u->rx) > 0;
	lock_release(&u->lock);
	/* What is in the ring does not interrupt by itself. */
	if (waiting)
		(void)uart_poke(u);
}

bool uart_poke(struct uart *u)
{
	if (!u->ops || is_polled(u))
		return false;
	lock_acquire(&u->lock);
	u->is_poked = true;
	lock_release(&u->lock);
	gic_pending_set_on(0, u->port.hw.intid, true);
	return true;
}

/* From the port to the ring; true: there was a break. */
static bool collect(struct uart *u) REQUIRES(u->lock)
{
	unsigned int gets = 0, got;
	bool broke = false;
	uint8_t byte;

	while (ring_free(&u->rx) && gets++ < RX_GETS_MAX &&
	       (got = u->ops->get(&u->port, &byte)) != 0) {
		if (got & UART_GOT_OVERRUN)
			u->counts.overruns++;
		if (got & UART_GOT_ERROR)
			u->counts.errors++;
		if (got & UART_GOT_BREAK) {
			u->counts.breaks++;
			broke = true;
		}
		if (got & UART_GOT_BYTE)
			ring_put_over(&u->rx, byte);
	}
	return broke;
}

/* Hands on what is in the ring, as far as there is room for it. */
static void deliver(struct uart *u)
{
	uint8_t bytes[RX_CHUNK_BYTES];
	size_t room, count, total = 0;

	do {
		room = u->client.room(u->client.ctx);
		if (room > sizeof(bytes))
			room = sizeof(bytes);
		count = 0;
		lock_acquire(&u->lock);
		while (count < room && ring_take(&u->rx, &bytes[count]))
			count++;
		set_interrupts(u);
		lock_release(&u->lock);
		if (count > 0)
			u->client.received(u->client.ctx, bytes, count);
		total += count;
	} while (count > 0 && total < RX_BYTES);
}

/* What there is to do for an interrupt, counted. */
static uint64_t work_done(const struct uart *u) REQUIRES(u->lock)
{
	return u->rx.head + u->tx.tail + u->counts.overruns + u->counts.errors + u->counts.breaks;
}

/*
 * A level that never ends (the line is another device's too, or the port is broken) would leave its
 * CPU nothing else to do: after many interrupts for nothing in one second the port's is not taken
 * any more. True: now.
 */
static bool is_storm(struct uart *u, uint64_t before) REQUIRES(u->lock)
{
	uint64_t now;

	if (work_done(u) != before || u->is_poked || is_polled(u)) {
		u->is_poked = false;
		u->idle = 0;
		return false;
	}
	now = sysreg_read(cntpct_el0);
	if (u->idle == 0 || now - u->idle_at > sysreg_read(cntfrq_el0)) {
		u->idle = 0;
		u->idle_at = now;
	}
	if (u->idle++ < IDLE_MAX)
		return false;
	__atomic_store_n(&u->is_stuck, true, __ATOMIC_RELAXED);
	return true;
}

static void give_up_interrupt(struct uart *u) NO_THREAD_CHECK
{
	gic_disable(u->port.hw.intid);
	log_printf(LOG_WARN, "serial port at 0x%lx: interrupt %u does not end; it is polled now",
		   u->port.hw.base, u->port.hw.intid);
	u->client.polled(u->client.ctx);
}

/* Level-sensitive: what is not served now interrupts again. */
static void interrupt(void *ctx)
{
	struct uart *u = ctx;
	bool broke, writable, drained, storm;
	uint64_t before;

	lock_acquire(&u->lock);
	before = work_done(u);
	u->ops->acknowledge(&u->port);
	broke = collect(u);
	push_on(u);
	storm = is_storm(u, before);
	writable = u->tx_was_full && ring_free(&u->tx) >= UART_TX_BYTES / 2;
	if (writable)
		u->tx_was_full = false;
	drained = u->tx_was_high && ring_used(&u->tx) <= u->client.low;
	if (drained)
		u->tx_was_high = false;
	lock_release(&u->lock);
	if (storm)
		give_up_interrupt(u);
	deliver(u);
	if (broke && u->client.broke)
		u->client.broke(u->client.ctx);
	if (writable)
		u->client.writable(u->client.ctx);
	if (drained && u->client.drained)
		u->client.drained(u->client.ctx);
}

void uart_poll(struct uart *u)
{
	if (u->ops && is_polled(u))
		interrupt(u);
}

enum err uart_start(struct uart *u, const struct uart_client *client) NO_THREAD_CHECK
{
	uint32_t intid = u->port.hw.intid;
	enum err err;

	if (!u->ops)
		return ERR_OK;
	u->client = *client;
	if (!is_polled(u)) {
		err = gic_handler_set(intid, interrupt, u);
		if (err != ERR_OK)
			return err;
		gic_config_set(intid, false);
		gic_enable(intid);
	}
	lock_acquire(&u->lock);
	u->started = true;
	push_on(u);
	lock_release(&u->lock);
	if (is_polled(u))
		u->client.polled(u->client.ctx);
	return ERR_OK;
}

/* False: the port does not take a byte, whatever the reason. */
static bool put_polled(struct uart *u, uint8_t byte) NO_THREAD_CHECK
{
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t limit = sysreg_read(cntfrq_el0) / POLL_LIMIT;

	while (u->ops->tx_room(&u->port) == 0) {
		if (sysreg_read(cntpct_el0) - start > limit)
			return false;
	}
	u->ops->put(&u->port, byte);
	return true;
}

void uart_write_polled(struct uart *u, const char *text, size_t length)
{
	size_t i;

	__atomic_store_n(&is_panic, true, __ATOMIC_RELAXED);
	for (i = 0; u->ops && i < length; i++) {
		if (text[i] == '\n' && !put_polled(u, '\r'))
			return;
		if (!put_polled(u, (uint8_t)text[i]))
			return;
	}
}

void uart_send_polled(struct uart *u, const uint8_t *bytes, size_t count)
{
	while (u->ops && count-- > 0 && put_polled(u, *bytes++))
		;
}

bool uart_read_polled(struct uart *u, uint8_t *byte) NO_THREAD_CHECK
{
	return u->ops && (u->ops->get(&u->port, byte) & UART_GOT_BYTE);
}
