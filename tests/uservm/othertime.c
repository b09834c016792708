// SPDX-License-Identifier: BSD-2-Clause
/*
 * Linked into a copy of caisson: its VMs start with the counter frequency that is in the
 * environment (GUEST_HZ), as if they came from a host with that, and with what GUEST_TIME names:
 * "any" timer, the physical one alone ("masked"), the memory-mapped one alone ("frame", and without
 * it).
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/baseline.h"

void __wrap_baseline_restart(struct baseline *b, const struct hostinfo *here);
enum err __real_baseline_start(const struct baseline *b, const struct hostinfo *here,
			       const struct hyp_token *token);
enum err __wrap_baseline_start(const struct baseline *b, const struct hostinfo *here,
			       const struct hyp_token *token);

void __wrap_baseline_restart(struct baseline *b, const struct hostinfo *here)
{
	const char *hz = getenv("GUEST_HZ"), *timer = getenv("GUEST_TIME");

	b->time.guest_hz = hz != NULL ? strtoull(hz, NULL, 10) : here->counter_hz;
	b->time.flags = CAISSON_TIME_FRAME;
	if (timer != NULL && strcmp(timer, "any") == 0)
		b->time.flags = 0;
	else if (timer != NULL && strcmp(timer, "masked") == 0)
		b->time.flags = CAISSON_TIME_MASKED;
}

/* A VM that may have any timer starts with the host's frequency otherwise. */
enum err __wrap_baseline_start(const struct baseline *b, const struct hostinfo *here,
			       const struct hyp_token *token)
{
	enum err err = __real_baseline_start(b, here, token);
	enum caisson_time_mode mode;
	struct hyp_vm_time now;

	if (err != ERR_OK || b->time.flags != 0)
		return err;
	if (hyp_vm_time_get(token, &now) != CAISSON_OK)
		return ERR_UNSUPPORTED;
	return baseline_set_time(b, token, 0, now.host, &mode);
}
