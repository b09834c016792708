// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/rtc.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/stream.h"
#include "vmm/vm.h"

static uint64_t now_seconds(void)
{
	return (uint64_t)time(NULL);
}

/* Under the lock, after any change: the interrupt's line, and the alarm for the match. */
static void update(struct rtc *r)
{
	bool level = pl031_interrupt(&r->model);
	struct itimerspec when = {0};
	uint64_t now = now_seconds();
	uint32_t seconds;

	if (level != r->level) {
		r->level = level;
		vm_set_irq(r->vm, MACHINE_SPI(MACHINE_RTC_SPI), level);
	}
	/* Zeros: never. A clock that is set makes the timer end early: rtc_tick() looks again. */
	if (pl031_wait(&r->model, now, &seconds))
		when.it_value.tv_sec = (time_t)(now + seconds);
	(void)timerfd_settime(r->alarm, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static uint64_t read_register(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct rtc *r = CONTAINER_OF(d, struct rtc, device);

	(void)pthread_mutex_lock(&r->lock);

	uint64_t value = pl031_read(&r->model, (uint32_t)offset, now_seconds());

	(void)pthread_mutex_unlock(&r->lock);
	return value;
}

static void write_register(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct rtc *r = CONTAINER_OF(d, struct rtc, device);

	(void)pthread_mutex_lock(&r->lock);
	pl031_write(&r->model, (uint32_t)offset, (uint32_t)value, now_seconds());
	update(r);
	(void)pthread_mutex_unlock(&r->lock);
}

void rtc_tick(struct rtc *r)
{
	uint64_t count;

	(void)pthread_mutex_lock(&r->lock);
	/* ECANCELED: the host's clock was set. */
	if (read(r->alarm, &count, sizeof(count)) == sizeof(count) || errno == ECANCELED) {
		pl031_tick(&r->model, now_seconds());
		update(r);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

enum err rtc_open(struct rtc *r, struct vm *vm)
{
	*r = (struct rtc){.vm = vm};
	(void)pthread_mutex_init(&r->lock, NULL);
	r->alarm = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->alarm < 0) {
		say("cannot make a timer: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

void rtc_close(struct rtc *r)
{
	if (r->vm != NULL && r->alarm >= 0)
		(void)close(r->alarm);
	*r = (struct rtc){.alarm = -1};
}

enum err rtc_attach(struct rtc *r)
{
	static const struct device_ops ops = {.read = read_register, .write = write_register};

	r->device = (struct device){.name = "pl031",
				    .base = MACHINE_RTC,
				    .bytes = MACHINE_PRIMECELL_BYTES,
				    .ops = &ops};
	r->level = false;
	pl031_reset(&r->model);
	return bus_add(&r->vm->bus, &r->device);
}

void rtc_detach(struct rtc *r)
{
	(void)pthread_mutex_lock(&r->lock);
	pl031_reset(&r->model);
	(void)timerfd_settime(r->alarm, 0, &(struct itimerspec){0}, NULL);
	(void)pthread_mutex_unlock(&r->lock);
}

/* ---- state -------------------------------------------------------------------------------- */

enum err rtc_save(struct rtc *r, struct stream *s)
{
	struct snapshot_rtc state;

	(void)pthread_mutex_lock(&r->lock);
	state = (struct snapshot_rtc){.offset = r->model.offset,
				      .load = r->model.load,
				      .match = r->model.match,
				      .armed = r->model.armed,
				      .raw = r->model.raw,
				      .mask = r->model.mask};
	(void)pthread_mutex_unlock(&r->lock);
	return stream_write(s, SNAPSHOT_RTC, 0, 1, &state, sizeof(state));
}

enum err rtc_load(struct rtc *r, struct stream *s, const struct stream_section *section)
{
	struct snapshot_rtc state;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.armed > 1 || state.raw > 1 || state.mask > 1)
		return stream_fail(s, ERR_INVALID, "clock: a state that cannot be");
	(void)pthread_mutex_lock(&r->lock);
	r->model = (struct pl031){.offset = state.offset,
				  .load = state.load,
				  .match = state.match,
				  .armed = state.armed != 0,
				  .raw = state.raw != 0,
				  .mask = state.mask != 0};
	r->level = !pl031_interrupt(&r->model); /* it is told in any case */
	update(r);
	(void)pthread_mutex_unlock(&r->lock);
	return ERR_OK;
}
