/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of tests/uservm/time.c execute, MMU off. Copied to the guest's RAM as it stands,
 * so it names nothing outside. x28: an address that is the VMM's, where a store reports. Each piece
 * is entered by VCPU_SET of its PC.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	2048

#define CNTPCTSS_EL0 s3_3_c14_c0_5
#define CNTVCTSS_EL0 s3_3_c14_c0_6
#define ICC_IAR1_EL1 s3_0_c12_c12_0
#define ICC_EOIR1_EL1 s3_0_c12_c12_1
#define ICC_HPPIR1_EL1 s3_0_c12_c12_2
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7
#define ICC_PMR_EL1 s3_0_c4_c6_0

	.globl	time_start, time_end, time_vectors
time_start:
time_vectors:
	.rept	4
	.balign	0x80
	b	exception		/* current EL, SP_EL0 */
	.endr
	.balign	0x80
	b	exception
	.balign	0x80
	b	irq
	.rept	10
	.balign	0x80
	b	exception
	.endr
	.balign	0x80

/* Reports what came: syndrome. */
exception:
	mrs	x20, esr_el1
	str	x20, [x28, #0x100]
	b	.

/* An instruction on x0, and what x0 is then: at EL1 or EL0. */
	.macro	piece name, insn:vararg
	.globl	time_\name
time_\name:
	\insn
	str	x0, [x28, #0x20]
	b	.
	.endm

	piece	pct_read, mrs x0, cntpct_el0
	piece	vct_read, mrs x0, cntvct_el0
	piece	pctss_read, mrs x0, CNTPCTSS_EL0
	piece	vctss_read, mrs x0, CNTVCTSS_EL0
	piece	p_ctl_read, mrs x0, cntp_ctl_el0
	piece	p_cval_read, mrs x0, cntp_cval_el0
	piece	p_tval_read, mrs x0, cntp_tval_el0
	piece	p_ctl_write, msr cntp_ctl_el0, x0
	piece	p_cval_write, msr cntp_cval_el0, x0
	piece	p_tval_write, msr cntp_tval_el0, x0
	piece	v_ctl_read, mrs x0, cntv_ctl_el0
	piece	v_cval_read, mrs x0, cntv_cval_el0
	piece	v_tval_read, mrs x0, cntv_tval_el0
	piece	v_ctl_write, msr cntv_ctl_el0, x0
	piece	v_cval_write, msr cntv_cval_el0, x0
	piece	v_tval_write, msr cntv_tval_el0, x0
	piece	mmfr0_read, mrs x0, id_aa64mmfr0_el1
	piece	isar2_read, mrs x0, s3_0_c0_c6_2
	piece	load, ldr w0, [x0]

/* The same in A32, at EL0; then SVC. Values in r0 and r1. */
	.macro	piece32 name, word
	.globl	time_\name
time_\name:
	.inst	\word
	.inst	0xef000000	/* svc #0 */
	.endm

	piece32	pct_32, 0xec510f0e		/* mrrc p15, 0, r0, r1, c14 */
	piece32	vct_32, 0xec510f1e		/* mrrc p15, 1, r0, r1, c14 */
	piece32	p_cval_read_32, 0xec510f2e	/* mrrc p15, 2, r0, r1, c14 */
	piece32	v_cval_read_32, 0xec510f3e
	piece32	p_cval_write_32, 0xec410f2e	/* mcrr p15, 2, r0, r1, c14 */
	piece32	v_cval_write_32, 0xec410f3e
	piece32	p_tval_read_32, 0xee1e0f12	/* mrc p15, 0, r0, c14, c2, 0 */
	piece32	v_tval_read_32, 0xee1e0f13
	piece32	p_ctl_read_32, 0xee1e0f32	/* mrc p15, 0, r0, c14, c2, 1 */
	piece32	v_ctl_write_32, 0xee0e0f33	/* mcr p15, 0, r0, c14, c3, 1 */
	piece32	never_32, 0x0c510f1e		/* mrrceq p15, 1, r0, r1, c14 */

/*
 * Acknowledges, reports the INTID, then the count; stops its timer (x24 0), masks it (1), or leaves
 * it as it is and is called again (2) and then stops it; ends the interrupt, and says so.
 */
irq:
	cbnz	x25, 1f
	mrs	x20, ICC_IAR1_EL1
	b	2f
1:	ldr	w20, [x25, #0xc]	/* GICC_IAR */
2:	mrs	x21, cntpct_el0
	cbz	x27, 1f
	isb
	mrs	x21, cntvct_el0
1:	str	x20, [x28, #0x118]
	str	x21, [x28, #0x120]
	cmp	x24, #2
	b.eq	2f
	mov	x22, #3
	cmp	x24, #1
	csel	x22, x22, xzr, eq
	cbnz	x27, 1f
	msr	cntp_ctl_el0, x22
	b	2f
1:	msr	cntv_ctl_el0, x22
	isb
2:	cmp	x24, #2
	csel	x24, xzr, x24, eq
	cbnz	x25, 1f
	msr	ICC_EOIR1_EL1, x20
	b	2f
1:	str	w20, [x25, #0x10]	/* GICC_EOIR */
2:	str	xzr, [x28, #0x138]
	eret

/*
 * Interrupts on, of both timers. x26: GICD; x25: 0 or GICC of a GICv2. Reports 0 at 0x130.
 */
	.globl	time_gic
time_gic:
	movz	w3, #0x4800, lsl #16	/* PPIs 27 and 30 */
	cbnz	x25, 1f
	mov	w0, #2			/* GICD_CTLR.EnableGrp1 */
	str	w0, [x26]
	add	x1, x26, #0xa0, lsl #12	/* GICR of vCPU 0 */
	str	wzr, [x1, #0x14]	/* GICR_WAKER */
	add	x1, x1, #0x10, lsl #12
	mov	w0, #-1
	str	w0, [x1, #0x80]		/* GICR_IGROUPR0 */
	str	w3, [x1, #0x100]	/* GICR_ISENABLER0 */
	mov	x0, #0xf0
	msr	ICC_PMR_EL1, x0
	mov	x0, #1
	msr	ICC_IGRPEN1_EL1, x0
	isb
	b	2f
1:	mov	w0, #1
	str	w0, [x26]		/* GICD_CTLR */
	str	w3, [x26, #0x100]	/* GICD_ISENABLER0 */
	mov	w1, #0xf0
	str	w1, [x25, #4]		/* GICC_PMR */
	str	w0, [x25]		/* GICC_CTLR */
2:	str	xzr, [x28, #0x130]
	b	.

/*
 * The timer (x27: 0 physical, 1 virtual) in x0 ticks; reports the compare value; then a loop with
 * interrupts on, in WFI if x23 is not 0.
 */
	.globl	time_arm
time_arm:
	isb
	cbnz	x27, 1f
	mrs	x1, cntpct_el0
	add	x1, x1, x0
	msr	cntp_cval_el0, x1
	mov	x2, #1
	msr	cntp_ctl_el0, x2
	b	2f
1:	mrs	x1, cntvct_el0
	add	x1, x1, x0
	msr	cntv_cval_el0, x1
	mov	x2, #1
	msr	cntv_ctl_el0, x2
2:	isb
	str	x1, [x28, #0x128]
	.globl	time_wait
time_wait:
	msr	daifclr, #2
1:	cbz	x23, 1b
	wfi
	b	1b

/*
 * With interrupts masked: the physical timer comes due, is seen pending, is disabled, and is
 * pending no more. Reports GICR_ISPENDR0 (x1: its address) and the highest pending interrupt.
 */
	.globl	time_level
time_level:
	mrs	x0, cntpct_el0
	msr	cntp_cval_el0, x0
	mov	x2, #1
	msr	cntp_ctl_el0, x2
	isb
	ldr	w0, [x1]
	str	x0, [x28, #0x20]
	msr	cntp_ctl_el0, xzr
	isb
	ldr	w0, [x1]
	str	x0, [x28, #0x20]
	mov	x2, #1			/* and once more */
	msr	cntp_ctl_el0, x2
	isb
	ldr	w0, [x1]
	str	x0, [x28, #0x20]
	mov	x2, #3
	msr	cntp_ctl_el0, x2
	isb
	ldr	w0, [x1]
	str	x0, [x28, #0x20]
	b	.

/* For ever. */
	.globl	time_spin
time_spin:
	b	.
	.balign	8
time_end:
	.section .note.GNU-stack, "", %progbits
