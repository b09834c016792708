/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of every payload: Image header, relocation, stacks, exception vectors. */

#define STACK_SHIFT 14 /* 16 KiB per CPU; CPU_STACK_BYTES in cpu.h */
#define FRAME_BYTES 288

	.section .head, "ax"
	.globl image_head
image_head:
	b	start
	.long	0
	.quad	0			/* text_offset */
	.quad	image_end - image_head	/* image_size */
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	mrs	x19, cntvct_el0
	mov	x20, x0
	adr	x21, image_head

	/* R_AARCH64_RELATIVE is the only type that the link leaves. */
	adrp	x0, rela_start
	add	x0, x0, :lo12:rela_start
	adrp	x1, rela_end
	add	x1, x1, :lo12:rela_end
1:	cmp	x0, x1
	b.hs	2f
	ldp	x2, x3, [x0], #16
	ldr	x4, [x0], #8
	cmp	w3, #1027
	b.ne	1b
	add	x4, x4, x21
	str	x4, [x21, x2]
	b	1b
2:
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, image_end
	add	x1, x1, :lo12:image_end
3:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	3b

	mov	x22, #0
	bl	cpu_setup
	mov	x0, x20
	mov	x1, x21
	mov	x2, x19
	bl	guest_main
4:	wfi
	b	4b

/* A secondary, MMU off: x0 is its struct cpu; offsets as there. */
	.globl secondary_start
secondary_start:
	mrs	x1, sctlr_el1
	mrs	x2, daif
	stp	x1, x2, [x0, #24]
	mrs	x1, currentel
	str	x1, [x0, #40]
	mov	x23, x0
	ldr	x22, [x0]
	bl	cpu_setup
	mov	x0, x23
	bl	guest_secondary
5:	wfi
	b	5b

/* int64_t psci_suspend(struct cpu *c, uint64_t function, uint64_t state): see psci.h. */
	.globl	psci_suspend
psci_suspend:
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x19, x0
	str	x29, [x0, #48]
	add	x9, x0, #48
	dc	civac, x9		/* read back with the MMU off */
	dsb	sy
	mov	x0, x1
	mov	x1, x2
	adr	x2, suspend_resume
	mov	x3, x19
	adrp	x9, psci_by_smc
	ldrb	w9, [x9, :lo12:psci_by_smc]
	cbnz	w9, 6f
	hvc	#0
	b	7f
6:	smc	#0
7:	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
suspend_resume:
	mov	x23, x0
	ldr	x22, [x0]
	bl	cpu_setup
	msr	tpidr_el1, x23
	ldr	x9, [x23, #48]
	mov	sp, x9
	mov	x0, #1
	b	7b

/* Stack of CPU x22, vectors, FP access, SCTLR_EL1 with MMU off. Clobbers x0, x1. */
cpu_setup:
	msr	spsel, #1
	msr	daifset, #15
	adrp	x0, cpu_stacks
	add	x0, x0, :lo12:cpu_stacks
	add	x1, x22, #1
	add	x0, x0, x1, lsl #STACK_SHIFT
	mov	sp, x0
	adr	x0, exc_vectors
	msr	vbar_el1, x0
	mov	x0, #3 << 20
	msr	cpacr_el1, x0
	ldr	x0, =0x30d00800
	msr	sctlr_el1, x0
	isb
	ret
	.ltorg

	.macro	vector index
	.balign	0x80
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp]
	mov	x0, #\index
	b	exc_entry
	.endm

	.text
	.balign	0x800
	.globl	exc_vectors
exc_vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\n
	.endr

/* x0: vector's number. Builds struct exc_frame (exc.h). */
exc_entry:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	add	x1, sp, #FRAME_BYTES
	mrs	x2, sp_el0
	sub	x3, x0, #4
	cmp	x3, #4
	csel	x1, x1, x2, lo		/* vectors 4..7 came from SP_EL1 */
	stp	x30, x1, [sp, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #256]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #272]
	mov	x1, x0
	mov	x0, sp
	bl	exc_handle
	ldp	x2, x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #240]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_BYTES
	eret

	.section .note.GNU-stack, "", %progbits
