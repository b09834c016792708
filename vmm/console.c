// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/console.h"

#include <errno.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/vm.h"

void console_init(struct console *c, struct vm *vm, int room_event)
{
	c->vm = vm;
	c->room_event = room_event;
	c->level = false;
	c->input_waits = false;
	(void)pthread_mutex_init(&c->lock, NULL);
	pl011_reset(&c->uart);
}

/* Under the lock. EL2 hears of changes only, in the order in which they come about. */
static void update_line(struct console *c)
{
	bool level = pl011_interrupt(&c->uart);

	if (level == c->level)
		return;
	c->level = level;
	vm_set_irq(c->vm, MACHINE_SPI(MACHINE_UART_SPI), level);
}

/* A byte is lost when nobody reads any more, or when the VM ends while nobody does. */
static void send_byte(struct console *c, uint8_t byte)
{
	while (write(STDOUT_FILENO, &byte, 1) != 1) {
		if (errno != EINTR || vm_has_ended(c->vm))
			return;
	}
}

uint64_t console_access(struct console *c, uint32_t offset, uint32_t bytes, bool write,
			uint64_t value)
{
	bool sent = false;
	bool room = false;
	uint8_t byte;

	(void)pthread_mutex_lock(&c->lock);
	if (write)
		sent = pl011_write(&c->uart, offset, (uint32_t)value, &byte);
	else
		value = pl011_read(&c->uart, offset) & (BIT(8 * bytes) - 1);
	if (c->input_waits && pl011_receive_room(&c->uart) != 0) {
		c->input_waits = false;
		room = true;
	}
	update_line(c);
	(void)pthread_mutex_unlock(&c->lock);
	if (sent)
		send_byte(c, byte);
	if (room)
		vm_signal_event(c->room_event);
	return value;
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
	update_line(c);
	(void)pthread_mutex_unlock(&c->lock);
}
