/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs of user VMs, but for running them (hyp/vm/uexit.c). */
#include "arch/aarch64/sysreg.h"
#include "hyp/core/panic.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/ucache.h"
#include "hyp/vm/utimer.h"
#include "hyp/vm/vgic.h"
#include "lib/vcpustate.h"

#include <string.h>

/*
 * A user VM's vCPU traps (DDI 0487 D24.2.49) what the service VM's does, and WFI; its barriers and
 * maintenance reach the inner shareable domain at least, since it moves between CPUs. Context
 * numbers (SCXTNUM) trap, and cache maintenance by set and way.
 */
#define HCR_USER                                                                                   \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS | HCR_TWI |         \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR |      \
	 HCR_APK | HCR_API | HCR_TID5)

static void vcpu_reset(struct uvcpu *u, uint64_t pc, uint64_t x0)
{
	struct percpu *p = percpu_this();
	struct vcpu *vcpu = &u->vcpu;

	memset(vcpu->x, 0, sizeof(vcpu->x));
	memset(&vcpu->world, 0, offsetof(struct world, lr));
	vcpu->x[0] = x0;
	debug_reset(vcpu);
	vcpu->world.elr_el2 = pc;
	vcpu->world.spsr_el2 = SPSR_D | SPSR_A | SPSR_I | SPSR_F | SPSR_M_EL1H;
	vcpu->world.sctlr_el1 = SCTLR_EL1_RES1;
	vcpu->world.hcr_el2 = HCR_USER | umem_hcr() | ucache_hcr(vcpu) | idreg_hcr(vcpu);
	u->flush_ipa = 0;
	utimer_reset(u);
	vgic_user_reset(vcpu);
	/* SPIs that it held went to others. The call has no result for that. */
	u->wake_set |= p->wake_set;
	p->wake_set = 0;
	u->pending = UVCPU_NOTHING;
	u->patience = uexit_patience();
}

/* Under the slot's lock. */
static enum caisson_status vcpu_init(struct slot *slot, struct vcpu *caller)
{
	enum caisson_status status = slot_check_vcpu(slot, caller);
	struct uvcpu *u;
	uint64_t pa;

	if (status != CAISSON_OK)
		return status;
	if (!bits_is_aligned(caller->x[4], 4096) || !bits_is_aligned(caller->x[5], 4))
		return CAISSON_INVALID;
	u = slot_vcpu(slot, caller);
	if (uvcpu_is_running(u))
		return CAISSON_BUSY;
	if (!slot_resolve_run(slot, caller->x[4], &pa))
		return CAISSON_FAULT;
	u->page = (struct run_page *)pa;
	vcpu_reset(u, caller->x[5], caller->x[6]);
	return CAISSON_OK;
}

enum caisson_status uvm_vcpu_init(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = vcpu_init(slot, caller);
	lock_release(&slot->lock);
	return status;
}

/* --- state --- */

_Static_assert(offsetof(struct run_page, state) + sizeof(struct vcpu_state) <= 4096, "a page");

#define OSLSR_OSLK BIT(1)

/* What struct world and struct vcpu_state both have, by the same name. */
#define EACH_REGISTER(DO)                                                                          \
	DO(sp_el0)                                                                                 \
	DO(sp_el1)                                                                                 \
	DO(elr_el1)                                                                                \
	DO(spsr_el1)                                                                               \
	DO(sctlr_el1)                                                                              \
	DO(tcr_el1)                                                                                \
	DO(ttbr0_el1)                                                                              \
	DO(ttbr1_el1)                                                                              \
	DO(mair_el1)                                                                               \
	DO(amair_el1)                                                                              \
	DO(contextidr_el1)                                                                         \
	DO(vbar_el1)                                                                               \
	DO(esr_el1)                                                                                \
	DO(far_el1)                                                                                \
	DO(afsr0_el1)                                                                              \
	DO(afsr1_el1)                                                                              \
	DO(par_el1)                                                                                \
	DO(cpacr_el1)                                                                              \
	DO(csselr_el1)                                                                             \
	DO(cntkctl_el1)                                                                            \
	DO(tpidr_el0)                                                                              \
	DO(tpidrro_el0)                                                                            \
	DO(tpidr_el1)

#define GET(name) state->name = w->name;
#define SET(name) w->name = state->name;

static void debug_get(const struct debug *debug, struct vcpu_state *state)
{
	state->mdscr_el1 = debug->mdscr;
	state->oslsr_el1 = debug->is_locked ? OSLSR_OSLK : 0;
	memcpy(state->dbgbvr_el1, debug->point[DEBUG_BVR], sizeof(state->dbgbvr_el1));
	memcpy(state->dbgbcr_el1, debug->point[DEBUG_BCR], sizeof(state->dbgbcr_el1));
	memcpy(state->dbgwvr_el1, debug->point[DEBUG_WVR], sizeof(state->dbgwvr_el1));
	memcpy(state->dbgwcr_el1, debug->point[DEBUG_WCR], sizeof(state->dbgwcr_el1));
}

static void debug_set(struct vcpu *vcpu, const struct vcpu_state *state)
{
	struct debug *debug = &vcpu->debug;

	debug->mdscr = state->mdscr_el1;
	debug->is_locked = state->oslsr_el1 & OSLSR_OSLK;
	memcpy(debug->point[DEBUG_BVR], state->dbgbvr_el1, sizeof(state->dbgbvr_el1));
	memcpy(debug->point[DEBUG_BCR], state->dbgbcr_el1, sizeof(state->dbgbcr_el1));
	memcpy(debug->point[DEBUG_WVR], state->dbgwvr_el1, sizeof(state->dbgwvr_el1));
	memcpy(debug->point[DEBUG_WCR], state->dbgwcr_el1, sizeof(state->dbgwcr_el1));
	debug_changed(vcpu);
}

/* HCR_EL2's part in it. */
static uint64_t flags_get(uint64_t hcr)
{
	return (hcr & HCR_VSE ? VCPU_STATE_SERROR : 0) | (hcr & HCR_TVM ? VCPU_STATE_SET_WAY : 0);
}

static uint64_t flags_set(uint64_t hcr, uint64_t flags)
{
	hcr &= ~(HCR_VSE | HCR_TVM);
	if (flags & VCPU_STATE_SERROR)
		hcr |= HCR_VSE;
	/* hyp/vm/ucache.c */
	return (flags & VCPU_STATE_SET_WAY) && !(hcr & HCR_FWB) ? hcr | HCR_TVM : hcr;
}

static void state_get(const struct uvcpu *u, struct vcpu_state *state)
{
	const struct vcpu *vcpu = &u->vcpu;
	struct vcpustate_features features = idreg_features(vcpu->vm);
	const struct world *w = &vcpu->world;

	memcpy(state->x, vcpu->x, sizeof(state->x));
	state->pc = w->elr_el2;
	state->pstate = vcpustate_pstate_known(w->spsr_el2, &features);
	EACH_REGISTER(GET)
	debug_get(&vcpu->debug, state);
	utimer_state_get(u, state);
	memcpy(state->pauth_key, w->pauth, sizeof(state->pauth_key));
	memcpy(state->v, w->fp.v, sizeof(state->v));
	state->fpcr = w->fp.fpcr;
	state->fpsr = w->fp.fpsr;
	state->flags = flags_get(w->hcr_el2);
}

static void state_set(struct uvcpu *u, const struct vcpu_state *state)
{
	struct vcpu *vcpu = &u->vcpu;
	struct world *w = &vcpu->world;

	memcpy(vcpu->x, state->x, sizeof(state->x));
	w->elr_el2 = state->pc;
	w->spsr_el2 = state->pstate;
	EACH_REGISTER(SET)
	debug_set(vcpu, state);
	utimer_state_set(u, state);
	memcpy(w->pauth, state->pauth_key, sizeof(state->pauth_key));
	memcpy(w->fp.v, state->v, sizeof(state->v));
	w->fp.fpcr = state->fpcr;
	w->fp.fpsr = state->fpsr;
	w->hcr_el2 = flags_set(w->hcr_el2, state->flags);
}

_Static_assert(sizeof(((struct world *)0)->pauth) == sizeof(((struct vcpu_state *)0)->pauth_key),
	       "all keys");

/* Under the slot's lock: the vCPU x3, which does not run. */
static enum caisson_status vcpu_at_rest(const struct slot *slot, const struct vcpu *caller,
					struct uvcpu **u)
{
	enum caisson_status status = slot_check_vcpu(slot, caller);

	if (status != CAISSON_OK)
		return status;
	*u = slot_vcpu(slot, caller);
	if (!(*u)->page)
		return CAISSON_STATE;
	return uvcpu_is_running(*u) ? CAISSON_BUSY : CAISSON_OK;
}

enum caisson_status uvm_vcpu_get(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	struct uvcpu *u;

	lock_acquire(&slot->lock);
	status = vcpu_at_rest(slot, caller, &u);
	if (status == CAISSON_OK)
		state_get(u, &u->page->state);
	lock_release(&slot->lock);
	return status;
}

enum caisson_status uvm_vcpu_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	struct vcpustate_features features;
	struct vcpu_state state; /* the page may change while it is looked at */
	struct uvcpu *u;

	lock_acquire(&slot->lock);
	status = vcpu_at_rest(slot, caller, &u);
	if (status == CAISSON_OK) {
		memcpy(&state, &u->page->state, sizeof(state));
		__asm__ volatile("" ::: "memory"); /* what is checked is what is taken */
		features = idreg_features(u->vcpu.vm);
		if (vcpustate_is_pstate(state.pstate, &features) &&
		    !(state.flags & ~(uint64_t)(VCPU_STATE_SERROR | VCPU_STATE_SET_WAY))) {
			state_set(u, &state);
			u->flush_ipa = 0;
			u->pending = UVCPU_NOTHING;
		} else {
			status = CAISSON_INVALID;
		}
	}
	lock_release(&slot->lock);
	return status;
}

/* --- interrupts, counters --- */

enum caisson_status uvm_irq_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	struct percpu *p = percpu_this();
	enum caisson_status status;
	uint64_t intid = caller->x[3];

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK &&
	    (intid < VGIC_PRIVATE || intid >= CAISSON_VM_INTIDS || caller->x[4] > 1))
		status = CAISSON_INVALID;
	if (status == CAISSON_OK) /* not beyond the tables by INTID under speculation either */
		vdev_irq_set(&slot->uvm->vm, (uint32_t)bounded_index(intid, CAISSON_VM_INTIDS),
			     caller->x[4]);
	lock_release(&slot->lock);
	caller->x[1] = p->wake_set;
	p->wake_set = 0;
	return status;
}

static uint64_t stat_sum(const struct uvm *uvm, enum caisson_stat what)
{
	uint64_t sum = ustat_read(&uvm->stat, what);
	uint32_t i;

	for (i = 0; i < uvm->vm.vcpu_count; i++) {
		sum += ustat_read(&uvm->vcpu[i].stat, what);
		if (what == CAISSON_STAT_IRQS_INJECTED)
			sum += __atomic_load_n(&uvm->vcpu[i].vcpu.vgic.injected, __ATOMIC_RELAXED);
	}
	return sum;
}

enum caisson_status uvm_stat(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	uint64_t what = caller->x[3];
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK && what >= CAISSON_STAT_COUNT)
		status = CAISSON_INVALID;
	if (status == CAISSON_OK)
		caller->x[1] = stat_sum(slot->uvm,
					(enum caisson_stat)bounded_index(what, CAISSON_STAT_COUNT));
	lock_release(&slot->lock);
	return status;
}

/* --- running --- */

bool uvm_is_ending(const struct vcpu *vcpu)
{
	return __atomic_load_n(&slot_of(vcpu)->state, __ATOMIC_RELAXED) == SLOT_ENDING;
}
