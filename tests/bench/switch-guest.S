/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VM of tests/bench/switch.c runs, without MMU and stack: stores to a device, each time
 * the ticks that the store before took. The device is at x0.
 */
	.section .rodata
	.balign	4
	.globl	switch_guest, switch_guest_end
switch_guest:
	mov	x10, #0
1:	isb
	mrs	x9, cntvct_el0
	str	x10, [x0]
	isb
	mrs	x11, cntvct_el0
	sub	x10, x11, x9
	b	1b
switch_guest_end:

	.section .note.GNU-stack, "", %progbits
