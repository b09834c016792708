/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/console.h"

#include "hyp/console/consoles.h"
#include "hyp/console/gdbstub.h"
#include "hyp/console/plain.h"
#include "hyp/console/port.h"
#include "hyp/console/uart.h"
#include "hyp/console/uvcon.h"
#include "hyp/console/vpl011.h"
#include "hyp/core/log.h"
#include "hyp/core/panic.h"
#include "lib/conopt.h"

static struct vpl011 svm_event_line;
static bool is_plain;            /* no consoles */
static void (*tell_again)(void); /* the events that stand */

/* For view=plain, and until there are consoles. */
static void panic_to_line(const char *text, size_t length)
{
	uart_write_polled(uart_port(0), text, length);
}

void console_init(const struct bootinfo *bi)
{
	uart_init(bi);
	panic_set_sink(panic_to_line);
	vcon_init();
	uvcon_init();
	is_plain = conopt_is_plain(bi->cmdline);
	if (is_plain)
		plain_init();
	else
		consoles_init(bi);
}

/* A byte on the event line, whichever, says that there is a new reader. */
static bool new_reader(uint8_t byte) REQUIRES(svm_event_line.lock)
{
	tell_again();
	svm_event_line.is_pull_due = true;
	return true;
}

/* The event line's bytes are pulled. */
static void nothing_to_receive(void)
{
}

void console_poke_events(void)
{
	vpl011_poke(&svm_event_line);
}

enum err console_attach_svm(struct vm *vm, const struct bootinfo *bi,
			    const struct console_events *events)
{
	enum err err = is_plain ? plain_attach_svm(vm, bi) : consoles_attach_svm(vm, bi);

	if (err == ERR_OK && is_plain)
		err = gdbstub_start_on_port();
	if (err != ERR_OK)
		return err;
	tell_again = events->again;
	svm_event_line.send = new_reader;
	svm_event_line.pull = events->pull;
	svm_event_line.has_room = nothing_to_receive;
	return vpl011_init(&svm_event_line, vm, "event line", bi->svm_event_line,
			   bi->svm_event_line_intid);
}

void console_started(void)
{
	if (is_plain)
		log_set_level(LOG_WARN); /* the line is the service VM's now */
}

void console_flush(void)
{
	unsigned int i;

	if (!is_plain)
		consoles_flush();
	for (i = 0; i < UART_PORTS; i++)
		uart_flush(uart_port(i));
}
