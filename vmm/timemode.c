// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/timemode.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * At the start: hosts of one frequency need nothing. If all can trap the virtual counter, nothing
 * either until the guest moves. Else the guest is told of nothing but a timer that always traps.
 */

#define MHZ     UINT64_C(1000000)
#define HZ_LOW  MHZ
#define HZ_HIGH (1000 * MHZ)

/* What VM_TIME_SET takes of a guest's frequency and the host's, if these are not the same. */
static bool can_scale(uint64_t hz)
{
	return hz >= HZ_LOW && hz <= HZ_HIGH;
}

/* The first host that has another frequency than `here`; NULL: none has. */
static const struct hostinfo *find_unlike(const struct hostinfo *here, const struct hostset *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->host[i].counter_hz != here->counter_hz)
			return &set->host[i];
	}
	return NULL;
}

/* The first host that cannot take a guest of another frequency than its own; NULL: all can. */
static const struct hostinfo *find_unscalable(const struct hostinfo *here,
					      const struct hostset *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->host[i].counter_hz != here->counter_hz &&
		    !can_scale(set->host[i].counter_hz))
			return &set->host[i];
	}
	return NULL;
}

/* The first host that cannot scale the virtual counter; NULL: all can. */
static const struct hostinfo *find_without_ecv(const struct hostinfo *here,
					       const struct hostset *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (!set->host[i].ecv)
			return &set->host[i];
	}
	return here->ecv ? NULL : here;
}

/* Hosts `here` and `unlike` differ, and `without` (NULL: none) cannot scale the virtual counter. */
static enum err tell(const struct hostinfo *here, const struct hostinfo *unlike,
		     const struct hostinfo *without, const char *what, char *why)
{
	(void)snprintf(why, HOSTINFO_WHY_BYTES,
		       "the counters of hosts %s and %s run at %" PRIu64 " and %" PRIu64
		       " Hz%s%s, %s",
		       here->name, unlike->name, here->counter_hz, unlike->counter_hz,
		       without != NULL ? ", without FEAT_ECV on host " : "",
		       without != NULL ? without->name : "", what);
	return ERR_UNSUPPORTED;
}

enum err timemode_choose(const struct hostinfo *here, const struct hostset *set, bool firmware,
			 bool masked, struct timemode *time, char *why)
{
	const struct hostinfo *unlike = find_unlike(here, set), *without, *unscalable;

	*time = (struct timemode){.guest_hz = here->counter_hz,
				  .flags = masked ? CAISSON_TIME_MASKED : 0};
	if (unlike == NULL)
		return ERR_OK;
	unscalable = can_scale(here->counter_hz) ? find_unscalable(here, set) : unlike;
	if (unscalable != NULL)
		return tell(here, unscalable, NULL, "and only 1 MHz to 1 GHz can be scaled", why);
	without = find_without_ecv(here, set);
	if (without == NULL && !masked)
		return ERR_OK;
	if (firmware)
		return tell(here, unlike, without,
			    "and firmware cannot be told of another timer: start a kernel "
			    "(--kernel), or take a set of like hosts",
			    why);
	if (!masked)
		time->flags = CAISSON_TIME_FRAME;
	return ERR_OK;
}

enum err timemode_arrive(const struct timemode *time, const struct hostinfo *host,
			 enum caisson_time_mode *mode, char *why)
{
	const char *what;

	*mode = CAISSON_TIME_MODE_NATIVE;
	if (host->counter_hz != time->guest_hz &&
	    (!can_scale(time->guest_hz) || !can_scale(host->counter_hz))) {
		what = "only 1 MHz to 1 GHz can be scaled";
	} else if (time->flags & CAISSON_TIME_FRAME) {
		*mode = CAISSON_TIME_MODE_FRAME;
		return ERR_OK;
	} else if (time->flags & CAISSON_TIME_MASKED) {
		*mode = CAISSON_TIME_MODE_MASKED;
		return ERR_OK;
	} else if (host->counter_hz == time->guest_hz) {
		return ERR_OK;
	} else if (host->ecv) {
		*mode = CAISSON_TIME_MODE_ECV;
		return ERR_OK;
	} else {
		what = "start it with --migratable FILE, for a set that has both hosts";
	}
	(void)snprintf(why, HOSTINFO_WHY_BYTES,
		       "host %s has %s and its counter runs at %" PRIu64
		       " Hz, the virtual machine's "
		       "at %" PRIu64 " Hz; %s",
		       host->name, host->ecv ? "FEAT_ECV" : "no FEAT_ECV", host->counter_hz,
		       time->guest_hz, what);
	return ERR_UNSUPPORTED;
}

const char *timemode_name(enum caisson_time_mode mode)
{
	static const char *const name[] = {
		[CAISSON_TIME_MODE_NATIVE] = "native",
		[CAISSON_TIME_MODE_ECV] = "ecv",
		[CAISSON_TIME_MODE_MASKED] = "masked",
		[CAISSON_TIME_MODE_FRAME] = "frame",
	};

	return (size_t)mode < ARRAY_SIZE(name) ? name[mode] : "unknown";
}
