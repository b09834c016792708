/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console objects. Slots are static and never move, so a pointer to one can always be locked and
 * asked whether it still lives; the memory that a client gave is touched with the lock held and
 * the console living only.
 */
#include "hyp/console/vcon.h"

#include "arch/aarch64/sysreg.h"
#include "hyp/console/port.h"
#include "lib/text.h"

#include <string.h>

static struct vcon slots[VCON_MAX];

struct vcon *vcon_slot(unsigned int index)
{
	return &slots[index];
}

void vcon_init(void)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX; i++)
		lock_init(&slots[i].lock, LOCK_SCREEN);
}

/* The memory holds, in this order: struct screen, the input ring, and the screen's own. */
#define SCREEN_BYTES bits_align_up(sizeof(struct screen), 64)

size_t vcon_bytes(unsigned int flags, size_t history_bytes)
{
	if (flags & VCON_RAW)
		return VCON_INPUT_BYTES + history_bytes;
	return SCREEN_BYTES + VCON_INPUT_BYTES + screen_grid_bytes(flags) + history_bytes;
}

_Static_assert((int)VCON_NO_ALTERNATE == (int)SCREEN_NO_ALTERNATE &&
		       (int)VCON_NO_HISTORY == (int)SCREEN_NO_HISTORY,
	       "vcon_bytes() and vcon_add() hand them on");

#define COMMAND_KEYS "npr" /* letters that mean something after the escape key */

static bool key_is_free(char key) REQUIRES(port_lock)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX; i++) {
		if (slots[i].is_taken && slots[i].key == key)
			return false;
	}
	return true;
}

/* The key that was asked for, or the first free one that EL2's own consoles do not use. */
static char choose_key(char wanted) REQUIRES(port_lock)
{
	static const char others[] = "23456789abcefghijkmoqtuvwxyz";
	unsigned int i;

	if (wanted != 0 && key_is_free(wanted))
		return wanted;
	for (i = 0; others[i] != 0; i++) {
		if (key_is_free(others[i]))
			return others[i];
	}
	return 0;
}

static struct vcon *take_slot(char key) REQUIRES(port_lock)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX; i++) {
		if (!slots[i].is_taken) {
			slots[i].key = choose_key(key);
			slots[i].is_taken = true;
			return &slots[i];
		}
	}
	return NULL;
}

/* Nobody but the caller knows the slot. */
static void fill_slot(struct vcon *v, uint8_t *memory, size_t bytes) NO_THREAD_CHECK
{
	size_t rest = bytes - vcon_bytes(v->flags, 0);

	v->port = NULL;
	v->is_held = false;
	v->taken_at = 0;
	v->memory_bytes = bytes;
	v->bytes_written = v->bytes_typed = v->input_dropped = v->output_dropped = 0;
	v->screen = NULL;
	if (v->flags & VCON_RAW) {
		ring_init(&v->input, memory, VCON_INPUT_BYTES);
		ring_init(&v->output, memory + VCON_INPUT_BYTES, BIT(63 - __builtin_clzll(rest)));
		return;
	}
	v->screen = (struct screen *)memory;
	ring_init(&v->input, memory + SCREEN_BYTES, VCON_INPUT_BYTES);
	screen_init(v->screen, memory + SCREEN_BYTES + VCON_INPUT_BYTES,
		    bytes - SCREEN_BYTES - VCON_INPUT_BYTES,
		    v->flags & (VCON_NO_ALTERNATE | VCON_NO_HISTORY));
}

struct vcon *vcon_add(const char *name, char key, void *memory, size_t bytes, unsigned int flags,
		      const struct vcon_client *client)
{
	unsigned int columns, rows;
	struct vcon *v;
	size_t i;

	if (bytes < vcon_bytes(flags, flags & VCON_RAW ? 1 : 0))
		return NULL;
	lock_acquire(&port_lock);
	v = take_slot(key);
	port_default_size(&columns, &rows);
	lock_release(&port_lock);
	if (!v)
		return NULL;
	memset(v->name, 0, sizeof(v->name));
	for (i = 0; i < VCON_NAME_BYTES - 1 && name[i] != 0; i++)
		v->name[i] = name[i] < ' ' || name[i] > '~' ? '?' : name[i];
	v->client = client ? *client : (struct vcon_client){.ctx = NULL};
	v->flags = (uint8_t)flags;
	fill_slot(v, memory, bytes);
	if (v->screen)
		screen_resize(v->screen, columns, rows);
	lock_acquire(&port_lock);
	lock_acquire(&v->lock);
	v->is_live = true;
	lock_release(&v->lock);
	lock_release(&port_lock);
	return v;
}

void vcon_remove(struct vcon *v)
{
	struct port *port;
	bool is_live;

	lock_acquire(&port_lock);
	lock_acquire(&v->lock);
	is_live = v->is_live;
	v->is_live = false;
	port = v->port;
	lock_release(&v->lock);
	if (port)
		port_forget(port, v);
	if (is_live)
		v->is_taken = false;
	lock_release(&port_lock);
	if (port)
		port_pump(port);
}

static void put_input(struct vcon *v, const uint8_t *bytes, size_t count) REQUIRES(v->lock)
{
	v->bytes_typed += count;
	v->input_dropped += count - ring_append(&v->input, bytes, count);
}

/* What the terminal owes the client. */
static bool take_replies(struct vcon *v) REQUIRES(v->lock)
{
	uint8_t bytes[64];
	bool any = false;
	size_t count;

	while ((count = screen_take_reply(v->screen, bytes, sizeof(bytes))) > 0) {
		put_input(v, bytes, count);
		any = true;
	}
	return any;
}

bool vcon_write(struct vcon *v, const uint8_t *bytes, size_t count)
{
	struct port *port = NULL;
	bool answered = false;

	lock_acquire(&v->lock);
	if (v->is_live) {
		v->bytes_written += count;
		port = v->port;
		if (v->screen) {
			screen_write(v->screen, bytes, count);
			answered = take_replies(v);
		} else {
			v->output_dropped += count - ring_append(&v->output, bytes, count);
		}
	}
	lock_release(&v->lock);
	if (port)
		port_pump(port);
	return answered;
}

void vcon_put_input(struct vcon *v, const uint8_t *bytes, size_t count)
{
	lock_acquire(&v->lock);
	if (v->is_live)
		put_input(v, bytes, count);
	lock_release(&v->lock);
}

size_t vcon_take_input(struct vcon *v, uint8_t *to, size_t room)
{
	struct port *port = NULL;
	size_t count = 0;

	/* Most times there is nothing; what comes just now is announced anyway. */
	if (__atomic_load_n(&v->input.head, __ATOMIC_RELAXED) ==
	    __atomic_load_n(&v->input.tail, __ATOMIC_RELAXED))
		return 0;
	lock_acquire(&v->lock);
	while (v->is_live && count < room && ring_take(&v->input, &to[count]))
		count++;
	if (count > 0)
		v->taken_at = port_now();
	if (v->is_held && count > 0) {
		v->is_held = false;
		port = v->port;
	}
	lock_release(&v->lock);
	if (port)
		uart_receive_more(port->uart);
	return count;
}

void vcon_size(struct vcon *v, unsigned int *columns, unsigned int *rows)
{
	lock_acquire(&v->lock);
	*columns = v->is_live && v->screen ? v->screen->columns : 80;
	*rows = v->is_live && v->screen ? v->screen->rows : 24;
	lock_release(&v->lock);
}

void vcon_resize(struct vcon *v, unsigned int columns, unsigned int rows)
{
	struct vcon_client client = {.resized = NULL};

	lock_acquire(&v->lock);
	if (v->is_live && v->screen) {
		unsigned int old_columns = v->screen->columns, old_rows = v->screen->rows;

		screen_resize(v->screen, columns, rows);
		columns = v->screen->columns;
		rows = v->screen->rows;
		if (columns != old_columns || rows != old_rows)
			client = v->client;
	}
	lock_release(&v->lock);
	if (client.resized)
		client.resized(client.ctx, columns, rows);
}

void vcon_type(struct vcon *v, const uint8_t *bytes, size_t count)
{
	struct vcon_client client = {.input = NULL};

	lock_acquire(&v->lock);
	if (v->is_live) {
		put_input(v, bytes, count);
		client = v->client;
	}
	lock_release(&v->lock);
	if (client.input)
		client.input(client.ctx);
}

bool vcon_info(unsigned int index, struct vcon_info *info)
{
	struct vcon *v = &slots[index];
	bool is_live;

	lock_acquire(&v->lock);
	is_live = v->is_live;
	if (is_live) {
		memset(info, 0, sizeof(*info));
		memcpy(info->name, v->name, sizeof(info->name));
		info->key = v->key;
		info->port = v->port ? (char)('1' + v->port->index) : 0;
		if (v->screen) {
			info->columns = (uint16_t)v->screen->columns;
			info->rows = (uint16_t)v->screen->rows;
			info->history_lines = screen_history_lines(v->screen);
		}
		info->bytes_written = v->bytes_written;
		info->bytes_typed = v->bytes_typed;
		info->input_dropped = v->input_dropped;
		info->output_dropped = v->output_dropped;
		info->memory_bytes = v->memory_bytes;
	}
	lock_release(&v->lock);
	return is_live;
}
