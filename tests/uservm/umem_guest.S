/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPU of tests/uservm/umem.c executes: pieces that do one thing with x0 and x1 and report
 * their registers by HVC. Copied to the guest's RAM as it stands, so it names nothing outside.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	4096

	.macro piece name
	.globl	guest_\name
guest_\name:
	.endm

	.globl	guest_start, guest_end
guest_start:

	piece	load
	ldr	x0, [x1]
	hvc	#1

	piece	load_pair
	ldp	x0, x2, [x1]
	hvc	#1

	piece	store
	str	x0, [x1]
	hvc	#1

	piece	call
	blr	x1
	hvc	#1

	piece	clean
	dc	civac, x1
	hvc	#1

	/* A loop over sets and ways: one of them here. */
	piece	set_way
	dc	cisw, x1
	hvc	#1

	piece	sctlr
	msr	sctlr_el1, x0
	isb
	mrs	x0, sctlr_el1
	hvc	#1

	/* While writes of these trap: what is written is there. */
	piece	vm_registers
	mov	x0, #0x1230
	msr	mair_el1, x0
	msr	far_el1, x0
	msr	contextidr_el1, x0
	msr	ttbr1_el1, x0
	isb
	mrs	x1, mair_el1
	mrs	x2, far_el1
	mrs	x3, contextidr_el1
	mrs	x4, ttbr1_el1
	hvc	#1

	piece	cache_ids
	mov	x0, #1
	msr	csselr_el1, x0
	isb
	mrs	x3, csselr_el1
	mrs	x2, ccsidr_el1
	mrs	x1, clidr_el1
	mrs	x0, ctr_el0
	hvc	#1

	/*
	 * x0 times: calls the code at x1, whose answer never goes back; stores to x2 what it has
	 * not stored there before, and loads it again. At the end, x0: how often that went wrong.
	 */
	piece	stress
	mov	x5, x0
	mov	x3, #0
	mov	x4, #0
1:	blr	x1
	cmp	x0, x4
	b.lo	2f
	mov	x4, x0
	str	x5, [x2]
	ldr	x6, [x2]
	cmp	x6, x5
	b.eq	3f
2:	add	x3, x3, #1
3:	subs	x5, x5, #1
	b.ne	1b
	mov	x0, x3
	hvc	#1

	/* Code that is written behind the guest's back; the immediate is filled in. */
	piece	answer
	mov	x0, #0
	ret

	.globl	guest_end
guest_end:

	.section .note.GNU-stack, "", %progbits
