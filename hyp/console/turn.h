/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_TURN_H
#define HYP_CONSOLE_TURN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One CPU at a time serves, and nobody waits: who comes while somebody serves has the serving
 * CPU go round once more. All zero: nobody serves.
 */
struct turn {
	uint32_t calls; /* since when somebody serves */
};

/* What serve() finds was written before the call of turn_serve() that had it done. */
static inline void turn_serve(struct turn *turn, void (*serve)(void))
{
	uint32_t seen;

	if (__atomic_fetch_add(&turn->calls, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	do {
		seen = __atomic_load_n(&turn->calls, __ATOMIC_ACQUIRE);
		serve();
	} while (!__atomic_compare_exchange_n(&turn->calls, &seen, 0, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

#endif
