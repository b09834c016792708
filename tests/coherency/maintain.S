/* SPDX-License-Identifier: BSD-2-Clause */
/* What a payload does with its MMU and its caches off: in registers only, so that its own stack is
 * not part of the matter. */

#define CACHES_OFF 0x1005 /* SCTLR_EL1.{I, C, M} */

	.macro	caches_off
	mrs	x9, sctlr_el1
	mov	x10, #CACHES_OFF
	bic	x10, x9, x10
	msr	sctlr_el1, x10
	isb
	.endm

	.macro	caches_on
	msr	sctlr_el1, x9
	isb
	.endm

	.text
/* uint64_t past_caches_read(const void *at) */
	.globl	past_caches_read
past_caches_read:
	caches_off
	ldr	x0, [x0]
	caches_on
	ret

/* void past_caches_write(void *at, uint64_t value) */
	.globl	past_caches_write
past_caches_write:
	caches_off
	str	x1, [x0]
	dsb	sy
	caches_on
	ret

/* uint64_t past_caches_call(const void *code) */
	.globl	past_caches_call
past_caches_call:
	mov	x11, x30
	caches_off
	blr	x0
	caches_on
	ret	x11

	.section .note.GNU-stack, "", %progbits
