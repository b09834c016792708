/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exception vectors of EL2 (Arm ARM DDI 0487 D1.3.1).
 *
 * While a guest runs, SP_EL2 points at its struct vcpu: an exit stores x0..x30 there, loads the
 * stack of this CPU and calls C, which returns the vCPU to enter next, the same one as a rule.
 * ELR_EL2, SPSR_EL2 and every EL1 register stay where they are.
 *
 * An exception taken from EL2 itself is a bug or a hardware error. It is reported on a stack of
 * its own, since the one in use may be what broke; TPIDRRO_EL0 is lost to get a free register.
 */
#include "arch/aarch64/asm_offsets.h"

	.macro guest_exit handler
	stp	x0, x1, [sp, #0x00]
	stp	x2, x3, [sp, #0x10]
	stp	x4, x5, [sp, #0x20]
	stp	x6, x7, [sp, #0x30]
	stp	x8, x9, [sp, #0x40]
	stp	x10, x11, [sp, #0x50]
	stp	x12, x13, [sp, #0x60]
	stp	x14, x15, [sp, #0x70]
	stp	x16, x17, [sp, #0x80]
	stp	x18, x19, [sp, #0x90]
	stp	x20, x21, [sp, #0xa0]
	stp	x22, x23, [sp, #0xb0]
	stp	x24, x25, [sp, #0xc0]
	stp	x26, x27, [sp, #0xd0]
	stp	x28, x29, [sp, #0xe0]
	ldr	x9, [sp, #VCPU_STACK]
	str	x30, [sp, #0xf0]
	mov	x0, sp
	mov	sp, x9
	mrs	x1, esr_el2
	bl	\handler
	b	vectors_guest_enter
	.endm

	.macro from_guest handler
	.balign	0x80
	guest_exit \handler
	.endm

	.macro from_el2 kind
	.balign	0x80
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el2
	add	x0, x0, #PERCPU_BYTES - PANIC_FRAME_BYTES
	stp	x1, x2, [x0, #0x08]
	mov	x2, #\kind
	b	panic_entry
	.endm

	/* A whole table; guests' exits go to prefix_sync and so on. */
	.macro table name prefix
	.balign	0x800
	.global	\name
\name:
	/* Current EL with SP_EL0: never used at EL2. */
	from_el2 0			/* Synchronous */
	from_el2 1			/* IRQ */
	from_el2 2			/* FIQ */
	from_el2 3			/* SError */
	/* Current EL with SP_EL2. */
	from_el2 0
	from_el2 1
	from_el2 2
	from_el2 3
	/* Lower EL, AArch64. */
	from_guest \prefix\()_sync
	from_guest \prefix\()_irq
	from_guest \prefix\()_fiq
	from_guest \prefix\()_serror
	/* Lower EL, AArch32 (EL0 only: HCR_EL2.RW is 1). */
	from_guest \prefix\()_sync
	from_guest \prefix\()_irq
	from_guest \prefix\()_fiq
	from_guest \prefix\()_serror
	.endm

	.section .text.vectors, "ax"
	table vectors exit
	/* While exits are watched (hyp/vm/trace.h). */
	table vectors_traced trace_exit

/*
 * void vectors_guest_enter(struct vcpu *vcpu): loads x0..x30 and returns to the guest at
 * ELR_EL2 with SPSR_EL2. Does not return.
 */
	.global	vectors_guest_enter
vectors_guest_enter:
	mov	sp, x0
	ldp	x2, x3, [sp, #0x10]
	ldp	x4, x5, [sp, #0x20]
	ldp	x6, x7, [sp, #0x30]
	ldp	x8, x9, [sp, #0x40]
	ldp	x10, x11, [sp, #0x50]
	ldp	x12, x13, [sp, #0x60]
	ldp	x14, x15, [sp, #0x70]
	ldp	x16, x17, [sp, #0x80]
	ldp	x18, x19, [sp, #0x90]
	ldp	x20, x21, [sp, #0xa0]
	ldp	x22, x23, [sp, #0xb0]
	ldp	x24, x25, [sp, #0xc0]
	ldp	x26, x27, [sp, #0xd0]
	ldp	x28, x29, [sp, #0xe0]
	ldr	x30, [sp, #0xf0]
	ldp	x0, x1, [sp, #0x00]
	eret
	dsb	nsh			/* no speculation past eret */
	isb

/* x0: the frame, x1 and x2 saved in it, x2: kind; TPIDRRO_EL0: x0 as it was. */
panic_entry:
	stp	x3, x4, [x0, #0x18]
	stp	x5, x6, [x0, #0x28]
	stp	x7, x8, [x0, #0x38]
	stp	x9, x10, [x0, #0x48]
	stp	x11, x12, [x0, #0x58]
	stp	x13, x14, [x0, #0x68]
	stp	x15, x16, [x0, #0x78]
	stp	x17, x18, [x0, #0x88]
	stp	x19, x20, [x0, #0x98]
	stp	x21, x22, [x0, #0xa8]
	stp	x23, x24, [x0, #0xb8]
	stp	x25, x26, [x0, #0xc8]
	stp	x27, x28, [x0, #0xd8]
	stp	x29, x30, [x0, #0xe8]
	mrs	x1, tpidrro_el0
	str	x1, [x0]
	mov	x1, sp
	mrs	x3, elr_el2
	stp	x1, x3, [x0, #PANIC_SP]
	mrs	x3, spsr_el2
	mrs	x4, esr_el2
	mrs	x5, far_el2
	str	x3, [x0, #PANIC_SPSR]
	stp	x4, x5, [x0, #PANIC_ESR]
	mov	sp, x0
	mov	x1, x2
	bl	panic_exception
1:	wfi
	b	1b
