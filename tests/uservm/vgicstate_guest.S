/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of tests/uservm/vgicstate.c, MMU off, interrupts masked: asks the VMM at x28 what to do
 * and for two numbers, does it, reports, asks again. Copied to the guest's RAM as it stands.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	8
	.globl	guest_start, guest_end
guest_start:
	ldr	x0, [x28]
	ldr	x1, [x28, #8]
	ldr	x2, [x28, #16]
	adr	x3, table
	add	x3, x3, x0, lsl #3
	br	x3
report:
	isb
	str	x0, [x28, #24]
	b	guest_start

/* In the order of enum op. */
	.macro	op instruction:vararg
	\instruction
	b	report
	.endm

table:
	op	strb	w2, [x1]
	op	str	w2, [x1]
	op	ldr	w0, [x1]
	op	mrs	x0, s3_0_c12_c12_0	/* ICC_IAR1_EL1 */
	op	mrs	x0, s3_0_c12_c8_0	/* ICC_IAR0_EL1 */
	op	msr	s3_0_c12_c12_1, x1	/* ICC_EOIR1_EL1 */
	op	msr	s3_0_c12_c8_1, x1	/* ICC_EOIR0_EL1 */
	op	msr	s3_0_c12_c11_1, x1	/* ICC_DIR_EL1 */
	op	msr	s3_0_c4_c6_0, x1	/* ICC_PMR_EL1 */
	op	mrs	x0, s3_0_c4_c6_0
	op	msr	s3_0_c12_c12_3, x1	/* ICC_BPR1_EL1 */
	op	mrs	x0, s3_0_c12_c12_3
	op	msr	s3_0_c12_c12_4, x1	/* ICC_CTLR_EL1 */
	op	mrs	x0, s3_0_c12_c12_4
	op	msr	s3_0_c12_c12_6, x1	/* ICC_IGRPEN0_EL1 */
	op	mrs	x0, s3_0_c12_c12_6
	op	msr	s3_0_c12_c12_7, x1	/* ICC_IGRPEN1_EL1 */
	op	mrs	x0, s3_0_c12_c12_7
	op	mrs	x0, s3_0_c12_c12_2	/* ICC_HPPIR1_EL1 */
	op	mrs	x0, s3_0_c12_c11_3	/* ICC_RPR_EL1 */
	op	msr	s3_0_c12_c11_5, x1	/* ICC_SGI1R_EL1 */
	op	msr	s3_0_c12_c11_7, x1	/* ICC_SGI0R_EL1 */
	op	msr	cntv_cval_el0, x1
	op	msr	cntv_ctl_el0, x1
	op	msr	cntp_cval_el0, x1
	op	msr	cntp_ctl_el0, x1
	.balign	8
guest_end:
	.section .note.GNU-stack, "", %progbits
