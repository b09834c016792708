/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time of user VMs. A guest has one count, of vm->time (lib/timescale.h), for its physical and its
 * virtual counter.
 *
 * The physical counter and timer always trap: the hardware's are the service VM's, and no Linux
 * that was started at EL1 uses them. The timer is two numbers (ptimer), and its interrupt a level
 * that EL2 sets: when the guest writes to them, when the vCPU is loaded, and when ptimer_due, in
 * host counts, comes while it is loaded, which EL2's timer tells (hyp/vm/vtimer.c). A vCPU that
 * waits in Linux has it in its deadline.
 *
 * The virtual ones are the hardware's, with an offset, while the frequencies agree: nothing traps.
 * If they do not and the CPU can trap them (FEAT_ECV), EL2 keeps what the guest has set (vtimer)
 * and sets the hardware's timer, whose offset is 0 then, to the first host count at which the
 * guest's is due. So interrupts, waiting and switching worlds are the same as without. As to the
 * host count wrapping, it takes longer than a machine runs. When the guest's own wraps, which is no
 * sooner unless it was set so, a timer that is due stays so until the guest looks at it.
 *
 * EL0's rights to all of this are EL1's to give (CNTKCTL_EL1): a trap to EL1 comes before one to
 * EL2 (DDI 0487 D24.10.3).
 */
#include "hyp/vm/utimer.h"

#include "arch/aarch64/sysreg.h"
#include "hyp/core/panic.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vtimer.h"
#include "lib/aarch32.h"

#define CTL_GUEST (TIMER_ENABLE | TIMER_IMASK)

/* Of S3_3_C14_CRm_op2: CRm and op2. */
enum { CRM_CNTP = 2, CRM_CNTV = 3 };
enum { TVAL = 0, CTL = 1, CVAL = 2 };

/* --- the physical timer --- */

void utimer_look(struct uvcpu *u)
{
	uint64_t now = sysreg_read(cntpct_el0), due = TIMESCALE_NEVER;
	bool level = false;

	if ((u->ptimer.ctl & CTL_GUEST) == TIMER_ENABLE) {
		due = timescale_deadline(&u->vcpu.vm->time, now, u->ptimer.cval);
		level = due <= now;
	}
	u->ptimer_due = level ? TIMESCALE_NEVER : due;
	vgic_ppi_set(&u->vcpu, CAISSON_VM_PTIMER_INTID, level);
}

/* The vCPU is loaded nowhere: when it is, its physical timer is looked at. */
static void look_later(struct uvcpu *u)
{
	u->ptimer_due = 0;
}

/* --- the virtual timer --- */

/* The hardware's compare value for what the guest has set. */
static uint64_t vtimer_hardware(const struct uvcpu *u)
{
	if ((u->vtimer.ctl & CTL_GUEST) != TIMER_ENABLE)
		return TIMESCALE_NEVER;
	return timescale_deadline(&u->vcpu.vm->time, sysreg_read(cntpct_el0), u->vtimer.cval);
}

/* The guest's values of a vCPU that is not loaded. */
static struct utimer vtimer_get(const struct uvcpu *u)
{
	const struct world *w = &u->vcpu.world;

	if (u->vcpu.vm->has_scaled_vtimer)
		return u->vtimer;
	return (struct utimer){.ctl = w->cntv_ctl & CTL_GUEST, .cval = w->cntv_cval};
}

static void vtimer_set(struct uvcpu *u, struct utimer timer)
{
	struct world *w = &u->vcpu.world;

	u->vtimer = timer;
	w->cntv_ctl = timer.ctl;
	w->cntv_cval = u->vcpu.vm->has_scaled_vtimer ? vtimer_hardware(u) : timer.cval;
}

/* --- accesses --- */

static uint64_t timer_read(const struct vcpu *vcpu, const struct utimer *timer, unsigned int reg)
{
	uint64_t guest = utimer_count(vcpu);

	if (reg == TVAL)
		return timescale_tval_read(guest, timer->cval);
	if (reg == CVAL)
		return timer->cval;
	return timer->ctl |
	       ((timer->ctl & TIMER_ENABLE) && guest >= timer->cval ? TIMER_ISTATUS : 0);
}

static void timer_write(const struct vcpu *vcpu, struct utimer *timer, unsigned int reg,
			uint64_t value)
{
	if (reg == TVAL)
		timer->cval = timescale_tval_write(utimer_count(vcpu), value);
	else if (reg == CVAL)
		timer->cval = value;
	else
		timer->ctl = value & CTL_GUEST;
}

/* A register of a timer's, of the vCPU that is loaded here. False: there is none. */
static bool timer_access(struct vcpu *vcpu, unsigned int crm, unsigned int reg, bool read,
			 uint64_t *value)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	struct utimer *timer = crm == CRM_CNTP ? &u->ptimer : &u->vtimer;

	if (reg > CVAL || (crm != CRM_CNTP && (crm != CRM_CNTV || !vcpu->vm->has_scaled_vtimer)))
		return false;
	if (read) {
		*value = timer_read(vcpu, timer, reg);
		return true;
	}
	timer_write(vcpu, timer, reg, *value);
	if (crm == CRM_CNTP) {
		utimer_look(u);
		vtimer_ptimer_changed(vcpu);
	} else {
		sysreg_write(cntv_cval_el0, vtimer_hardware(u));
		sysreg_write(cntv_ctl_el0, u->vtimer.ctl);
	}
	return true;
}

enum exit_action utimer_access(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int key = esr_sysreg(esr), rt = esr_sysreg_rt(esr);
	bool read = esr_sysreg_is_read(esr);
	uint64_t value = read ? 0 : vcpu_reg_get(vcpu, rt);

	if (!timer_access(vcpu, key >> 3 & 15, key & 7, read, &value))
		return EXIT_INJECT_UNDEF;
	if (read)
		vcpu_reg_set(vcpu, rt, value);
	return EXIT_ADVANCE;
}

/* CNTP_TVAL, CNTP_CTL, CNTV_TVAL, CNTV_CTL (DDI 0487 G8.7). */
enum exit_action utimer_exit_cp15(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int reg = aarch32_reg(esr), rt = esr_sysreg_rt(esr);
	bool read = esr_sysreg_is_read(esr);
	uint64_t value = read ? 0 : vcpu_reg_get(vcpu, rt);

	if (!aarch32_condition_holds(esr, sysreg_read(spsr_el2)))
		return EXIT_ADVANCE;
	if ((reg & ~0x7fu) != AARCH32_REG(0, 14, 0, 0) || (reg & 7) == CVAL ||
	    !timer_access(vcpu, reg >> 3 & 15, reg & 7, read, &value))
		return EXIT_INJECT_UNDEF;
	if (read)
		vcpu_reg_set(vcpu, rt, (uint32_t)value);
	return EXIT_ADVANCE;
}

/* MRRC, MCRR with CRm 14, by opc1. */
enum { CNTPCT32 = 0, CNTVCT32 = 1, CNTP_CVAL32 = 2, CNTV_CVAL32 = 3, CNTPCTSS32 = 8, CNTVCTSS32 };

enum exit_action utimer_exit_cp15_pair(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int rt = esr_sysreg_rt(esr), rt2 = (unsigned int)bits_get(esr, 14, 10);
	uint64_t opc1 = bits_get(esr, 19, 16), value = 0;
	bool read = esr_sysreg_is_read(esr), done = false;

	if (!aarch32_condition_holds(esr, sysreg_read(spsr_el2)))
		return EXIT_ADVANCE;
	if (bits_get(esr, 4, 1) != 14)
		return EXIT_INJECT_UNDEF;
	if (!read)
		value = vcpu_reg_get(vcpu, rt2) << 32 | (uint32_t)vcpu_reg_get(vcpu, rt);
	if (opc1 == CNTP_CVAL32 || opc1 == CNTV_CVAL32) {
		done = timer_access(vcpu, opc1 == CNTP_CVAL32 ? CRM_CNTP : CRM_CNTV, CVAL, read,
				    &value);
	} else if (read && (opc1 <= CNTVCT32 || opc1 == CNTPCTSS32 || opc1 == CNTVCTSS32)) {
		value = utimer_count(vcpu);
		done = true;
	}
	if (!done)
		return EXIT_INJECT_UNDEF;
	if (read) {
		vcpu_reg_set(vcpu, rt, (uint32_t)value);
		vcpu_reg_set(vcpu, rt2, value >> 32);
	}
	return EXIT_ADVANCE;
}

/* --- state --- */

void utimer_reset(struct uvcpu *u)
{
	u->ptimer = (struct utimer){0};
	vtimer_set(u, (struct utimer){0});
	look_later(u);
}

void utimer_state_get(const struct uvcpu *u, struct vcpu_state *state)
{
	struct utimer vtimer = vtimer_get(u);

	state->cntv_ctl_el0 = vtimer.ctl;
	state->cntv_cval_el0 = vtimer.cval;
	state->cntp_ctl_el0 = u->ptimer.ctl;
	state->cntp_cval_el0 = u->ptimer.cval;
}

void utimer_state_set(struct uvcpu *u, const struct vcpu_state *state)
{
	u->ptimer.ctl = state->cntp_ctl_el0 & CTL_GUEST;
	u->ptimer.cval = state->cntp_cval_el0;
	vtimer_set(u, (struct utimer){.ctl = state->cntv_ctl_el0 & CTL_GUEST,
				      .cval = state->cntv_cval_el0});
	look_later(u);
}

/* --- a VM's time --- */

static bool has_ecv(void)
{
	return bits_get(sysreg_read(id_aa64mmfr0_el1), 63, 60) != 0;
}

static void vm_set(struct vm *vm, const struct timescale *time, enum caisson_time_mode mode)
{
	vm->time = *time;
	vm->time_mode = mode;
	vm->has_scaled_vtimer = time->guest_hz != time->host_hz && has_ecv();
	/* Of counters that do not agree it makes no difference, but for the moment h0. */
	vm->cntvoff = vm->has_scaled_vtimer ? 0 : time->h0 - time->g0;
	vm->cnthctl = vm->has_scaled_vtimer ? CNTHCTL_EL1TVT | CNTHCTL_EL1TVCT : 0;
}

void utimer_make(struct vm *vm)
{
	uint64_t hz = sysreg_read(cntfrq_el0);
	struct timescale time;

	if (timescale_set(&time, hz, hz, 0, sysreg_read(cntpct_el0)) == ERR_OK)
		vm_set(vm, &time, CAISSON_TIME_MODE_NATIVE);
}

/* Each vCPU's timers stay as the guest has set them. */
static void vm_change(struct uvm *uvm, const struct timescale *time, enum caisson_time_mode mode)
{
	uint32_t i;

	for (i = 0; i < uvm->vm.vcpu_count; i++)
		uvm->vcpu[i].vtimer = vtimer_get(&uvm->vcpu[i]);
	vm_set(&uvm->vm, time, mode);
	for (i = 0; i < uvm->vm.vcpu_count; i++) {
		vtimer_set(&uvm->vcpu[i], uvm->vcpu[i].vtimer);
		look_later(&uvm->vcpu[i]);
	}
}

/* Under the slot's lock. */
static enum caisson_status time_set(struct slot *slot, struct vcpu *caller)
{
	static const enum caisson_time_mode told[] = {
		[0] = CAISSON_TIME_MODE_NATIVE,
		[CAISSON_TIME_MASKED] = CAISSON_TIME_MODE_MASKED,
		[CAISSON_TIME_FRAME] = CAISSON_TIME_MODE_FRAME,
	};
	uint64_t guest_hz = caller->x[3], host_hz = sysreg_read(cntfrq_el0), flags = caller->x[6];
	bool has_frame = slot->uvm->vm.time_mode == CAISSON_TIME_MODE_FRAME;
	enum caisson_time_mode mode;
	struct timescale time;

	if (flags >= ARRAY_SIZE(told) || caller->x[5] > sysreg_read(cntpct_el0) ||
	    (guest_hz != host_hz && (guest_hz < TIMESCALE_MIN_HZ || guest_hz > TIMESCALE_MAX_HZ)))
		return CAISSON_INVALID;
	mode = told[bounded_index(flags, ARRAY_SIZE(told))];
	if (guest_hz != host_hz && mode == CAISSON_TIME_MODE_NATIVE)
		mode = CAISSON_TIME_MODE_ECV;
	if (timescale_set(&time, guest_hz, host_hz, caller->x[4], caller->x[5]) != ERR_OK ||
	    (mode == CAISSON_TIME_MODE_ECV && !has_ecv()))
		return CAISSON_UNSUPPORTED;
	if (slot_is_running(slot))
		return CAISSON_STATE;
	if (has_frame && mode != CAISSON_TIME_MODE_FRAME)
		uframe_end(slot->uvm);
	vm_change(slot->uvm, &time, mode);
	if (has_frame && mode == CAISSON_TIME_MODE_FRAME)
		uframe_time_changed(slot->uvm);
	else if (mode == CAISSON_TIME_MODE_FRAME && uframe_make(slot->uvm) != ERR_OK)
		panic("no room for a user VM's timer frame");
	caller->x[1] = mode;
	return CAISSON_OK;
}

enum caisson_status uvm_time_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK)
		status = time_set(slot, caller);
	lock_release(&slot->lock);
	return status;
}

enum caisson_status uvm_time_get(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK) {
		const struct vm *vm = &slot->uvm->vm;
		uint64_t now = sysreg_read(cntpct_el0);

		caller->x[1] = vm->time.guest_hz | (uint64_t)vm->time_mode << 32;
		caller->x[2] = timescale_guest(&vm->time, now);
		caller->x[3] = now;
	}
	lock_release(&slot->lock);
	return status;
}
