/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/run.h"

#include "arch/aarch64/asm_offsets.h"
#include "arch/aarch64/barrier.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/dcc.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/vgic.h"

#include <string.h>

_Static_assert(offsetof(struct vcpu, x) == VCPU_X0, "vectors.S");
_Static_assert(offsetof(struct vcpu, stack) == VCPU_STACK, "vectors.S");

/* arch/aarch64/vectors.S */
void vectors_guest_enter(struct vcpu *vcpu) __attribute__((noreturn));

/*
 * Traps of the service VM (Arm ARM DDI 0487 D24.2.49): stage 2 on; interrupts and SErrors to
 * EL2; SMC, ID registers, implementation-defined registers, ACTLR_EL1, error records,
 * LORegions, GMID_EL1 trap. Pointer authentication and SCXTNUM are its own. WFI and WFE do not
 * trap: it has the CPU to itself.
 */
#define HCR_SVM                                                                                    \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 | HCR_TSC | HCR_TIDCP |        \
	 HCR_TACR | HCR_RW | HCR_TLOR | HCR_TERR | HCR_APK | HCR_API | HCR_ENSCXT | HCR_TID5)

/* Fine-grained traps: nothing more is trapped, but the inverted bits trap what is hidden. */
static void fgt_init(uint64_t version, bool has_amu)
{
	sysreg_write(HFGRTR_EL2, 0);
	sysreg_write(HFGWTR_EL2, 0);
	sysreg_write(HFGITR_EL2, 0);
	sysreg_write(HDFGRTR_EL2, 0);
	sysreg_write(HDFGWTR_EL2, 0);
	if (has_amu)
		sysreg_write(HAFGRTR_EL2, 0);
	if (version >= 2) {
		sysreg_write(HFGRTR2_EL2, 0);
		sysreg_write(HFGWTR2_EL2, 0);
		sysreg_write(HFGITR2_EL2, 0);
		sysreg_write(HDFGRTR2_EL2, 0);
		sysreg_write(HDFGWTR2_EL2, 0);
	}
}

/* Registers that exist only with a feature, and whose reset value is unknown. */
static void features_init(void)
{
	uint64_t mmfr0 = sysreg_read(id_aa64mmfr0_el1);
	uint64_t mmfr1 = sysreg_read(id_aa64mmfr1_el1);
	uint64_t pfr0 = sysreg_read(id_aa64pfr0_el1);

	if (bits_get(mmfr1, 43, 40)) /* HCX: what HCRX_EL2 enables is hidden */
		sysreg_write(HCRX_EL2, 0);
	if (bits_get(mmfr0, 59, 56))
		fgt_init(bits_get(mmfr0, 59, 56), bits_get(pfr0, 47, 44) != 0);
	if (bits_get(pfr0, 43, 40) || bits_get(sysreg_read(id_aa64pfr1_el1), 19, 16)) { /* MPAM */
		sysreg_write(MPAM2_EL2, MPAM2_TRAPMPAM0EL1 | MPAM2_TRAPMPAM1EL1);
		if (sysreg_read(MPAMIDR_EL1) & MPAMIDR_HAS_HCR)
			sysreg_write(MPAMHCR_EL2, 0);
	}
	if (bits_get(mmfr1, 11, 8)) /* VH */
		sysreg_write(CNTHV_CTL_EL2, 0);
}

/* SPE, trace filter, trace buffer and debug channel trap; the guest has all PMU counters. */
static void debug_init(void)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
	uint64_t pmuver = bits_get(dfr0, 11, 8);
	uint64_t mdcr = MDCR_TPMS | MDCR_TTRF | dcc_traps_init();

	if (bits_get(dfr0, 35, 32)) /* SPE */
		sysreg_write(PMSCR_EL2, 0);
	if (bits_get(dfr0, 43, 40)) /* trace filter */
		sysreg_write(TRFCR_EL2, 0);
	if (pmuver != 0 && pmuver != 15) {
		mdcr |= bits_get(sysreg_read(pmcr_el0), 15, 11); /* HPMN = N */
		if (pmuver >= 4)                                 /* PMUv3p1 */
			mdcr |= MDCR_HPMD;
		if (pmuver >= 6) /* PMUv3p5 */
			mdcr |= MDCR_HCCD;
	}
	sysreg_write(mdcr_el2, mdcr);
	world_init_cpu(mdcr);
}

void run_cpu_init(struct vm *vm)
{
	features_init();
	debug_init();
	sysreg_write(hcr_el2, HCR_SVM);
	sysreg_write(cptr_el2, CPTR_RES1 | CPTR_TTA | CPTR_TAM);
	sysreg_write(hstr_el2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
	sysreg_write(cnthctl_el2, vm->cnthctl);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(vtcr_el2, vm->vtcr);
	sysreg_write(vttbr_el2, vm->vttbr);
	isb();
}

/* What PSCI promises at entry (DEN 0022 6.4): EL1h, everything masked, MMU and caches off. */
static void reset_el1(struct vcpu *vcpu)
{
	debug_reset(vcpu);
	sysreg_write(sctlr_el1, SCTLR_EL1_RES1);
	sysreg_write(cpacr_el1, 0);
	sysreg_write(mdscr_el1, vcpu->debug.hardware);
	sysreg_write(tcr_el1, 0);
	sysreg_write(vbar_el1, 0);
	sysreg_write(contextidr_el1, 0);
	sysreg_write(cntkctl_el1, 0);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	sysreg_write(hcr_el2, HCR_SVM); /* without an SError that was pending for it before */
	sysreg_write(spsr_el2, SPSR_D | SPSR_A | SPSR_I | SPSR_F | SPSR_M_EL1H);
}

/* Takes up a pending CPU_ON: false when there is none. */
static bool take_power_on(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint64_t pc = 0, x0 = 0;
	bool on;

	lock_acquire(&vm->power_lock);
	on = vcpu->power == VCPU_ON_PENDING;
	if (on) {
		vcpu->power = VCPU_ON;
		pc = vcpu->entry_pc;
		x0 = vcpu->entry_x0;
	}
	lock_release(&vm->power_lock);
	if (!on)
		return false;
	memset(vcpu->x, 0, sizeof(vcpu->x));
	vcpu->x[0] = x0;
	sysreg_write(elr_el2, pc);
	reset_el1(vcpu);
	world_debug_changed(vcpu);
	vgic_vcpu_reset(vcpu);
	return true;
}

struct vcpu *run_idle(struct vcpu *vcpu)
{
	struct vcpu *dedicated;

	while (!take_power_on(vcpu)) {
		dedicated = dedicate_enter(vcpu);
		if (dedicated)
			return dedicated;
		percpu_sleep(percpu_this());
		isb(); /* what vgic_irq_exit() reads is younger than what it wrote before */
		vgic_irq_exit(vcpu);
		if (dbg_active())
			dbg_left();
	}
	if (dbg_active())
		dbg_hold(vcpu);
	return vcpu;
}

void run_vcpu(struct vcpu *vcpu)
{
	vectors_guest_enter(run_idle(vcpu));
}
