/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory-mapped timer of a user VM: lib/timerframe.h in the VM's time, its interrupts two SPIs.
 *
 * It belongs to the whole VM, so what is due when does not go with a vCPU, and not with the world
 * that a CPU is in: the CPU where it was set last looks when that time comes (armed_on), by EL2's
 * timer, whoever runs there by then. So it makes no difference whether the vCPU that set it has
 * gone off, waits for Linux, or moved. Setting it anew elsewhere leaves the CPU before with an
 * interrupt for nothing at most, where `armed` has the VM's bit and armed_on says otherwise.
 *
 * What a look finds goes to the vGIC, and from there to a vCPU that is loaded, or as a wake-up
 * (wake_set): in the run page if a vCPU of the VM is loaded here, else by the event line. That is a
 * long way for each tick of a guest that sleeps. So a vCPU that is about to wait in Linux takes
 * with it the time when an interrupt that is routed to it is due (sleeps_until), and its thread
 * comes by itself. A look that finds this interrupt due, and the vCPU `blocked`, leaves it at that
 * (UFRAME_SLEEPER): the vCPU looks when it is loaded. If it was told of a time that has changed, or
 * the interrupt goes to another vCPU now, the look does its work, and the wake-up goes out.
 *
 * Nothing is lost between the two: a vCPU that is loaded first stops being blocked (under its vGIC
 * lock, hyp/vm/vgic_switch.c) and then, under the frame's lock, looks for UFRAME_SLEEPER; who
 * leaves it to a sleeper reads `blocked` under the frame's lock, too. Whichever comes second sees
 * what the other did. Taking the time along before it is blocked is no race: what is due before
 * that is made pending in the vGIC, or finds sleeps_until later than it should be.
 *
 * The lock guards the registers, what is due, and the lines as the vGIC was told, which is told
 * under it so that rising and falling come in the order of their causes. It comes after a slot's
 * lock and before the vGIC's. The counters alone are read without it. A CPU's timer finds the VM by
 * its slot, under whose lock it does not end, nor change its time.
 */
#include "hyp/vm/uframe.h"

#include "hyp/core/timer.h"
#include "hyp/vm/event.h"
#include "hyp/vm/slot.h"
#include "lib/timescale.h"

static const uint32_t intid_of[TIMERFRAME_TIMERS] = {
	[TIMERFRAME_PHYS] = CAISSON_VM_FRAME_PHYS_INTID,
	[TIMERFRAME_VIRT] = CAISSON_VM_FRAME_VIRT_INTID,
};

/* VMs that this CPU's timer is set for, a bit each. That CPU's. */
static uint32_t armed[BOOT_MAX_CPUS];

static uint64_t guest_count(const struct vm *vm, uint64_t now)
{
	return timescale_guest(&vm->time, now);
}

/* --- what is due --- */

static void arm(struct uvm *uvm, uint64_t first) REQUIRES(uvm->frame.lock)
{
	uint32_t cpu = percpu_this()->index;

	if (first == TIMER_NEVER) {
		uvm->frame.armed_on = UFRAME_NOWHERE;
		return;
	}
	uvm->frame.armed_on = cpu;
	armed[cpu] |= 1u << uvm->slot;
	timer_call_at(TIMER_FRAMES, first);
}

/* The lines are as they are to be now, and this CPU looks when that changes. */
static void look(struct uvm *uvm) REQUIRES(uvm->frame.lock)
{
	struct uframe *f = &uvm->frame;
	uint64_t now = sysreg_read(cntpct_el0), first = TIMER_NEVER, at;
	uint64_t count = guest_count(&uvm->vm, now);
	enum timerframe_which which;
	bool level;

	for (which = TIMERFRAME_PHYS; which < TIMERFRAME_TIMERS; which++) {
		f->due[which] = TIMER_NEVER;
		if (timerframe_rises(&f->model, which, count, &at))
			f->due[which] = timescale_deadline(&uvm->vm.time, now, at);
		if (f->due[which] < first)
			first = f->due[which];
		level = timerframe_line(&f->model, which, count);
		if (level != f->line[which]) {
			f->line[which] = level;
			vdev_irq_set(&uvm->vm, intid_of[which], level);
		}
	}
	arm(uvm, first);
}

/*
 * Is something due, and will a vCPU's thread come for all of that? Not if there is more to wait
 * for, which would have to wait for that thread, too.
 */
static bool is_left_to_sleeper(const struct uvm *uvm) REQUIRES(uvm->frame.lock)
{
	uint64_t now = sysreg_read(cntpct_el0);
	enum timerframe_which which;
	bool is_due = false;

	for (which = TIMERFRAME_PHYS; which < TIMERFRAME_TIMERS; which++) {
		uint64_t due = uvm->frame.due[which];
		uint32_t target = uvm->vm.vgic.target[intid_of[which]];

		if (due == TIMER_NEVER)
			continue;
		if (due > now || target >= uvm->vm.vcpu_count ||
		    !__atomic_load_n(&uvm->vcpu[target].vcpu.blocked, __ATOMIC_RELAXED) ||
		    uvm->vcpu[target].sleeps_until > due)
			return false;
		is_due = true;
	}
	return is_due;
}

static void expire(struct uvm *uvm) NO_THREAD_CHECK
{
	struct uframe *f = &uvm->frame;

	lock_acquire(&f->lock);
	if (f->armed_on == percpu_this()->index) {
		if (is_left_to_sleeper(uvm))
			f->armed_on = UFRAME_SLEEPER;
		else
			look(uvm);
	}
	lock_release(&f->lock);
}

/*
 * For a place where wake_set is another VM's or nobody's: what comes to it in between is told with
 * the end of the VM's run here, or by the event line. Under the slot's lock.
 */
static uint32_t wakes_begin(void)
{
	struct percpu *p = percpu_this();
	uint32_t others = p->wake_set;

	p->wake_set = 0;
	return others;
}

static void wakes_end(const struct uvm *uvm, uint32_t others)
{
	struct percpu *p = percpu_this();
	uint32_t set = p->wake_set;

	p->wake_set = others;
	if (p->current && p->current->vm == &uvm->vm)
		p->wake_set |= set;
	else if (set)
		event_post(EVENT_WAKE, uvm->slot, set);
}

static bool has_frame(const struct slot *slot)
{
	return slot->uvm->vm.time_mode == CAISSON_TIME_MODE_FRAME;
}

/* The time has come that this CPU was to look at, or an earlier one that has lost its meaning. */
static void look_at_armed(void) NO_THREAD_CHECK
{
	uint32_t cpu = percpu_this()->index, set = armed[cpu], others;

	armed[cpu] = 0;
	for (; set; set &= set - 1) {
		struct slot *slot = &slots[__builtin_ctz(set)];

		lock_acquire(&slot->lock);
		if (slot->state == SLOT_LIVE && has_frame(slot)) {
			others = wakes_begin();
			expire(slot->uvm);
			wakes_end(slot->uvm, others);
		}
		lock_release(&slot->lock);
	}
}

void uframe_init(void)
{
	timer_set_call(TIMER_FRAMES, look_at_armed);
}

void uframe_loaded(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct uvm *uvm = uvm_of(vcpu);

	lock_acquire(&uvm->frame.lock);
	if (uvm->frame.armed_on == UFRAME_SLEEPER)
		look(uvm);
	lock_release(&uvm->frame.lock);
}

uint64_t uframe_wait(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct uvm *uvm = uvm_of(vcpu);
	uint64_t until = UINT64_MAX;
	enum timerframe_which which;

	lock_acquire(&uvm->frame.lock);
	for (which = TIMERFRAME_PHYS; which < TIMERFRAME_TIMERS; which++) {
		if (uvm->vm.vgic.target[intid_of[which]] == vcpu->index &&
		    uvm->frame.due[which] < until)
			until = uvm->frame.due[which];
	}
	uvcpu_of(vcpu)->sleeps_until = until;
	lock_release(&uvm->frame.lock);
	return until;
}

/* --- accesses --- */

static __attribute__((noinline)) bool access_registers(struct vcpu *vcpu, enum timerframe_page page,
						       struct vdev_access *access) NO_THREAD_CHECK
{
	struct uvm *uvm = uvm_of(vcpu);
	struct uframe *f = &uvm->frame;
	uint64_t count;
	bool done;

	lock_acquire(&f->lock);
	count = guest_count(&uvm->vm, sysreg_read(cntpct_el0));
	if (access->write) {
		done = timerframe_write(&f->model, page, count, access->offset, access->bytes,
					access->value);
		look(uvm);
	} else {
		done = timerframe_read(&f->model, page, count, access->offset, access->bytes,
				       &access->value);
	}
	lock_release(&f->lock);
	return done;
}

static bool access_ctl(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	return access_registers(vcpu, TIMERFRAME_CTL, access);
}

static bool access_base(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	if (access->write || !timerframe_is_count(access->offset))
		return access_registers(vcpu, TIMERFRAME_BASE, access);
	return timerframe_read_count(&uvm_of(vcpu)->frame.model,
				     guest_count(vcpu->vm, sysreg_read(cntpct_el0)), access->offset,
				     access->bytes, &access->value);
}

/* --- a VM's frame --- */

static const struct vdev pages[] = {
	{"CNTCTLBase", CAISSON_VM_TIMER_CTL, TIMERFRAME_BYTES, access_ctl, NULL},
	{"CNTBase0", CAISSON_VM_TIMER_FRAME, TIMERFRAME_BYTES, access_base, NULL},
};

enum err uframe_make(struct uvm *uvm)
{
	struct uframe *f = &uvm->frame;
	enum err err;

	lock_init(&f->lock, LOCK_TIMER_FRAME);
	timerframe_reset(&f->model, (uint32_t)uvm->vm.time.guest_hz);
	f->due[TIMERFRAME_PHYS] = TIMER_NEVER;
	f->due[TIMERFRAME_VIRT] = TIMER_NEVER;
	f->armed_on = UFRAME_NOWHERE;
	err = vdev_register(&uvm->vm, &pages[0]);
	return err == ERR_OK ? vdev_register(&uvm->vm, &pages[1]) : err;
}

void uframe_time_changed(struct uvm *uvm)
{
	uint32_t others = wakes_begin();

	lock_acquire(&uvm->frame.lock);
	look(uvm);
	lock_release(&uvm->frame.lock);
	wakes_end(uvm, others);
}

void uframe_end(struct uvm *uvm)
{
	uint32_t others = wakes_begin(), i;

	lock_acquire(&uvm->frame.lock);
	timerframe_reset(&uvm->frame.model, 0);
	look(uvm); /* its lines fall */
	lock_release(&uvm->frame.lock);
	wakes_end(uvm, others);
	/* Nothing was added behind its pages. */
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		uvm->vm.vdev[--uvm->vm.vdev_count] = (struct vdev){0};
}

/* --- state --- */

static const uint64_t bits_of[CAISSON_FRAME_REGS] = {
	[CAISSON_FRAME_CNTFRQ] = UINT32_MAX,
	[CAISSON_FRAME_CNTACR] = TIMERFRAME_ALL,
	[CAISSON_FRAME_CNTVOFF] = UINT64_MAX,
	[CAISSON_FRAME_CNTP_CVAL] = UINT64_MAX,
	[CAISSON_FRAME_CNTV_CVAL] = UINT64_MAX,
	[CAISSON_FRAME_CNTP_CTL] = TIMERFRAME_ENABLE | TIMERFRAME_IMASK,
	[CAISSON_FRAME_CNTV_CTL] = TIMERFRAME_ENABLE | TIMERFRAME_IMASK,
};

static uint64_t register_get(const struct timerframe *m, enum caisson_frame_reg reg)
{
	switch (reg) {
	case CAISSON_FRAME_CNTFRQ:
		return m->cntfrq;
	case CAISSON_FRAME_CNTACR:
		return m->cntacr;
	case CAISSON_FRAME_CNTVOFF:
		return m->cntvoff;
	case CAISSON_FRAME_CNTP_CVAL:
		return m->timer[TIMERFRAME_PHYS].cval;
	case CAISSON_FRAME_CNTV_CVAL:
		return m->timer[TIMERFRAME_VIRT].cval;
	case CAISSON_FRAME_CNTP_CTL:
		return m->timer[TIMERFRAME_PHYS].ctl;
	default:
		return m->timer[TIMERFRAME_VIRT].ctl;
	}
}

/* The timer is on or off as it was, and its line set, whatever the vGIC was told before. */
static void ctl_set(struct uvm *uvm, enum timerframe_which which, uint32_t ctl)
	REQUIRES(uvm->frame.lock)
{
	struct uframe *f = &uvm->frame;

	f->model.timer[which].ctl = ctl;
	f->line[which] =
		timerframe_line(&f->model, which, guest_count(&uvm->vm, sysreg_read(cntpct_el0)));
	vdev_irq_set(&uvm->vm, intid_of[which], f->line[which]);
	look(uvm);
}

static void register_set(struct uvm *uvm, enum caisson_frame_reg reg, uint64_t value)
	REQUIRES(uvm->frame.lock)
{
	struct timerframe *m = &uvm->frame.model;

	switch (reg) {
	case CAISSON_FRAME_CNTFRQ:
		m->cntfrq = (uint32_t)value;
		break;
	case CAISSON_FRAME_CNTACR:
		m->cntacr = (uint32_t)value;
		break;
	case CAISSON_FRAME_CNTVOFF:
		m->cntvoff = value;
		break;
	case CAISSON_FRAME_CNTP_CVAL:
		m->timer[TIMERFRAME_PHYS].cval = value;
		break;
	case CAISSON_FRAME_CNTV_CVAL:
		m->timer[TIMERFRAME_VIRT].cval = value;
		break;
	case CAISSON_FRAME_CNTP_CTL:
		ctl_set(uvm, TIMERFRAME_PHYS, (uint32_t)value);
		break;
	default:
		ctl_set(uvm, TIMERFRAME_VIRT, (uint32_t)value);
		break;
	}
}

/* Under the slot's lock: may the frame's register x3 be looked at or changed? */
static enum caisson_status check(const struct slot *slot, const struct vcpu *caller)
{
	enum caisson_status status = slot_check(slot, caller);

	if (status != CAISSON_OK)
		return status;
	if (!has_frame(slot))
		return CAISSON_STATE;
	if (caller->x[3] >= CAISSON_FRAME_REGS)
		return CAISSON_INVALID;
	return slot_is_running(slot) ? CAISSON_BUSY : CAISSON_OK;
}

enum caisson_status uvm_frame_get(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = check(slot, caller);
	if (status == CAISSON_OK) {
		lock_acquire(&slot->uvm->frame.lock);
		caller->x[1] =
			register_get(&slot->uvm->frame.model, (enum caisson_frame_reg)caller->x[3]);
		lock_release(&slot->uvm->frame.lock);
	}
	lock_release(&slot->lock);
	return status;
}

enum caisson_status uvm_frame_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	uint32_t others;

	lock_acquire(&slot->lock);
	status = check(slot, caller);
	if (status == CAISSON_OK &&
	    (caller->x[4] & ~bits_of[bounded_index(caller->x[3], CAISSON_FRAME_REGS)]))
		status = CAISSON_INVALID;
	if (status == CAISSON_OK) {
		others = wakes_begin();
		lock_acquire(&slot->uvm->frame.lock);
		register_set(slot->uvm, (enum caisson_frame_reg)caller->x[3], caller->x[4]);
		lock_release(&slot->uvm->frame.lock);
		wakes_end(slot->uvm, others);
	}
	lock_release(&slot->lock);
	return status;
}
