/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of tests/uservm/dirty.c execute. Copied to the guest's RAM as it stands, so it
 * names nothing outside.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	4096

	.macro piece name
	.globl	guest_\name
guest_\name:
	.endm

	.globl	guest_start, guest_end
guest_start:

	piece	load
	ldr	x0, [x1]
	hvc	#1

	piece	store
	str	x0, [x1]
	hvc	#1

	/* Of the x2 pages from x1 on. */
	piece	store_pages
	str	x0, [x1]
	add	x1, x1, #4096
	subs	x2, x2, #1
	b.ne	guest_store_pages
	hvc	#1

	piece	call
	blr	x1
	hvc	#1

	piece	maintain
	dc	cvac, x1
	dc	civac, x1
	dc	cvau, x1
	ic	ivau, x1
	dsb	ish
	isb
	hvc	#1

	/*
	 * For ever: something with a page of the 2048 from x1 on, at its offset x3, x0 being the
	 * random number. What is stored (x9) was never stored before. At 0xff0 pages have a RET.
	 */
	piece	busy
	eor	x0, x0, x0, lsl #13
	eor	x0, x0, x0, lsr #7
	eor	x0, x0, x0, lsl #17
	ubfx	x5, x0, #8, #11
	ubfx	x8, x0, #32, #4
	and	x5, x5, x2			/* not each round goes over all pages */
	add	x6, x1, x5, lsl #12
	add	x7, x6, x3
	cmp	x8, #1
	b.lo	10f
	b.eq	11f
	cmp	x8, #3
	b.lo	12f
	b.eq	13f
	cmp	x8, #5
	b.lo	14f
	b.eq	15f
	cmp	x8, #8
	b.lo	16f
	add	x9, x9, #1
	str	x9, [x7]
	b	guest_busy
10:	add	x10, x6, #0xff0
	blr	x10
	b	guest_busy
11:	dc	civac, x7
	dc	cvau, x7
	ic	ivau, x7
	dsb	ish
	isb
	b	guest_busy
12:	add	x9, x9, #1
	dc	zva, x7
	str	x9, [x7]
	b	guest_busy
13:	add	x9, x9, #1
1:	ldxr	x10, [x7]
	stxr	w11, x9, [x7]
	cbnz	w11, 1b
	b	guest_busy
14:	add	x9, x9, #1
	stp	x9, x9, [x7]
	b	guest_busy
15:	add	x9, x9, #1
	stur	x9, [x7, #1]
	b	guest_busy
16:	ldr	x10, [x7]
	dc	cvac, x7
	b	guest_busy

	.globl	guest_end
guest_end:

	.section .note.GNU-stack, "", %progbits
