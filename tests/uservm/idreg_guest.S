/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPU of tests/uservm/idreg.c executes, MMU off, copied to the guest's RAM as it stands:
 * reads what its CPU says of itself, and stops at a load from x28, an address that is the VMM's.
 */
	.arch	armv8-a
	.section .rodata.guest, "a"
	.balign	2048

	.globl	guest_start, guest_end, guest_read, guest_zva
guest_start:
	.rept	16
	.balign	0x80
	mrs	x20, esr_el1
	ldr	x30, [x28]
	b	.
	.endr
	.balign	0x80

guest_read:
	mrs	x0, midr_el1
	mrs	x1, revidr_el1
	mrs	x2, aidr_el1
	mrs	x3, dczid_el0
	mrs	x4, ctr_el0
	mrs	x5, clidr_el1
	msr	csselr_el1, xzr
	isb
	mrs	x6, ccsidr_el1
	mrs	x7, id_aa64isar0_el1
	mrs	x8, id_aa64mmfr0_el1
	mrs	x9, id_aa64mmfr2_el1
	mrs	x10, id_aa64pfr0_el1
	ldr	x30, [x28]
	b	.

guest_zva:
	adr	x0, guest_end
	dc	zva, x0
	ldr	x30, [x28]
	b	.

	.balign	2048		/* the largest block of DC ZVA */
guest_end:
