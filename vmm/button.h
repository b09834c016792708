/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_BUTTON_H
#define VMM_BUTTON_H

#include <pthread.h>

#include "lib/pl061.h"
#include "vmm/bus.h"

struct stream;
struct stream_section;
struct vm;

/* The power button, on a line of a PL061. */
struct button {
	struct device device;
	struct vm *vm;
	int release; /* a timerfd: button_tick() is due; -1 */
	pthread_mutex_t lock;
	bool attached; /* all below: under the lock */
	struct pl061 model;
	bool level;           /* of the interrupt, as EL2 knows it */
	bool seen;            /* the guest has read the button's line since it was pressed */
	unsigned int presses; /* spans that it was held for */
};

/* Tells what is wrong; button_close() is due in any case. */
enum err button_open(struct button *b, struct vm *vm) MUST_CHECK;
void button_close(struct button *b);

/* Resets it and puts it on the VM's bus; no vCPU runs yet. */
enum err button_attach(struct button *b) MUST_CHECK;
/* No vCPU runs any more. */
void button_detach(struct button *b);

/* Presses the button, until the guest has seen it; nothing while no VM is there. Any thread. */
void button_press(struct button *b);
/* The timer is readable: lets go of the button, or not yet. Any thread. */
void button_tick(struct button *b);

/* State, while no vCPU runs; load: of one that was just attached. */
enum err button_save(struct button *b, struct stream *s) MUST_CHECK;
enum err button_load(struct button *b, struct stream *s,
		     const struct stream_section *section) MUST_CHECK;

#endif
