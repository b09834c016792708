// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/console.h"

#include <stdatomic.h>
#include <string.h>

#include "vmm/hub.h"
#include "vmm/kick.h"
#include "vmm/machine.h"
#include "vmm/stream.h"
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
		kick_eventfd(c->room_event);
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

/* ---- state -------------------------------------------------------------------------------- */

/* The registers that keep what the guest writes. */
static const struct {
	uint32_t offset;
	size_t field; /* of struct snapshot_uart */
} kept[] = {
	{PL011_ILPR, offsetof(struct snapshot_uart, ilpr)},
	{PL011_IBRD, offsetof(struct snapshot_uart, ibrd)},
	{PL011_FBRD, offsetof(struct snapshot_uart, fbrd)},
	{PL011_LCR_H, offsetof(struct snapshot_uart, lcr_h)},
	{PL011_CR, offsetof(struct snapshot_uart, cr)},
	{PL011_IFLS, offsetof(struct snapshot_uart, ifls)},
	{PL011_IMSC, offsetof(struct snapshot_uart, imsc)},
	{PL011_DMACR, offsetof(struct snapshot_uart, dmacr)},
};

enum err console_save(struct console *c, struct stream *s)
{
	struct snapshot_uart state = {0};

	_Static_assert(sizeof(state.rx) == PL011_RX_BYTES, "the format");
	(void)pthread_mutex_lock(&c->lock);
	for (uint32_t i = 0; i < ARRAY_SIZE(kept); i++) {
		uint32_t value = pl011_read(&c->uart, kept[i].offset);

		memcpy((uint8_t *)&state + kept[i].field, &value, sizeof(value));
	}
	state.rsr = c->uart.rsr;
	state.ris = c->uart.ris;
	state.overrun = c->uart.rx_overrun;
	state.rx_bytes = c->uart.rx_head - c->uart.rx_tail;
	for (uint32_t i = 0; i < state.rx_bytes; i++)
		state.rx[i] = c->uart.rx[(c->uart.rx_tail + i) % PL011_RX_BYTES];
	(void)pthread_mutex_unlock(&c->lock);
	return stream_write(s, SNAPSHOT_UART, 0, 1, &state, sizeof(state));
}

enum err console_load(struct console *c, struct stream *s, const struct stream_section *section)
{
	struct snapshot_uart state;
	struct pl011 uart;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.rx_bytes > PL011_RX_BYTES || state.overrun > 1 ||
	    (state.ris & ~(uint32_t)PL011_INT_ALL) != 0 || state.rsr > 0xf)
		return stream_fail(s, ERR_INVALID, "serial port: a state that cannot be");
	/* As the guest writes them: what a register does not keep is not kept. */
	pl011_reset(&uart);
	for (uint32_t i = 0; i < ARRAY_SIZE(kept); i++) {
		uint32_t value;
		uint8_t sent;

		memcpy(&value, (const uint8_t *)&state + kept[i].field, sizeof(value));
		(void)pl011_write(&uart, kept[i].offset, value, &sent);
	}
	(void)pl011_receive(&uart, state.rx, state.rx_bytes);
	uart.rsr = state.rsr;
	uart.ris = state.ris;
	uart.rx_overrun = state.overrun != 0;
	(void)pthread_mutex_lock(&c->lock);
	c->uart = uart;
	c->level = !pl011_interrupt(&c->uart); /* it is told in any case */
	update(c);
	(void)pthread_mutex_unlock(&c->lock);
	return ERR_OK;
}
