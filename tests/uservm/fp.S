/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole FP/SIMD state, set and compared; used by the payload and by the Linux program. */

#define FPCR_RMODE_SHIFT 22

	.arch	armv8-a
	.arch_extension fp
	.arch_extension simd
	.text

/* void fp_fill(uint64_t seed): all of V0 to V31, FPCR's rounding mode, FPSR. */
	.globl	fp_fill
fp_fill:
	and	x1, x0, #3
	lsl	x1, x1, #FPCR_RMODE_SHIFT
	msr	fpcr, x1
	and	x1, x0, #0x1f
	msr	fpsr, x1
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mvn	x1, x0
	fmov	d\n, x0
	mov	v\n\().d[1], x1
	add	x0, x0, #1
	.endr
	ret

/* uint64_t fp_differ(uint64_t seed): bits that are not as fp_fill(seed) left them; 0: none. */
	.globl	fp_differ
fp_differ:
	mrs	x1, fpcr
	and	x2, x0, #3
	eor	x3, x1, x2, lsl #FPCR_RMODE_SHIFT
	mrs	x1, fpsr
	and	x2, x0, #0x1f
	eor	x1, x1, x2
	orr	x3, x3, x1
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmov	x1, d\n
	eor	x1, x1, x0
	orr	x3, x3, x1
	mov	x1, v\n\().d[1]
	mvn	x2, x0
	eor	x1, x1, x2
	orr	x3, x3, x1
	add	x0, x0, #1
	.endr
	mov	x0, x3
	ret

	.section .note.GNU-stack, "", %progbits
