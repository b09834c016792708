/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/vtimer.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/gic.h"
#include "hyp/core/panic.h"
#include "hyp/vm/uvm.h"

static uint32_t hyp_intid;

static void expired(void *ctx)
{
	sysreg_write(cnthp_ctl_el2, 0);
	isb(); /* the line is down before the interrupt is deactivated */
}

void vtimer_init(const struct bootinfo *bi)
{
	hyp_intid = bi->timer_hyp_intid;
	if (gic_handler_set(hyp_intid, expired, NULL) != ERR_OK)
		panic("no handler for EL2's timer");
}

void vtimer_init_cpu(void)
{
	sysreg_write(cnthp_ctl_el2, 0);
	gic_enable(hyp_intid);
}

bool vtimer_is_deadline(uint32_t intid)
{
	return intid == hyp_intid;
}

static bool is_armed(uint64_t ctl)
{
	return (ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
}

/* The service VM's timer, while another vCPU is loaded: its offset is 0. */
static void deadline_set(const struct world *service)
{
	if (is_armed(service->cntv_ctl)) {
		sysreg_write(cnthp_cval_el2, service->cntv_cval);
		sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
	} else {
		sysreg_write(cnthp_ctl_el2, 0);
	}
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
	sysreg_write(cnthp_cval_el2, until);
	sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
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
		sysreg_write(cnthp_ctl_el2, 0);
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
