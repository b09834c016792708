/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/vtimer.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/timer.h"
#include "hyp/vm/utimer.h"
#include "hyp/vm/uframe.h"
#include "hyp/vm/uvm.h"

void vtimer_init(const struct bootinfo *bi)
{
	timer_init(bi);
	uframe_init();
}

void vtimer_init_cpu(void)
{
	timer_init_cpu();
}

static bool is_armed(uint64_t ctl)
{
	return (ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
}

/*
 * What EL2's timer is for while a user VM's vCPU is loaded: the service VM's timer, whose offset is
 * 0, and the vCPU's physical one.
 */
static uint64_t deadline(const struct world *service, const struct uvcpu *u)
{
	uint64_t first = is_armed(service->cntv_ctl) ? service->cntv_cval : TIMER_NEVER;

	return u->ptimer_due < first ? u->ptimer_due : first;
}

static const struct world *service_world(void)
{
	return &uvm_service_vcpu(percpu_this()->index)->world;
}

static struct uvcpu *loaded(void)
{
	return uvcpu_of(percpu_this()->current);
}

void vtimer_wait_begin(uint64_t until)
{
	if (deadline(service_world(), loaded()) <= until)
		return;
	timer_guest_set(until);
	isb();
}

void vtimer_wait_end(void)
{
	timer_guest_set(deadline(service_world(), loaded()));
	isb(); /* what the interrupt controller is asked next is younger */
}

void vtimer_ptimer_changed(struct vcpu *vcpu)
{
	timer_guest_set(deadline(service_world(), uvcpu_of(vcpu)));
}

bool vtimer_is_deadline(struct vcpu *vcpu, uint32_t intid)
{
	const struct world *service = service_world();
	struct uvcpu *u = uvcpu_of(vcpu);
	uint64_t now;

	if (!timer_guest_was_due(intid))
		return false;
	now = sysreg_read(cntpct_el0);
	if (is_armed(service->cntv_ctl) && service->cntv_cval <= now)
		return true;
	if (u->ptimer_due <= now)
		utimer_look(u);
	vtimer_ptimer_changed(vcpu);
	return false;
}

/* Its physical timer may have become due, or been changed, while it was loaded nowhere. */
static __attribute__((noinline)) void catch_up(struct uvcpu *u)
{
	if (u->ptimer_due <= sysreg_read(cntpct_el0))
		utimer_look(u);
}

void vtimer_switch(struct vcpu *from, struct vcpu *to)
{
	struct world *w = &from->world;

	w->cntv_ctl = sysreg_read(cntv_ctl_el0);
	w->cntv_cval = sysreg_read(cntv_cval_el0);
	if (to->vm->is_user) {
		if (uvcpu_of(to)->ptimer_due != TIMER_NEVER)
			catch_up(uvcpu_of(to));
		timer_guest_set(deadline(w, uvcpu_of(to)));
	} else {
		timer_guest_set(TIMER_NEVER);
	}
	/* The one timer is off before the other's time counts. */
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	sysreg_write_two(cntvoff_el2, to->vm->cntvoff, cnthctl_el2, to->vm->cnthctl);
	sysreg_write(cntv_cval_el0, to->world.cntv_cval);
	sysreg_write(cntv_ctl_el0, to->world.cntv_ctl);
}

uint64_t vtimer_deadline(struct vcpu *vcpu)
{
	uint64_t ptimer = uvcpu_of(vcpu)->ptimer_due, now, cval, ticks, vtimer;

	if (!is_armed(sysreg_read(cntv_ctl_el0)))
		return ptimer;
	now = sysreg_read(cntpct_el0);
	cval = sysreg_read(cntv_cval_el0);
	/* The offset is any number; what is compared are the counts as the guest has them. */
	ticks = cval > now - vcpu->vm->cntvoff ? cval - (now - vcpu->vm->cntvoff) : 0;
	if (__builtin_add_overflow(now, ticks, &vtimer))
		return ptimer;
	return ptimer < vtimer ? ptimer : vtimer;
}
