// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/console.h"

#include <stdatomic.h>

#include "vmm/hub.h"
#include "vmm/machine.h"
#include "vmm/vm.h"

/* Under the lock. EL2 hears of changes only, in the order in which they come about. */
static void update(struct console *c)
{
	bool level = pl011_interrupt(&c->uart);

	atomic_store_explicit(&c->flags, pl011_read(&c->uart, PL011_FR), memory_order_release);
	if (level == c->level)
		return;
	c->level = level;
	vm_set_irq(c->vm, MACHINE_SPI(MACHINE_UART_SPI), level);
}

static uint64_t read_register(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct console *c = CONTAINER_OF(d, struct console, device);
	bool room = false;

	/* What guests poll for each byte that they send. Reading it changes nothing. */
	if (offset == PL011_FR)
		return atomic_load_explicit(&c->flags, memory_order_acquire);
	(void)pthread_mutex_lock(&c->lock);

	uint64_t value = pl011_read(&c->uart, (uint32_t)offset);

	if (c->input_waits && pl011_receive_room(&c->uart) != 0) {
		c->input_waits = false;
		room = true;
	}
	update(c);
	(void)pthread_mutex_unlock(&c->lock);
	if (room)
		vm_signal_event(c->room_event);
	return value;
}

static void write_register(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct console *c = CONTAINER_OF(d, struct console, device);
	uint8_t byte;

	(void)pthread_mutex_lock(&c->lock);

	bool sent = pl011_write(&c->uart, (uint32_t)offset, (uint32_t)value, &byte);

	update(c);
	(void)pthread_mutex_unlock(&c->lock);
	if (sent)
		hub_put(c->hub, &byte, 1);
}

void console_init(struct console *c, struct vm *vm, struct hub *hub, int room_event)
{
	static const struct device_ops ops = {.read = read_register, .write = write_register};

	c->device = (struct device){.name = "pl011",
				    .base = MACHINE_UART,
				    .bytes = MACHINE_PRIMECELL_BYTES,
				    .ops = &ops};
	c->vm = vm;
	c->hub = hub;
	c->room_event = room_event;
	c->level = false;
	c->input_waits = false;
	(void)pthread_mutex_init(&c->lock, NULL);
	pl011_reset(&c->uart);
	update(c);
}

size_t console_room(struct console *c)
{
	(void)pthread_mutex_lock(&c->lock);

	size_t room = pl011_receive_room(&c->uart);

	c->input_waits = room == 0;
	(void)pthread_mutex_unlock(&c->lock);
	return room;
}

void console_input(struct console *c, const uint8_t *bytes, size_t count)
{
	(void)pthread_mutex_lock(&c->lock);
	(void)pl011_receive(&c->uart, bytes, count);
	update(c);
	(void)pthread_mutex_unlock(&c->lock);
}
