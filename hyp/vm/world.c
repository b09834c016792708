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

/* FEAT_PAuth's keys. */
#define APIAKEYLO S3_0_C2_C1_0
#define APIAKEYHI S3_0_C2_C1_1
#define APIBKEYLO S3_0_C2_C1_2
#define APIBKEYHI S3_0_C2_C1_3
#define APDAKEYLO S3_0_C2_C2_0
#define APDAKEYHI S3_0_C2_C2_1
#define APDBKEYLO S3_0_C2_C2_2
#define APDBKEYHI S3_0_C2_C2_3
#define APGAKEYLO S3_0_C2_C3_0
#define APGAKEYHI S3_0_C2_C3_1

/* APA, API, GPA, GPI of ID_AA64ISAR1_EL1; GPA3, APA3 of ID_AA64ISAR2_EL1. */
#define ISAR1_PAUTH (MASK(11, 4) | MASK(31, 24))
#define ISAR2_PAUTH MASK(15, 8)

/* A user VM's breakpoints are not always in the CPU (hyp/vm/debug.h), and it has no PMU. */
#define MDCR_USER (MDCR_TDA | MDCR_TDRA | MDCR_TDOSA | MDCR_TPM | MDCR_TPMCR)

static bool has_pauth;
static uint64_t mdcr_service[BOOT_MAX_CPUS];

void world_init(void)
{
	has_pauth = (sysreg_read(id_aa64isar1_el1) & ISAR1_PAUTH) ||
		    (sysreg_read(ID_AA64ISAR2_EL1) & ISAR2_PAUTH);
}

void world_init_cpu(uint64_t mdcr)
{
	mdcr_service[percpu_this()->index] = mdcr;
}

static void pauth_save(uint64_t key[10])
{
	key[0] = sysreg_read(APIAKEYLO);
	key[1] = sysreg_read(APIAKEYHI);
	key[2] = sysreg_read(APIBKEYLO);
	key[3] = sysreg_read(APIBKEYHI);
	key[4] = sysreg_read(APDAKEYLO);
	key[5] = sysreg_read(APDAKEYHI);
	key[6] = sysreg_read(APDBKEYLO);
	key[7] = sysreg_read(APDBKEYHI);
	key[8] = sysreg_read(APGAKEYLO);
	key[9] = sysreg_read(APGAKEYHI);
}

static void pauth_load(const uint64_t key[10])
{
	sysreg_write(APIAKEYLO, key[0]);
	sysreg_write(APIAKEYHI, key[1]);
	sysreg_write(APIBKEYLO, key[2]);
	sysreg_write(APIBKEYHI, key[3]);
	sysreg_write(APDAKEYLO, key[4]);
	sysreg_write(APDAKEYHI, key[5]);
	sysreg_write(APDBKEYLO, key[6]);
	sysreg_write(APDBKEYHI, key[7]);
	sysreg_write(APGAKEYLO, key[8]);
	sysreg_write(APGAKEYHI, key[9]);
}

#define SAVE(name) w->name = sysreg_read(name);
#define LOAD(name) sysreg_write(name, w->name);

static void registers_save(struct world *w)
{
	WORLD_EACH_REGISTER(SAVE)
	if (has_pauth)
		pauth_save(w->pauth);
}

static void registers_load(const struct vcpu *vcpu)
{
	const struct world *w = &vcpu->world;
	const struct vm *vm = vcpu->vm;

	WORLD_EACH_REGISTER(LOAD)
	if (has_pauth)
		pauth_load(w->pauth);
	sysreg_write(mdscr_el1, vcpu->debug.hardware);
	sysreg_write(mdcr_el2, mdcr_service[percpu_this()->index] | (vm->is_user ? MDCR_USER : 0));
	sysreg_write(vmpidr_el2, vm->is_user ? vcpu->mpidr | BIT(31) : sysreg_read(mpidr_el1));
	sysreg_write(vtcr_el2, vm->vtcr);
	sysreg_write(vttbr_el2, vm->vttbr);
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
