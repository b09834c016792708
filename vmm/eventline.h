/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_EVENTLINE_H
#define VMM_EVENTLINE_H

#include "abi/event.h"
#include "lib/bits.h"

/* Records of the event line (abi/event.h) out of a stream of bytes. All zeros: at the start. */
struct eventline {
	uint8_t bytes[EVENT_BYTES];
	uint32_t count;
};

/*
 * The next byte. True: it ends a record that is right, which event then holds, its type without
 * EVENT_FIRST. What is none is passed over.
 */
bool eventline_take(struct eventline *line, uint8_t byte, struct event *event);

#endif
