/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request for each CPU at a time. Its state goes
 *
 *	FREE --asker--> FILLING --asker--> ASKED --served CPU--> SERVED --it--> DONE --asker--> FREE
 *	                                   ASKED --asker, withdrawn--> FREE
 *
 * each by one compare-and-swap, so fn and arg are one side's at any time, and arg is not touched
 * after the asker has gone on.
 */
#include "hyp/core/crosscall.h"

#include "arch/aarch64/sysreg.h"
#include "hyp/core/gic.h"
#include "hyp/core/panic.h"
#include "hyp/core/percpu.h"

enum { FREE, FILLING, ASKED, SERVED, DONE };

_Static_assert(BOOT_MAX_CPUS <= 32, "a bit for each CPU");

static struct request {
	uint32_t state;
	crosscall_fn *fn;
	void *arg;
} requests[BOOT_MAX_CPUS];

uint32_t crosscall_asked;

static bool step(struct request *r, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&r->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

void crosscall_serve(void)
{
	uint32_t cpu = percpu_this()->index;
	struct request *r = &requests[cpu];

	panic_check();
	__atomic_fetch_and(&crosscall_asked, ~(1u << cpu), __ATOMIC_ACQ_REL);
	if (!step(r, ASKED, SERVED))
		return;
	r->fn(r->arg);
	__atomic_store_n(&r->state, DONE, __ATOMIC_RELEASE);
}

/* False: the time is over. */
static bool wait_step(struct request *r, uint32_t from, uint32_t to, uint64_t deadline)
{
	while (!step(r, from, to)) {
		crosscall_check();
		if (sysreg_read(cntpct_el0) >= deadline)
			return false;
	}
	return true;
}

enum err crosscall(uint32_t cpu, crosscall_fn *fn, void *arg)
{
	struct request *r = &requests[cpu];
	uint64_t deadline = sysreg_read(cntpct_el0) + sysreg_read(cntfrq_el0);

	if (cpu == percpu_this()->index) {
		fn(arg);
		return ERR_OK;
	}
	if (!wait_step(r, FREE, FILLING, deadline))
		return ERR_BUSY;
	r->fn = fn;
	r->arg = arg;
	__atomic_store_n(&r->state, ASKED, __ATOMIC_RELEASE);
	__atomic_fetch_or(&crosscall_asked, 1u << cpu, __ATOMIC_RELEASE);
	gic_kick(cpu);
	if (wait_step(r, DONE, FREE, deadline))
		return ERR_OK;
	if (step(r, ASKED, FREE))
		return ERR_BUSY;
	/* It has begun, and what it does is short. */
	while (!step(r, DONE, FREE))
		crosscall_check();
	return ERR_OK;
}

void crosscall_stop_all(void)
{
	__atomic_store_n(&crosscall_asked, UINT32_MAX, __ATOMIC_RELEASE);
}
