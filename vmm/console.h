/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <pthread.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/pl011.h"
#include "vmm/bus.h"

struct hub;
struct stream;
struct stream_section;
struct vm;

/* A user VM's PL011, whose other side is the hub. */
struct console {
	struct device device;
	struct vm *vm;
	struct hub *hub;
	int room_event; /* an eventfd: input that waited for room can go on */
	pthread_mutex_t lock;
	struct pl011 uart;      /* all below: written under the lock */
	_Atomic uint32_t flags; /* the flag register, for those who poll it */
	bool level;             /* of the interrupt, as EL2 knows it */
	bool input_waits;
};

void console_init(struct console *c, struct vm *vm, struct hub *hub, int room_event);

/* How much input the guest can take; 0: room_event tells when that changes. */
size_t console_room(struct console *c);
void console_input(struct console *c, const uint8_t *bytes, size_t count);

/* State, while no vCPU runs; of a console that was just made. */
enum err console_save(struct console *c, struct stream *s) MUST_CHECK;
enum err console_load(struct console *c, struct stream *s,
		      const struct stream_section *section) MUST_CHECK;

#endif
