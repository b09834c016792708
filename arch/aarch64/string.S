/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four functions a freestanding compiler asks for. They also run with the MMU off, where
 * all memory is Device memory and every access must be aligned (Arm ARM DDI 0487 B2.9.2), and
 * while a guest's FP registers are live: aligned accesses and general registers only.
 *
 * Copies go in the widest unit in which source and destination are aligned alike; a pair of
 * registers counts as two accesses, so 8-byte alignment is enough for it.
 */

.macro function name
	.section .text.\name, "ax", %progbits
	.global \name
	.type \name, %function
	.balign 16
\name:
.endm

.macro endfunction name
	.size \name, . - \name
.endm

/* void *memcpy(void *to, const void *from, size_t bytes) */
function memcpy
	mov	x3, x0
	eor	x4, x0, x1
	tst	x4, #7
	b.ne	.Lcopy_by_4
.Lcopy_head:			/* bytes until both are 8-byte aligned */
	tst	x3, #7
	b.eq	.Lcopy_64
	cbz	x2, .Lcopy_done
	ldrb	w5, [x1], #1
	strb	w5, [x3], #1
	sub	x2, x2, #1
	b	.Lcopy_head
.Lcopy_64:
	subs	x2, x2, #64
	b.lo	.Lcopy_64_done
1:	ldp	x7, x8, [x1, #16]
	ldp	x9, x10, [x1, #32]
	ldp	x11, x12, [x1, #48]
	ldp	x5, x6, [x1], #64
	stp	x7, x8, [x3, #16]
	stp	x9, x10, [x3, #32]
	stp	x11, x12, [x3, #48]
	stp	x5, x6, [x3], #64
	subs	x2, x2, #64
	b.hs	1b
.Lcopy_64_done:
	add	x2, x2, #64
.Lcopy_8:
	subs	x2, x2, #8
	b.lo	.Lcopy_8_done
	ldr	x5, [x1], #8
	str	x5, [x3], #8
	b	.Lcopy_8
.Lcopy_8_done:
	add	x2, x2, #8
.Lcopy_1:
	cbz	x2, .Lcopy_done
	ldrb	w5, [x1], #1
	strb	w5, [x3], #1
	sub	x2, x2, #1
	b	.Lcopy_1
.Lcopy_by_4:
	tst	x4, #3
	b.ne	.Lcopy_1
	tst	x3, #3
	b.ne	.Lcopy_1
	subs	x2, x2, #32
	b.lo	.Lcopy_32_done
1:	ldp	w5, w6, [x1]
	ldp	w7, w8, [x1, #8]
	ldp	w9, w10, [x1, #16]
	ldp	w11, w12, [x1, #24]
	add	x1, x1, #32
	stp	w5, w6, [x3]
	stp	w7, w8, [x3, #8]
	stp	w9, w10, [x3, #16]
	stp	w11, w12, [x3, #24]
	add	x3, x3, #32
	subs	x2, x2, #32
	b.hs	1b
.Lcopy_32_done:
	add	x2, x2, #32
.Lcopy_4:
	subs	x2, x2, #4
	b.lo	.Lcopy_4_done
	ldr	w5, [x1], #4
	str	w5, [x3], #4
	b	.Lcopy_4
.Lcopy_4_done:
	add	x2, x2, #4
	b	.Lcopy_1
.Lcopy_done:
	ret
endfunction memcpy

/* void *memmove(void *to, const void *from, size_t bytes) */
function memmove
	sub	x4, x0, x1	/* memcpy goes forward: wrong only when to lies inside from */
	cmp	x4, x2
	b.hs	memcpy
	add	x3, x0, x2
	add	x1, x1, x2
	tst	x4, #7
	b.ne	.Lmove_1
.Lmove_tail:			/* bytes until both ends are 8-byte aligned */
	tst	x3, #7
	b.eq	.Lmove_16
	cbz	x2, .Lmove_done
	ldrb	w5, [x1, #-1]!
	strb	w5, [x3, #-1]!
	sub	x2, x2, #1
	b	.Lmove_tail
.Lmove_16:
	subs	x2, x2, #16
	b.lo	.Lmove_16_done
1:	ldp	x5, x6, [x1, #-16]!
	stp	x5, x6, [x3, #-16]!
	subs	x2, x2, #16
	b.hs	1b
.Lmove_16_done:
	add	x2, x2, #16
.Lmove_1:
	cbz	x2, .Lmove_done
	ldrb	w5, [x1, #-1]!
	strb	w5, [x3, #-1]!
	sub	x2, x2, #1
	b	.Lmove_1
.Lmove_done:
	ret
endfunction memmove

/* void *memset(void *to, int byte, size_t bytes) */
function memset
	mov	x3, x0
	and	x1, x1, #0xff
	orr	x1, x1, x1, lsl #8
	orr	x1, x1, x1, lsl #16
	orr	x1, x1, x1, lsl #32
.Lset_head:
	tst	x3, #7
	b.eq	.Lset_64
	cbz	x2, .Lset_done
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	.Lset_head
.Lset_64:
	subs	x2, x2, #64
	b.lo	.Lset_64_done
1:	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	stp	x1, x1, [x3], #64
	subs	x2, x2, #64
	b.hs	1b
.Lset_64_done:
	add	x2, x2, #64
.Lset_8:
	subs	x2, x2, #8
	b.lo	.Lset_8_done
	str	x1, [x3], #8
	b	.Lset_8
.Lset_8_done:
	add	x2, x2, #8
.Lset_1:
	cbz	x2, .Lset_done
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	.Lset_1
.Lset_done:
	ret
endfunction memset

/* int memcmp(const void *a, const void *b, size_t bytes) */
function memcmp
	orr	x3, x0, x1
	tst	x3, #7
	b.ne	.Lcmp_1
.Lcmp_8:
	subs	x2, x2, #8
	b.lo	.Lcmp_8_done
	ldr	x4, [x0]
	ldr	x5, [x1]
	cmp	x4, x5
	b.ne	.Lcmp_8_done	/* the byte loop finds where */
	add	x0, x0, #8
	add	x1, x1, #8
	b	.Lcmp_8
.Lcmp_8_done:
	add	x2, x2, #8
.Lcmp_1:
	cbz	x2, .Lcmp_same
	ldrb	w4, [x0], #1
	ldrb	w5, [x1], #1
	sub	x2, x2, #1
	cmp	w4, w5
	b.eq	.Lcmp_1
	sub	w0, w4, w5
	ret
.Lcmp_same:
	mov	w0, #0
	ret
endfunction memcmp
