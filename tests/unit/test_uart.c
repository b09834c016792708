/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/console/uart*.c with simulated ports (uart_sim.h). */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hyp/console/uart.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "lib/uart16550.h"
#include "tests/unit/prop.h"
#include "tests/unit/uart_sim.h"

#define BASE  0x9000000
#define INTID 33
#define LOW   64

static const struct boot_uart ports[] = {
	{.kind = BOOT_UART_PL011, .base = BASE, .intid = INTID},
	{.kind = BOOT_UART_SBSA, .base = BASE, .intid = INTID},
	{.kind = BOOT_UART_16550, .base = BASE, .intid = INTID, .width = 1, .fifo_bytes = 16},
	{.kind = BOOT_UART_16550,
	 .base = BASE,
	 .intid = INTID,
	 .shift = 2,
	 .width = 4,
	 .fifo_bytes = 8},
	{.kind = BOOT_UART_16550,
	 .base = BASE,
	 .intid = INTID,
	 .shift = 1,
	 .width = 2,
	 .fifo_bytes = 16},
	{.kind = BOOT_UART_DW,
	 .base = BASE,
	 .intid = INTID,
	 .shift = 2,
	 .width = 4,
	 .fifo_bytes = 16},
	{.kind = BOOT_UART_CDNS, .base = BASE, .intid = INTID},
};

static bool is_16550(const struct boot_uart *port)
{
	return port->kind == BOOT_UART_16550 || port->kind == BOOT_UART_DW;
}

static const char filler[200];
static unsigned int locks;
static gic_handler_fn *served;
static void *served_ctx;
static bool poked;

/* What the client saw, and how much it takes. */
static struct {
	size_t room;
	uint8_t bytes[4096];
	size_t count;
	unsigned int writable, drained, breaks;
	bool is_polled;
} seen;

void uart_sim_failed(const char *what)
{
	fail_msg("%s", what);
	abort();
}

void mock_lock_order(unsigned int order)
{
	assert_int_equal(locks, 0);
}

void mock_lock_taken(unsigned int order)
{
	locks++;
}

void mock_lock_dropped(unsigned int order)
{
	locks--;
}

enum err gic_handler_set(uint32_t intid, gic_handler_fn *handler, void *ctx)
{
	assert_int_equal(intid, INTID);
	served = handler;
	served_ctx = ctx;
	return ERR_OK;
}

void gic_config_set(uint32_t intid, bool edge)
{
	assert_false(edge);
}

void gic_enable(uint32_t intid)
{
}

void gic_disable(uint32_t intid)
{
	assert_int_equal(intid, INTID);
	served = NULL;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	assert_int_equal(locks, 0);
}

void gic_pending_set_on(uint32_t cpu, uint32_t intid, bool pending)
{
	assert_int_equal(intid, INTID);
	poked = pending;
}

/* Serves the port until it is quiet; one that never is fails. */
static void serve(void)
{
	unsigned int times = 0;

	while (served != NULL && (uart_sim_interrupt() || poked)) {
		poked = false;
		assert_true(times++ < 1000);
		served(served_ctx);
	}
}

static size_t client_room(void *ctx)
{
	assert_int_equal(locks, 0);
	return seen.room;
}

static void client_received(void *ctx, const uint8_t *bytes, size_t count)
{
	assert_int_equal(locks, 0);
	assert_true(count <= seen.room && seen.count + count <= sizeof(seen.bytes));
	memcpy(seen.bytes + seen.count, bytes, count);
	seen.count += count;
	seen.room -= count;
}

static void client_writable(void *ctx)
{
	assert_int_equal(locks, 0);
	assert_true(uart_room(uart_port(0)) > 0);
	seen.writable++;
}

static void client_drained(void *ctx)
{
	assert_true(uart_used(uart_port(0)) <= LOW);
	seen.drained++;
}

static void client_broke(void *ctx)
{
	assert_int_equal(locks, 0);
	seen.breaks++;
}

static void client_polled(void *ctx)
{
	assert_int_equal(locks, 0);
	seen.is_polled = true;
}

static struct uart_counts counts_before;

/* Since the port was opened. */
static struct uart_counts counts_of(struct uart *u)
{
	struct uart_counts counts;

	uart_count(u, &counts);
	counts.overruns -= counts_before.overruns;
	counts.errors -= counts_before.errors;
	counts.breaks -= counts_before.breaks;
	return counts;
}

static struct uart *open_port(const struct boot_uart *hw)
{
	static const struct uart_client client = {.room = client_room,
						  .received = client_received,
						  .writable = client_writable,
						  .drained = client_drained,
						  .low = LOW,
						  .broke = client_broke,
						  .polled = client_polled};
	struct bootinfo bi = {.uart = {*hw}};

	memset(&seen, 0, sizeof(seen));
	seen.room = sizeof(seen.bytes);
	served = NULL;
	poked = false;
	uart_count(uart_port(0), &counts_before);
	uart_init(&bi);
	assert_int_equal(uart_start(uart_port(0), &client), ERR_OK);
	return uart_port(0);
}

static struct uart *fresh_port(const struct boot_uart *hw)
{
	uart_sim_reset(hw);
	return open_port(hw);
}

/* The line goes on until everything is out; interrupts alone move the ring. */
static void run_dry(struct uart *u)
{
	unsigned int rounds = 0;

	while (uart_used(u) > 0 || uart_sim.tx_count > 0) {
		assert_true(rounds++ < 100000);
		uart_sim_send(1);
		serve();
	}
}

/* ---- bytes in both directions ---- */

static void random_steps(struct prop *p, const struct boot_uart *hw)
{
	struct uart *u = fresh_port(hw);
	static uint8_t put[UART_SIM_LINE], got[4096];
	size_t put_count = 0, got_count = 0;
	uint8_t block[64];

	uart_sim.no_thre_enable = prop_one_in(p, 2);
	seen.room = 0;
	for (unsigned int step = 0; step < 400; step++) {
		size_t count = prop_below(p, sizeof(block)), done;

		switch (prop_below(p, 5)) {
		case 0:
			for (size_t i = 0; i < count; i++)
				block[i] = (uint8_t)prop_u64(p);
			done = uart_write(u, block, count);
			assert_int_equal(done, count);
			memcpy(put + put_count, block, done);
			put_count += done;
			break;
		case 1:
			uart_sim_send((unsigned int)count);
			break;
		case 2:
			/* No more than the port and the ring take surely. */
			for (; count > 0 && got_count - seen.count < 1000; count--) {
				if (uart_sim.rx_count >= 4)
					serve();
				if (uart_sim.rx_count >= 4 ||
				    (hw->kind == BOOT_UART_PL011 && uart_sim.rx_count > 0))
					break;
				got[got_count] = (uint8_t)prop_u64(p);
				uart_sim_receive(got[got_count++], 0);
			}
			break;
		case 3:
			seen.room = prop_below(p, 64);
			uart_receive_more(u);
			break;
		default:
			serve();
		}
	}
	run_dry(u);
	seen.room = sizeof(seen.bytes);
	uart_receive_more(u);
	serve();
	assert_int_equal(uart_sim.sent_count, put_count);
	assert_memory_equal(uart_sim.sent, put, put_count);
	assert_int_equal(seen.count, got_count);
	assert_memory_equal(seen.bytes, got, got_count);
}

static void test_random(void **state)
{
	struct prop p = prop_start(__func__);

	for (unsigned int round = 0; round < 300; round++)
		random_steps(&p, &ports[prop_below(&p, ARRAY_SIZE(ports))]);
}

/* More than the ring holds; who was refused is told, once each time. */
static void test_full(void **state)
{
	static uint8_t bytes[UART_TX_BYTES + 100];

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		size_t done;

		uart_sim.stuck = true;
		done = uart_write(u, bytes, sizeof(bytes));
		assert_int_equal(done, UART_TX_BYTES);
		/* Some of it went on into the FIFO. */
		assert_in_range(uart_room(u), 1, UART_SIM_FIFO);
		assert_int_equal(uart_room(u) + uart_used(u), UART_TX_BYTES);
		uart_sim.stuck = false;
		assert_int_equal(seen.writable, 0);
		run_dry(u);
		assert_int_equal(seen.writable, 1);
		assert_int_equal(seen.drained, 1);
		done = uart_write(u, bytes, 8);
		assert_int_equal(done, 8);
		run_dry(u);
		assert_int_equal(seen.writable + seen.drained, 2);
	}
}

/* ---- errors ---- */

static void test_errors(void **state)
{
	struct uart_counts counts;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);

		/* A driver that looks at the status in between must not forget the break. */
		uart_sim_receive(0, UART_SIM_BREAK);
		assert_int_equal(uart_write(u, (const uint8_t *)"x", 1), 1);
		serve();
		uart_sim_receive('a', 0);
		serve();
		uart_sim_receive('b', UART_SIM_FRAME);
		serve();
		uart_sim_receive('c', 0);
		serve();
		assert_int_equal(seen.count, 2);
		assert_memory_equal(seen.bytes, "ac", 2);
		assert_int_equal(seen.breaks, 1);
		counts = counts_of(u);
		assert_int_equal(counts.breaks, 1);
		assert_int_equal(counts.errors, 1);
		assert_int_equal(counts.overruns, 0);
	}
}

/* Nobody reads: the ring fills, then the FIFO, then bytes are lost, and that is counted. */
static void test_overrun(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		struct uart_counts counts;

		seen.room = 0;
		for (unsigned int n = 0; n < 3000; n++) {
			uart_sim_receive((uint8_t)n, 0);
			serve();
		}
		counts = counts_of(u);
		assert_int_equal(counts.overruns, 0);
		seen.room = sizeof(seen.bytes);
		uart_receive_more(u);
		serve();
		counts = counts_of(u);
		assert_int_equal(counts.overruns, 1);
		assert_in_range(seen.count, 1024, 1024 + UART_SIM_FIFO);
		for (size_t n = 0; n < seen.count; n++)
			assert_int_equal(seen.bytes[n], (uint8_t)n);
	}
}

/* ---- how firmware may leave a port ---- */

static void test_open(void **state)
{
	/* FIFOs off, a break on the line, interrupts on, DLAB set, and it is sending. */
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u;

		uart_sim_reset(&ports[i]);
		uart_sim.lcr = 0xc3;
		uart_sim.ier = 0xf;
		uart_sim.imsc = 0x7ff;
		uart_sim.lcr_h = 0x61;
		uart_sim.cr = 0x381; /* with loopback */
		uart_sim.mcr = 0x30; /* loopback, automatic flow control */
		if (ports[i].kind == BOOT_UART_DW)
			uart_sim.fcr = 1;
		if (ports[i].kind == BOOT_UART_CDNS)
			uart_sim.cr = 0xb8; /* off, and a break on the line */
		uart_sim.mr = 0x220;        /* loopback */
		uart_sim.imr = 0x1fff;
		uart_sim.tx[0] = 'f';
		uart_sim.tx_count = 1;
		u = open_port(&ports[i]);
		assert_int_equal(uart_sim.lcr, is_16550(&ports[i]) ? 3 : 0xc3);
		if (ports[i].kind == BOOT_UART_CDNS) {
			assert_int_equal(uart_sim.cr, 0x114);
			assert_int_equal(uart_sim.mr, 0x20);
			assert_int_equal(uart_sim.imr, 0x101);
		} else {
			assert_int_equal(uart_sim.cr & 0x381,
					 ports[i].kind == BOOT_UART_PL011 ? 0x301 : 0x381);
		}
		if (ports[i].kind == BOOT_UART_PL011)
			assert_int_equal(uart_sim.lcr_h, 0x70);
		if (is_16550(&ports[i]))
			assert_int_equal(uart_sim.mcr, 0x2b);
		assert_int_equal(uart_write(u, (const uint8_t *)"hello", 5), 5);
		run_dry(u);
		assert_memory_equal(uart_sim.sent + uart_sim.sent_count - 5, "hello", 5);
	}
}

/* A UART without FIFOs takes one byte at a time. */
static void test_no_fifo(void **state)
{
	struct uart *u;

	uart_sim_reset(&ports[2]);
	uart_sim.no_fifo = true;
	u = open_port(&ports[2]);
	assert_int_equal(uart_write(u, (const uint8_t *)"hello", 5), 5);
	run_dry(u);
	assert_memory_equal(uart_sim.sent, "hello", 5);
	uart_sim_receive('x', 0);
	serve();
	assert_int_equal(seen.count, 1);
}

/*
 * The port gets empty between the driver's look at it and the enabling of the interrupt, which does
 * not tell of that: the ring must not stand still.
 */
static void test_lost_thre(void **state)
{
	static const unsigned int which[] = {2, 6};

	for (size_t i = 0; i < ARRAY_SIZE(which); i++) {
		struct uart *u = fresh_port(&ports[which[i]]);

		uart_sim.no_thre_enable = true;
		uart_sim.sends_at_ier = true;
		assert_int_equal(uart_write(u, (const uint8_t *)filler, 100), 100);
		uart_sim.sends_at_ier = false;
		run_dry(u);
		assert_int_equal(uart_sim.sent_count, 100);
	}
}

/* DesignWare: a receive time-out with nothing to receive must not interrupt for ever. */
static void test_lost_timeout(void **state)
{
	(void)fresh_port(&ports[5]);
	uart_sim.lost_timeout = true;
	serve();
	assert_false(uart_sim.lost_timeout);
	assert_int_equal(seen.count, 0);
}

/* ---- without interrupts, without a port ---- */

static void test_polled(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		uint64_t start = uart_sim.now;
		uint8_t byte = 0;

		uart_write_polled(u, "one\ntwo", 7);
		uart_sim_send(UART_SIM_FIFO);
		assert_memory_equal(uart_sim.sent, "one\r\ntwo", 8);
		assert_int_equal(uart_sim.now - start < UART_SIM_HZ / 10, true);
		assert_false(uart_read_polled(u, &byte));
		uart_sim_receive(0, UART_SIM_BREAK);
		assert_false(uart_read_polled(u, &byte));
		uart_sim_receive('k', 0);
		assert_true(uart_read_polled(u, &byte));
		assert_int_equal(byte, 'k');

		/* A line that takes nothing holds nobody up for long. */
		uart_sim.stuck = true;
		start = uart_sim.now;
		uart_write_polled(u, "0123456789012345678901234567890123456789", 40);
		uart_flush(u);
		assert_in_range(uart_sim.now - start, UART_SIM_HZ / 10, 3 * UART_SIM_HZ);
	}
}

static void test_no_interrupt(void **state)
{
	struct boot_uart hw = ports[3];
	struct uart *u;

	hw.intid = 0;
	u = fresh_port(&hw);
	assert_null(served);
	assert_true(seen.is_polled);
	assert_false(uart_poke(u));
	assert_int_equal(uart_write(u, (const uint8_t *)"0123456789abcdef0123456789", 26), 26);
	for (unsigned int i = 0; i < 10; i++) {
		uart_sim_send(16);
		uart_sim_receive((uint8_t)('a' + i), 0);
		uart_poll(u);
	}
	assert_int_equal(uart_sim.sent_count, 26);
	assert_memory_equal(seen.bytes, "abcdefghij", 10);
}

/* A level that never ends, for which there is nothing to do, must not keep its CPU for ever. */
static void test_storm(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		unsigned int times;

		/* Few, or slow, or between bytes that come: these are none. */
		for (times = 0; times < 3000; times++) {
			uart_sim.now += times < 1500 ? UART_SIM_HZ / 100 : 0;
			if (times >= 1500 && times % 500 == 0)
				uart_sim_receive('a', 0);
			served(served_ctx);
			seen.room = sizeof(seen.bytes);
		}
		for (times = 0; times < 3000; times++) {
			assert_true(uart_poke(u));
			served(served_ctx);
		}
		assert_false(seen.is_polled);
		for (times = 0; times < 2000 && served != NULL; times++)
			served(served_ctx);
		assert_in_range(times, 500, 1500);
		assert_true(seen.is_polled);
		assert_false(uart_poke(u));
		seen.count = 0;
		uart_sim_receive('k', 0);
		uart_poll(u);
		assert_memory_equal(seen.bytes, "k", 1);
	}
}

/* While a panic is told, what other CPUs still write stays off the line. */
static void test_panic(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		unsigned int sent;

		assert_int_equal(uart_write(u, (const uint8_t *)filler, 100), 100);
		uart_write_polled(u, "one", 3);
		uart_sim_send(UART_SIM_FIFO);
		sent = uart_sim.sent_count;
		assert_memory_equal(uart_sim.sent + sent - 3, "one", 3);
		(void)uart_write(u, (const uint8_t *)filler, 100);
		serve();
		uart_write_polled(u, "two", 3);
		uart_sim_send(UART_SIM_FIFO);
		serve();
		assert_int_equal(uart_sim.sent_count, sent + 3);
		assert_memory_equal(uart_sim.sent + sent, "two", 3);
	}
}

static void test_flush(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct uart *u = fresh_port(&ports[i]);
		static uint8_t bytes[1000];

		assert_int_equal(uart_write(u, bytes, sizeof(bytes)), sizeof(bytes));
		uart_flush(u);
		assert_int_equal(uart_sim.sent_count, sizeof(bytes));
	}
}

static void test_none(void **state)
{
	const struct boot_uart none = {.kind = BOOT_UART_NONE};
	struct uart *u = fresh_port(&none);
	uint8_t byte;

	assert_false(uart_exists(u));
	assert_int_equal(uart_write(u, (const uint8_t *)"abc", 3), 3);
	assert_int_equal(uart_room(u), UART_TX_BYTES);
	assert_int_equal(uart_used(u), 0);
	uart_write_polled(u, "abc", 3);
	assert_false(uart_read_polled(u, &byte));
	uart_receive_more(u);
	uart_poll(u);
	uart_flush(u);
	assert_int_equal(uart_sim.now, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),    cmocka_unit_test(test_full),
		cmocka_unit_test(test_errors),    cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_open),      cmocka_unit_test(test_no_fifo),
		cmocka_unit_test(test_lost_thre), cmocka_unit_test(test_lost_timeout),
		cmocka_unit_test(test_polled),    cmocka_unit_test(test_no_interrupt),
		cmocka_unit_test(test_flush),     cmocka_unit_test(test_none),
		cmocka_unit_test(test_storm),     cmocka_unit_test(test_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
