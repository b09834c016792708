/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_RTC_H
#define VMM_RTC_H

#include <pthread.h>

#include "lib/pl031.h"
#include "vmm/bus.h"

struct stream;
struct stream_section;
struct vm;

/* The real time clock: a PL031 that shows the host's time. */
struct rtc {
	struct device device;
	struct vm *vm;
	int alarm; /* a timerfd: rtc_tick() is due; -1 */
	pthread_mutex_t lock;
	struct pl031 model; /* under the lock */
	bool level;         /* of the interrupt, as EL2 knows it */
};

/* Tells what is wrong; rtc_close() is due in any case. */
enum err rtc_open(struct rtc *r, struct vm *vm) MUST_CHECK;
void rtc_close(struct rtc *r);

/* Resets it and puts it on the VM's bus; no vCPU runs yet. */
enum err rtc_attach(struct rtc *r) MUST_CHECK;
/* No vCPU runs any more: the alarm is off. */
void rtc_detach(struct rtc *r);

/* The alarm is readable. Any thread. */
void rtc_tick(struct rtc *r);

/* State, while no vCPU runs; load: of one that was just attached. */
enum err rtc_save(struct rtc *r, struct stream *s) MUST_CHECK;
enum err rtc_load(struct rtc *r, struct stream *s, const struct stream_section *section) MUST_CHECK;

#endif
