/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Glue between the model (lib/vgic.c), the list registers and the physical GIC.
 *
 * vm->vgic_lock ("dist") guards the distributor: all state of SPIs. A vCPU's vgic_lock ("cpu")
 * guards its SGIs and PPIs, what its list registers are said to hold, and what waits for one.
 * dist comes before cpu, and no two cpu locks are ever held together, so a change that concerns
 * several vCPUs goes through them one after the other (settle()).
 *
 * The list registers themselves are touched by the CPU that runs the vCPU only, with cpu held
 * since the bookkeeping goes with them. SGIs and PPIs need no more than that. What may involve
 * an SPI (fold, fill, the distributor's registers) takes both locks.
 *
 * Physical effects are carried out before the lock is released under which they were decided,
 * so that two CPUs' effects on one interrupt happen in the order of the decisions.
 *
 * Nobody ever waits for another CPU. What another CPU is to do is written down under its cpu
 * lock, and then it is kicked; it looks when the kick arrives (vgic_irq_exit()). The lock makes
 * the note visible before the kick: gic_kick() has the barrier.
 *
 * The list registers of a vCPU that is not loaded are in memory (struct world) as they stood: the
 * model still says "in a list register", and what others note is looked at when it is loaded. A
 * user VM's interrupts are EL2's but its virtual timer's, which is hardware-linked: the physical
 * one has the state that the vCPU loaded wants it to have, and vgic_switch() changes that.
 */
#include "hyp/vm/vgic.h"

#include "abi/hypercall.h"
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/gicv3.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/panic.h"

#define SGI1R_INTID(value) ((uint32_t)((value) >> 24 & 0xf))
#define SGI1R_IRM          BIT(40)
#define DIR_INTID          0xffffff
#define CNTHV_INTID        28 /* EL2's virtual timer, by convention (Arm BSA 4.1.6) */

static uint32_t maintenance_intid;
static uint32_t timer_intid; /* of the virtual timer */

/* --- the hardware --- */

static void lrs_read(const struct vgic_cpu *c, struct vgic_lrs *lrs)
{
	uint32_t used = c->used;

	for (; used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		lrs->lr[n] = gicv3_lr_read(n);
	}
	lrs->eoi_count = sysreg_read(ICH_HCR_EL2) >> ICH_HCR_EOICOUNT_SHIFT & ICH_HCR_EOICOUNT_MASK;
	lrs->eoi_mode = lrs->eoi_count && (sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM);
}

static void lrs_write(const struct vgic_cpu *c, const struct vgic_lrs *lrs)
{
	uint32_t write = lrs->write;

	for (; write; write &= write - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(write);

		gicv3_lr_write(n, lrs->lr[n]);
	}
	sysreg_write(ICH_HCR_EL2, c->hcr);
}

/*
 * The physical CPU where an effect on vCPU `index` is to be carried out, if at all: what concerns
 * the virtual timer of a vCPU that is not loaded is done when it is loaded, and nothing else of
 * a user VM's is physical.
 */
static bool physical_cpu(const struct vm *vm, uint32_t index, const struct vgic_effect *e,
			 uint32_t *cpu)
{
	const struct vcpu *vcpu = vm->vcpu[index];
	bool state = e->kind == VGIC_PHYS_ENABLE || e->kind == VGIC_PHYS_DISABLE ||
		     e->kind == VGIC_PHYS_ACTIVATE || e->kind == VGIC_PHYS_DEACTIVATE;

	*cpu = vm->is_user ? vcpu->cpu : index;
	if (e->intid == CAISSON_VM_TIMER_INTID && state)
		return vcpu->cpu != VCPU_NOWHERE;
	return !vm->is_user;
}

/* Carries out what the model wants of the physical GIC; private interrupts: vCPU index's. */
static void apply(const struct vm *vm, uint32_t index, const struct vgic_effects *fx)
{
	uint32_t cpu;
	uint32_t i;

	if (fx->count)
		dsb(sy); /* an acknowledge by system register comes before what is done by MMIO */
	for (i = 0; i < fx->count; i++) {
		const struct vgic_effect *e = &fx->list[i];

		if (!physical_cpu(vm, index, e, &cpu))
			continue;
		switch (e->kind) {
		case VGIC_PHYS_ENABLE:
			gic_enable_on(cpu, e->intid);
			break;
		case VGIC_PHYS_DISABLE:
			gic_disable_on(cpu, e->intid);
			break;
		case VGIC_PHYS_SET_PENDING:
		case VGIC_PHYS_CLEAR_PENDING:
			gic_pending_set_on(cpu, e->intid, e->kind == VGIC_PHYS_SET_PENDING);
			break;
		case VGIC_PHYS_ACTIVATE:
		case VGIC_PHYS_DEACTIVATE:
			gic_active_set_on(cpu, e->intid, e->kind == VGIC_PHYS_ACTIVATE);
			break;
		case VGIC_PHYS_CONFIG:
			gic_config_set_on(cpu, e->intid, e->arg);
			break;
		case VGIC_PHYS_ROUTE:
			gic_route_set(e->intid, vm->vcpu[e->arg]->mpidr);
			break;
		default: /* VGIC_MOVE: settle() */
			break;
		}
	}
}

/* --- keeping model and list registers together --- */

static void evaluate_on(struct vm *vm, uint32_t cpu, uint32_t intid, struct vgic_effects *fx)
	REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	struct vcpu *vcpu = vm->vcpu[cpu];

	lock_acquire(&vcpu->vgic_lock);
	vgic_eval(&vm->vgic, &vcpu->vgic, intid, fx);
	lock_release(&vcpu->vgic_lock);
}

/* Evaluates an SPI where it is, where it is routed, and where it was routed before (from). */
static void evaluate(struct vm *vm, uint32_t from, uint32_t intid, uint32_t *kick)
	REQUIRES(vm->vgic_lock)
{
	uint32_t owner = vm->vgic.owner[intid];
	uint32_t target = vm->vgic.target[intid];
	struct vgic_effects fx;

	vgic_effects_init(&fx);
	evaluate_on(vm, owner, intid, &fx);
	if (from != VGIC_NO_CPU && from != owner)
		evaluate_on(vm, from, intid, &fx);
	if (target != VGIC_NO_CPU && target != owner && target != from)
		evaluate_on(vm, target, intid, &fx);
	apply(vm, 0, &fx);
	*kick |= fx.kick;
}

static void evaluate_all(struct vm *vm, uint32_t *kick) REQUIRES(vm->vgic_lock) NO_THREAD_CHECK
{
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++) {
		struct vgic_effects fx;

		vgic_effects_init(&fx);
		lock_acquire(&vm->vcpu[i]->vgic_lock);
		vgic_eval_all(&vm->vgic, &vm->vcpu[i]->vgic, &fx);
		apply(vm, i, &fx);
		lock_release(&vm->vcpu[i]->vgic_lock);
		*kick |= fx.kick;
	}
}

/*
 * Something was left to do for a vCPU: its CPU is to look, or whoever waits for it is to be told
 * (percpu's wake_set, which goes to this CPU's caller).
 */
static inline void kick_vcpu(struct vcpu *target)
{
	uint32_t cpu = target->index;

	if (target->vm->is_user) {
		if (__atomic_exchange_n(&target->blocked, false, __ATOMIC_RELAXED)) {
			percpu_this()->wake_set |= 1u << target->index;
			return;
		}
		cpu = __atomic_load_n(&target->cpu, __ATOMIC_RELAXED);
		if (cpu == VCPU_NOWHERE)
			return;
	}
	gic_kick(cpu);
}

static void kick_others(struct vm *vm, const struct vcpu *self, uint32_t kick)
{
	if (self)
		kick &= ~(1u << self->index);
	for (; kick; kick &= kick - 1)
		kick_vcpu(vm->vcpu[__builtin_ctz(kick)]);
}

/* SPIs that came out of list registers and are routed to other vCPUs. */
static void settle_moves(struct vm *vm, const struct vgic_effects *fx, uint32_t *kick)
	REQUIRES(vm->vgic_lock)
{
	uint32_t i;

	for (i = 0; i < fx->count; i++) {
		if (fx->list[i].kind == VGIC_MOVE)
			evaluate(vm, VGIC_NO_CPU, fx->list[i].intid, kick);
	}
}

/*
 * Follows up a change of SPIs (fx) through all vCPUs it concerns. Returns whether self, the
 * vCPU of this CPU, must sync.
 */
static bool settle(struct vm *vm, const struct vcpu *self, const struct vgic_effects *fx)
	REQUIRES(vm->vgic_lock)
{
	uint32_t kick = fx->kick;
	uint32_t bits;

	apply(vm, 0, fx);
	if (fx->all)
		evaluate_all(vm, &kick);
	for (bits = fx->changed; bits; bits &= bits - 1) {
		evaluate(vm, fx->from, fx->word * 32 + (uint32_t)__builtin_ctz(bits), &kick);
	}
	settle_moves(vm, fx, &kick);
	kick_others(vm, self, kick);
	return self && (kick >> self->index & 1);
}

/* Takes this CPU's list registers into the model; fill() must follow. */
static void fold(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vgic_effects fx;
	struct vgic_lrs lrs;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vgic_lock);
	lrs_read(&vcpu->vgic, &lrs);
	vgic_fold(&vcpu->vm->vgic, &vcpu->vgic, &lrs, &fx);
	apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	fx.kick &= ~(1u << vcpu->index);
	settle_moves(vcpu->vm, &fx, &fx.kick);
	kick_others(vcpu->vm, vcpu, fx.kick);
}

/* This guest uses EOImode 1: from now on DIR is trapped on every CPU. */
static void __attribute__((noinline)) trap_dir(struct vcpu *vcpu)
	REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	uint32_t kick = 0;
	uint32_t i;

	vm->vgic.split = true;
	for (i = 0; i < vm->vcpu_count; i++) {
		struct vgic_cpu *c = &vm->vcpu[i]->vgic;

		lock_acquire(&vm->vcpu[i]->vgic_lock);
		if (!(c->slow & VGIC_SLOW_OFFLINE)) {
			c->slow |= VGIC_SLOW_SYNC;
			kick |= 1u << i;
		}
		lock_release(&vm->vcpu[i]->vgic_lock);
	}
	kick_others(vm, NULL, kick);
}

static inline bool is_split(const struct vm *vm)
{
	return (sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) && !vm->vgic.split &&
	       vm->vcpu_count > 1;
}

static void fill(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	struct vgic_lrs lrs;

	lock_acquire(&vcpu->vgic_lock);
	vgic_fill(&vcpu->vm->vgic, &vcpu->vgic, &lrs);
	lrs_write(&vcpu->vgic, &lrs);
	lock_release(&vcpu->vgic_lock);
	if (is_split(vcpu->vm))
		trap_dir(vcpu);
}

/* The general way to bring this CPU's list registers up to date. No lock held. */
static void __attribute__((noinline)) sync(struct vcpu *vcpu) NO_THREAD_CHECK
{
	lock_acquire(&vcpu->vm->vgic_lock);
	fold(vcpu);
	fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/* --- fast paths: private interrupts, under the cpu lock only --- */

/*
 * Puts a pending private interrupt into a list register; false: that takes a sync. *empty is
 * ICH_ELRSR_EL2 without those written since it was read: the hardware need not show them without
 * a context synchronisation.
 */
static inline __attribute__((always_inline)) bool load_private(struct vgic_cpu *c, uint32_t intid,
							       uint32_t *empty)
{
	int n = vgic_private_fast(c, intid, *empty);

	if (n >= 0) {
		gicv3_lr_write((uint32_t)n, c->template[intid]);
		*empty &= ~(1u << n);
		return true;
	}
	if (!vgic_private_again(c, intid))
		return false;
	n = c->lr_of[intid];
	gicv3_lr_write((uint32_t)n, gicv3_lr_read((uint32_t)n) | VGIC_LR_PENDING);
	return true;
}

/* A private interrupt became pending on this CPU. */
static inline void pend_private(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	uint32_t empty = (uint32_t)sysreg_read(ICH_ELRSR_EL2);
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;

	lock_acquire(&vcpu->vgic_lock);
	if (load_private(c, intid, &empty)) {
		lock_release(&vcpu->vgic_lock);
		return;
	}
	vgic_effects_init(&fx);
	vgic_private_pend(&vcpu->vm->vgic, c, intid, &fx);
	apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	if (fx.kick)
		sync(vcpu);
}

/* Loads what other vCPUs sent, as long as it is simple. False: that takes a sync. */
static bool load_posted(struct vgic_cpu *c)
{
	uint32_t empty = (uint32_t)sysreg_read(ICH_ELRSR_EL2);

	if (c->slow | c->act_sum | (c->want_sum & ~1u))
		return false;
	while (c->want[0]) {
		uint32_t intid = (uint32_t)__builtin_ctz(c->want[0]);
		uint32_t bit = 1u << intid;

		/* A level's latch is not to be lost in a list register: see lib/vgic.c, put(). */
		if (!(c->word0.latch & (c->word0.edge | c->word0.hw) & bit))
			return false;
		c->word0.latch &= ~bit;
		if (!load_private(c, intid, &empty)) {
			c->word0.latch |= bit;
			return false;
		}
		c->want[0] &= ~bit;
	}
	c->want_sum = 0;
	return true;
}

/* Someone left something to do for this CPU's vCPU. One that is off looks when it is on again. */
void vgic_kicked(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool done;

	lock_acquire(&vcpu->vgic_lock);
	done = (c->slow & VGIC_SLOW_OFFLINE) || load_posted(c);
	lock_release(&vcpu->vgic_lock);
	if (!done)
		sync(vcpu);
}

/* --- physical interrupts --- */

/* A hardware-linked SPI arrived at this CPU. */
static void pend_spi(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool must_sync;
	uint64_t lr;
	int n;

	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	n = vgic_spi_fast(&vm->vgic, &vcpu->vgic, intid, (uint32_t)sysreg_read(ICH_ELRSR_EL2), &lr);
	if (n >= 0)
		gicv3_lr_write((uint32_t)n, lr);
	lock_release(&vcpu->vgic_lock);
	if (is_split(vm))
		trap_dir(vcpu);
	if (n < 0) {
		vgic_effects_init(&fx);
		vgic_spi_arrived(&vm->vgic, intid);
		fx.word = intid / 32;
		fx.changed = 1u << intid % 32;
		must_sync = settle(vm, vcpu, &fx);
		if (must_sync) {
			fold(vcpu);
			fill(vcpu);
		}
	}
	lock_release(&vm->vgic_lock);
}

void vgic_irq_exit(struct vcpu *vcpu)
{
	vgic_irq_take(vcpu, (uint32_t)sysreg_read(ICC_IAR1_EL1));
}

void vgic_irq_take(struct vcpu *vcpu, uint32_t intid)
{
	if (intid < VGIC_PRIVATE && (vcpu->vgic.word0.hw >> intid & 1)) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		pend_private(vcpu, intid);
	} else if (intid == GIC_SGI_KICK) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		sysreg_write(ICC_DIR_EL1, intid);
		panic_check();
		vgic_kicked(vcpu);
	} else if (intid >= GIC_SPURIOUS) {
		return;
	} else if (vcpu->vm->vgic.word[intid / 32].hw >> intid % 32 & 1) {
		sysreg_write(ICC_EOIR1_EL1, intid);
		pend_spi(vcpu, intid);
	} else {
		gic_handler_run(intid);
	}
}

/* The maintenance interrupt: list registers ran out, or an EOI is to be looked at. */
static void maintenance(void *ctx)
{
	if (percpu_this()->current)
		sync(percpu_this()->current);
}

/* --- what the guest sends --- */

static void send_sgi(struct vcpu *self, struct vcpu *target, uint32_t intid,
		     bool group1) NO_THREAD_CHECK
{
	bool must_kick;

	/* One configured for the other group is not made pending (IHI 0069 table 12-18). */
	if ((target->vgic.word0.group >> intid & 1) != group1)
		return;
	if (target == self) {
		pend_private(self, intid);
		return;
	}
	lock_acquire(&target->vgic_lock);
	must_kick = vgic_sgi_post(&target->vgic, intid);
	lock_release(&target->vgic_lock);
	if (must_kick)
		kick_vcpu(target);
}

static void sgi_write(struct vcpu *vcpu, uint64_t value, bool group1)
{
	struct vm *vm = vcpu->vm;
	uint32_t intid = SGI1R_INTID(value);
	const struct vgic_cluster *cluster = vm->vgic.cluster;
	uint32_t i, targets;

	if (value & SGI1R_IRM) {
		for (i = 0; i < vm->vcpu_count; i++) {
			if (vm->vcpu[i] != vcpu)
				send_sgi(vcpu, vm->vcpu[i], intid, group1);
		}
		return;
	}
	for (i = 0; cluster[i].key != vgic_sgi_key(value); i++) {
		if (i == vm->vgic.cluster_count - 1)
			return;
	}
	for (targets = (uint32_t)value & cluster[i].present; targets; targets &= targets - 1)
		send_sgi(vcpu, vm->vcpu[cluster[i].cpu[__builtin_ctz(targets)]], intid, group1);
}

void vgic_sgi1r_write(struct vcpu *vcpu, uint64_t value)
{
	sgi_write(vcpu, value, true);
}

void vgic_sgi0r_write(struct vcpu *vcpu, uint64_t value)
{
	sgi_write(vcpu, value, false);
}

/* Deactivates what one of this CPU's list registers has active, as the hardware would. */
static bool deactivate_loaded(struct vcpu *vcpu, uint32_t intid) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	bool done = false;
	uint32_t used;

	lock_acquire(&vcpu->vgic_lock);
	for (used = c->used; used && !done; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t lr;

		if (c->lr_intid[n] != intid)
			continue;
		lr = gicv3_lr_read(n);
		if (!(lr & VGIC_LR_ACTIVE))
			break;
		if (lr & VGIC_LR_HW)
			sysreg_write(ICC_DIR_EL1, intid);
		gicv3_lr_write(n, lr & ~VGIC_LR_ACTIVE);
		done = true;
	}
	lock_release(&vcpu->vgic_lock);
	return done;
}

void vgic_dir_write(struct vcpu *vcpu, uint64_t value) NO_THREAD_CHECK
{
	uint32_t intid = (uint32_t)(value & DIR_INTID);
	struct vgic_effects fx;

	if (!(sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) || deactivate_loaded(vcpu, intid))
		return;
	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vm->vgic_lock);
	fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	vgic_deactivate(&vcpu->vm->vgic, &vcpu->vgic, intid, &fx);
	apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	settle_moves(vcpu->vm, &fx, &fx.kick);
	kick_others(vcpu->vm, vcpu, fx.kick);
	fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

bool vgic_is_pending(struct vcpu *vcpu)
{
	struct vgic_cpu *c = &vcpu->vgic;
	uint32_t n;

	if (c->want_sum || (c->slow & VGIC_SLOW_SYNC))
		return true;
	for (n = 0; n < c->lr_count; n++) {
		if ((c->used >> n & 1) && (gicv3_lr_read(n) & VGIC_LR_PENDING))
			return true;
	}
	return false;
}

/* An emulated device's interrupt line. */
void vdev_irq_set(struct vm *vm, uint32_t intid, bool level) NO_THREAD_CHECK
{
	struct vcpu *self = percpu_this()->current;
	struct vgic_effects fx;

	if (intid < VGIC_PRIVATE || intid >= VGIC_INTIDS)
		return;
	if (self && self->vm != vm)
		self = NULL;
	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	vgic_line_set(&vm->vgic, intid, level, &fx);
	if (settle(vm, self, &fx) && self) {
		fold(self);
		fill(self);
	}
	lock_release(&vm->vgic_lock);
}

/* --- registers --- */

/*
 * Adds what is pending physically of hardware-linked interrupts, where the register shows it. cpu:
 * where the vCPU is loaded that has them; VCPU_NOWHERE: its timer counts for nothing meanwhile.
 */
static void add_physical(const struct vgic_word *w, uint32_t cpu, uint64_t offset,
			 struct vdev_access *access)
{
	if (cpu != VCPU_NOWHERE && vgic_is_pending_register(offset) && w->hw)
		access->value |= gic_pending_word(cpu, vgic_register_word(offset)) & w->hw;
}

/*
 * Other CPUs have to fold before a read of theirs can be answered. They are asked once; the
 * guest reads again until they have, and takes its interrupts in between. True: not yet.
 */
static bool must_wait(struct vcpu *vcpu, uint64_t offset)
{
	struct vgic_cpu *c = &vcpu->vgic;

	if (!c->asked || c->asked_offset != offset)
		return false;
	return !vgic_is_synced(&vcpu->vm->vgic, c->asked);
}

/*
 * Reads of pending and active bits: under the lock, since what moves between model and list
 * registers is in neither for a moment.
 */
static bool __attribute__((noinline))
dist_read_state(struct vcpu *vcpu, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_dist *d = &vcpu->vm->vgic;
	struct vgic_cpu *c = &vcpu->vgic;
	uint64_t offset = access->offset;
	struct vgic_effects fx;
	bool result = true;
	uint32_t bits;

	access->retry = must_wait(vcpu, offset);
	if (access->retry)
		return true;
	vgic_effects_init(&fx);
	fx.word = vgic_register_word(offset);
	lock_acquire(&vcpu->vm->vgic_lock);
	if (vgic_dist_is_exact(d, offset)) {
		fold(vcpu);
		fill(vcpu);
		fx.changed = vgic_loaded_elsewhere(d, c, fx.word);
	}
	if (fx.changed && (!c->asked || c->asked_offset != offset)) {
		c->asked = 0;
		c->asked_offset = offset;
		for (bits = fx.changed; bits; bits &= bits - 1)
			c->asked |= 1u << d->owner[fx.word * 32 + (uint32_t)__builtin_ctz(bits)];
		(void)settle(vcpu->vm, vcpu, &fx);
		access->retry = true;
	} else {
		c->asked = 0;
		result = vgic_dist_read(d, offset, access->bytes, &access->value);
		add_physical(&d->word[fx.word], 0, offset, access);
	}
	lock_release(&vcpu->vm->vgic_lock);
	return result;
}

static inline bool dist_read(struct vcpu *vcpu, struct vdev_access *access)
{
	if (vgic_is_state_register(access->offset))
		return dist_read_state(vcpu, access);
	return vgic_dist_read(&vcpu->vm->vgic, access->offset, access->bytes, &access->value);
}

static bool __attribute__((noinline))
dist_write(struct vcpu *vcpu, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool exact, ok, must_sync;

	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	exact = vgic_dist_is_exact(&vm->vgic, access->offset);
	if (exact)
		fold(vcpu);
	ok = vgic_dist_write(&vm->vgic, access->offset, access->bytes, access->value, &fx);
	must_sync = settle(vm, vcpu, &fx);
	if (must_sync && !exact)
		fold(vcpu);
	if (must_sync || exact)
		fill(vcpu);
	lock_release(&vm->vgic_lock);
	return ok;
}

static bool dist_access(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	return access->write ? dist_write(vcpu, access) : dist_read(vcpu, access);
}

/* Reads and writes that need what is in this CPU's list registers. */
static bool __attribute__((noinline))
redist_exact(struct vcpu *vcpu, uint64_t offset, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_dist *d = &vcpu->vm->vgic;
	struct vgic_effects fx;
	bool result;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vm->vgic_lock);
	fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	if (access->write)
		result = vgic_cpu_write(d, &vcpu->vgic, offset, access->bytes, access->value, &fx);
	else
		result = vgic_cpu_read(d, &vcpu->vgic, offset, access->bytes, &access->value);
	apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
	if (!access->write)
		add_physical(&vcpu->vgic.word0, vcpu->cpu, offset - GICR_SGI_BASE, access);
	return result;
}

static bool __attribute__((noinline))
redist_write(struct vcpu *vcpu, struct vcpu *target, uint64_t offset,
	     const struct vdev_access *access) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool ok;

	vgic_effects_init(&fx);
	lock_acquire(&target->vgic_lock);
	ok = vgic_cpu_write(&vm->vgic, &target->vgic, offset, access->bytes, access->value, &fx);
	if (fx.count)
		apply(vm, target->index, &fx);
	lock_release(&target->vgic_lock);
	if (!fx.kick)
		return ok;
	if (target == vcpu)
		sync(vcpu);
	else
		kick_vcpu(target);
	return ok;
}

/* A read of another vCPU's pending or active bits: see dist_read_state(). */
static bool __attribute__((noinline))
redist_read_remote(struct vcpu *vcpu, struct vcpu *target, uint64_t offset,
		   struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;
	bool result = true;

	access->retry = must_wait(vcpu, access->offset);
	if (access->retry)
		return true;
	vgic_effects_init(&fx);
	lock_acquire(&target->vgic_lock);
	if (vgic_cpu_is_exact(&target->vgic, offset) &&
	    (!c->asked || c->asked_offset != access->offset)) {
		c->asked = 1u << target->index;
		c->asked_offset = access->offset;
		vgic_want_sync(&target->vgic, &fx);
		access->retry = true;
	} else {
		c->asked = 0;
		result = vgic_cpu_read(&vcpu->vm->vgic, &target->vgic, offset, access->bytes,
				       &access->value);
	}
	lock_release(&target->vgic_lock);
	kick_others(vcpu->vm, vcpu, fx.kick);
	return result;
}

static bool __attribute__((noinline))
redist_read(struct vcpu *vcpu, struct vcpu *target, uint64_t offset, struct vdev_access *access)
{
	bool result;

	if (target != vcpu)
		result = redist_read_remote(vcpu, target, offset, access);
	else
		result = vgic_cpu_read(&vcpu->vm->vgic, &target->vgic, offset, access->bytes,
				       &access->value);
	add_physical(&target->vgic.word0, __atomic_load_n(&target->cpu, __ATOMIC_RELAXED),
		     offset - GICR_SGI_BASE, access);
	return result;
}

static bool redist_access(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	uint64_t offset = access->offset;
	uint32_t cpu = vgic_region_cpu(dev, &offset);
	struct vcpu *target;

	if (cpu == VGIC_NO_CPU) { /* no frame: RAZ/WI, as the rest of the region */
		access->value = 0;
		return true;
	}
	target = vcpu->vm->vcpu[cpu];
	if (target == vcpu && vgic_cpu_is_exact(&vcpu->vgic, offset))
		return redist_exact(vcpu, offset, access);
	return access->write ? redist_write(vcpu, target, offset, access)
			     : redist_read(vcpu, target, offset, access);
}

/* --- life of VM and vCPU --- */

void vgic_vcpu_reset(struct vcpu *vcpu) NO_THREAD_CHECK
{
	static const uint64_t none[8];
	uint32_t n;

	sysreg_write(ICH_HCR_EL2, 0);
	for (n = 0; n < vcpu->vgic.lr_count; n++)
		gicv3_lr_write(n, 0);
	vgic_active_priorities_write(none);
	sysreg_write(ICH_VMCR_EL2, 0);
	sysreg_write(ICC_SRE_EL1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	gic_enable(maintenance_intid);
	lock_acquire(&vcpu->vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	vgic_cpu_online(&vcpu->vm->vgic, &vcpu->vgic, true);
	lock_release(&vcpu->vgic_lock);
	fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/* SPIs that any vCPU may have go to another one. */
static void choose_again(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock)
{
	uint32_t w;

	for (w = 1; w < vcpu->vm->vgic.words; w++) {
		struct vgic_effects fx;

		vgic_effects_init(&fx);
		vgic_choose_again(&vcpu->vm->vgic, w, vcpu->index, &fx);
		(void)settle(vcpu->vm, vcpu, &fx);
	}
}

void vgic_vcpu_off(struct vcpu *vcpu) NO_THREAD_CHECK
{
	uint32_t n;

	lock_acquire(&vcpu->vm->vgic_lock);
	fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	vgic_cpu_online(&vcpu->vm->vgic, &vcpu->vgic, false);
	lock_release(&vcpu->vgic_lock);
	for (n = 0; n < vcpu->vgic.lr_count; n++)
		gicv3_lr_write(n, 0);
	sysreg_write(ICH_HCR_EL2, 0);
	choose_again(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/*
 * Everything belongs to the guest but what EL2 serves itself and the lines of emulated devices.
 * An emulated device may have the INTID of the physical one that EL2 took away.
 */
static void link_hardware(struct vm *vm, const struct bootinfo *bi)
{
	const uint32_t not_linked[] = {
		bi->svm_console_intid,
		bi->svm_event_line_intid,
		bi->gic_maintenance_intid,
		bi->timer_hyp_intid,
		CNTHV_INTID,
		bi->uart.bytes ? bi->uart_intid : 0,
	};
	uint32_t intid, i;

	for (intid = VGIC_SGIS; intid < gic_intid_count(); intid++) {
		bool linked = true;

		for (i = 0; i < ARRAY_SIZE(not_linked); i++)
			linked &= intid != not_linked[i];
		if (linked)
			vgic_hw_set(&vm->vgic, intid);
	}
}

/*
 * The frames of the vCPUs in the order of the physical redistributors, region by region, at
 * the stride that the device tree names, or without gaps.
 */
static enum err add_region(struct vm *vm, const struct bootinfo *bi, uint32_t r)
{
	struct vdev vdev = {.name = "GICR", .access = redist_access, .dev = &vm->vgic.region[r]};
	const struct boot_region *region = &bi->gicr[r];
	uint64_t stride = bi->gicr_stride ? bi->gicr_stride : VGIC_GICR_BYTES;
	uint8_t cpu[BOOT_MAX_CPUS];
	uint32_t count = 0;
	uint32_t i, k;
	enum err err;

	if (stride & (stride - 1))
		return ERR_UNSUPPORTED;
	for (i = 0; i < bi->cpu_count; i++) {
		if (!bits_contains(region->base, region->bytes, gic_redistributor(i), 1))
			continue;
		for (k = count++; k > 0 && gic_redistributor(cpu[k - 1]) > gic_redistributor(i);
		     k--)
			cpu[k] = cpu[k - 1];
		cpu[k] = (uint8_t)i;
	}
	if (count * stride > region->bytes)
		return ERR_INVALID;
	err = vgic_region_set(&vm->vgic, r, (uint32_t)__builtin_ctzll(stride), cpu, count);
	if (err != ERR_OK)
		return err;
	vdev.base = region->base;
	vdev.bytes = region->bytes;
	return vdev_register(vm, &vdev);
}

/* The model, with this CPU's list registers and priority bits. */
static enum err model_init(struct vm *vm, uint32_t intid_count)
{
	uint64_t vtr = sysreg_read(ICH_VTR_EL2);
	struct vgic_cpu *cpu[BOOT_MAX_CPUS];
	uint64_t mpidr[BOOT_MAX_CPUS];
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++) {
		cpu[i] = &vm->vcpu[i]->vgic;
		mpidr[i] = vm->vcpu[i]->mpidr;
	}
	return vgic_init(&vm->vgic, cpu, mpidr, vm->vcpu_count, intid_count,
			 (uint32_t)bits_get(vtr, 4, 0) + 1, (uint32_t)bits_get(vtr, 31, 29) + 1);
}

enum err vgic_vm_init(struct vm *vm, const struct bootinfo *bi)
{
	struct vdev gicd = {.name = "GICD",
			    .base = bi->gicd.base,
			    .bytes = VGIC_GICD_BYTES,
			    .access = dist_access};
	enum err err;
	uint32_t i;

	err = model_init(vm, gic_intid_count());
	if (err != ERR_OK)
		return err;
	for (i = 0; i < vm->vcpu_count; i++)
		vm->vcpu[i]->cpu = i;
	if (!(sysreg_read(ICH_VTR_EL2) & ICH_VTR_TDS))
		log_printf(LOG_WARN, "this GIC cannot trap ICC_DIR_EL1: a guest with EOImode 1 may "
				     "lose deactivations");
	link_hardware(vm, bi);
	timer_intid = bi->timer_virt_intid;
	maintenance_intid = bi->gic_maintenance_intid;
	if (maintenance_intid < VGIC_SGIS || maintenance_intid >= VGIC_PRIVATE)
		return ERR_INVALID;
	err = gic_handler_set(maintenance_intid, maintenance, NULL);
	if (err != ERR_OK)
		return err;
	err = vdev_register(vm, &gicd);
	for (i = 0; i < bi->gicr_count && err == ERR_OK; i++)
		err = add_region(vm, bi, i);
	return err;
}

enum err vgic_user_init(struct vm *vm)
{
	const struct vdev gicd = {"GICD", CAISSON_VM_GICD, VGIC_GICD_BYTES, dist_access, NULL};
	const struct vdev gicr = {"GICR", CAISSON_VM_GICR, vm->vcpu_count * VGIC_GICR_BYTES,
				  redist_access, &vm->vgic.region[0]};
	uint8_t cpu[BOOT_MAX_CPUS];
	enum err err = model_init(vm, CAISSON_VM_INTIDS);
	uint32_t i;

	if (timer_intid != CAISSON_VM_TIMER_INTID)
		return ERR_UNSUPPORTED;
	for (i = 0; i < vm->vcpu_count; i++)
		cpu[i] = (uint8_t)i;
	if (err == ERR_OK)
		err = vgic_region_set(&vm->vgic, 0, __builtin_ctzll(VGIC_GICR_BYTES), cpu,
				      vm->vcpu_count);
	if (err == ERR_OK)
		err = vdev_register(vm, &gicd);
	if (err == ERR_OK)
		err = vdev_register(vm, &gicr);
	vgic_hw_set(&vm->vgic, timer_intid);
	return err;
}

void vgic_user_reset(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct world *w = &vcpu->world;
	struct vgic_effects fx;
	struct vgic_lrs lrs;
	uint32_t n;

	for (n = 0; n < VGIC_MAX_LRS; n++)
		lrs.lr[n] = w->lr[n];
	lrs.eoi_count = 0;
	lrs.eoi_mode = false;
	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	vgic_fold(&vm->vgic, &vcpu->vgic, &lrs, &fx);
	vgic_cpu_online(&vm->vgic, &vcpu->vgic, false);
	vgic_cpu_online(&vm->vgic, &vcpu->vgic, true);
	vcpu->cpu = VCPU_NOWHERE;
	vcpu->blocked = false;
	lock_release(&vcpu->vgic_lock);
	settle_moves(vm, &fx, &fx.kick);
	kick_others(vm, vcpu, fx.kick);
	lock_release(&vm->vgic_lock);
	w->ich_hcr = VGIC_HCR_EN;
}
