/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One serial line, shared by the log and the service VM's console. Log text goes out between two
 * lines of the guest's: it is held while a line of the guest's is unfinished, until that ends or
 * there is no more room to hold it; then it gets a line of its own all the same.
 */
#include "hyp/console/plain.h"

#include "arch/aarch64/sysreg.h"
#include "hyp/console/uart.h"
#include "hyp/console/vpl011.h"
#include "hyp/core/log.h"
#include "hyp/core/timer.h"
#include "lib/fmt.h"
#include "lib/ring.h"

#define HELD_BYTES       4096
#define POLLS_PER_SECOND 100

static struct vpl011 svm_console;

static struct spinlock line_lock = SPINLOCK_INIT(LOCK_LINE);
static uint8_t held_data[HELD_BYTES];
static struct ring held GUARDED_BY(line_lock);
static bool guest_in_line GUARDED_BY(line_lock); /* the guest's last byte was no line end */
static uint64_t log_dropped GUARDED_BY(line_lock);

/* Sends what is held, as far as the port takes it. */
static void release_held(void) REQUIRES(line_lock)
{
	uint8_t byte;

	while (ring_used(&held) > 0 && uart_room(uart_port(0)) > 0) {
		if (ring_take(&held, &byte))
			(void)uart_write(uart_port(0), &byte, 1);
	}
}

static void hold_byte(char c) REQUIRES(line_lock)
{
	if (!ring_put(&held, (uint8_t)c))
		log_dropped++;
}

/* What did not fit before is owned up to as soon as there is room again. */
static void hold(const char *text, size_t length) REQUIRES(line_lock)
{
	char note[64];
	size_t i;

	if (log_dropped > 0 && ring_free(&held) > sizeof(note)) {
		(void)fmt_snprintf(note, sizeof(note), "(%lu bytes of the log were not shown)\r\n",
				   log_dropped);
		log_dropped = 0;
		for (i = 0; note[i] != 0; i++)
			hold_byte(note[i]);
	}
	for (i = 0; i < length; i++) {
		if (text[i] == '\n')
			hold_byte('\r');
		hold_byte(text[i]);
	}
}

static void log_sink(const char *text, size_t length)
{
	static const uint8_t line_end[] = {'\r', '\n'};

	lock_acquire(&line_lock);
	if (guest_in_line && ring_free(&held) < 2 * length) {
		guest_in_line =
			uart_write(uart_port(0), line_end, sizeof(line_end)) != sizeof(line_end);
		release_held();
	}
	hold(text, length);
	if (!guest_in_line)
		release_held();
	lock_release(&line_lock);
}

void plain_init(void) NO_THREAD_CHECK
{
	ring_init(&held, held_data, sizeof(held_data));
	log_set_sink(log_sink);
}

static bool send_to_line(uint8_t byte)
{
	bool sent;

	lock_acquire(&line_lock);
	sent = uart_write(uart_port(0), &byte, 1) == 1;
	if (sent)
		guest_in_line = byte != '\n';
	if (!guest_in_line)
		release_held();
	lock_release(&line_lock);
	return sent;
}

static void receive_more(void)
{
	uart_receive_more(uart_port(0));
}

static size_t line_room(void *ctx)
{
	return vpl011_room(&svm_console);
}

static void line_received(void *ctx, const uint8_t *bytes, size_t count)
{
	vpl011_receive(&svm_console, bytes, count);
}

static void line_writable(void *ctx)
{
	lock_acquire(&line_lock);
	if (!guest_in_line)
		release_held();
	lock_release(&line_lock);
	vpl011_writable(&svm_console);
}

/* On one CPU at a time: the one that was told first. */
static void poll(void)
{
	unsigned int i;

	for (i = 0; i < UART_PORTS; i++)
		uart_poll(uart_port(i));
	timer_call_at(TIMER_PORTS,
		      sysreg_read(cntpct_el0) + sysreg_read(cntfrq_el0) / POLLS_PER_SECOND);
}

void plain_polled(void *ctx)
{
	static bool is_polling;

	if (!__atomic_exchange_n(&is_polling, true, __ATOMIC_RELAXED))
		timer_call_at(TIMER_PORTS, sysreg_read(cntpct_el0));
}

enum err plain_attach_svm(struct vm *vm, const struct bootinfo *bi)
{
	static const struct uart_client client = {.room = line_room,
						  .received = line_received,
						  .writable = line_writable,
						  .polled = plain_polled};
	enum err err;

	timer_set_call(TIMER_PORTS, poll);
	svm_console.send = send_to_line;
	svm_console.has_room = receive_more;
	err = vpl011_init(&svm_console, vm, "console", bi->svm_console, bi->svm_console_intid);
	if (err != ERR_OK)
		return err;
	return uart_start(uart_port(0), &client);
}
