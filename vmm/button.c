// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/button.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/stream.h"
#include "vmm/vm.h"

/*
 * Longer than what software takes for the bouncing of a contact; and again, as often as this, until
 * the guest has looked: one that runs seldom would miss the press.
 */
#define PRESS_NS    100000000
#define PRESSES_MAX 20

/* Under the lock. */
static void update_line(struct button *b)
{
	bool level = pl061_interrupt(&b->model);

	if (level == b->level)
		return;
	b->level = level;
	vm_set_irq(b->vm, MACHINE_SPI(MACHINE_GPIO_SPI), level);
}

static uint64_t read_register(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct button *b = CONTAINER_OF(d, struct button, device);

	(void)pthread_mutex_lock(&b->lock);

	uint64_t value = pl061_read(&b->model, (uint32_t)offset);

	if (offset < PL061_DIR && (offset >> 2 & BIT(MACHINE_GPIO_BUTTON)) != 0)
		b->seen = true; /* PL061_DATA, with the button's line */

	(void)pthread_mutex_unlock(&b->lock);
	return value;
}

static void write_register(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct button *b = CONTAINER_OF(d, struct button, device);

	(void)pthread_mutex_lock(&b->lock);
	pl061_write(&b->model, (uint32_t)offset, (uint32_t)value);
	update_line(b);
	(void)pthread_mutex_unlock(&b->lock);
}

static void set_button(struct button *b, bool pressed)
{
	if (!b->attached)
		return;
	pl061_set_input(&b->model, MACHINE_GPIO_BUTTON, pressed);
	update_line(b);
}

static void start_timer(const struct button *b)
{
	static const struct itimerspec press = {.it_value.tv_nsec = PRESS_NS};

	(void)timerfd_settime(b->release, 0, &press, NULL);
}

static void hold_button(struct button *b)
{
	b->presses++;
	start_timer(b);
}

void button_press(struct button *b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->presses = 0;
	b->seen = false;
	set_button(b, true);
	hold_button(b);
	(void)pthread_mutex_unlock(&b->lock);
}

void button_tick(struct button *b)
{
	uint64_t count;

	(void)pthread_mutex_lock(&b->lock);
	if (read(b->release, &count, sizeof(count)) == sizeof(count)) {
		if (b->seen || b->presses == PRESSES_MAX)
			set_button(b, false);
		else
			hold_button(b);
	}
	(void)pthread_mutex_unlock(&b->lock);
}

enum err button_open(struct button *b, struct vm *vm)
{
	*b = (struct button){.vm = vm};
	(void)pthread_mutex_init(&b->lock, NULL);
	b->release = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (b->release < 0) {
		say("cannot make a timer: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

void button_close(struct button *b)
{
	if (b->vm != NULL && b->release >= 0)
		(void)close(b->release);
	*b = (struct button){.release = -1};
}

enum err button_attach(struct button *b)
{
	static const struct device_ops ops = {.read = read_register, .write = write_register};

	b->device = (struct device){.name = "pl061",
				    .base = MACHINE_GPIO,
				    .bytes = MACHINE_PRIMECELL_BYTES,
				    .ops = &ops};
	b->level = false;
	pl061_reset(&b->model);
	b->attached = true;
	return bus_add(&b->vm->bus, &b->device);
}

void button_detach(struct button *b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->attached = false;
	(void)pthread_mutex_unlock(&b->lock);
}

/* ---- state -------------------------------------------------------------------------------- */

enum err button_save(struct button *b, struct stream *s)
{
	const struct pl061 *m = &b->model;
	struct snapshot_button state;

	(void)pthread_mutex_lock(&b->lock);
	state = (struct snapshot_button){.input = m->input,
					 .output = m->output,
					 .dir = m->dir,
					 .is = m->is,
					 .ibe = m->ibe,
					 .iev = m->iev,
					 .ie = m->ie,
					 .afsel = m->afsel,
					 .edges = m->edges,
					 .seen = b->seen,
					 .presses = b->presses};
	(void)pthread_mutex_unlock(&b->lock);
	return stream_write(s, SNAPSHOT_BUTTON, 0, 1, &state, sizeof(state));
}

enum err button_load(struct button *b, struct stream *s, const struct stream_section *section)
{
	struct snapshot_button state;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.seen > 1 || state.presses > PRESSES_MAX || state.reserved[0] != 0 ||
	    state.reserved[1] != 0 || (state.input & ~BIT(MACHINE_GPIO_BUTTON)) != 0)
		return stream_fail(s, ERR_INVALID, "power button: a state that cannot be");
	(void)pthread_mutex_lock(&b->lock);
	b->model = (struct pl061){.input = state.input,
				  .output = state.output,
				  .dir = state.dir,
				  .is = state.is,
				  .ibe = state.ibe,
				  .iev = state.iev,
				  .ie = state.ie,
				  .afsel = state.afsel,
				  .edges = state.edges};
	b->seen = state.seen != 0;
	b->presses = state.presses;
	b->level = !pl061_interrupt(&b->model); /* it is told in any case */
	update_line(b);
	/* Who pressed it does not let go of it here. */
	if (state.input != 0)
		start_timer(b);
	(void)pthread_mutex_unlock(&b->lock);
	return ERR_OK;
}
