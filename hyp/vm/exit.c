/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits from guests, by exception class. The vectors call exit_*() with the guest's general
 * registers in the vCPU and everything else still in the system registers.
 */
#include "hyp/vm/exit.h"

#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/panic.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/dcc.h"
#include "hyp/vm/run.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/vgic.h"
#include "lib/esr.h"
#include "lib/guestexc.h"

/* Called by arch/aarch64/vectors.S; each returns the vCPU to enter. */
struct vcpu *exit_sync(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_irq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_fiq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr);

enum exit_action exit_unhandled(struct vcpu *vcpu, uint64_t esr)
{
	static uint64_t seen;

	if (log_first(&seen, esr_class(esr)))
		log_printf(LOG_WARN, "%s: vCPU %u: %s (ESR 0x%lx) at 0x%lx is UNDEFINED for it",
			   vcpu->vm->name, vcpu->index, esr_class_name(esr_class(esr)), esr,
			   sysreg_read(elr_el2));
	return EXIT_INJECT_UNDEF;
}

static enum exit_action instruction_abort(struct vcpu *vcpu, uint64_t esr)
{
	static uint64_t seen;
	uint64_t ipa = bits_get(sysreg_read(hpfar_el2), 43, 4) << 12;

	/* There by now; but for a GICv2's CPU interface, which is there and not executable. */
	if (esr_fault(esr) != ESR_FAULT_PERMISSION && stage2_has(vcpu->vm, ipa))
		return EXIT_RESUME;
	if (log_first(&seen, vcpu->index))
		log_printf(LOG_WARN, "%s: vCPU %u: fetch from IPA 0x%lx, which it does not have",
			   vcpu->vm->name, vcpu->index, ipa);
	return EXIT_INJECT_ABORT;
}

exit_handler_fn *const exit_service_vm[ESR_EC_COUNT] = {
	[0 ... ESR_EC_CP14_RT - 1] = exit_unhandled,
	[ESR_EC_CP14_RT] = dcc_exit_cp14,
	[ESR_EC_CP14_LS] = dcc_exit_cp14_memory,
	[ESR_EC_CP14_LS + 1 ... ESR_EC_CP14_RRT - 1] = exit_unhandled,
	[ESR_EC_CP14_RRT] = dcc_exit_cp14_pair,
	[ESR_EC_CP14_RRT + 1 ... ESR_EC_HVC64 - 1] = exit_unhandled,
	[ESR_EC_HVC64] = smccc_exit_hvc,
	[ESR_EC_SMC64] = smccc_exit_smc,
	[ESR_EC_SYSREG] = sysreg_exit_service,
	[ESR_EC_SYSREG + 1 ... ESR_EC_INSN_ABORT_LOWER - 1] = exit_unhandled,
	[ESR_EC_INSN_ABORT_LOWER] = instruction_abort,
	[ESR_EC_INSN_ABORT_LOWER + 1 ... ESR_EC_DATA_ABORT_LOWER - 1] = exit_unhandled,
	[ESR_EC_DATA_ABORT_LOWER] = mmio_exit,
	[ESR_EC_DATA_ABORT_LOWER + 1 ... ESR_EC_BREAKPOINT_LOWER - 1] = exit_unhandled,
	[ESR_EC_BREAKPOINT_LOWER... ESR_EC_BRK64] = dbg_exit,
	[ESR_EC_BRK64 + 1 ... ESR_EC_COUNT - 1] = exit_unhandled,
};

void exit_enter_el1(const struct guestexc_entry *entry)
{
	sysreg_write(elr_el1, entry->elr);
	sysreg_write(spsr_el1, entry->spsr_el1);
	sysreg_write(esr_el1, entry->esr);
	sysreg_write(elr_el2, entry->pc);
	sysreg_write(spsr_el2, entry->spsr);
}

static __attribute__((noinline)) void inject(uint64_t esr, enum exit_action action)
{
	struct guestexc_state state = {
		.pc = sysreg_read(elr_el2),
		.spsr = sysreg_read(spsr_el2),
		.sctlr = sysreg_read(sctlr_el1),
		.vbar = sysreg_read(vbar_el1),
	};
	struct guestexc_entry entry;

	if (action == EXIT_INJECT_ABORT) {
		entry = guestexc_external_abort(&state, esr);
		sysreg_write(far_el1, sysreg_read(far_el2));
	} else if (action == EXIT_INJECT_TRAP) {
		entry = guestexc_trap(&state, esr);
	} else {
		entry = guestexc_undef(&state, esr & ESR_IL);
	}
	exit_enter_el1(&entry);
}

void exit_advance_aarch32(uint64_t esr)
{
	uint64_t pc = sysreg_read(elr_el2);
	uint64_t spsr = sysreg_read(spsr_el2);

	guestexc_advance_aarch32(&pc, &spsr, esr & ESR_IL);
	sysreg_write(elr_el2, pc);
	sysreg_write(spsr_el2, spsr);
}

/* What this CPU, whose vCPU may be another one than it was, is to enter. */
static struct vcpu *enter_current(void)
{
	struct vcpu *vcpu = percpu_this()->current;

	if (dbg_active() && !vcpu->vm->is_user)
		dbg_hold(vcpu);
	return vcpu;
}

struct vcpu *exit_sync(struct vcpu *vcpu, uint64_t esr)
{
	enum exit_action action = vcpu->exits[esr_class(esr)](vcpu, esr);

	if (action == EXIT_ADVANCE)
		exit_advance(esr);
	else if (action == EXIT_SWITCHED)
		return enter_current();
	else if (action == EXIT_POWERED_OFF)
		return run_idle(percpu_this()->current);
	else if (action != EXIT_RESUME)
		inject(esr, action);
	return vcpu;
}

/* What is not the service VM's on a GICv3. */
static __attribute__((noinline)) struct vcpu *irq_other(struct vcpu *vcpu)
{
	enum exit_action action;

	if (!vcpu->vm->is_user) {
		vgic_irq_exit(vcpu);
		return enter_current();
	}
	action = uexit_irq(vcpu);
	if (action == EXIT_POWERED_OFF)
		return run_idle(percpu_this()->current);
	return enter_current();
}

struct vcpu *exit_irq(struct vcpu *vcpu, uint64_t esr)
{
	if (!vcpu->vm->has_plain_irqs)
		return irq_other(vcpu);
	vgic_irq_take3(vcpu, gic_acknowledge(false));
	if (dbg_active())
		dbg_hold(vcpu);
	return vcpu;
}

/* Caisson's interrupts are all in one group, that of IRQs, so an FIQ is the firmware's; it is not
 * EL2's to take. */
struct vcpu *exit_fiq(struct vcpu *vcpu, uint64_t esr)
{
	static uint64_t seen;

	if (log_first(&seen, 0))
		log_printf(LOG_WARN, "CPU %u: FIQ taken to EL2 and ignored", percpu_this()->index);
	return vcpu;
}

/* With FEAT_RAS: an error that may have spread anywhere (ISS encoding for an SError, AET 0). */
static bool is_uncontainable(uint64_t esr)
{
	return bits_get(sysreg_read(id_aa64pfr0_el1), 31, 28) != 0 && !(esr & ESR_SERROR_IDS) &&
	       bits_get(esr, 5, 0) == ESR_SERROR_DFSC && bits_get(esr, 12, 10) == 0;
}

/*
 * SErrors are masked in EL2, so this one came before the exit or from a device access made in
 * EL2. Unless it may have spread, it is made pending for the guest, which owns the devices.
 */
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr)
{
	static uint64_t seen;

	if (is_uncontainable(esr))
		panic("uncontainable SError, ESR_EL2 0x%lx", esr);

	if (log_first(&seen, 0))
		log_printf(LOG_ERROR, "%s: vCPU %u: SError, ESR 0x%lx", vcpu->vm->name, vcpu->index,
			   esr);
	if (bits_get(sysreg_read(id_aa64pfr0_el1), 31, 28) != 0)
		sysreg_write(VSESR_EL2, esr & ESR_ISS);
	sysreg_write(hcr_el2, sysreg_read(hcr_el2) | HCR_VSE);
	return vcpu;
}
