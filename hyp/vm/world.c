/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching a CPU between the service VM and a user VM.
 *
 * A CPU may translate addresses on its own (speculatively, erratum 1319367 of Cortex-A72 and
 * others: also for an AT instruction) with whatever mixture of the two worlds' registers it finds.
 * So table walks are switched off first (TCR_EL1.EPD0 and EPD1, with the MMU on), and on again
 * when all else is in place: SCTLR_EL1 and then TCR_EL1 come last.
 */
#include "hyp/vm/world.h"

#include "arch/aarch64/asm_offsets.h"
#include "arch/aarch64/barrier.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/smccc.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vtimer.h"

_Static_assert(offsetof(struct world_fp, fpcr) == WORLD_FPCR, "switch.S");

/* arch/aarch64/switch.S */
void switch_fp_save(struct world_fp *fp);
void switch_fp_load(const struct world_fp *fp);

/* FEAT_PAuth's keys, in the order of world's. */
#define EACH_KEY(DO)                                                                               \
	DO(0, S3_0_C2_C1_0, S3_0_C2_C1_1) /* APIAKeyLo_EL1, APIAKeyHi_EL1 */                       \
	DO(2, S3_0_C2_C1_2, S3_0_C2_C1_3) /* APIB */                                               \
	DO(4, S3_0_C2_C2_0, S3_0_C2_C2_1) /* APDA */                                               \
	DO(6, S3_0_C2_C2_2, S3_0_C2_C2_3) /* APDB */                                               \
	DO(8, S3_0_C2_C3_0, S3_0_C2_C3_1) /* APGA */

/* APA, API, GPA, GPI of ID_AA64ISAR1_EL1; GPA3, APA3 of ID_AA64ISAR2_EL1. */
#define ISAR1_PAUTH (MASK(11, 4) | MASK(31, 24))
#define ISAR2_PAUTH MASK(15, 8)

static bool has_pauth;

void world_init(void)
{
	has_pauth = (sysreg_read(id_aa64isar1_el1) & ISAR1_PAUTH) ||
		    (sysreg_read(ID_AA64ISAR2_EL1) & ISAR2_PAUTH);
}

void world_init_cpu(uint64_t mdcr)
{
	percpu_this()->mdcr = mdcr;
}

/* Two registers at a time, so that one instruction stores both. */
#define SAVE_TWO(to_first, first, to_second, second)                                               \
	do {                                                                                       \
		uint64_t one = sysreg_read(first), two = sysreg_read(second);                      \
		(to_first) = one;                                                                  \
		(to_second) = two;                                                                 \
	} while (0);
#define SAVE(first, second)    SAVE_TWO(w->first, first, w->second, second)
#define SAVE_KEY(i, low, high) SAVE_TWO(w->pauth[i], low, w->pauth[(i) + 1], high)

#define LOAD(first, second)    sysreg_write_two(first, w->first, second, w->second);
#define LOAD_KEY(i, low, high) sysreg_write_two(low, w->pauth[i], high, w->pauth[(i) + 1]);

static void registers_save(struct world *w)
{
	__asm__("" : "+r"(w)); /* as in registers_load() */
	WORLD_EACH_PAIR(SAVE)
	if (has_pauth) {
		EACH_KEY(SAVE_KEY)
	}
}

static void registers_load(const struct vcpu *vcpu)
{
	const struct world *w = &vcpu->world;
	const struct vm *vm = vcpu->vm;

	/* Hidden from the compiler, which else addresses some from vcpu, out of reach of LDP. */
	__asm__("" : "+r"(w));
	WORLD_EACH_PAIR(LOAD)
	if (has_pauth) {
		EACH_KEY(LOAD_KEY)
	}
	sysreg_write(mdscr_el1, vcpu->debug.hardware);
	sysreg_write(mdcr_el2, percpu_this()->mdcr | vm->mdcr);
	sysreg_write(vmpidr_el2, vm->is_user ? vcpu->mpidr | BIT(31) : sysreg_read(mpidr_el1));
	sysreg_write(vtcr_el2, vm->vtcr);
	sysreg_write(vttbr_el2, vm->vttbr);
}

/* A user VM's breakpoints are not always in the CPU (hyp/vm/debug.h), and it has no PMU. */
uint64_t world_mdcr(const struct vm *vm)
{
	return (vm->is_user ? MDCR_TDA | MDCR_TDRA | MDCR_TDOSA | MDCR_TPM | MDCR_TPMCR : 0) |
	       (vm->debugger ? MDCR_TDE | MDCR_TDA | MDCR_TDRA | MDCR_TDOSA : 0);
}

void world_keep(struct vcpu *vcpu)
{
	struct world *w = &vcpu->world;

	w->sctlr_el1 = sysreg_read(sctlr_el1);
	w->tcr_el1 = sysreg_read(tcr_el1);
	switch_fp_save(&w->fp);
	registers_save(w);
}

void world_resume(struct vcpu *vcpu)
{
	const struct world *w = &vcpu->world;

	debug_changed_loaded(vcpu);
	switch_fp_load(&w->fp);
	registers_load(vcpu);
	sysreg_write(sctlr_el1, w->sctlr_el1);
	sysreg_write(tcr_el1, w->tcr_el1);
	isb();
}

void world_debug_changed(struct vcpu *vcpu)
{
	debug_changed_loaded(vcpu);
	sysreg_write(mdscr_el1, vcpu->debug.hardware);
	sysreg_write(mdcr_el2, percpu_this()->mdcr | vcpu->vm->mdcr);
	isb();
}

void world_switch(struct vcpu *from, struct vcpu *to)
{
	struct world *w = &from->world;

	w->sctlr_el1 = sysreg_read(sctlr_el1);
	w->tcr_el1 = sysreg_read(tcr_el1);
	sysreg_write(tcr_el1, w->tcr_el1 | TCR_EPD0 | TCR_EPD1);
	isb();
	sysreg_write(sctlr_el1, w->sctlr_el1 | SCTLR_EL1_M);
	isb();
	switch_fp_save(&w->fp);
	registers_save(w);
	vtimer_switch(from, to);
	switch_fp_load(&to->world.fp);
	if (from->debug.is_loaded)
		debug_unload(from);
	if (to->debug.is_used)
		debug_load(to);
	registers_load(to);
	/* One of the two is the service VM's, which has none of its own. */
	if (from->vm->midr | to->vm->midr)
		sysreg_write(vpidr_el2, to->vm->midr ? to->vm->midr : sysreg_read(midr_el1));
	smccc_switch_worlds(from, to);
	percpu_this()->current = to;
	vgic_switch(from, to);
	isb();
	if (vgic_has_work(to))
		vgic_kicked(to);
	sysreg_write(sctlr_el1, to->world.sctlr_el1);
	isb();
	sysreg_write(tcr_el1, to->world.tcr_el1);
	isb();
}
