/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_OWNCONSOLE_H
#define VMM_OWNCONSOLE_H

#include "vmm/hub.h"
#include "vmm/virtio_console.h"
#include "vmm/vm.h"

/*
 * The machine's own console: what its PL011 and, if the configuration has it so, its virtio console
 * write goes to the hub, and to the console that EL2 keeps for it on Caisson's serial line. What is
 * typed at either goes to the virtio console once the guest drives that, and to the PL011 before.
 */
struct ownconsole {
	struct hub *hub;
	struct vm *vm;
	struct virtio_console *virtio; /* NULL: there is only the PL011 */
	bool on_line;                  /* EL2 has a console for it */
	uint32_t columns, rows;        /* of that; 0: not known yet */
};

/* Where the hub's input goes. In the loop. */
size_t ownconsole_room(struct ownconsole *c);
void ownconsole_input(struct ownconsole *c, const uint8_t *bytes, size_t count);

/* EL2 has news: a console, input, or another size. In the loop, as what follows. */
void ownconsole_read_line(struct ownconsole *c);
/* The guest has room for input again. */
void ownconsole_room_again(struct ownconsole *c);
/* The VM has ended: EL2 has its console no more. */
void ownconsole_end(struct ownconsole *c);

#endif
