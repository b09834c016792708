/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports. Nothing that is shown waits in a queue: a console's writer leaves its mark on the screen
 * and, if the line has sent what it was given, the painter adds the difference between terminal
 * and screen, a few hundred bytes at most; the rest follows when the line has drained, from the
 * screen as it is then. So whoever floods a console costs the others nothing, and a key's echo or
 * another console is never behind more than those bytes.
 *
 * One lock for what both ports show, since a console is on one port at a time. Clients are called
 * after it has been dropped: what is to be done then is put down in a struct port_todo.
 */
#include "hyp/console/port.h"

#include "arch/aarch64/sysreg.h"
#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/percpu.h"
#include "hyp/core/timer.h"
#include "lib/cmdline.h"
#include "lib/text.h"

#include <string.h>

#define LINE_HIGH_BYTES 512 /* given to the line at most: 44 ms at 115,200 Bd */
#define LINE_LOW_BYTES  128
#define PAINTS_MAX      64 /* of one port_pump() */
#define RECEIVE_BYTES   32
#define TICK_MS         1000
#define POLL_MS         10  /* of a port without an interrupt, */
#define POLL_BUSY_MS    1   /* while it has something to send: 16 bytes are in its FIFO */
#define HOLD_MS         500 /* a client that takes nothing for so long takes nothing any more */

struct spinlock port_lock = SPINLOCK_INIT(LOCK_LINE);

static struct port ports[UART_PORTS];
static unsigned int port_count;
static uint64_t counter_hz;
static unsigned int default_columns GUARDED_BY(port_lock) = 80;
static unsigned int default_rows GUARDED_BY(port_lock) = 24;
static uint64_t called_at GUARDED_BY(port_lock) = TIMER_NEVER; /* a CPU's timer is set so: */
static uint32_t called_on GUARDED_BY(port_lock);

uint64_t port_now(void)
{
	return sysreg_read(cntpct_el0);
}

uint64_t port_ms(unsigned int ms)
{
	return counter_hz * ms / 1000;
}

void port_default_size(unsigned int *columns, unsigned int *rows)
{
	*columns = default_columns;
	*rows = default_rows;
}

/* --- painting --- */

static size_t take_raw(struct vcon *v, uint8_t *to, size_t room)
{
	size_t count = 0;

	lock_acquire(&v->lock);
	while (v->is_live && count < room && ring_take(&v->output, &to[count]))
		count++;
	lock_release(&v->lock);
	return count;
}

/* The painter is told when it gets another screen than the last time. */
static void set_painted(struct port *p, const struct screen *s) REQUIRES(port_lock)
{
	if (p->painted == s)
		return;
	if (!p->painted)
		painter_forget(&p->painter);
	else
		painter_switch(&p->painter);
	p->painted = s;
}

/* What stood on the terminal gives way to a line for whoever sits there. It fits any room. */
static size_t clear_for_raw(uint8_t *to)
{
	static const char text[] =
		"\033[r\033[m\033[H\033[2JThe line is raw now, for a program.\r\n";

	_Static_assert(sizeof(text) <= PAINTER_ROOM_MIN, "paint() leaves that much");
	memcpy(to, text, sizeof(text) - 1);
	return sizeof(text) - 1;
}

/* The next bytes for the line; 0: the terminal shows what it should. */
static size_t next_bytes(struct port *p, uint8_t *to, size_t room) REQUIRES(port_lock)
{
	struct vcon *v = p->shown;
	size_t count = 0;

	if (p->overlay.kind != OVERLAY_NONE) {
		overlay_render(p);
		set_painted(p, &p->overlay.screen);
		return painter_paint(&p->painter, &p->overlay.screen, to, room);
	}
	if (!v)
		return 0;
	if (!v->screen && p->painted) {
		p->painted = NULL;
		return clear_for_raw(to);
	}
	if (!v->screen)
		return take_raw(v, to, room);
	lock_acquire(&v->lock);
	if (v->is_live) {
		set_painted(p, v->screen);
		count = painter_paint(&p->painter, v->screen, to, room);
	}
	lock_release(&v->lock);
	return count;
}

static void paint(struct port *p) REQUIRES(port_lock)
{
	uint8_t bytes[LINE_HIGH_BYTES];
	unsigned int paints;
	size_t used, count;

	p->paint_at = TIMER_NEVER;
	for (paints = 0; paints < PAINTS_MAX; paints++) {
		used = uart_used(p->uart);
		if (used + PAINTER_ROOM_MIN > LINE_HIGH_BYTES)
			return; /* uart_client.drained goes on */
		count = next_bytes(p, bytes, LINE_HIGH_BYTES - used);
		if (count == 0)
			return;
		(void)uart_write(p->uart, bytes, count);
		if (p->painted && !painter_is_behind(&p->painter))
			return; /* that was all */
	}
	p->paint_at = port_now() + port_ms(1);
}

/* --- times --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t due(const struct port *p) REQUIRES(port_lock)
{
	uint64_t at = earlier(earlier(p->flush_at, p->tick_at), earlier(p->hold_at, p->poll_at));

	return earlier(earlier(at, p->paint_at), earlier(probe_due(p), overlay_due(p)));
}

/* Sees to it that a CPU's timer comes when something is due next. */
static void set_timer(void) REQUIRES(port_lock)
{
	uint64_t at = TIMER_NEVER;
	unsigned int i;

	for (i = 0; i < port_count; i++)
		at = earlier(at, due(&ports[i]));
	if (at < called_at) {
		called_at = at;
		called_on = percpu_this()->index;
		timer_call_at(TIMER_PORTS, at);
	}
}

/* --- what is shown --- */

static void set_shown(struct port *p, struct vcon *v) REQUIRES(port_lock)
{
	struct vcon *old = p->shown;

	if (old) {
		lock_acquire(&old->lock);
		old->port = NULL;
		old->is_held = false;
		lock_release(&old->lock);
	}
	if (v) {
		lock_acquire(&v->lock);
		v->port = p;
		lock_release(&v->lock);
	}
	p->shown = v;
	if (p->hold_at != TIMER_NEVER)
		p->hold_at = port_now(); /* what was held is asked for again */
}

static void show(struct port *p, struct vcon *v, struct port_todo *todo) REQUIRES(port_lock)
{
	set_shown(p, v);
	todo->resize = v;
	todo->tick = v;
	p->tick_at = port_now() + port_ms(TICK_MS);
}

static bool is_free(const struct vcon *v) REQUIRES(port_lock)
{
	return v->is_live && !v->port;
}

/* The next console, from slot `from` on in steps of 1 or -1, that no port shows; or NULL. */
static struct vcon *next_free(unsigned int from, int step) REQUIRES(port_lock)
{
	unsigned int i, at = from;

	for (i = 0; i < VCON_MAX; i++) {
		at = (at + VCON_MAX + (unsigned int)step) % VCON_MAX;
		if (is_free(vcon_slot(at)))
			return vcon_slot(at);
	}
	return NULL;
}

static unsigned int slot_number(const struct vcon *v)
{
	return v ? (unsigned int)(v - vcon_slot(0)) : VCON_MAX - 1;
}

void port_forget(struct port *p, struct vcon *v)
{
	if (p->shown != v)
		return;
	overlay_close(p);
	set_shown(p, NULL);
	set_shown(p, next_free(VCON_MAX - 1, 1));
	p->tick_at = port_now();
	overlay_message(p, "Console %s is gone; this is %s", v->name,
			p->shown ? p->shown->name : "none");
	set_timer();
}

/* --- commands --- */

static struct vcon *with_key(uint32_t key) REQUIRES(port_lock)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX; i++) {
		struct vcon *v = vcon_slot(i);

		if (v->is_live && (uint8_t)v->key == key)
			return v;
	}
	return NULL;
}

static void show_key(struct port *p, uint32_t key, struct port_todo *todo) REQUIRES(port_lock)
{
	struct vcon *v = with_key(key);
	char escape[8];

	if (v) {
		if (v->port && v->port != p)
			overlay_message(p, "Console %s is on port %u", v->name, v->port->index + 1);
		else if (!v->port)
			show(p, v, todo);
		return;
	}
	portinput_escape_name(p->in.escape, escape);
	if (key > ' ' && key <= '~')
		overlay_message(p, "No console has the key %c; %s ? lists them", (char)key, escape);
	else
		overlay_message(p, "No console has this key; %s ? lists them", escape);
}

static void redraw(struct port *p) REQUIRES(port_lock)
{
	painter_forget(&p->painter);
	probe_start(p, true);
}

static void command(struct port *p, uint32_t key, struct port_todo *todo) REQUIRES(port_lock)
{
	struct vcon *v;

	overlay_close(p);
	switch (key) {
	case '?':
		overlay_help(p);
		p->tick_at = port_now() + port_ms(TICK_MS);
		break;
	case '[':
		overlay_scroll(p);
		break;
	case 'r':
		redraw(p);
		break;
	case 'n':
	case 'p':
		v = next_free(slot_number(p->shown), key == 'n' ? 1 : -1);
		if (v)
			show(p, v, todo);
		break;
	default:
		show_key(p, key, todo);
		break;
	}
}

/* --- input --- */

static void input(struct port *p, const struct portinput_event *e, struct port_todo *todo)
	REQUIRES(port_lock)
{
	struct vcon *v = p->shown;

	if (p->overlay.kind == OVERLAY_MESSAGE)
		overlay_close(p);
	if (!v)
		return;
	vcon_put_input(v, e->bytes, e->count);
	todo->input = v;
}

static void handle(struct port *p, const struct portinput_event *e, struct port_todo *todo)
	REQUIRES(port_lock)
{
	if (e->kind != PORTINPUT_SIZE && e->kind != PORTINPUT_CURSOR)
		probe_typed(p);
	switch (e->kind) {
	case PORTINPUT_BYTES:
		input(p, e, todo);
		break;
	case PORTINPUT_COMMAND:
		command(p, e->code, todo);
		break;
	case PORTINPUT_KEY:
		if (!overlay_key(p, &e->token))
			command(p, e->token.code, todo);
		break;
	case PORTINPUT_SIZE:
	case PORTINPUT_CURSOR:
		todo->resize_all |= probe_answer(p, e);
		break;
	}
}

/* Lays a console out for the port, unless another one shows it. */
static void fit(struct port *p, struct vcon *v)
{
	unsigned int columns, rows;
	bool is_ours;

	lock_acquire(&port_lock);
	is_ours = v->is_live && (!v->port || v->port == p);
	columns = p->columns;
	rows = p->rows;
	lock_release(&port_lock);
	if (is_ours)
		vcon_resize(v, columns, rows);
}

/* The port's size is that of all consoles that no other port shows, and of those to come. */
static void fit_all(struct port *p)
{
	unsigned int i;

	lock_acquire(&port_lock);
	default_columns = p->columns;
	default_rows = p->rows;
	lock_release(&port_lock);
	for (i = 0; i < VCON_MAX; i++)
		fit(p, vcon_slot(i));
}

/* Clients hear of what happened. */
static void tell(struct port *p, const struct port_todo *todo)
{
	if (todo->resize_all)
		fit_all(p);
	if (todo->resize)
		fit(p, todo->resize);
	if (todo->tick && todo->tick->client.tick)
		todo->tick->client.tick(todo->tick->client.ctx);
	if (todo->input && todo->input->client.input)
		todo->input->client.input(todo->input->client.ctx);
}

/* And the line gets what it has room for. */
static void finish(struct port *p, const struct port_todo *todo)
{
	tell(p, todo);
	port_pump(p);
}

void port_pump(struct port *p)
{
	lock_acquire(&port_lock);
	paint(p);
	if (p->paint_at != TIMER_NEVER)
		set_timer();
	lock_release(&port_lock);
}

bool vcon_show(struct vcon *v, char key)
{
	struct port_todo todo = {.resize_all = false};
	struct vcon *other;
	struct port *p;
	bool is_done;

	lock_acquire(&port_lock);
	p = v->port;
	other = with_key((uint8_t)key);
	is_done = p && key != 0 && other && !other->port;
	if (is_done) {
		overlay_close(p);
		show(p, other, &todo);
		set_timer();
	}
	lock_release(&port_lock);
	if (is_done)
		finish(p, &todo);
	return is_done;
}

static void received(void *ctx, const uint8_t *bytes, size_t count)
{
	struct portinput_event event;
	struct port *p = ctx;
	bool more;

	do {
		struct port_todo todo = {.resize_all = false};

		lock_acquire(&port_lock);
		more = portinput_next(&p->in, &bytes, &count, &event);
		if (more)
			handle(p, &event, &todo);
		p->flush_at = portinput_is_waiting(&p->in) ? port_now() + port_ms(PORTINPUT_WAIT_MS)
							   : TIMER_NEVER;
		set_timer();
		lock_release(&port_lock);
		tell(p, &todo);
	} while (more);
	port_pump(p);
}

/*
 * A client that is slow gets its input at its own pace; one that takes nothing for a while loses
 * it, counted, since the escape key is to be heard behind it.
 */
static size_t room(void *ctx)
{
	struct port *p = ctx;
	struct vcon *v;
	size_t room = RECEIVE_BYTES;
	uint64_t now = port_now();

	lock_acquire(&port_lock);
	v = p->shown;
	p->hold_at = TIMER_NEVER;
	if (v && !p->in.has_view && !p->in.is_command) {
		lock_acquire(&v->lock);
		if (v->is_live && ring_free(&v->input) < room &&
		    now - v->taken_at < port_ms(HOLD_MS)) {
			room = ring_free(&v->input);
			v->is_held = room == 0;
			if (v->is_held)
				p->hold_at = v->taken_at + port_ms(HOLD_MS);
		}
		lock_release(&v->lock);
	}
	set_timer();
	lock_release(&port_lock);
	return room;
}

static void drained(void *ctx)
{
	port_pump(ctx);
}

static void polled(void *ctx)
{
	struct port *p = ctx;

	lock_acquire(&port_lock);
	p->poll_at = port_now();
	set_timer();
	lock_release(&port_lock);
}

static void broke(void *ctx)
{
	struct port *p = ctx;

	lock_acquire(&port_lock);
	redraw(p);
	set_timer();
	lock_release(&port_lock);
	port_pump(p);
}

/* --- time passes --- */

static void tick_port(struct port *p, uint64_t now, struct port_todo *todo) REQUIRES(port_lock)
{
	struct portinput_event event;

	if (now >= p->flush_at) {
		p->flush_at = TIMER_NEVER;
		if (portinput_flush(&p->in, &event))
			handle(p, &event, todo);
	}
	if (now >= p->tick_at) {
		p->tick_at = now + port_ms(TICK_MS);
		todo->tick = p->shown;
		todo->resize = p->shown; /* it may have come here in place of one that is gone */
		overlay_tick(p, now);
	}
	if (now >= overlay_due(p))
		overlay_tick(p, now);
	if (now >= probe_due(p))
		todo->resize_all |= probe_tick(p, now);
}

/* True once, when this time has come. */
static bool has_come(uint64_t *at, uint64_t now, uint64_t next)
{
	if (now < *at)
		return false;
	*at = next;
	return true;
}

static void serve_port(struct port *p, uint64_t now)
{
	struct port_todo todo = {.resize_all = false};
	bool was_held, is_polled;

	lock_acquire(&port_lock);
	was_held = has_come(&p->hold_at, now, TIMER_NEVER);
	is_polled = has_come(&p->poll_at, now,
			     now + port_ms(uart_used(p->uart) > 0 ? POLL_BUSY_MS : POLL_MS));
	tick_port(p, now, &todo);
	lock_release(&port_lock);
	finish(p, &todo);
	if (was_held)
		uart_receive_more(p->uart);
	if (is_polled)
		uart_poll(p->uart);
}

/*
 * Is there something due? If another CPU's timer comes for what this one's was set for, then not
 * now; what this one's was to come for later is what it is set for again.
 */
static bool is_called(uint64_t now)
{
	bool is_due;

	lock_acquire(&port_lock);
	is_due = now >= called_at;
	if (is_due)
		called_at = TIMER_NEVER;
	else if (called_on == percpu_this()->index)
		timer_call_at(TIMER_PORTS, called_at);
	lock_release(&port_lock);
	return is_due;
}

/*
 * The times are the first CPU's, which the ports interrupt. Another one, which set its timer for
 * what it did itself, hands them back: it may become a VM's own.
 */
static void tick(void)
{
	uint64_t now = port_now();
	unsigned int i;

	if (!is_called(now))
		return;
	for (i = 0; i < port_count; i++)
		serve_port(&ports[i], now);
	if (percpu_this()->index != 0 && uart_poke(ports[0].uart))
		return; /* there, room() sets the timer */
	lock_acquire(&port_lock);
	set_timer();
	lock_release(&port_lock);
}

void port_before_panic(unsigned int index, uint8_t *escape, unsigned int *columns,
		       unsigned int *rows) NO_THREAD_CHECK
{
	const struct port *p = &ports[index];
	bool is_sane = p->columns >= 20 && p->columns <= SCREEN_COLUMNS_MAX && p->rows >= 4 &&
		       p->rows <= SCREEN_ROWS_MAX;

	*escape = p->in.escape;
	*columns = is_sane ? p->columns : 80;
	*rows = is_sane ? p->rows : 24;
}

/* --- start --- */

static uint8_t escape_key(const char *cmdline)
{
	size_t length;
	const char *text = cmdline_get(cmdline, "escape", &length);
	uint8_t key = 7;

	if (text && portinput_parse_escape(text, length, &key) != ERR_OK)
		log_printf(LOG_WARN, "escape=%.*s is no control character such as ^G or ^]",
			   (int)length, text);
	return key;
}

static struct vcon *find(const char *name, size_t length) REQUIRES(port_lock)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX; i++) {
		struct vcon *v = vcon_slot(i);

		if (is_free(v) && text_length(v->name) == length &&
		    memcmp(v->name, name, length) == 0)
			return v;
	}
	return NULL;
}

/* `view=` and `view2=`; else the host UI on a headless machine's first port, else the log. */
static struct vcon *first_view(const struct bootinfo *bi, unsigned int index) REQUIRES(port_lock)
{
	size_t length;
	const char *name = cmdline_get(bi->cmdline, index == 0 ? "view" : "view2", &length);
	struct vcon *v = name ? find(name, length) : NULL;

	if (!v && bi->headless && index == 0)
		v = find("hostui", 6);
	if (!v)
		v = find("log", 3);
	return v ? v : next_free(VCON_MAX - 1, 1);
}

static void init_one(struct port *p, const struct bootinfo *bi, unsigned int index, uint8_t escape)
	REQUIRES(port_lock)
{
	p->uart = uart_port(index);
	p->index = index;
	p->columns = 80;
	p->rows = 24;
	p->flush_at = p->tick_at = p->hold_at = p->poll_at = p->paint_at = TIMER_NEVER;
	p->probe.at = TIMER_NEVER;
	painter_init(&p->painter, mem_pages_uncleared((painter_bytes() + 4095) / 4096));
	overlay_init(&p->overlay, mem_pages_uncleared((overlay_bytes() + 4095) / 4096));
	portinput_init(&p->in, escape);
	set_shown(p, first_view(bi, index));
}

/* What was asked for and is not shown. */
static void check_view(const struct bootinfo *bi, const struct port *p)
{
	size_t length;
	const char *option = p->index == 0 ? "view" : "view2";
	const char *name = cmdline_get(bi->cmdline, option, &length);
	const char *shown;

	lock_acquire(&port_lock);
	shown = p->shown ? p->shown->name : "";
	lock_release(&port_lock);
	if (name && length && (text_length(shown) != length || memcmp(shown, name, length) != 0))
		log_printf(LOG_WARN, "%s=%.*s is ignored: no console of this name is free", option,
			   (int)length, name);
}

void port_init(const struct bootinfo *bi)
{
	uint8_t escape = escape_key(bi->cmdline);
	unsigned int i;

	counter_hz = sysreg_read(cntfrq_el0);
	lock_acquire(&port_lock);
	for (i = 0; i < UART_PORTS; i++) {
		if (uart_exists(uart_port(i)))
			init_one(&ports[port_count++], bi, i, escape);
	}
	lock_release(&port_lock);
	for (i = 0; i < port_count; i++)
		check_view(bi, &ports[i]);
}

enum err port_start(void)
{
	unsigned int i;
	enum err err;

	timer_set_call(TIMER_PORTS, tick);
	lock_acquire(&port_lock);
	called_at = TIMER_NEVER; /* a timer that was set before timer_init() is forgotten */
	lock_release(&port_lock);
	for (i = 0; i < port_count; i++) {
		struct port *p = &ports[i];
		struct uart_client client = {.room = room,
					     .received = received,
					     .writable = drained,
					     .drained = drained,
					     .low = LINE_LOW_BYTES,
					     .broke = broke,
					     .polled = polled,
					     .ctx = p};

		err = uart_start(p->uart, &client);
		if (err != ERR_OK)
			return err;
		lock_acquire(&port_lock);
		redraw(p);
		p->tick_at = port_now();
		set_timer();
		lock_release(&port_lock);
	}
	return ERR_OK;
}
