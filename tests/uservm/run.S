/* SPDX-License-Identifier: BSD-2-Clause */
	.arch	armv8-a
	.arch_extension fp
	.arch_extension simd
	.text

/*
 * struct fp_run fp_run(uint64_t call, uint64_t token0, uint64_t token1, uint64_t vcpu, uint64_t
 * seed): the hypercall with values in all FP registers; x0: its status, x1: bits that differ
 * afterwards.
 */
	.globl	fp_run
fp_run:
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	d8, d9, [sp, #32]
	stp	d10, d11, [sp, #48]
	stp	d12, d13, [sp, #64]
	stp	d14, d15, [sp, #80]
	mov	x19, x4
	mov	x9, x0
	mov	x10, x1
	mov	x11, x2
	mov	x0, x4
	bl	fp_fill
	mov	x0, x9
	mov	x1, x10
	mov	x2, x11
	mrs	xzr, mdccsr_el0
	mov	x20, x0
	mov	x0, x19
	bl	fp_differ
	mov	x1, x0
	mov	x0, x20
	msr	fpcr, xzr
	ldp	x19, x20, [sp, #16]
	ldp	d8, d9, [sp, #32]
	ldp	d10, d11, [sp, #48]
	ldp	d12, d13, [sp, #64]
	ldp	d14, d15, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.section .note.GNU-stack, "", %progbits
