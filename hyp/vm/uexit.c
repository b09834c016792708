/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running user VMs: what makes EL2 enter one, what of its exits EL2 serves, and what ends the run
 * and goes to the VMM through the run page.
 */
#include "abi/psci.h"
#include "arch/aarch64/tlb.h"
#include "hyp/core/gic.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/dcc.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/event.h"
#include "hyp/vm/psci.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/tools.h"
#include "hyp/vm/uframe.h"
#include "hyp/vm/umem.h"
#include "hyp/vm/utimer.h"
#include "hyp/vm/uvm.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vtimer.h"
#include "lib/guestexc.h"

/* --- waiting --- */

/*
 * A vCPU in WFI waits in EL2 first, loaded, since a wake through Linux costs thousands of
 * instructions. The CPU waits in WFI itself: interrupts are masked here, but end that. What ended
 * it is then served as from the guest, so an interrupt of the service VM ends the run at once, and
 * a kick brings what other vCPUs sent: to those this one runs, until vgic_block().
 *
 * EL2's timer, which has the service VM's deadline, ends the wait too, after `patience`. That
 * shrinks with each wait that was in vain, down to none, and grows when what came next would have
 * been worth the wait: it came soon, and no other vCPU of the VM had this CPU meanwhile, for which
 * to wait is to keep it from running. At most two milliseconds of the CPU go to one WFI, and as the
 * time of the thread that runs the vCPU; Linux has its tick and its wake-ups all the time.
 */
#define WAITS_PER_SECOND 500
#define PATIENCE_STEPS   16

uint64_t uexit_patience(void)
{
	return sysreg_read(cntfrq_el0) / WAITS_PER_SECOND;
}

/* It runs again after a wait that was given up. */
static void trust(struct uvcpu *u, bool flush)
{
	uint64_t most = uexit_patience();

	if (flush || sysreg_read(cntpct_el0) - u->gave_up_at > most)
		return;
	u->patience += most / PATIENCE_STEPS;
	if (u->patience > most)
		u->patience = most;
}

static void distrust(struct uvcpu *u)
{
	u->patience /= 2;
	if (u->patience < uexit_patience() / PATIENCE_STEPS / 2)
		u->patience = 0;
}

/* --- in and out --- */

/* The access that the VMM was asked to serve ends in an external abort. */
static __attribute__((noinline)) void abort_mmio(struct uvcpu *u)
{
	struct world *w = &u->vcpu.world;
	struct guestexc_state state = {w->elr_el2, w->spsr_el2, w->sctlr_el1, w->vbar_el1};
	struct guestexc_entry entry = guestexc_external_abort(&state, u->pending_esr);

	w->elr_el1 = entry.elr;
	w->spsr_el1 = entry.spsr_el1;
	w->esr_el1 = entry.esr;
	w->far_el1 = u->pending_far;
	w->elr_el2 = entry.pc;
	w->spsr_el2 = entry.spsr;
}

/* The access that the VMM was asked to serve. All in memory, the vCPU not being loaded. */
static void complete_mmio(struct uvcpu *u)
{
	const volatile struct run_page *page = u->page;
	struct esr_access access = esr_access(u->pending_esr);
	struct world *w = &u->vcpu.world;

	if (page->mmio_abort) {
		abort_mmio(u);
		return;
	}
	if (!access.write)
		vcpu_reg_set(&u->vcpu, access.reg, esr_access_extend(&access, page->value));
	guestexc_advance(&w->elr_el2, &w->spsr_el2, u->pending_esr & ESR_IL);
}

/* The vCPU, no longer loaded, is not this CPU's any more. What is to be done next. */
static inline enum exit_action release(struct uvcpu *u, enum run_exit reason)
{
	struct slot *slot = slot_of(&u->vcpu);
	bool has_own_cpu = u->own_cpu != VCPU_NOWHERE;

	if (has_own_cpu) {
		dedicate_left(u, reason);
	} else {
		lock_acquire(&slot->lock);
		u->runs_on = VCPU_NOWHERE;
		slot->running--;
		lock_release(&slot->lock);
	}
	if (dbg_active())
		dbg_left();
	return has_own_cpu ? EXIT_POWERED_OFF : EXIT_SWITCHED;
}

/* The VMM has denied a CPU_OFF, or given the vCPU another state, and lets it go on. */
static __attribute__((noinline)) void go_on(struct uvcpu *u)
{
	struct percpu *p = percpu_this();

	vgic_user_on(&u->vcpu);
	u->wake_set |= p->wake_set;
	p->wake_set = 0;
}

/*
 * Finishes what the last exit left open, with what the VMM answered. True: but for the call of the
 * guest's tools, which is to exit once more.
 */
static bool complete(struct uvcpu *u, bool flush)
{
	const volatile struct run_page *page = u->page;
	uint32_t i;

	if (vgic_is_off(&u->vcpu))
		go_on(u);
	if (u->pending == UVCPU_MMIO) {
		complete_mmio(u);
	} else if (u->pending == UVCPU_SMCCC) {
		for (i = 0; i < RUN_SMCCC_RESULTS; i++)
			u->vcpu.x[i] = page->result[i];
	} else if (u->pending == UVCPU_WFI) {
		trust(u, flush);
	} else if (u->pending == UVCPU_TOOLS && !tools_complete(u)) {
		return true;
	}
	u->pending = UVCPU_NOTHING;
	return false;
}

/* The vCPU has had the CPU until now. */
static void account(struct uvcpu *u, struct percpu *p)
{
	uint64_t ticks = sysreg_read(cntpct_el0) - u->loaded_at;

	__atomic_store_n(&u->cpu_ticks, u->cpu_ticks + ticks, __ATOMIC_RELAXED);
	__atomic_store_n(&p->user_ticks, p->user_ticks + ticks, __ATOMIC_RELAXED);
}

/*
 * The vCPUs in `set` are to be woken: which of them the run page has to tell of? None when the vCPU
 * has a CPU of its own: not every end of its run is told (dedicate_left()), so an event tells.
 */
static uint32_t tell_wakes(const struct uvcpu *u, uint32_t set)
{
	if (!set || u->own_cpu == VCPU_NOWHERE)
		return set;
	event_post(EVENT_WAKE, slot_number(slot_of(&u->vcpu)), set);
	return 0;
}

/*
 * Ends the run: the service VM's vCPU is loaded, behind its call. The caller has filled in what
 * goes with the reason.
 */
static enum exit_action leave(struct vcpu *vcpu, enum run_exit reason)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	struct run_page *page = u->page;
	struct percpu *p = percpu_this();

	if (reason <= RUN_EXIT_WAKE)
		ustat_add(&u->stat, (enum caisson_stat)(CAISSON_STAT_EXIT_INTERRUPTED + reason), 1);
	page->reason = reason;
	page->wake_set = tell_wakes(u, p->wake_set);
	p->wake_set = 0;
	account(u, p);
	world_switch(vcpu, uvm_service_vcpu(p->index));
	return release(u, reason);
}

static enum exit_action fault(struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
	struct run_page *page = uvcpu_of(vcpu)->page;

	page->pc = sysreg_read(elr_el2);
	page->esr = esr;
	page->ipa = ipa;
	return leave(vcpu, RUN_EXIT_FAULT);
}

/* After something that EL2 served, when other vCPUs are to be woken. */
static __attribute__((noinline)) enum exit_action wake(struct vcpu *vcpu, uint64_t esr,
						       enum exit_action action)
{
	struct percpu *p = percpu_this();

	p->wake_set = tell_wakes(uvcpu_of(vcpu), p->wake_set);
	if (!p->wake_set)
		return action;
	if (action != EXIT_ADVANCE && action != EXIT_RESUME) {
		gic_kick(p->index); /* it takes its exception, and leaves then */
		return action;
	}
	if (action == EXIT_ADVANCE)
		exit_advance(esr);
	return leave(vcpu, RUN_EXIT_WAKE);
}

/* After something that EL2 served: does the VMM have to wake another vCPU? */
static inline enum exit_action served(struct vcpu *vcpu, uint64_t esr, enum exit_action action)
{
	return percpu_this()->wake_set ? wake(vcpu, esr, action) : action;
}

/*
 * A vCPU that is held for a debugger is not entered, and its VMM sleeps, unless it wants it back.
 * What the VMM has answered waits in the run page. It may be let go just now, hence the order: who
 * does that has the VMM woken afterwards.
 */
static bool is_put_to_sleep(struct uvcpu *u)
{
	struct run_page *page = u->page;

	if (!dbg_is_held(&u->vcpu) || __atomic_load_n(&page->immediate_exit, __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&page->wake, 0, __ATOMIC_SEQ_CST);
	if (!dbg_is_held(&u->vcpu))
		return false;
	page->deadline = UINT64_MAX;
	page->reason = RUN_EXIT_WFI;
	page->wake_set = tell_wakes(u, u->wake_set);
	u->wake_set = 0;
	release(u, RUN_EXIT_WFI);
	return true;
}

static bool has_frame(const struct vcpu *vcpu)
{
	return vcpu->vm->time_mode == CAISSON_TIME_MODE_FRAME;
}

/* A call of the guest's tools is looked at again, before the guest goes on. */
static __attribute__((noinline)) void tools_again(struct uvcpu *u)
{
	if (!tools_prepare(u)) {
		u->page->tools_flags |= RUN_TOOLS_ABORTED;
		u->pending = UVCPU_NOTHING;
	}
	(void)leave(&u->vcpu, RUN_EXIT_TOOLS);
}

bool uexit_enter(struct vcpu *service, struct uvcpu *u, bool flush)
{
	bool again;

	if (dbg_active() && is_put_to_sleep(u))
		return false;
	again = complete(u, flush);
	if (__atomic_load_n(&u->page->immediate_exit, __ATOMIC_RELAXED) || dedicate_must_leave(u)) {
		u->page->reason = RUN_EXIT_INTERRUPTED;
		u->page->wake_set = tell_wakes(u, u->wake_set);
		u->wake_set = 0;
		release(u, RUN_EXIT_INTERRUPTED);
		return false;
	}
	ustat_add(&u->stat, CAISSON_STAT_RUNS, 1);
	u->vcpu.stack = service->stack;
	u->loaded_at = sysreg_read(cntpct_el0);
	world_switch(service, &u->vcpu);
	if (flush)
		tlb_flush_local();
	if (has_frame(&u->vcpu))
		uframe_loaded(&u->vcpu);
	if (u->wake_set) {
		percpu_this()->wake_set |= u->wake_set;
		u->wake_set = 0;
	}
	if (again) {
		tools_again(u);
		return false;
	}
	/* Also what loading it has moved to others. */
	return served(&u->vcpu, 0, EXIT_RESUME) == EXIT_RESUME;
}

/*
 * The vCPU that the caller's VCPU_RUN names is to run on this CPU, and is nobody else's until
 * release(). *flush: as slot_take() says. A status other than OK: it is not to be entered here,
 * and *claimed stays as it is.
 */
static inline enum caisson_status claim(const struct vcpu *caller, struct uvcpu **claimed,
					bool *flush)
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	struct uvcpu *u;

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK && caller->x[3] >= slot->uvm->vm.vcpu_count)
		status = CAISSON_INVALID;
	if (status == CAISSON_OK) {
		u = slot_vcpu(slot, caller);
		if (!u->page) {
			status = CAISSON_STATE;
		} else if (u->own_cpu != VCPU_NOWHERE) {
			status = dedicate_run(slot, u);
		} else if (u->runs_on != VCPU_NOWHERE) {
			status = CAISSON_BUSY;
		} else {
			*flush = slot_take(slot, u, percpu_this()->index);
			*claimed = u;
		}
	}
	lock_release(&slot->lock);
	return status;
}

enum exit_action uvm_vcpu_run(struct vcpu *caller)
{
	struct uvcpu *u = NULL;
	bool flush = false;

	caller->x[0] = claim(caller, &u, &flush);
	exit_advance(ESR_IL);
	if (!u || !uexit_enter(caller, u, flush))
		return EXIT_RESUME;
	return EXIT_SWITCHED;
}

/* --- interrupts --- */

/* Another CPU left something for the vCPU, for the service VM's here, or wants it to leave. */
static enum exit_action kicked(struct vcpu *vcpu)
{
	struct vcpu *service = uvm_service_vcpu(percpu_this()->index);

	if (uvm_is_ending(vcpu))
		return leave(vcpu, RUN_EXIT_ENDED);
	if (vgic_has_work(service) || dedicate_must_leave(uvcpu_of(vcpu)) ||
	    (dbg_active() && dbg_must_leave(vcpu)))
		return leave(vcpu, RUN_EXIT_INTERRUPTED);
	return EXIT_RESUME;
}

enum exit_action uexit_stop(struct vcpu *vcpu)
{
	return leave(vcpu, RUN_EXIT_INTERRUPTED);
}

static inline __attribute__((always_inline)) void take(bool v2, struct vcpu *vcpu, uint32_t intid)
{
	if (v2)
		vgic_irq_take2(vcpu, intid);
	else
		vgic_irq_take3(vcpu, intid);
}

/* v2: gic_is_v2(), a constant here. */
static inline __attribute__((always_inline)) enum exit_action irq(bool v2, struct vcpu *vcpu)
{
	uint32_t intid = gic_acknowledge(v2);
	enum exit_action action = EXIT_RESUME;

	if (intid == CAISSON_VM_TIMER_INTID || intid >= GIC_SPURIOUS) {
		take(v2, vcpu, intid);
	} else if (intid == GIC_SGI_KICK) {
		take(v2, vcpu, intid);
		action = kicked(vcpu);
	} else if (gic_handler_has(intid)) {
		gic_handler_run(intid);
		if (vtimer_is_deadline(vcpu, intid))
			action = leave(vcpu, RUN_EXIT_INTERRUPTED);
	} else {
		action = leave(vcpu, RUN_EXIT_INTERRUPTED);
		take(v2, percpu_this()->current, intid);
	}
	return action == EXIT_RESUME ? served(vcpu, 0, EXIT_RESUME) : action;
}

static __attribute__((noinline)) enum exit_action irq2(struct vcpu *vcpu)
{
	return irq(true, vcpu);
}

enum exit_action uexit_irq(struct vcpu *vcpu)
{
	return gic_is_v2() ? irq2(vcpu) : irq(false, vcpu);
}

/* --- exits --- */

static __attribute__((noinline)) enum exit_action tools(struct vcpu *vcpu, uint64_t esr)
{
	struct uvcpu *u = uvcpu_of(vcpu);

	if (!tools_prepare(u))
		return served(vcpu, esr, EXIT_RESUME);
	u->pending = UVCPU_TOOLS;
	u->pending_esr = esr;
	ustat_add(&u->stat, CAISSON_STAT_EXIT_TOOLS, 1);
	return leave(vcpu, RUN_EXIT_TOOLS);
}

static enum exit_action sysreg(struct vcpu *vcpu, uint64_t esr)
{
	if (utimer_is_count(esr)) {
		ustat_add(&uvcpu_of(vcpu)->stat, CAISSON_STAT_SERVED_SYSREG, 1);
		vcpu_reg_set(vcpu, esr_sysreg_rt(esr), utimer_count(vcpu));
		return EXIT_ADVANCE;
	}
	if (vcpu->vm->has_tools && tools_is_call(vcpu, esr))
		return tools(vcpu, esr);
	ustat_add(&uvcpu_of(vcpu)->stat, CAISSON_STAT_SERVED_SYSREG, 1);
	if (utimer_is_access(esr))
		return served(vcpu, esr, utimer_access(vcpu, esr));
	return served(vcpu, esr, sysreg_exit(vcpu, esr));
}

static enum exit_action cp15(struct vcpu *vcpu, uint64_t esr)
{
	return served(vcpu, esr, utimer_exit_cp15(vcpu, esr));
}

static enum exit_action cp15_pair(struct vcpu *vcpu, uint64_t esr)
{
	return served(vcpu, esr, utimer_exit_cp15_pair(vcpu, esr));
}

/* An access that the VMM is to serve. */
static enum exit_action mmio(struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	struct run_page *page = u->page;
	struct esr_access access = esr_access(esr);

	page->ipa = ipa;
	page->mmio_bytes = (uint8_t)access.bytes;
	page->mmio_write = access.write;
	page->mmio_abort = 0;
	if (access.write)
		page->value =
			vcpu_reg_get(vcpu, access.reg) & (~UINT64_C(0) >> (64 - 8 * access.bytes));
	u->pending = UVCPU_MMIO;
	u->pending_esr = esr;
	u->pending_far = sysreg_read(far_el2);
	return leave(vcpu, RUN_EXIT_MMIO);
}

static enum exit_action data_abort(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t ipa = mmio_fault_ipa();
	const struct vdev *vdev;

	if (mmio_is_emulated(esr)) {
		vdev = mmio_find(vcpu->vm, ipa);
		if (vdev) {
			ustat_add(&uvcpu_of(vcpu)->stat, CAISSON_STAT_SERVED_GIC, 1);
			return served(vcpu, esr, mmio_serve(vcpu, esr, vdev, ipa));
		}
		if (umem_is_hole(esr))
			return mmio(vcpu, esr, ipa);
	}
	switch (umem_fault(vcpu, esr, &ipa)) {
	case UMEM_RETRY:
		return EXIT_RESUME;
	case UMEM_SKIP:
		return EXIT_ADVANCE;
	case UMEM_FAULT:
		return fault(vcpu, esr, ipa);
	case UMEM_MMIO:
		break;
	}
	return mmio(vcpu, esr, ipa);
}

static enum exit_action instruction_abort(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t ipa = mmio_fault_ipa();

	return umem_fault(vcpu, esr, &ipa) == UMEM_RETRY ? EXIT_RESUME : fault(vcpu, esr, ipa);
}

/* --- WFI --- */

/* Something that ends a WFI: an interrupt, or an SError, of the guest's or of the machine. */
static bool is_awake(struct vcpu *vcpu)
{
	return vgic_is_pending(vcpu) || (sysreg_read(hcr_el2) & HCR_VSE) ||
	       (sysreg_read(isr_el1) & (ISR_A | ISR_F));
}

/* Until the counter is `until`, then *in_vain; or as long as what it returns is EXIT_RESUME. */
static enum exit_action wait_here(struct vcpu *vcpu, uint64_t until, bool *in_vain)
{
	enum exit_action action = EXIT_RESUME;
	struct uvcpu *u = uvcpu_of(vcpu);
	struct percpu *p = percpu_this();

	while (action == EXIT_RESUME && !is_awake(vcpu)) {
		if (sysreg_read(cntpct_el0) >= until) {
			*in_vain = true;
			return EXIT_RESUME;
		}
		vtimer_wait_begin(until);
		account(u, p);
		u->loaded_at = UVCPU_WAITS;
		percpu_sleep(p);
		u->loaded_at = sysreg_read(cntpct_el0);
		vtimer_wait_end();
		action = uexit_irq(vcpu);
	}
	return action;
}

/* The vCPU is about to wait in Linux, with this deadline of its own timers: what the VMM is told.
 */
static uint64_t deadline_in_linux(struct vcpu *vcpu, uint64_t deadline)
{
	uint64_t frame = has_frame(vcpu) ? uframe_wait(vcpu) : UINT64_MAX;

	return frame < deadline ? frame : deadline;
}

/* The PC is behind the instruction that waits. */
static enum exit_action wait(struct vcpu *vcpu)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	uint64_t deadline = vtimer_deadline(vcpu);
	uint64_t now = sysreg_read(cntpct_el0);
	uint64_t until = u->own_cpu != VCPU_NOWHERE ? UINT64_MAX : now + u->patience;
	enum exit_action action;
	bool in_vain = false;

	if (deadline <= now)
		return EXIT_RESUME; /* its interrupt is about to come */
	action = wait_here(vcpu, until, &in_vain);
	if (!in_vain) {
		ustat_add(&u->stat, CAISSON_STAT_SERVED_WFI, action == EXIT_RESUME);
		return action;
	}
	distrust(u);
	/* 0 before anyone can be told to set it. */
	__atomic_store_n(&u->page->wake, 0, __ATOMIC_RELEASE);
	deadline = deadline_in_linux(vcpu, deadline);
	if (!vgic_block(vcpu))
		return EXIT_RESUME;
	u->page->deadline = deadline;
	u->pending = UVCPU_WFI;
	u->gave_up_at = sysreg_read(cntpct_el0);
	return leave(vcpu, RUN_EXIT_WFI);
}

/*
 * WFI; WFE does not trap. WFIT goes by the raw counter, so no user VM is shown it (FEAT_WFxT). It
 * may end at any time, and ends at once: a wait without its timeout could be one for ever.
 */
static enum exit_action wfx(struct vcpu *vcpu, uint64_t esr)
{
	exit_advance(esr);
	return esr_wfx(esr) == ESR_WFX_WFIT ? EXIT_RESUME : wait(vcpu);
}

/* Every state is a standby state: the physical CPU is not the guest's (PSCI 5.4.3). */
static bool is_suspend(uint32_t id)
{
	return (id & ~SMCCC_64) == PSCI_CPU_SUSPEND;
}

static enum exit_action suspend(struct vcpu *vcpu)
{
	vcpu->x[0] = PSCI_SUCCESS;
	return wait(vcpu);
}

/* Does EL2 answer the call? The rest of PSCI is the VMM's. */
static bool is_answered_here(uint32_t id)
{
	return id == PSCI_VERSION || id == PSCI_FEATURES ||
	       ((id & SMCCC_FAST) && bits_get(id, 29, 24) == SMCCC_OWNER_ARCH);
}

static enum exit_action to_vmm(struct vcpu *vcpu)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	uint32_t i;

	/* Its interrupts can go to others from now on; the VMM decides whether it goes. */
	if ((uint32_t)vcpu->x[0] == PSCI_CPU_OFF)
		vgic_vcpu_off(vcpu);
	for (i = 0; i < ARRAY_SIZE(u->page->args); i++)
		u->page->args[i] = vcpu->x[i];
	u->page->cntvoff = vcpu->vm->cntvoff;
	u->pending = UVCPU_SMCCC;
	return leave(vcpu, RUN_EXIT_SMCCC);
}

static enum exit_action hvc(struct vcpu *vcpu, uint64_t esr)
{
	if (esr_imm16(esr) == 0 && is_suspend((uint32_t)vcpu->x[0]))
		return suspend(vcpu);
	if (esr_imm16(esr) == 0 && is_answered_here((uint32_t)vcpu->x[0]))
		return smccc_exit_hvc(vcpu, esr);
	return to_vmm(vcpu);
}

/* A trapped SMC has not been executed yet: ELR_EL2 points at it. */
static enum exit_action smc(struct vcpu *vcpu, uint64_t esr)
{
	if (esr_imm16(esr) == 0 && is_answered_here((uint32_t)vcpu->x[0]))
		return smccc_exit_smc(vcpu, esr);
	exit_advance(esr);
	if (esr_imm16(esr) == 0 && is_suspend((uint32_t)vcpu->x[0]))
		return suspend(vcpu);
	return to_vmm(vcpu);
}

exit_handler_fn *const exit_user_vm[ESR_EC_COUNT] = {
	[ESR_EC_UNKNOWN] = exit_unhandled,
	[ESR_EC_WFX] = wfx,
	[ESR_EC_WFX + 1] = exit_unhandled,
	[ESR_EC_CP15_RT] = cp15,
	[ESR_EC_CP15_RRT] = cp15_pair,
	[ESR_EC_CP14_RT] = dcc_exit_cp14,
	[ESR_EC_CP14_LS] = dcc_exit_cp14_memory,
	[ESR_EC_CP14_LS + 1 ... ESR_EC_CP14_RRT - 1] = exit_unhandled,
	[ESR_EC_CP14_RRT] = dcc_exit_cp14_pair,
	[ESR_EC_CP14_RRT + 1 ... ESR_EC_HVC64 - 1] = exit_unhandled,
	[ESR_EC_HVC64] = hvc,
	[ESR_EC_SMC64] = smc,
	[ESR_EC_SYSREG] = sysreg,
	[ESR_EC_SYSREG + 1 ... ESR_EC_INSN_ABORT_LOWER - 1] = exit_unhandled,
	[ESR_EC_INSN_ABORT_LOWER] = instruction_abort,
	[ESR_EC_INSN_ABORT_LOWER + 1 ... ESR_EC_DATA_ABORT_LOWER - 1] = exit_unhandled,
	[ESR_EC_DATA_ABORT_LOWER] = data_abort,
	[ESR_EC_DATA_ABORT_LOWER + 1 ... ESR_EC_BREAKPOINT_LOWER - 1] = exit_unhandled,
	[ESR_EC_BREAKPOINT_LOWER... ESR_EC_BRK64] = dbg_exit,
	[ESR_EC_BRK64 + 1 ... ESR_EC_COUNT - 1] = exit_unhandled,
};
