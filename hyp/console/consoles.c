/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/consoles.h"

#include "hyp/console/afterpanic.h"
#include "hyp/console/gdbstub.h"
#include "hyp/console/hostui.h"
#include "hyp/console/port.h"
#include "hyp/console/shell.h"
#include "hyp/console/uvcon.h"
#include "hyp/console/vpl011.h"
#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"
#include "hyp/core/timer.h"
#include "lib/conopt.h"

#define PAGE_BYTES 4096
#define CHUNK      256

static struct vcon *log_console;
static struct vcon *svm_console;
static struct vpl011 svm_uart;

struct vcon *consoles_add(const char *name, char key, size_t history_bytes, unsigned int flags,
			  const struct vcon_client *client)
{
	size_t pages = (vcon_bytes(flags, history_bytes) + PAGE_BYTES - 1) / PAGE_BYTES;
	struct vcon *v =
		vcon_add(name, key, mem_pages_uncleared(pages), pages * PAGE_BYTES, flags, client);

	if (!v)
		panic("no room for the console %s", name);
	return v;
}

/* --- the log --- */

/* Text as terminals want it: a line feed is not a new line by itself. */
static void log_write(const char *text, size_t length)
{
	static const uint8_t line_end[] = {'\r', '\n'};
	size_t start = 0, i;

	for (i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		(void)vcon_write(log_console, (const uint8_t *)text + start, i - start);
		(void)vcon_write(log_console, line_end, sizeof(line_end));
		start = i + 1;
	}
	(void)vcon_write(log_console, (const uint8_t *)text + start, length - start);
}

/* What was logged before there was a console. */
static void log_catch_up(void)
{
	uint64_t position = 0, lost;
	uint8_t text[CHUNK];
	size_t count;

	while ((count = log_read(&position, text, sizeof(text), &lost)) > 0)
		log_write((const char *)text, count);
}

/* What is typed there means nothing. */
static void log_input(void *ctx)
{
	uint8_t bytes[CHUNK];

	while (vcon_take_input(log_console, bytes, sizeof(bytes)) > 0)
		;
}

/* --- the service VM --- */

/*
 * A guest's driver sends byte by byte. They are gathered, since what goes to a screen, and from
 * there to a line, costs less together, and the console gets them when GATHER_BYTES are there,
 * GATHER_MS after the first one at the latest, or before the machine stops: always in order, and
 * in the UART's lock. While bytes come there is one timer at a time: is_timed says that some CPU's
 * is set, which takes all that is there when it comes, so nothing waits longer.
 */
#define GATHER_BYTES 64
#define GATHER_MS    1

static uint8_t gathered[GATHER_BYTES] GUARDED_BY(svm_uart.lock);
static size_t gathered_bytes GUARDED_BY(svm_uart.lock);
static bool is_timed GUARDED_BY(svm_uart.lock);

/* An answer of the terminal is pulled before the guest goes on. */
static void svm_hand_on(void) REQUIRES(svm_uart.lock)
{
	if (vcon_write(svm_console, gathered, gathered_bytes))
		svm_uart.is_pull_due = true;
	gathered_bytes = 0;
}

static bool svm_send(uint8_t byte) REQUIRES(svm_uart.lock)
{
	gathered[gathered_bytes++] = byte;
	if (gathered_bytes == GATHER_BYTES) {
		svm_hand_on();
	} else if (!is_timed) {
		is_timed = true;
		timer_call_at(TIMER_SERVICE, port_now() + port_ms(GATHER_MS));
	}
	return true;
}

void consoles_flush(void)
{
	lock_acquire(&svm_uart.lock);
	if (gathered_bytes > 0)
		svm_hand_on();
	lock_release(&svm_uart.lock);
}

static void svm_timer(void)
{
	lock_acquire(&svm_uart.lock);
	is_timed = false;
	lock_release(&svm_uart.lock);
	consoles_flush();
	vpl011_poke(&svm_uart);
}

static size_t svm_pull(uint8_t *bytes, size_t room)
{
	return room > 0 ? vcon_take_input(svm_console, bytes, room) : 0;
}

static void svm_input(void *ctx)
{
	vpl011_poke(&svm_uart);
}

/* Its bytes are pulled. */
static void nothing_to_receive(void)
{
}

enum err consoles_attach_svm(struct vm *vm, const struct bootinfo *bi)
{
	enum err err;

	svm_uart.send = svm_send;
	svm_uart.pull = svm_pull;
	svm_uart.has_room = nothing_to_receive;
	err = vpl011_init(&svm_uart, vm, "console", bi->svm_console, bi->svm_console_intid);
	if (err != ERR_OK)
		return err;
	timer_set_call(TIMER_SERVICE, svm_timer);
	return port_start();
}

void consoles_init(const struct bootinfo *bi)
{
	static const struct vcon_client log_client = {.input = log_input};
	static const struct vcon_client svm_client = {.input = svm_input};
	size_t history;

	if (conopt_history(bi->cmdline, &history) != ERR_OK)
		log_printf(LOG_WARN, "scrollback= is ignored: not a number of KiB from 16 to 8192");
	svm_console = consoles_add("svm", '1', history, 0, &svm_client);
	log_console = consoles_add("log", 'l', history, VCON_NO_ALTERNATE, &log_client);
	uvcon_init();
	shell_init();
	gdbstub_add_console();
	hostui_start();
	log_catch_up();
	log_set_sink(log_write);
	port_init(bi);
	panic_set_sink(afterpanic_write);
	panic_set_end(afterpanic_run);
}
