/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of the benchmark payload: an arm64 Image, entered at EL1 with the MMU off and the device
 * tree's address in x0, at any 2 MiB aligned address. The MMU stays off for the whole run.
 */

#define PAYLOAD_BYTES	    0x10000 /* bss included; checked by link.ld */
#define PAYLOAD_STACK_BYTES 0x4000

	.section .head, "ax"
	.globl	_start
_start:
	b	first_instruction
	.long	0
	.quad	0			/* text_offset */
	.quad	PAYLOAD_BYTES
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
first_instruction:
	mrs	x19, cntvct_el0
	mov	x20, x0
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
1:	cmp	x1, x2
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	adrp	x1, stacks + PAYLOAD_STACK_BYTES
	add	x1, x1, :lo12:stacks + PAYLOAD_STACK_BYTES
	mov	sp, x1
	mov	x0, x20
	mov	x1, x19
	bl	main
3:	wfi
	b	3b

/*
 * The second CPU: CPU_ON's context is the address of struct second_cpu (payload.h), whose first
 * word takes the count of the very first instruction, second the function to run.
 */
	.globl	second_start
second_start:
	mrs	x9, cntvct_el0
	adrp	x1, stacks + 2 * PAYLOAD_STACK_BYTES
	add	x1, x1, :lo12:stacks + 2 * PAYLOAD_STACK_BYTES
	mov	sp, x1
	ldr	x10, [x0, #8]
	str	x9, [x0]
	dmb	sy
	blr	x10
4:	wfi
	b	4b

/* What the compiler may call on its own. Not measured, so short rather than fast. */
	.globl	memset
memset:
	mov	x3, x0
5:	cbz	x2, 6f
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	5b
6:	ret

	.globl	memcpy
memcpy:
	mov	x3, x0
7:	cbz	x2, 8f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	7b
8:	ret

	.bss
	.balign	16
stacks:
	.skip	2 * PAYLOAD_STACK_BYTES
