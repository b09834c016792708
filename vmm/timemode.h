/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TIMEMODE_H
#define VMM_TIMEMODE_H

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"
#include "vmm/hostinfo.h"

/*
 * Which way a VM keeps its time: decided here alone, when its guest starts and when it is to go on
 * on another host. docs/time.md tells the ways. Pure.
 */

/* For as long as the guest runs, wherever. */
struct timemode {
	uint64_t guest_hz;
	uint64_t flags; /* of VM_TIME_SET: 0, CAISSON_TIME_MASKED, CAISSON_TIME_FRAME */
};

/*
 * Of a guest that starts on `here` and may move to the hosts of the set, which may be empty.
 * firmware: it is not started as a kernel, of which the device tree is all that it knows. masked:
 * it is known to use the physical counter and timer alone. ERR_UNSUPPORTED: nothing serves it, and
 * why (HOSTINFO_WHY_BYTES) tells it in one line.
 */
enum err timemode_choose(const struct hostinfo *here, const struct hostset *set, bool firmware,
			 bool masked, struct timemode *time, char *why) MUST_CHECK;

/*
 * Of a guest that runs and is to go on on `host`. ERR_UNSUPPORTED:
 * no, and why.
 */
enum err timemode_arrive(const struct timemode *time, const struct hostinfo *host,
			 enum caisson_time_mode *mode, char *why) MUST_CHECK;

/* "native", "ecv", "masked", "frame" */
const char *timemode_name(enum caisson_time_mode mode);

#endif
