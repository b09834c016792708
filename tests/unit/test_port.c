/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The consoles on two ports (hyp/console/port.c, vcon.c, overlay.c, probe.c) on a machine of two
 * CPUs: their timers, the ports' interrupts, which CPU 0 takes, and a terminal at each line.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hyp/console/port.h"
#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/percpu.h"
#include "hyp/core/timer.h"
#include "tests/unit/prop.h"

#define CPUS  2
#define PORTS 2
#define HZ    1000000
#define MS    (HZ / 1000)

struct uart {
	struct uart_client client;
	struct screen *terminal;
	uint8_t out[4096]; /* the newest bytes */
	uint64_t sent;
	unsigned int asked_again; /* uart_receive_more() */
	unsigned int polls;
	bool is_slow;   /* bytes wait until line_sends() */
	bool is_polled; /* it has no interrupt that works */
	bool is_poked;  /* its interrupt is pending */
	size_t waiting;
	struct uart_counts counts;
};

static struct uart uarts[PORTS];
static struct percpu cpus[CPUS];
static uint64_t timers[CPUS];
static timer_fn *timer_call;
static unsigned int cpu;
static uint64_t now;
static uint32_t locks;

/* --- the machine --- */

uint64_t mock_sysreg_read(const char *name)
{
	if (strcmp(name, "tpidr_el2") == 0)
		return (uint64_t)(uintptr_t)&cpus[cpu];
	return strcmp(name, "cntfrq_el0") == 0 ? HZ : now;
}

void mock_lock_order(unsigned int order)
{
	assert_true(locks >> order == 0);
}

void mock_lock_taken(unsigned int order)
{
	locks |= 1u << order;
}

void mock_lock_dropped(unsigned int order)
{
	locks &= ~(1u << order);
}

void timer_set_call(enum timer_call which, timer_fn *fn)
{
	timer_call = fn;
}

void timer_call_at(enum timer_call which, uint64_t deadline)
{
	if (deadline < timers[cpu])
		timers[cpu] = deadline;
}

void *mem_pages_uncleared(size_t pages)
{
	return aligned_alloc(4096, pages * 4096);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
}

struct uart *uart_port(unsigned int index)
{
	return &uarts[index];
}

bool uart_exists(const struct uart *u)
{
	return true;
}

enum err uart_start(struct uart *u, const struct uart_client *client)
{
	u->client = *client;
	return ERR_OK;
}

size_t uart_used(struct uart *u)
{
	return u->waiting;
}

size_t uart_write(struct uart *u, const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		u->out[u->sent++ % sizeof(u->out)] = bytes[i];
	screen_write(u->terminal, bytes, count);
	if (u->is_slow)
		u->waiting += count;
	return count;
}

void uart_receive_more(struct uart *u)
{
	assert_int_equal(locks, 0);
	u->asked_again++;
}

void uart_count(struct uart *u, struct uart_counts *counts)
{
	*counts = u->counts;
}

bool uart_poke(struct uart *u)
{
	u->is_poked = true;
	return !u->is_polled;
}

void uart_poll(struct uart *u)
{
	u->polls++;
}

/* The next thing that is due until `end`: a timer or a poked port. False: nothing. */
static bool step(uint64_t end)
{
	unsigned int i, first = 0;

	for (i = 0; i < PORTS; i++) {
		if (uarts[i].is_poked) {
			uarts[i].is_poked = false;
			cpu = 0;
			(void)uarts[i].client.room(uarts[i].client.ctx);
			return true;
		}
	}
	for (i = 1; i < CPUS; i++) {
		if (timers[i] < timers[first])
			first = i;
	}
	if (timers[first] > end)
		return false;
	cpu = first;
	if (timers[cpu] > now)
		now = timers[cpu];
	timers[cpu] = TIMER_NEVER;
	timer_call();
	return true;
}

static void pass(uint64_t ticks)
{
	uint64_t end = now + ticks;
	unsigned int steps = 0;

	while (step(end))
		assert_true(steps++ < 100000);
	now = end;
	cpu = 0;
}

/* What comes in on a port, as far as there is room; CPU 0 takes it. Gives how much. */
static size_t type(unsigned int port, const char *text, size_t count)
{
	struct uart *u = &uarts[port];
	size_t done = 0, room;

	cpu = 0;
	while (done < count && (room = u->client.room(u->client.ctx)) > 0) {
		if (room > count - done)
			room = count - done;
		u->client.received(u->client.ctx, (const uint8_t *)text + done, room);
		done += room;
	}
	return done;
}

static void type_text(unsigned int port, const char *text)
{
	assert_int_equal(type(port, text, strlen(text)), strlen(text));
}

static void line_sends(unsigned int port)
{
	uarts[port].waiting = 0;
	cpu = 0;
	uarts[port].client.drained(uarts[port].client.ctx);
}

/* --- consoles --- */

struct console {
	struct vcon *v;
	void *memory;
	unsigned int ticks;
};

static struct console fixed[3]; /* "one", "two", "three", which stay */

static void count_tick(void *ctx)
{
	struct console *c = ctx;

	assert_int_equal(locks, 0);
	c->ticks++;
}

static void add(struct console *c, const char *name, char key, unsigned int flags)
{
	struct vcon_client client = {.tick = count_tick, .ctx = c};
	size_t bytes = vcon_bytes(flags, KIB(16));

	c->memory = aligned_alloc(64, bits_align_up(bytes, 64));
	c->v = vcon_add(name, key, c->memory, bytes, flags, &client);
	assert_non_null(c->v);
}

/* The memory is not to be touched any more: sanitizers tell. */
static void drop(struct console *c)
{
	vcon_remove(c->v);
	free(c->memory);
	c->v = NULL;
}

static void write_text(struct console *c, const char *text)
{
	(void)vcon_write(c->v, (const uint8_t *)text, strlen(text));
}

/* A line of the port's terminal, without blanks at its end. */
static const char *terminal_line(unsigned int port, unsigned int y)
{
	static char text[4 * SCREEN_COLUMNS_MAX];
	const struct screen *s = uarts[port].terminal;
	unsigned int x, end = 0;

	for (x = 0; x < s->columns; x++) {
		uint32_t code = screen_row(s, y)[x].text & SCREEN_CODE_POINT;

		text[x] = (char)(code < 0x80 ? code : '?');
		if (code != ' ')
			end = x + 1;
	}
	text[end] = '\0';
	return text;
}

static void set_size(unsigned int port, unsigned int columns, unsigned int rows)
{
	char answer[32];

	screen_resize(uarts[port].terminal, columns, rows);
	type_text(port, "\007r");
	snprintf(answer, sizeof(answer), "\033[8;%u;%ut", rows, columns);
	type_text(port, answer);
	snprintf(answer, sizeof(answer), "\033[%u;%uR", rows, columns);
	type_text(port, answer);
	pass(10 * MS);
}

static int start(void **state)
{
	static struct bootinfo bi = {.cmdline = "view=one view2=two"};
	unsigned int i;

	for (i = 0; i < PORTS; i++) {
		uarts[i].terminal = aligned_alloc(64, bits_align_up(sizeof(struct screen), 64));
		screen_init(uarts[i].terminal, malloc(screen_grid_bytes(0)), screen_grid_bytes(0),
			    0);
	}
	for (i = 0; i < CPUS; i++) {
		cpus[i].index = i;
		timers[i] = TIMER_NEVER;
	}
	vcon_init();
	add(&fixed[0], "one", 'x', 0);
	add(&fixed[1], "two", 'y', 0);
	add(&fixed[2], "three", 'z', 0);
	port_init(&bi);
	return port_start() == ERR_OK ? 0 : -1;
}

/* --- times --- */

/* Whatever two CPUs have set their timers for, what is due comes. */
static void test_ticks(void **state)
{
	struct prop p = prop_start("ticks");
	struct console c = {.v = NULL};
	unsigned int i, before;

	for (i = 0; i < 1000; i++) {
		cpu = (unsigned int)prop_below(&p, CPUS);
		switch (prop_below(&p, 6)) {
		case 0:
			(void)vcon_show(fixed[0].v, 'z');
			break;
		case 1:
			(void)vcon_show(fixed[2].v, 'x');
			break;
		case 2:
			type_text(0, prop_one_in(&p, 2) ? "a" : "\033");
			break;
		case 3:
			if (!c.v) {
				add(&c, "guest", 'g', 0);
				type_text(0, "\007g");
			}
			break;
		case 4: /* then something is due at once, for whoever does this */
			if (c.v)
				drop(&c);
			break;
		default:
			break;
		}
		pass(prop_below(&p, prop_one_in(&p, 4) ? 1500 * MS : 100 * MS));
		if (!prop_one_in(&p, 20))
			continue;
		before = fixed[1].ticks;
		pass(3000 * MS);
		assert_in_range(fixed[1].ticks - before, 2, 4);
	}
	if (c.v)
		drop(&c);
	type_text(0, "\033\007x");
}

/*
 * A port whose interrupt does not work is polled, and not at each tick. The CPU that found out does
 * not go on for ever with that: it may be given to a VM.
 */
static void test_polls(void **state)
{
	unsigned int before = uarts[1].polls;

	pass(10 * MS);
	uarts[1].is_polled = true;
	cpu = 1;
	uarts[1].client.polled(uarts[1].client.ctx);
	assert_true(timers[1] <= now);
	pass(1000 * MS);
	assert_in_range(uarts[1].polls - before, 90, 110);
	assert_int_equal(uarts[0].polls, 0);
	assert_true(timers[1] == TIMER_NEVER);
	assert_true(timers[0] != TIMER_NEVER);
}

/* --- consoles that go --- */

static void test_gone_while_held(void **state)
{
	static char text[8192];
	struct console c;
	size_t taken;
	uint8_t byte;

	add(&c, "guest", 'g', 0);
	type_text(0, "\007g");
	memset(text, 'a', sizeof(text));
	type_text(0, "b");
	assert_int_equal(vcon_take_input(c.v, &byte, 1), 1);
	taken = type(0, text, sizeof(text));
	assert_in_range(taken, 1, VCON_INPUT_BYTES);
	uarts[0].asked_again = 0;
	cpu = 1;
	drop(&c);
	pass(100 * MS);
	assert_true(uarts[0].asked_again > 0);
	type_text(0, "\007x");
	assert_ptr_equal(fixed[0].v->port->uart, &uarts[0]);
}

/* What is shown instead of a console that went has the port's size, also if that is not the last
 * one that a port got. */
static void test_gone_size(void **state)
{
	unsigned int columns, rows;
	struct console c;

	set_size(0, 100, 30);
	add(&c, "guest", 'g', 0);
	type_text(0, "\007g");
	set_size(1, 60, 20);
	drop(&c);
	pass(2000 * MS);
	assert_ptr_equal(fixed[0].v->port->uart, &uarts[0]);
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 100);
	assert_int_equal(rows, 30);
}

/* A terminal that does not answer any more has 80 columns and 24 rows; so do consoles to come. */
static void test_silent(void **state)
{
	unsigned int columns, rows;
	struct console c;

	set_size(0, 100, 30);
	type_text(0, "\007r");
	pass(6000 * MS);
	add(&c, "guest", 'g', 0);
	vcon_size(c.v, &columns, &rows);
	assert_int_equal(columns, 80);
	assert_int_equal(rows, 24);
	drop(&c);
	screen_resize(uarts[0].terminal, 80, 24);
}

/* --- a console that has the line to itself --- */

static void test_raw(void **state)
{
	struct console c;

	add(&c, "debugger", 'd', VCON_RAW);
	write_text(&fixed[0], "\033[2J\033[Hseen before\r\n");
	pass(10 * MS);
	assert_string_equal(terminal_line(0, 0), "seen before");
	type_text(0, "\007d");
	pass(10 * MS);
	assert_string_equal(terminal_line(0, 0), "The line is raw now, for a program.");
	assert_string_equal(terminal_line(0, 1), "");
	write_text(&c, "$OK#9a");
	pass(10 * MS);
	assert_string_equal(terminal_line(0, 1), "$OK#9a");
	type_text(0, "\007x");
	pass(10 * MS);
	assert_string_equal(terminal_line(0, 0), "seen before");
	drop(&c);
}

/* --- the list --- */

static void test_list(void **state)
{
	type_text(0, "\007?");
	pass(10 * MS);
	assert_string_equal(terminal_line(0, 1), "");
	uarts[0].counts = (struct uart_counts){.overruns = 3, .breaks = 1};
	pass(1500 * MS);
	assert_string_equal(terminal_line(0, 1),
			    "This line: input lost 3 times, 0 bad bytes, 1 breaks");
	uarts[0].counts = (struct uart_counts){.overruns = 0};
	type_text(0, "q");
	pass(100 * MS);
}

/* --- the history --- */

static void test_search(void **state)
{
	unsigned int i;
	char line[64];

	write_text(&fixed[0], "the needle\r\n");
	for (i = 0; i < 400; i++) {
		snprintf(line, sizeof(line), "line %u of what there is\r\n", i);
		write_text(&fixed[0], line);
	}
	pass(100 * MS);
	type_text(0, "\007[/needle\r");
	/* The guest gets the CPU between two steps. */
	assert_true(step(now));
	assert_false(step(now));
	pass(5000 * MS);
	type_text(0, "q");
	type_text(0, "\007[/needle\r");
	pass(100 * MS);
	for (i = 0; i < uarts[0].terminal->rows && strcmp(terminal_line(0, i), "the needle") != 0;)
		i++;
	assert_true(i < uarts[0].terminal->rows);
	type_text(0, "q");
}

/* What is typed at the prompt comes back to the terminal: as characters, never as controls. */
static void test_prompt(void **state)
{
	uint64_t before;

	type_text(0, "\007[");
	type_text(0, "/");
	before = uarts[0].sent;
	type_text(0, "a\xc2\x9b"
		     "31mb\xcc\x81\xe4\xb8\x80"
		     "c");
	pass(100 * MS);
	for (; before < uarts[0].sent; before++)
		assert_int_not_equal(uarts[0].out[before % sizeof(uarts[0].out)], 0x9b);
	/* Wide ones take two columns, at both ends. */
	assert_string_equal(terminal_line(0, uarts[0].terminal->rows - 1), "/a31mb?"
									   "\0"
									   "c_");
	assert_memory_equal(terminal_line(0, uarts[0].terminal->rows - 1), "/a31mb?\0c_", 10);
	type_text(0, "\033");
	pass(100 * MS);
	type_text(0, "q");
}

/* --- anything --- */

static const char *const pieces[] = {
	"text",      "\r\n",   "a line\r\n",   "\033[H\033[2J", "\033[5;9Hthere",
	"\033[3;7r", "\033[r", "\033[?1049h",  "\033[?1049l",   "\033[44m  \033[m",
	"\033[K",    "\033M",  "\xe4\xb8\x80", "\033[6n",       "\033[3J",
	"\033[10L",
};

static const char *const keys[] = {
	"a", "\033",  "\007?", "\007[", "\007r", "\007n",  "\007p",   "\007x",    "\007y", "\007g",
	"q", "/te\r", "n",     "g",     "G",     "\033[A", "\033[6~", "\007\007", "b",     "\r",
};

/* The port's terminal shows what its console does. */
static void check_shown(unsigned int port)
{
	const struct screen *terminal = uarts[port].terminal;
	const struct screen *s = NULL;
	unsigned int i, x, y;

	for (i = 0; i < VCON_MAX; i++) {
		const struct vcon *v = vcon_slot(i);

		if (v->is_live && v->port && v->port->index == port)
			s = v->screen;
	}
	assert_non_null(s);
	assert_int_equal(s->columns, terminal->columns);
	assert_int_equal(s->rows, terminal->rows);
	for (y = 0; y < s->rows; y++) {
		for (x = 0; x < s->columns; x++)
			assert_int_equal(screen_row(s, y)[x].text, screen_row(terminal, y)[x].text);
	}
}

static void settle(unsigned int port)
{
	char answer[32];

	uarts[port].is_slow = false;
	line_sends(port);
	type_text(port, "\007\007");
	pass(6000 * MS); /* whatever was asked is not expected any more */
	type_text(port, "\007r");
	snprintf(answer, sizeof(answer), "\033[8;%u;%ut", uarts[port].terminal->rows,
		 uarts[port].terminal->columns);
	type_text(port, answer);
	type_text(port, "\007?q");
	pass(6000 * MS);
	line_sends(port);
	check_shown(port);
}

static void random_step(struct prop *p, struct console c[4])
{
	unsigned int port = (unsigned int)prop_below(p, PORTS), i = (unsigned int)prop_below(p, 4);
	const char *key = keys[prop_below(p, ARRAY_SIZE(keys))];
	uint8_t bytes[64];

	cpu = (unsigned int)prop_below(p, CPUS);
	switch (prop_below(p, 8)) {
	case 0:
		if (!c[i].v)
			add(&c[i], "guest", 0, 0);
		else if (prop_one_in(p, 4))
			drop(&c[i]);
		break;
	case 1:
	case 2:
	case 3:
		if (c[i].v)
			write_text(&c[i], pieces[prop_below(p, ARRAY_SIZE(pieces))]);
		else
			write_text(&fixed[i % 3], pieces[prop_below(p, ARRAY_SIZE(pieces))]);
		break;
	case 4:
		(void)type(port, key, strlen(key));
		break;
	case 5:
		line_sends(port);
		break;
	case 6:
		(void)vcon_take_input((c[i].v ? &c[i] : &fixed[i % 3])->v, bytes, sizeof(bytes));
		break;
	default:
		pass(prop_below(p, 300 * MS));
		break;
	}
}

/* --- the terminal --- */

/* Among what it was sent since byte number `from`. */
static bool was_sent(unsigned int port, uint64_t from, const char *text)
{
	const struct uart *u = &uarts[port];
	size_t count = strlen(text), i;

	for (; from + count <= u->sent; from++) {
		for (i = 0; i < count; i++) {
			if (u->out[(from + i) % sizeof(u->out)] != (uint8_t)text[i])
				break;
		}
		if (i == count)
			return true;
	}
	return false;
}

/* tmux 3.3 says columns for rows, and rows for columns; where its cursor is, it says right. */
static void test_swapped_size(void **state)
{
	unsigned int columns, rows;
	uint64_t from;

	set_size(0, 80, 24);
	type_text(0, "\007x\007r");
	from = uarts[0].sent;
	type_text(0, "\033[8;100;30t");
	assert_true(was_sent(0, from, "\033[6n\0338"));
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 80);
	type_text(0, "\033[30;100R");
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 100);
	assert_int_equal(rows, 30);
	/* It is asked again, and asked that only. */
	from = uarts[0].sent;
	pass(2100 * MS);
	assert_true(was_sent(0, from, "\033[18t") && !was_sent(0, from, "\033[6n"));
	type_text(0, "\033[8;120;40t");
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 120);
	assert_int_equal(rows, 40);
	/* Another terminal, which is right. */
	set_size(0, 90, 25);
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 90);
	/* And one that tells its size, but not its cursor's place. */
	type_text(0, "\007r\033[8;20;70t");
	pass(500 * MS);
	vcon_size(fixed[0].v, &columns, &rows);
	assert_int_equal(columns, 70);
}

/* Whoever comes back to a line that was left sees it painted with the first key. */
static void test_left(void **state)
{
	static const uint8_t clear[] = "\033[2J\033[H";
	unsigned int i;

	for (i = 0; i < 2; i++) {
		type_text(0, "\007x\007r");
		if (i == 0)
			set_size(0, 80, 24);
		else
			pass(6000 * MS);
		write_text(&fixed[0], "\033[H\033[2Jhere\r\n");
		pass(100 * MS);
		assert_string_equal(terminal_line(0, 0), "here");
		screen_write(uarts[0].terminal, clear, sizeof(clear) - 1);
		type_text(0, "a");
		pass(100 * MS);
		assert_string_equal(terminal_line(0, 0), "");
		/* It answers no more; or it never did, and a minute goes by. */
		pass(i == 0 ? 4000 * MS : 61000 * MS);
		assert_string_equal(terminal_line(0, 0), "");
		type_text(0, "b");
		pass(100 * MS);
		assert_string_equal(terminal_line(0, 0), "here");
	}
}

static void test_random(void **state)
{
	struct prop p = prop_start("random");
	struct console c[4] = {{.v = NULL}};
	unsigned int i, n;

	for (i = 0; i < 100; i++) {
		uarts[0].is_slow = prop_one_in(&p, 2);
		uarts[1].is_slow = prop_one_in(&p, 2);
		for (n = 0; n < 300; n++)
			random_step(&p, c);
		settle(0);
		settle(1);
	}
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		if (c[i].v)
			drop(&c[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_polls),
		cmocka_unit_test(test_gone_while_held),
		cmocka_unit_test(test_gone_size),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_swapped_size),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
