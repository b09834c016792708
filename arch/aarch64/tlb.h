/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_TLB_H
#define ARCH_AARCH64_TLB_H

#include "arch/aarch64/barrier.h"

/* TLB maintenance for guests (Arm ARM DDI 0487 D8.14), complete when the function returns. */

/* Stages 1 and 2 of the VMID in VTTBR_EL2, on all CPUs; table writes before it are seen first. */
static inline void tlb_flush_vm(void)
{
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
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
