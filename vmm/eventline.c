// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/eventline.h"

#include "abi/hypercall.h"

bool eventline_take(struct eventline *line, uint8_t byte, struct event *event)
{
	const uint8_t *bytes = line->bytes;

	if (byte >= EVENT_FIRST)
		line->count = 0;
	else if (line->count == 0)
		return false;
	line->bytes[line->count++] = byte;
	if (line->count < EVENT_BYTES)
		return false;
	line->count = 0;
	*event = (struct event){.type = bytes[0] & ~EVENT_FIRST,
				.vm = bytes[1],
				.vcpu = bytes[2],
				.check = bytes[3]};
	return event->type >= EVENT_EXIT && event->type <= EVENT_LAST &&
	       event->vm < CAISSON_MAX_VMS && event->vcpu < CAISSON_MAX_VCPUS &&
	       event->check == EVENT_CHECK(event->type, event->vm, event->vcpu);
}
