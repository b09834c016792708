/* SPDX-License-Identifier: BSD-2-Clause */
/* Every CPU's first instruction, exceptions that EL3 takes, and the ways out of it. */
#include "tests/firmware/firmware.h"

#define SCTLR_EL3_OFF 0x30c50830 /* RES1 bits: MMU, caches, alignment checks off, little-endian */
#define ESR_EC_SHIFT 26
#define ESR_EC_SMC64 0x17

	.section .head, "ax"
	.globl fw_reset
fw_reset:
	msr	daifset, #15
	ldr	x1, =SCTLR_EL3_OFF
	msr	sctlr_el3, x1
	adr	x1, vectors
	msr	vbar_el3, x1
	isb
	mrs	x0, mpidr_el1
	and	x0, x0, #0xff
	add	x1, x0, #1
	ldr	x2, =fw_stacks
	add	x2, x2, x1, lsl #FW_STACK_SHIFT
	mov	sp, x2
	b	fw_cpu_main
	.ltorg

	/* A call keeps all registers but its results. */
	.text
lower_sync:
	sub	sp, sp, #176
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x29, [sp, #144]
	str	x30, [sp, #160]
	mrs	x9, esr_el3
	lsr	x9, x9, #ESR_EC_SHIFT
	cmp	x9, #ESR_EC_SMC64
	b.ne	unexpected
	bl	fw_call
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x29, [sp, #144]
	ldr	x30, [sp, #160]
	ldr	x1, [sp, #8]
	add	sp, sp, #176
	eret

unexpected:
	mrs	x0, esr_el3
	mrs	x1, elr_el3
	mrs	x2, far_el3
	b	fw_exception

	.balign	2048
vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.balign	128
	.if	\n == 8
	b	lower_sync
	.else
	b	unexpected
	.endif
	.endr

	.globl	fw_leave
fw_leave:
	ldr	x1, [x0, #FW_CONTEXT_PC]
	msr	elr_el3, x1
	ldr	x1, [x0, #FW_CONTEXT_SPSR]
	msr	spsr_el3, x1
	ldr	x0, [x0, #FW_CONTEXT_X0]
	ldr	x30, =0xbad0bad0bad0bad0
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	mov	x\n, x30
	.endr
	.irp	n, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	mov	x\n, x30
	.endr
	isb
	eret
	.ltorg

	.globl	fw_spin
	.globl	fw_spin_end
fw_spin:
	wfe
	ldr	x1, [x0]
	cbz	x1, fw_spin
	mov	x0, x30
	br	x1
fw_spin_end:

	.section .note.GNU-stack, "", %progbits
