/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One serial line, shared by the log and the service VM's console: log lines go out between the
 * guest's bytes, each with a line of its own.
 */
#include "hyp/console/console.h"

#include "hyp/console/uart.h"
#include "hyp/console/vpl011.h"
#include "hyp/core/log.h"
#include "hyp/core/panic.h"

static struct vpl011 svm_console;
static struct vpl011 svm_event_line;

static void log_sink(const char *text, size_t length)
{
	static const uint8_t crlf[] = {'\r', '\n'};
	size_t start = 0, i;

	for (i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		uart_write_all((const uint8_t *)text + start, i - start);
		uart_write_all(crlf, sizeof(crlf));
		start = i + 1;
	}
}

void console_init(const struct bootinfo *bi)
{
	uart_init(bi);
	panic_set_sink(uart_write_polled);
	log_set_sink(log_sink);
}

static bool send_to_line(uint8_t byte)
{
	return uart_write(&byte, 1) == 1;
}

/* What the service VM writes to the event line goes nowhere: it is for events to it. */
static bool send_to_nowhere(uint8_t byte)
{
	return true;
}

static void line_received(void *ctx, const uint8_t *bytes, size_t count)
{
	vpl011_receive(&svm_console, bytes, count);
}

static void line_writable(void *ctx)
{
	vpl011_writable(&svm_console);
}

enum err console_attach_svm(struct vm *vm, const struct bootinfo *bi)
{
	static const struct uart_client client = {
		.received = line_received, .writable = line_writable};
	enum err err;

	err = vpl011_init(&svm_console, vm, "console", bi->svm_console, bi->svm_console_intid,
			  send_to_line);
	if (err == ERR_OK)
		err = vpl011_init(&svm_event_line, vm, "event line", bi->svm_event_line,
				  bi->svm_event_line_intid, send_to_nowhere);
	if (err == ERR_OK)
		err = uart_start(&client);
	return err;
}

void console_flush(void)
{
	uart_flush();
}
