/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_AT_H
#define ARCH_AARCH64_AT_H

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "lib/bits.h"

#define PAR_F BIT(0) /* the translation failed */

/* After an AT instruction for va: its result. PAR_EL1 is as it was before, `saved`. */
static inline bool at_finish(uint64_t saved, uint64_t va, uint64_t *result)
{
	uint64_t par;

	isb();
	par = sysreg_read(par_el1);
	sysreg_write(par_el1, saved);
	*result = (par & MASK(47, 12)) | (va & 0xfff);
	return !(par & PAR_F);
}

/*
 * Translates a virtual address of the guest whose state is loaded, through both stages, for a
 * write from EL0 or EL1. False: such a write would fault. PAR_EL1 is kept.
 */
static inline bool at_translate_write(uint64_t va, bool el0, uint64_t *pa)
{
	uint64_t saved = sysreg_read(par_el1);

	if (el0)
		__asm__ volatile("at s12e0w, %0" : : "r"(va) : "memory");
	else
		__asm__ volatile("at s12e1w, %0" : : "r"(va) : "memory");
	return at_finish(saved, va, pa);
}

/*
 * Through stage 1 alone: where in its address space the guest finds va when it writes to it, or
 * reads it at EL1. False: it would fault there, or so would the walk of its tables. PAR_EL1 is
 * kept.
 */
static inline bool at_stage1_write(uint64_t va, bool el0, uint64_t *ipa)
{
	uint64_t saved = sysreg_read(par_el1);

	if (el0)
		__asm__ volatile("at s1e0w, %0" : : "r"(va) : "memory");
	else
		__asm__ volatile("at s1e1w, %0" : : "r"(va) : "memory");
	return at_finish(saved, va, ipa);
}

static inline bool at_stage1_read(uint64_t va, uint64_t *ipa)
{
	uint64_t saved = sysreg_read(par_el1);

	__asm__ volatile("at s1e1r, %0" : : "r"(va) : "memory");
	return at_finish(saved, va, ipa);
}

/* PAR_EL1 when it failed (DDI 0487 D17.2.108). */
#define AT_FAILED_STATUS(par) ((unsigned int)bits_get(par, 6, 1)) /* FST */
#define AT_FAILED_STAGE2(par) (((par)&BIT(9)) != 0)               /* S: in a walk of stage 1 */

/*
 * Through stage 1 alone, for any access. False: it would fault there, and *result is PAR_EL1, which
 * says how. PAR_EL1 is kept.
 */
static inline bool at_stage1(uint64_t va, bool el0, bool write, uint64_t *result)
{
	uint64_t saved = sysreg_read(par_el1), par;

	if (el0 && write)
		__asm__ volatile("at s1e0w, %0" : : "r"(va) : "memory");
	else if (el0)
		__asm__ volatile("at s1e0r, %0" : : "r"(va) : "memory");
	else if (write)
		__asm__ volatile("at s1e1w, %0" : : "r"(va) : "memory");
	else
		__asm__ volatile("at s1e1r, %0" : : "r"(va) : "memory");
	isb();
	par = sysreg_read(par_el1);
	sysreg_write(par_el1, saved);
	*result = par & PAR_F ? par : (par & MASK(47, 12)) | (va & 0xfff);
	return !(par & PAR_F);
}

/*
 * Can EL2 read there, and is it Normal memory (PAR_EL1.ATTR, as MAIR_EL2 has it)? PAR_EL1 is not
 * kept.
 */
static inline bool at_el2_is_memory(uint64_t va)
{
	uint64_t par;

	__asm__ volatile("at s1e2r, %0" : : "r"(va) : "memory");
	isb();
	par = sysreg_read(par_el1);
	return !(par & PAR_F) && par >> 60 != 0;
}

/* Can EL2 write there, by its own tables or because its MMU is off? PAR_EL1 is not kept. */
static inline bool at_el2_is_writable(uint64_t va)
{
	__asm__ volatile("at s1e2w, %0" : : "r"(va) : "memory");
	isb();
	return !(sysreg_read(par_el1) & PAR_F);
}

#endif
