/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/timer.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/gic.h"
#include "hyp/core/panic.h"
#include "hyp/core/percpu.h"

static uint32_t hyp_intid;
static timer_fn *call[TIMER_CALLS];

/* The earliest of the deadlines. */
static void program(const struct percpu *p)
{
	uint64_t deadline = p->timer_guest;
	unsigned int i;

	for (i = 0; i < TIMER_CALLS; i++)
		deadline = p->timer_call[i] < deadline ? p->timer_call[i] : deadline;
	if (deadline == TIMER_NEVER) {
		sysreg_write(cnthp_ctl_el2, 0);
	} else {
		sysreg_write(cnthp_cval_el2, deadline);
		sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
	}
}

static void interrupt(void *ctx)
{
	struct percpu *p = percpu_this();
	uint64_t now = sysreg_read(cntpct_el0);
	unsigned int i;

	if (now >= p->timer_guest) {
		p->timer_guest = TIMER_NEVER;
		p->timer_guest_due = true;
	}
	for (i = 0; i < TIMER_CALLS; i++) {
		if (now >= p->timer_call[i]) {
			p->timer_call[i] = TIMER_NEVER;
			call[i]();
		}
	}
	program(p);
	isb(); /* the line is down before the interrupt is deactivated */
}

void timer_init(const struct bootinfo *bi)
{
	uint32_t i, k;

	hyp_intid = bi->timer_hyp_intid;
	for (i = 0; i < percpu_count(); i++) {
		percpu_get(i)->timer_guest = TIMER_NEVER;
		for (k = 0; k < TIMER_CALLS; k++)
			percpu_get(i)->timer_call[k] = TIMER_NEVER;
	}
	if (gic_handler_set(hyp_intid, interrupt, NULL) != ERR_OK)
		panic("no handler for EL2's timer");
}

void timer_init_cpu(void)
{
	program(percpu_this());
	gic_enable(hyp_intid);
}

void timer_guest_set(uint64_t deadline)
{
	struct percpu *p = percpu_this();

	p->timer_guest = deadline;
	p->timer_guest_due = false;
	program(p);
}

bool timer_guest_was_due(uint32_t intid)
{
	struct percpu *p = percpu_this();
	bool due = intid == hyp_intid && p->timer_guest_due;

	if (due)
		p->timer_guest_due = false;
	return due;
}

void timer_set_call(enum timer_call which, timer_fn *fn)
{
	call[which] = fn;
}

void timer_call_at(enum timer_call which, uint64_t deadline)
{
	struct percpu *p = percpu_this();

	if (deadline >= p->timer_call[which])
		return;
	p->timer_call[which] = deadline;
	program(p);
}
