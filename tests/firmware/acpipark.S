/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/firmware/acpifw.h"

#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define HCR_IMO_RW      0x80000010
#define GICR_WAKER      0x14
#define GICR_SGI_BASE   0x10000
#define GICR_IGROUPR0   0x80
#define GICR_ISENABLER0 0x100

	.section .text.park, "ax"
	.global acpifw_park
	.global acpifw_park_end
	.global acpifw_off
	.balign 8
acpifw_park:
	msr	daifset, #0xf
	ldr	w9, [x0, #PARK_OWN]
	ldr	x10, [x0, #PARK_GICR]
	cbz	x10, 3f
	str	wzr, [x10, #GICR_WAKER]
1:	ldr	w1, [x10, #GICR_WAKER]
	tbnz	w1, #2, 1b		/* ChildrenAsleep */
	add	x10, x10, #GICR_SGI_BASE
	mov	w1, #-1
	str	w1, [x10, #GICR_IGROUPR0]
	mov	w1, #0xffff
	str	w1, [x10, #GICR_ISENABLER0]
	ldr	x1, =HCR_IMO_RW
	msr	hcr_el2, x1
	mov	x1, #9			/* SRE, Enable */
	msr	ICC_SRE_EL2, x1
	isb
	mov	x1, #0xff
	msr	ICC_PMR_EL1, x1
	mov	x1, #1
	msr	ICC_IGRPEN1_EL1, x1
	isb
	str	x1, [x0, #PARK_READY]
2:	dsb	sy
	wfi
	mrs	x1, ICC_IAR1_EL1
	cmp	w1, #1020
	b.hs	4f
	msr	ICC_EOIR1_EL1, x1
	b	4f
3:	mov	x1, #1
	str	x1, [x0, #PARK_READY]
4:	ldr	w1, [x0, #PARK_ID]
	cmp	w1, w9
	b.ne	5f
	ldr	x2, [x0, #PARK_ENTRY]
	cbz	x2, 5f
	str	xzr, [x0, #PARK_ENTRY]
	ic	iallu
	dsb	sy
	isb
	br	x2
5:	cbnz	x10, 2b
	yield
	b	4b
acpifw_off:
	ldr	w0, =FW_CPU_OFF
	smc	#0
	b	acpifw_off
	.ltorg
acpifw_park_end:

/* Without a stack, MMU off: of CPUs whose Aff0 is all that they differ in. */
	.section .text.counted, "ax"
	.global acpifw_counted
acpifw_counted:
	mrs	x1, mpidr_el1
	and	x1, x1, #(FW_MAX_CPUS - 1)
	adrp	x2, acpifw_came
	add	x2, x2, :lo12:acpifw_came
	mov	x3, #1
	str	x3, [x2, x1, lsl #3]
	dsb	sy
	ldr	w0, =FW_CPU_OFF
	smc	#0
6:	wfi
	b	6b
	.ltorg

/* It is an Image, so that Caisson takes it as a kernel, but is never started as one. */
	.section .text.entry, "ax"
	.global entry
entry:
	wfi
	b	entry

/* The file ends with this section, which is filled up to what the header says. */
	.section .embed, "a"
	.quad	0
