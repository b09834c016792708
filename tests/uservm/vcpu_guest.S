/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of tests/uservm/vcpu.c execute, MMU off. Copied to the guest's RAM as it stands,
 * so it names nothing outside. x28: an address that is the VMM's, where a store reports and a
 * load asks. Each piece is entered by VCPU_SET of its PC.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	2048

	.globl	guest_start, guest_end, guest_vectors
guest_start:
guest_vectors:
	.rept	4
	.balign	0x80
	b	exception		/* current EL, SP_EL0 */
	.endr
	.balign	0x80
	b	exception
	.balign	0x80
	b	irq
	.balign	0x80
	b	exception
	.balign	0x80
	b	exception
	.rept	8
	.balign	0x80
	b	exception
	.endr
	.balign	0x80

/* Reports what came: syndrome, address, where. */
exception:
	mrs	x20, esr_el1
	mrs	x21, far_el1
	mrs	x22, elr_el1
	str	x20, [x28, #0x100]
	str	x21, [x28, #0x108]
	str	x22, [x28, #0x110]
	b	.

/*
 * Acknowledges, reports the INTID, and leaves it active (x27 1), or ends it (x27 0); then sets the
 * timer anew (x27 2).
 */
irq:
	mrs	x20, s3_0_c12_c12_0	/* ICC_IAR1_EL1 */
	msr	cntv_ctl_el0, xzr
	isb
	str	x20, [x28, #0x118]
	cmp	x27, #1
	b.eq	1f
	msr	s3_0_c12_c12_1, x20	/* ICC_EOIR1_EL1 */
	b.lo	1f
	adr	x0, guest_timer
	msr	elr_el1, x0
1:	eret

/* Loads of every kind, and a store. */
	.globl	guest_loads
guest_loads:
	ldr	x0, [x28]
	ldrsb	w1, [x28, #8]
	ldrsh	x2, [x28, #16]
	ldr	wzr, [x28, #24]
	str	w2, [x28, #32]
	b	.

/* A trapped register read, then a load. */
	.globl	guest_trapped
guest_trapped:
	mrs	x0, id_aa64pfr0_el1
	ldr	x1, [x28]
	b	.

/* An HVC, then a load. */
	.globl	guest_hvc
guest_hvc:
	hvc	#0
	ldr	x1, [x28]
	b	.

/*
 * Interrupts on; the timer's in 100 us (unless x24 is not 0); then a loop, in WFI if x25 is not 0.
 * GIC: x26 is its base.
 */
	.globl	guest_timer
guest_timer:
	mov	w0, #2			/* GICD_CTLR.EnableGrp1 */
	str	w0, [x26]
	add	x1, x26, #0xa0, lsl #12	/* GICR of vCPU 0 */
	mrs	x2, mpidr_el1
	and	x2, x2, #15
	add	x1, x1, x2, lsl #17
	str	wzr, [x1, #0x14]	/* GICR_WAKER */
	add	x1, x1, #0x10, lsl #12
	mov	w0, #-1
	str	w0, [x1, #0x80]		/* GICR_IGROUPR0 */
	mov	w0, #0xffff
	movk	w0, #0x0800, lsl #16
	str	w0, [x1, #0x100]	/* GICR_ISENABLER0: SGIs, the virtual timer */
	mov	x0, #0xf0
	msr	s3_0_c4_c6_0, x0	/* ICC_PMR_EL1 */
	mov	x0, #1
	msr	s3_0_c12_c12_7, x0	/* ICC_IGRPEN1_EL1 */
	cbnz	x24, 1f
	mrs	x0, cntfrq_el0
	mov	x1, #10000
	udiv	x0, x0, x1
	msr	cntv_tval_el0, x0
	mov	x0, #1
	msr	cntv_ctl_el0, x0
	isb
1:	msr	daifclr, #2
1:	cbz	x25, 1b
	wfi
	b	1b

/* SGI 3 to vCPU 1, then an endless loop. */
	.globl	guest_sgi
guest_sgi:
	mov	x0, #2
	movk	x0, #0x0300, lsl #16
	msr	s3_0_c12_c11_5, x0	/* ICC_SGI1R_EL1 */
	isb
	b	.
	.balign	8
guest_end:
	.section .note.GNU-stack, "", %progbits
