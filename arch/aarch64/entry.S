/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first page of the hypervisor's image: its header (abi/bootinfo.h) and the code that every
 * CPU enters with the MMU off, at the image's physical address. The page is mapped there too,
 * so that execution goes on when the MMU comes on.
 */
#include "abi/bootinfo.h"
#include "arch/aarch64/asm_offsets.h"

	.section .head, "ax"
	.global	hyp_header
hyp_header:
	.quad	HYP_HEADER_MAGIC
	.quad	entry_boot - hyp_header
	.quad	entry_secondary - hyp_header
	.quad	hyp_text_bytes
	.quad	hyp_rodata_bytes
	.quad	hyp_data_bytes
	.quad	hyp_bss_bytes
	.quad	0
	.fill	5, 8, 0			/* for the loader */

entry_boot:
entry_secondary:
	msr	daifset, #0xf
	msr	spsel, #1
	mov	x1, #(1 << 31)		/* HCR_EL2.RW: EL1 is AArch64, E2H is 0 */
	msr	hcr_el2, x1
	isb
	adr	x1, hyp_header
	ldr	x2, [x1, #HYP_HEADER_TTBR0]
	ldr	x3, [x1, #HYP_HEADER_TCR]
	ldr	x4, [x1, #HYP_HEADER_MAIR]
	ldr	x5, [x1, #HYP_HEADER_SCTLR]
	ldr	x19, [x1, #HYP_HEADER_BOOTINFO]
	/* These change what translation means, and their values at reset are unknown. */
	mrs	x6, S3_0_C0_C7_3	/* ID_AA64MMFR3_EL1 */
	tst	x6, #0xf		/* TCRX */
	b.eq	1f
	msr	S3_4_C2_C0_3, xzr	/* TCR2_EL2 */
1:	tst	x6, #0xf0		/* SCTLRX */
	b.eq	1f
	msr	S3_4_C1_C0_3, xzr	/* SCTLR2_EL2 */
1:	mrs	x6, id_aa64pfr1_el1
	tst	x6, #(0xf << 44)	/* GCS */
	b.eq	1f
	msr	S3_4_C2_C5_0, xzr	/* GCSCR_EL2 */
1:
	tlbi	alle2
	tlbi	alle1
	ic	iallu
	dsb	nsh
	isb
	msr	ttbr0_el2, x2
	msr	tcr_el2, x3
	msr	mair_el2, x4
	isb
	msr	sctlr_el2, x5
	isb
	ldr	x1, =1f
	br	x1
1:	/* At the link address from here. Which CPU is this? */
	mrs	x1, mpidr_el1
	ldr	x2, =0xff00ffffff
	and	x1, x1, x2
	ldr	w2, [x19, #BOOTINFO_CPU_COUNT]
	add	x3, x19, #BOOTINFO_CPU
	mov	x20, #0
2:	ldr	x4, [x3], #BOOTINFO_CPU_BYTES
	cmp	x4, x1
	b.eq	3f
	add	x20, x20, #1
	cmp	x20, x2
	b.lo	2b
	b	entry_park		/* not in the table: the loader releases none such */
3:	cbnz	x20, 6f
	/*
	 * The boot CPU zeroes bss, here where caches are on: nobody uses it with caches off, so it
	 * needs no maintenance. Its bounds are multiples of 4 KiB: two of DC ZVA's largest blocks.
	 */
	ldr	x1, =hyp_bss_start
	ldr	x2, =hyp_bss_bytes
	add	x2, x1, x2
	mrs	x3, dczid_el0
	tbnz	x3, #4, 5f		/* DZP: prohibited */
	and	x3, x3, #0xf		/* BS: log2 of words */
	mov	x4, #4
	lsl	x4, x4, x3
4:	dc	zva, x1
	add	x1, x1, x4
	dc	zva, x1
	add	x1, x1, x4
	cmp	x1, x2
	b.lo	4b
	b	6f
5:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	5b
6:	ldr	x1, =HYP_STACK_VA + HYP_STACK_GUARD + HYP_STACK_BYTES
	mov	x2, #HYP_STACK_STRIDE
	madd	x1, x20, x2, x1
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	ldr	x1, =percpu
	mov	x2, #PERCPU_BYTES
	madd	x1, x20, x2, x1
	msr	tpidr_el2, x1
	ldr	x1, =vectors
	msr	vbar_el2, x1
	mov	x0, x19
	mov	x1, x20
	bl	hyp_main		/* (bootinfo, index), does not return */
entry_park:
	wfi
	b	entry_park
	.ltorg
