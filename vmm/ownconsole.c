// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/ownconsole.h"

/* A page in the block that EL2 reads and writes: text to write, text that was typed. */
#define TYPED_OFFSET 2048

static uint8_t *text_page(const struct ownconsole *c)
{
	return c->vm->memory->run_pages + MEMORY_TEXT_OFFSET;
}

size_t ownconsole_room(struct ownconsole *c)
{
	if (c->virtio != NULL && virtio_console_is_live(c->virtio))
		return virtio_console_room(c->virtio);
	return console_room(&c->vm->console);
}

void ownconsole_input(struct ownconsole *c, const uint8_t *bytes, size_t count)
{
	if (c->virtio != NULL && virtio_console_is_live(c->virtio))
		virtio_console_input(c->virtio, bytes, count);
	else
		console_input(&c->vm->console, bytes, count);
}

/* The hub's tee, under its lock. EL2 takes all of it; it refuses only when the VM has ended. */
static void write_line(void *arg, const uint8_t *bytes, size_t count)
{
	const struct ownconsole *c = arg;
	uint8_t *page = text_page(c);

	for (size_t done = 0; done < count;) {
		size_t part =
			count - done < CAISSON_CONSOLE_BYTES ? count - done : CAISSON_CONSOLE_BYTES;

		for (size_t i = 0; i < part; i++)
			page[i] = bytes[done + i];
		if (hyp_console_write(&c->vm->token, page, part) != CAISSON_OK)
			return;
		done += part;
	}
}

static void take_size(struct ownconsole *c, uint32_t columns, uint32_t rows)
{
	if (columns == c->columns && rows == c->rows)
		return;
	c->columns = columns;
	c->rows = rows;
	if (c->virtio != NULL)
		virtio_console_resize(c->virtio, columns, rows);
}

/* Input stays in EL2 while the guest has no room for it. */
void ownconsole_read_line(struct ownconsole *c)
{
	uint8_t *typed = text_page(c) + TYPED_OFFSET;
	uint32_t columns, rows;
	size_t room, bytes;

	if (!c->on_line) {
		/* The news may be of a start before this one. */
		if (hyp_console_read(&c->vm->token, typed, 0, &bytes, &columns, &rows) !=
		    CAISSON_OK)
			return;
		c->on_line = true;
		hub_set_tee(c->hub, write_line, c);
	}
	do {
		room = ownconsole_room(c);
		if (room > CAISSON_CONSOLE_BYTES)
			room = CAISSON_CONSOLE_BYTES;
		if (hyp_console_read(&c->vm->token, typed, room, &bytes, &columns, &rows) !=
		    CAISSON_OK)
			return;
		take_size(c, columns, rows);
		if (bytes > room)
			return;
		ownconsole_input(c, typed, bytes);
	} while (bytes != 0);
}

void ownconsole_room_again(struct ownconsole *c)
{
	if (c->on_line)
		ownconsole_read_line(c);
	hub_room_again(c->hub);
}

void ownconsole_end(struct ownconsole *c)
{
	hub_set_tee(c->hub, NULL, NULL);
	c->on_line = false;
	c->columns = 0;
	c->rows = 0;
}
