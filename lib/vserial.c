/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/vserial.h"

/* Events (5.3.6.2), which are bits of `due` too. */
#define DEVICE_READY 0
#define DEVICE_ADD   1
#define PORT_READY   3
#define PORT_OPEN    6
#define PORT_NAME    7

/* struct virtio_console_control: id 32, event 16, value 16 bits, little-endian. */
static uint32_t get(const uint8_t *at, uint32_t bytes)
{
	uint32_t value = 0;

	while (bytes != 0)
		value = value << 8 | at[--bytes];
	return value;
}

static void put(uint8_t *at, uint32_t bytes, uint32_t value)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void vserial_init(struct vserial *s, const char *name)
{
	*s = (struct vserial){.name = name};
}

static void take_port_ready(struct vserial *s, bool ready)
{
	uint32_t answer = BIT(PORT_NAME) | BIT(PORT_OPEN);

	if (ready && !s->port_ready)
		s->due |= answer;
	if (!ready) {
		s->due &= ~answer;
		s->open = false;
	}
	s->port_ready = ready;
}

void vserial_take(struct vserial *s, const uint8_t *message, size_t bytes)
{
	if (bytes < VSERIAL_TAKE_BYTES)
		return;

	uint32_t event = get(message + 4, 2);
	bool value = get(message + 6, 2) == 1;

	if (event == DEVICE_READY && value && !s->device_ready) {
		s->device_ready = true;
		s->due |= BIT(DEVICE_ADD);
	}
	if (get(message, 4) != VSERIAL_PORT || !s->device_ready)
		return;
	if (event == PORT_READY)
		take_port_ready(s, value);
	else if (event == PORT_OPEN)
		s->open = value && s->port_ready;
}

bool vserial_is_whole(const struct vserial *s)
{
	uint32_t port = BIT(PORT_NAME) | BIT(PORT_OPEN);

	return (s->device_ready || (!s->port_ready && s->due == 0)) &&
	       (s->port_ready || (!s->open && (s->due & port) == 0)) &&
	       (s->due & ~(port | BIT(DEVICE_ADD))) == 0;
}

bool vserial_has_due(const struct vserial *s)
{
	return s->due != 0;
}

size_t vserial_next(struct vserial *s, uint8_t message[VSERIAL_MESSAGE_BYTES])
{
	static const uint8_t order[] = {DEVICE_ADD, PORT_NAME, PORT_OPEN};
	size_t bytes = VSERIAL_TAKE_BYTES;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if ((s->due & BIT(order[i])) == 0)
			continue;
		s->due &= ~(uint32_t)BIT(order[i]);
		put(message, 4, VSERIAL_PORT);
		put(message + 4, 2, order[i]);
		put(message + 6, 2, 1);
		for (size_t n = 0;
		     order[i] == PORT_NAME && s->name[n] != '\0' && bytes < VSERIAL_MESSAGE_BYTES;
		     n++)
			message[bytes++] = (uint8_t)s->name[n];
		return bytes;
	}
	return 0;
}
