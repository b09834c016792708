/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the loader begins as an Image, as Linux is entered (booting.rst of the arm64 port): MMU and
 * data cache off, x0 = device tree. head_leave() leads here from what pehead.S began as an
 * application of UEFI.
 */
#define SCTLR_EL2_OFF 0x30c50830 /* RES1 bits: MMU, caches, alignment checks off, little-endian */
#define SCTLR_M (1 << 0)
#define SCTLR_C (1 << 2)
#define SCTLR_I (1 << 12)
#define HCR_EL2_RW (1 << 31)
#define CPTR_EL2_RES1 0x33ff
#define CURRENTEL_EL2 (2 << 2)

/*
 * Cleans and invalidates [x1, x2) to the point of coherency, x2 a multiple of 4 KiB: two lines at a
 * time, which are 2 KiB at most. Changes x1, x3, x4.
 */
	.macro	clean
	/* CTR_EL0.DminLine is the log2 of words in a line. */
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x4, #4
	lsl	x3, x4, x3
	lsl	x4, x3, #1
	sub	x4, x4, #1
	bic	x1, x1, x4
0:	dc	civac, x1
	add	x1, x1, x3
	dc	civac, x1
	add	x1, x1, x3
	cmp	x1, x2
	b.lo	0b
	dsb	sy
	.endm

/*
 * void head_leave(void): after boot services, at EL2: turns MMU and data cache off and enters as
 * Linux is. Never returns. From the cleaning on nothing is written.
 */
	.section .text.head_leave, "ax"
	.global head_leave
head_leave:
	msr	daifset, #0xf
	adrp	x1, loader_start
	adrp	x2, loader_end
	add	x2, x2, :lo12:loader_end
	clean
	mrs	x1, sctlr_el2
	mov	x2, #(SCTLR_M | SCTLR_C)
	bic	x1, x1, x2
	msr	sctlr_el2, x1
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	mov	x0, xzr
	b	entry

	.section .text.entry, "ax"
	.global entry
entry:
	mrs	x20, CurrentEL
	mov	x21, #0
	cmp	x20, #CURRENTEL_EL2
	b.ne	1f
	mrs	x21, cntpct_el0
	msr	daifset, #0xf
	mov	x1, #HCR_EL2_RW
	msr	hcr_el2, x1
	isb
	ldr	w1, =SCTLR_EL2_OFF | SCTLR_I
	msr	sctlr_el2, x1
	mov	x1, #CPTR_EL2_RES1
	msr	cptr_el2, x1
	/*
	 * All event counters are EL1's: HPMN 0 is CONSTRAINED UNPREDICTABLE without FEAT_HPMN0
	 * (DDI 0487, MDCR_EL2). PMUVer 0 and 15 say that there are none of this kind.
	 */
	mrs	x1, id_aa64dfr0_el1
	sbfx	x1, x1, #8, #4
	cmp	x1, #0
	mov	x1, xzr
	b.le	2f
	mrs	x1, pmcr_el0
	ubfx	x1, x1, #11, #5
2:	msr	mdcr_el2, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el2, x1
	isb
1:	mov	x19, x0

	/*
	 * What the file does not hold is written with caches off. Only the file was cleaned to
	 * the point of coherency (booting.rst): a dirty line that somebody left in the rest must
	 * not be written back over it later.
	 */
	adrp	x1, loader_noinit_start
	add	x1, x1, :lo12:loader_noinit_start
	adrp	x2, loader_end
	add	x2, x2, :lo12:loader_end
	clean

	adrp	x1, loader_bss_start
	add	x1, x1, :lo12:loader_bss_start
	adrp	x2, loader_bss_end
	add	x2, x2, :lo12:loader_bss_end
2:	stp	xzr, xzr, [x1, #16]	/* there is some, in pieces of 64 bytes */
	stp	xzr, xzr, [x1, #32]
	stp	xzr, xzr, [x1, #48]
	stp	xzr, xzr, [x1], #64
	cmp	x1, x2
	b.lo	2b
	bl	relocate
	adrp	x1, loader_stack_top
	add	sp, x1, :lo12:loader_stack_top
	mov	x29, xzr
	mov	x0, x19
	mov	x1, x21
	ubfx	x2, x20, #2, #2
	bl	main_load
6:	wfi
	b	6b

/* void head_enter(uint64_t entry, uint64_t x0): to the hypervisor, MMU off; never returns. */
	.section .text.head_enter, "ax"
	.global head_enter
head_enter:
	mov	x9, x0
	mov	x0, x1
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ic	iallu
	dsb	sy
	isb
	br	x9

/*
 * void head_copy(void *to, const void *from, uint64_t bytes): a multiple of 128 bytes, both at
 * multiples of 16. With the MMU off each load and store goes to memory by itself, so they are of
 * the widest kind, FP registers: of nobody here, firmware's only until boot services end.
 */
	.arch_extension fp
	.arch_extension simd
	.section .text.head_copy, "ax"
	.global head_copy
head_copy:
	cbz	x2, 9f
0:	ldp	q2, q3, [x1, #32]
	ldp	q4, q5, [x1, #64]
	ldp	q6, q7, [x1, #96]
	ldp	q0, q1, [x1], #128
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	stp	q0, q1, [x0], #128
	subs	x2, x2, #128
	b.ne	0b
9:	ret

/* Nothing here is expected to fault; if it does, say where. */
	.section .text.vectors, "ax"
	.balign 2048
vectors:
	.rept 16
	.balign 128
	b	exception
	.endr
exception:
	adrp	x1, loader_stack_top
	add	sp, x1, :lo12:loader_stack_top
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	bl	main_exception
7:	wfi
	b	7b

/*
 * Where firmware lets a secondary CPU go, by whatever protocol: no register says anything. The
 * loader copies these instructions to the start of a page, with the table by which the CPU finds
 * its mailbox (struct boot_mailbox). It says that it is here and waits, MMU and data cache off.
 * One that is not in the table, or not at EL2, stays here for ever.
 *
 * Nobody has to wake it: it polls, in the pace of the counter's event stream (Arm ARM DDI 0487
 * D11.2.4). As long as the counter does not move, WFE might not end: then it polls without.
 */
#include "abi/bootinfo.h"
#include "loader/mpboot.h"

#define CNTHCTL_EVENTS 0xa4 /* EVNTEN, EVNTI 10: each 2048 ticks */
#define CNTHCTL_EVENT_BITS 0xfc

	.section .text.mpboot_wait, "ax"
	.global mpboot_wait_start
	.global mpboot_wait_end
	.balign 8
mpboot_wait_start:
	msr	daifset, #0xf
	adr	x3, mpboot_wait_start
	add	x3, x3, #MPBOOT_TABLE
	mrs	x1, CurrentEL
	cmp	x1, #CURRENTEL_EL2
	b.ne	1f
	mov	x2, #HCR_EL2_RW		/* E2H is 0: what follows is as it looks */
	msr	hcr_el2, x2
	isb
	ldr	w2, =SCTLR_EL2_OFF | SCTLR_I
	msr	sctlr_el2, x2
	isb
1:	mrs	x2, mpidr_el1
	ldr	x4, =0xff00ffffff
	and	x2, x2, x4
2:	ldp	x4, x0, [x3], #16
	cbz	x0, 9f
	cmp	x4, x2
	b.ne	2b
	cmp	x1, #CURRENTEL_EL2
	b.ne	8f
	mrs	x6, cntpct_el0
	str	x6, [x0, #BOOT_MAILBOX_TIME]
	dsb	sy
	str	x1, [x0, #BOOT_MAILBOX_ARRIVED]
	dsb	sy
	sev
	mrs	x5, cnthctl_el2
	bic	x2, x5, #CNTHCTL_EVENT_BITS
	mov	x3, #CNTHCTL_EVENTS
	orr	x2, x2, x3
	msr	cnthctl_el2, x2
	isb
	ldr	x3, [x0, #BOOT_MAILBOX_OWN_ID]
3:	ldr	w1, [x0, #BOOT_MAILBOX_ID]
	cmn	w1, #1			/* BOOT_MAILBOX_NO_ID */
	b.eq	4f
	eor	w1, w1, w3
	tst	w1, #0xff		/* all that Linux writes of it */
	b.ne	4f
	ldr	x4, [x0, #BOOT_MAILBOX_ENTRY]
	cbz	x4, 4f
	str	xzr, [x0, #BOOT_MAILBOX_ENTRY]
	b	5f
4:	ldr	x4, [x0, #BOOT_MAILBOX_RELEASE]
	cbnz	x4, 5f
	mrs	x1, cntpct_el0
	cmp	x1, x6
	b.eq	3b
	wfe
	b	3b
5:	msr	cnthctl_el2, x5
	mov	x0, xzr
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ic	iallu
	dsb	sy
	isb
	br	x4
8:	str	x1, [x0, #BOOT_MAILBOX_ARRIVED]
	dsb	sy
9:	wfi
	b	9b
	.ltorg
	.balign 8
mpboot_wait_end:

	.section .noinit, "aw", %nobits
	.balign 16
	.space 0x4000
	.global loader_stack_top
loader_stack_top:
