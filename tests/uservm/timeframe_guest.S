/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of tests/uservm/timeframe.c execute, MMU off; as tests/uservm/vcpu_guest.S. x28:
 * an address that is the VMM's; x29: the timer's frame; x26: the distributor; x19: to which vCPU
 * (Aff0) the frame's interrupts go; x24: where to go on behind guest_gic; x27: what the handler
 * does: 0 reports and masks the timer, 1 reports, 2 counts (x23) and switches both off.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	2048

	.globl	frame_guest_start, frame_guest_end, frame_guest_vectors
frame_guest_start:
frame_guest_vectors:
	.rept	5
	.balign	0x80
	b	exception
	.endr
	.balign	0x80
	b	irq
	.rept	10
	.balign	0x80
	b	exception
	.endr
	.balign	0x80

exception:
	mrs	x20, esr_el1
	mrs	x21, far_el1
	str	x20, [x28, #0x100]
	str	x21, [x28, #0x108]
	b	.

irq:
	mrs	x20, s3_0_c12_c12_0	/* ICC_IAR1_EL1 */
	cmp	x27, #2
	b.eq	2f
	ldr	x21, [x29, #8]		/* CNTVCT */
	str	x20, [x28, #0x118]
	str	x21, [x28, #0x120]
	cbnz	x27, 1f
	sub	x22, x20, #42
	add	x22, x29, x22, lsl #4
	mov	w21, #3
	str	w21, [x22, #0x2c]	/* CNTP_CTL, CNTV_CTL: enabled, masked */
1:	msr	s3_0_c12_c12_1, x20	/* ICC_EOIR1_EL1 */
	eret
2:	add	x23, x23, #1
	str	wzr, [x29, #0x2c]
	str	wzr, [x29, #0x3c]
	b	1b

/* Both interrupts of the frame enabled, for the vCPU x19; then to x24. */
	.globl	frame_guest_gic
frame_guest_gic:
	mov	w0, #2			/* GICD_CTLR.EnableGrp1 */
	str	w0, [x26]
	mov	w0, #0xc00
	str	w0, [x26, #0x84]	/* GICD_IGROUPR1 */
	str	w0, [x26, #0x384]	/* GICD_ICACTIVER1: of a handler that did not end */
	str	w0, [x26, #0x104]	/* GICD_ISENABLER1 */
	add	x1, x26, #0x6, lsl #12
	str	x19, [x1, #0x150]	/* GICD_IROUTER42 */
	str	x19, [x1, #0x158]
	add	x1, x26, #0xa0, lsl #12	/* GICR of vCPU 0 */
	mrs	x2, mpidr_el1
	and	x2, x2, #15
	add	x1, x1, x2, lsl #17
	str	wzr, [x1, #0x14]	/* GICR_WAKER */
	mov	x0, #0xf0
	msr	s3_0_c4_c6_0, x0	/* ICC_PMR_EL1 */
	mov	x0, #1
	msr	s3_0_c12_c12_7, x0	/* ICC_IGRPEN1_EL1 */
	isb
	br	x24

/* One access: x0 at x1. */
	.globl	frame_guest_ops
frame_guest_ops:
	ldrb	w0, [x1]
	b	reported
	ldrh	w0, [x1]
	b	reported
	ldr	w0, [x1]
	b	reported
	ldr	x0, [x1]
	b	reported
	strb	w0, [x1]
	b	reported
	strh	w0, [x1]
	b	reported
	str	w0, [x1]
	b	reported
	str	x0, [x1]
reported:
	str	x0, [x28]
	b	.

/* x0 becomes the CVAL at x1, and that timer is switched on; then x25: 0 a loop, 1 CPU_OFF. */
	.globl	frame_guest_set
frame_guest_set:
	str	x0, [x1]
	mov	w2, #1
	str	w2, [x1, #0xc]
	cbz	x25, 1f
	mov	w0, #0x84000000
	add	w0, w0, #2		/* CPU_OFF */
	hvc	#0
1:	str	x0, [x28, #0x130]
	b	.

	.globl	frame_guest_loop, frame_guest_wfi
frame_guest_loop:
	msr	daifclr, #2
	b	.
frame_guest_wfi:
	msr	daifclr, #2
1:	wfi
	b	1b

/* x10 times: a store of 32 bits somewhere in the frame, then a timer that is due soon. */
	.globl	frame_guest_hammer
frame_guest_hammer:
	msr	daifclr, #2
	movz	x4, #0x5851, lsl #48
	movk	x4, #0xf42d, lsl #32
	movk	x4, #0x4c95, lsl #16
	movk	x4, #0x7f2d
1:	madd	x3, x3, x4, x4
	ubfx	x5, x3, #40, #5
	lsr	x6, x3, #13
	add	x7, x29, x5, lsl #2
	str	w6, [x7]
	ubfx	x6, x3, #20, #12
	ubfx	x5, x3, #50, #1
	add	x7, x29, x5, lsl #4
	str	w6, [x7, #0x28]		/* TVAL */
	mov	w6, #1
	str	w6, [x7, #0x2c]
	ldr	w6, [x29, #0x3c]
	subs	x10, x10, #1
	b.ne	1b
	msr	daifset, #2
	str	x23, [x28, #0x140]
	b	.
	.balign	8
frame_guest_end:
	.section .note.GNU-stack, "", %progbits
