/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_VSERIAL_H
#define LIB_VSERIAL_H

#include "lib/bits.h"

/*
 * The control messages of a console device with ports that have names (virtio 1.2, 5.3.6.2), as
 * the device sends and takes them for its one port. Pure.
 *
 *   driver: DEVICE_READY -> device: DEVICE_ADD -> driver: PORT_READY -> device: PORT_NAME,
 *   PORT_OPEN; driver: PORT_OPEN whenever a program of the guest opens or closes the port.
 *
 * What the driver sends changes only the state below: whatever comes, in whatever number and
 * order, no more than one message of each kind is due.
 */

#define VSERIAL_PORT          1 /* 0 is a console's, also with drivers that know no ports */
#define VSERIAL_TAKE_BYTES    8
#define VSERIAL_NAME_BYTES    40
#define VSERIAL_MESSAGE_BYTES (VSERIAL_TAKE_BYTES + VSERIAL_NAME_BYTES) /* the longest to send */

struct vserial {
	const char *name; /* of the port, up to VSERIAL_NAME_BYTES without the NUL */
	bool device_ready;
	bool port_ready;
	bool open; /* the guest's side of it */
	uint32_t due;
};

void vserial_init(struct vserial *s, const char *name);

/* A message of the driver's; what is none, or is of no port here, changes nothing. */
void vserial_take(struct vserial *s, const uint8_t *message, size_t bytes);

/* Is it a state that messages lead to? Of one that comes from outside. */
bool vserial_is_whole(const struct vserial *s);

bool vserial_has_due(const struct vserial *s);
/* The next message for the driver; gives its length, 0: there is none. */
size_t vserial_next(struct vserial *s, uint8_t message[VSERIAL_MESSAGE_BYTES]);

#endif
