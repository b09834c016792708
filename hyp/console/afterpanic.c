/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/afterpanic.h"

#include "hyp/console/panicgdb.h"
#include "hyp/console/port.h"
#include "hyp/core/log.h"
#include "lib/fmt.h"

#include <string.h>

#define LINE_BYTES 256 /* of a line of the log, at most */

/* A port's view of the log. */
struct view {
	struct portinput in;
	bool is_log;
	bool is_gdb;  /* the line is a debugger's */
	uint64_t top; /* position of the first line shown */
	unsigned int rows, columns;
};

static struct view views[UART_PORTS];

static void write_all(const char *text, size_t length)
{
	unsigned int i;

	for (i = 0; i < UART_PORTS; i++)
		uart_write_polled(uart_port(i), text, length);
}

void afterpanic_write(const char *text, size_t length)
{
	/* Whole screen scrolls, plain text, cursor seen, plain keys, no mouse; the last line. */
	static const char calm[] = "\033[r\033[m\033[?25h\033[?1l\033>\033[?1000l\033[?1002l"
				   "\033[?1003l\033[?2004l\033[999;1H\n";
	static bool is_calm;

	if (!is_calm)
		write_all(calm, sizeof(calm) - 1);
	is_calm = true;
	write_all(text, length);
}

static void say(struct uart *u, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct uart *u, const char *fmt, ...)
{
	char text[LINE_BYTES + 16];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	uart_write_polled(u, text, length < sizeof(text) ? length : sizeof(text) - 1);
}

/* --- lines of the log, by position --- */

/* Copies the line at `position`, without its end; gives the position of the next one. */
static uint64_t line_at(uint64_t position, uint8_t *line, size_t *length)
{
	size_t count = log_read_panic(position, line, LINE_BYTES), i;

	for (i = 0; i < count && line[i] != '\n'; i++) {
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	}
	*length = i;
	return position + i + (i < count ? 1 : 0);
}

static uint64_t line_after(uint64_t position)
{
	uint8_t line[LINE_BYTES];
	size_t length;

	return line_at(position, line, &length);
}

/* The start of the line before the one at `position`. */
static uint64_t line_before(uint64_t position)
{
	uint64_t tail, head, from, next;

	log_extent_panic(&tail, &head);
	from = position - tail < LINE_BYTES ? tail : position - LINE_BYTES;
	while (from < position && (next = line_after(from)) < position && next > from)
		from = next;
	return from;
}

static uint64_t lines_before(uint64_t position, unsigned int lines)
{
	while (lines-- > 0)
		position = line_before(position);
	return position;
}

/* --- what is shown --- */

static void show_log(struct uart *u, const struct view *v)
{
	uint8_t line[LINE_BYTES];
	uint64_t at = v->top;
	unsigned int y;
	size_t length;

	say(u, "\033[H\033[2J");
	for (y = 0; y + 1 < v->rows; y++) {
		at = line_at(at, line, &length);
		if (length > v->columns)
			length = v->columns;
		say(u, "%.*s\n", (int)length, (const char *)line);
	}
	say(u, "\033[7m log after the panic   arrows PgUp PgDn g G  q ends \033[m");
}

static void hint(struct uart *u, const struct view *v)
{
	char key[8];

	portinput_escape_name(v->in.escape, key);
	say(u, "\nEL2 has stopped; %s l shows its log, %s d lets gdb look. Reset the machine.\n",
	    key, key);
}

static void log_key(struct uart *u, struct view *v, const struct termkey_token *t)
{
	static const char letters[] = {
		[TERMKEY_ESCAPE] = 'q',    [TERMKEY_UP] = 'k',  [TERMKEY_DOWN] = 'j',
		[TERMKEY_HOME] = 'g',      [TERMKEY_END] = 'G', [TERMKEY_PAGE_UP] = 'b',
		[TERMKEY_PAGE_DOWN] = 'f',
	};
	uint32_t key = t->kind != TERMKEY_KEY ? t->code : 0;
	uint64_t tail, head, last;
	unsigned int i, page = v->rows - 2;

	if (t->kind == TERMKEY_KEY && t->code < sizeof(letters))
		key = (uint8_t)letters[t->code];
	log_extent_panic(&tail, &head);
	last = lines_before(head, v->rows - 1);
	if (key == 'q') {
		v->is_log = v->in.has_view = false;
		hint(u, v);
		return;
	}
	if (key == 'k' || key == 'b')
		v->top = lines_before(v->top, key == 'k' ? 1 : page);
	for (i = key == 'j' || key == '\r' ? 1 : key == 'f' || key == ' ' ? page : 0; i > 0; i--)
		v->top = line_after(v->top);
	if (key == 'G' || v->top > last)
		v->top = last;
	if (key == 'g')
		v->top = tail;
	show_log(u, v);
}

static void to_gdb(struct uart *u, const struct portinput_event *e)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		panicgdb_input(u, e->bytes[i]);
}

static void handle(struct uart *u, struct view *v, const struct portinput_event *e)
{
	uint64_t tail, head;

	if (e->kind == PORTINPUT_COMMAND)
		v->is_gdb = e->code == 'd';

	if (e->kind == PORTINPUT_KEY) {
		log_key(u, v, &e->token);
	} else if (e->kind == PORTINPUT_BYTES && v->is_gdb) {
		to_gdb(u, e);
	} else if (e->kind == PORTINPUT_COMMAND && e->code == 'l') {
		log_extent_panic(&tail, &head);
		v->is_log = v->in.has_view = true;
		v->top = lines_before(head, v->rows - 1);
		show_log(u, v);
	} else if (e->kind == PORTINPUT_COMMAND) {
		v->is_log = v->in.has_view = false;
		if (v->is_gdb)
			say(u, "\nThe line is gdb's now: target remote.\n");
		else
			hint(u, v);
	}
}

void afterpanic_run(void)
{
	struct portinput_event event;
	unsigned int i;

	for (i = 0; i < UART_PORTS; i++) {
		port_before_panic(i, &views[i].in.escape, &views[i].columns, &views[i].rows);
		portinput_init(&views[i].in, views[i].in.escape);
		hint(uart_port(i), &views[i]);
	}
	for (i = 0;; i = (i + 1) % UART_PORTS) {
		struct view *v = &views[i];
		uint8_t byte;
		const uint8_t *bytes = &byte;
		size_t count = 1;

		if (!uart_read_polled(uart_port(i), &byte))
			continue;
		while (portinput_next(&v->in, &bytes, &count, &event))
			handle(uart_port(i), v, &event);
	}
}
