/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_CROSSCALL_H
#define HYP_CORE_CROSSCALL_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * One CPU has another do something for it and waits: for rare things such as looking into the
 * registers of a vCPU that runs there. The other serves it when it takes the kick (GIC_SGI_KICK),
 * from whatever it ran, with no lock held.
 */

/* Bounded, takes no lock that a caller of crosscall() may hold, does not call crosscall(). */
typedef void crosscall_fn(void *arg);

/*
 * Runs fn(arg) on CPU `cpu`, maybe this one, and waits until it has run; meanwhile this CPU serves
 * what others ask of it. Any CPU, with no lock held. ERR_BUSY: that CPU did not begin within a
 * second, and will not any more.
 */
enum err crosscall(uint32_t cpu, crosscall_fn *fn, void *arg) MUST_CHECK;

/*
 * What is asked of CPUs: a bit for each, and all of them in a panic. A CPU that was kicked looks
 * here.
 */
extern uint32_t crosscall_asked;
void crosscall_serve(void);

static inline void crosscall_check(void)
{
	if (__builtin_expect(__atomic_load_n(&crosscall_asked, __ATOMIC_RELAXED) != 0, 0))
		crosscall_serve();
}

/* Panic: every CPU that looks stops. */
void crosscall_stop_all(void);

#endif
