/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_TLB_H
#define ARCH_AARCH64_TLB_H

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "lib/bits.h"

/* TLB maintenance for guests (Arm ARM DDI 0487 D8.14), complete when the function returns. */

/* Stages 1 and 2 of the VMID in VTTBR_EL2, on all CPUs; table writes before it are seen first. */
static inline void tlb_flush_vm(void)
{
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
	isb();
}

/*
 * What the VMID in VTTBR_EL2 has cached of the stage 2 page or block that translates ipa, on all
 * CPUs: entries of stage 2, then all of stage 1, which may have it in them.
 */
static inline void tlb_flush_ipa(uint64_t ipa)
{
	dsb(ishst);
	__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(ipa >> 12) : "memory");
	dsb(ish);
	__asm__ volatile("tlbi vmalle1is" : : : "memory");
	dsb(ish);
	isb();
}

/*
 * What this CPU has cached of a page of stage 2 of the VMID in VTTBR_EL2, and of va, which it is
 * for, also as both stages in one: after rights were added, so that it faults no more. (By VA for
 * any ASID: TLBI VAAE1, VA[55:12] in bits 43:0.)
 */
static inline void tlb_flush_local_page(uint64_t ipa, uint64_t va)
{
	dsb(ishst);
	__asm__ volatile("tlbi ipas2e1, %0" : : "r"(ipa >> 12) : "memory");
	dsb(nsh);
	__asm__ volatile("tlbi vaae1, %0" : : "r"(bits_get(va, 55, 12)) : "memory");
	dsb(nsh);
	isb();
}

/*
 * Stages 1 and 2 of the VMID in vttbr, which is not the one that is loaded, on all CPUs. Table
 * walks are off meanwhile: a CPU might make them on its own, with this guest's stage 1 and that
 * one's stage 2 (erratum 1319367 of Cortex-A72 and others; hyp/vm/world.c).
 */
static inline void tlb_flush_other_vm(uint64_t vttbr)
{
	uint64_t loaded = sysreg_read(vttbr_el2);
	uint64_t tcr = sysreg_read(tcr_el1);
	uint64_t sctlr = sysreg_read(sctlr_el1);

	sysreg_write(tcr_el1, tcr | TCR_EPD0 | TCR_EPD1);
	isb();
	sysreg_write(sctlr_el1, sctlr | SCTLR_EL1_M);
	isb();
	sysreg_write(vttbr_el2, vttbr);
	isb();
	tlb_flush_vm();
	sysreg_write(vttbr_el2, loaded);
	isb();
	sysreg_write(sctlr_el1, sctlr);
	isb();
	sysreg_write(tcr_el1, tcr);
	isb();
}

/* All VMIDs, on all CPUs. */
static inline void tlb_flush_all_vms(void)
{
	dsb(ishst);
	__asm__ volatile("tlbi alle1is" : : : "memory");
	dsb(ish);
	isb();
}

/* This CPU's entries of stage 1 of the VMID in VTTBR_EL2, and its instruction cache. */
static inline void tlb_flush_local(void)
{
	__asm__ volatile("tlbi vmalle1\n\tic iallu" : : : "memory");
	dsb(nsh);
	isb();
}

#endif
