/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating point and SIMD registers of guests. EL2's C code has none, so they stay the guest's
 * until another is loaded. The argument is a struct world_fp (hyp/vm/world.h).
 */
#include "arch/aarch64/asm_offsets.h"

	.arch_extension fp
	.arch_extension simd

	.macro each_pair op
	\op	q0, q1, [x0, #0x000]
	\op	q2, q3, [x0, #0x020]
	\op	q4, q5, [x0, #0x040]
	\op	q6, q7, [x0, #0x060]
	\op	q8, q9, [x0, #0x080]
	\op	q10, q11, [x0, #0x0a0]
	\op	q12, q13, [x0, #0x0c0]
	\op	q14, q15, [x0, #0x0e0]
	\op	q16, q17, [x0, #0x100]
	\op	q18, q19, [x0, #0x120]
	\op	q20, q21, [x0, #0x140]
	\op	q22, q23, [x0, #0x160]
	\op	q24, q25, [x0, #0x180]
	\op	q26, q27, [x0, #0x1a0]
	\op	q28, q29, [x0, #0x1c0]
	\op	q30, q31, [x0, #0x1e0]
	.endm

	.section .text.switch, "ax"
/* void switch_fp_save(struct world_fp *fp) */
	.global	switch_fp_save
switch_fp_save:
	each_pair stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #WORLD_FPCR]
	str	x2, [x0, #WORLD_FPCR + 8]
	ret

/* void switch_fp_load(const struct world_fp *fp) */
	.global	switch_fp_load
switch_fp_load:
	each_pair ldp
	ldr	x1, [x0, #WORLD_FPCR]
	ldr	x2, [x0, #WORLD_FPCR + 8]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
