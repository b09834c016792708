/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/vtimer.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/timer.h"
#include "hyp/vm/uvm.h"

void vtimer_init(const struct bootinfo *bi)
{
	timer_init(bi);
}

void vtimer_init_cpu(void)
{
	timer_init_cpu();
}

bool vtimer_is_deadline(uint32_t intid)
{
	return timer_guest_was_due(intid);
}

static bool is_armed(uint64_t ctl)
{
	return (ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
}

/* The service VM's timer, while another vCPU is loaded: its offset is 0. */
static void deadline_set(const struct world *service)
{
	timer_guest_set(is_armed(service->cntv_ctl) ? service->cntv_cval : TIMER_NEVER);
}

static const struct world *service_world(void)
{
	return &uvm_service_vcpu(percpu_this()->index)->world;
}

void vtimer_wait_begin(uint64_t until)
{
	const struct world *service = service_world();

	if (until == UINT64_MAX || (is_armed(service->cntv_ctl) && service->cntv_cval <= until))
		return;
	timer_guest_set(until);
	isb();
}

void vtimer_wait_end(void)
{
	deadline_set(service_world());
	isb(); /* what the interrupt controller is asked next is younger */
}

void vtimer_switch(struct vcpu *from, const struct vcpu *to)
{
	struct world *w = &from->world;

	w->cntv_ctl = sysreg_read(cntv_ctl_el0);
	w->cntv_cval = sysreg_read(cntv_cval_el0);
	if (to->vm->is_user) {
		sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN);
		deadline_set(w);
	} else {
		timer_guest_set(TIMER_NEVER);
		sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	}
	/* The one timer is off before the other's time counts. */
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	sysreg_write(cntvoff_el2, to->vm->cntvoff);
	sysreg_write(cntv_cval_el0, to->world.cntv_cval);
	sysreg_write(cntv_ctl_el0, to->world.cntv_ctl);
}

uint64_t vtimer_deadline(const struct vcpu *vcpu)
{
	uint64_t deadline;

	if (!is_armed(sysreg_read(cntv_ctl_el0)) ||
	    __builtin_add_overflow(sysreg_read(cntv_cval_el0), vcpu->vm->cntvoff, &deadline))
		return UINT64_MAX;
	return deadline;
}
