/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/coherency/uvm.h"

#define SCTLR_I 0x1000

/*
 * The guest of uvm.c, copied there in two parts, each position-independent. The first is in memory
 * before the VM gets it; it starts with MMU and caches off, x0 is the address of a word to read.
 */
	.text
	.balign	64
	.globl	guest_first
	.globl	guest_first_end
guest_first:
	ldr	x20, [x0]
	mrs	x1, sctlr_el1
	orr	x1, x1, #SCTLR_I	/* from here on fetches go through the instruction cache */
	msr	sctlr_el1, x1
	isb
	ldr	x21, =GUEST_SECOND_IPA
	ldr	x22, =GUEST_CALL
1:	blr	x21
	mov	x1, x0
	mov	x0, x22
	mov	x2, x20
	hvc	#0
	b	1b
	.ltorg
guest_first_end:

/* The second is written later. It crosses from one line to the next where SECOND_OFFSET has it. */
	.balign	64
	.globl	guest_second
	.globl	guest_second_end
guest_second:
	mov	x0, #GUEST_BEFORE
	.rept	15
	add	x0, x0, #1
	.endr
	add	x0, x0, #1
	ret
guest_second_end:

	.section .note.GNU-stack, "", %progbits
