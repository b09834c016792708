/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VM of tests/bench/dirty.c runs, without MMU and stack: again and again a store to each
 * of the x1 pages from x0 on, then one to the device at x2, of the ticks that all of it took.
 */
	.section .rodata
	.balign	4
	.globl	dirty_guest, dirty_guest_end
dirty_guest:
	isb
	mrs	x9, cntvct_el0
	mov	x3, x0
	mov	x4, x1
1:	str	x4, [x3]
	add	x3, x3, #4096
	subs	x4, x4, #1
	b.ne	1b
	isb
	mrs	x10, cntvct_el0
	sub	x10, x10, x9
	str	x10, [x2]
	b	dirty_guest
dirty_guest_end:

	.section .note.GNU-stack, "", %progbits
