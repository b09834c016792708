/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function per thing measured. Each returns a difference of CNTVCT_EL0, which under
 * "-icount shift=0" counts instructions. Interrupts are masked but in the probes that take one.
 * Interrupt handlers use x16 (count at the handler's first instruction) and x17 only, so that
 * nothing but the path under test lies between the event and the reading.
 */

/* By encoding: assemblers know these names only with some -march. */
#define ICC_IAR1_EL1  S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_SGI1R_EL1 S3_0_C12_C11_5

	.macro	function name
	.text
	.balign	64
	.globl	\name
	.type	\name, %function
\name:
	.endm

/* Brackets one instruction; its cost includes the isb that ends it, probe_empty subtracts that. */
	.macro	bracket op:vararg
	isb
	mrs	x9, cntvct_el0
	\op
	isb
	mrs	x10, cntvct_el0
	sub	x0, x10, x9
	ret
	.endm

function probe_empty
	bracket

/* The function identifier of PSCI_VERSION is loaded outside the bracket. */
function probe_hvc
	mov	x0, #0x84000000
	bracket hvc #0

function probe_smc
	mov	x0, #0x84000000
	bracket smc #0

function probe_read32
	mov	x11, x0
	bracket ldr w12, [x11]

/* x0: address, x1: value. */
function probe_write32
	mov	x11, x0
	bracket str w1, [x11]

function probe_touch
	mov	x11, x0
	bracket str xzr, [x11]

/* x0: the address of an instruction RET: the fetch from there, and back. */
function probe_exec
	mov	x11, x0
	mov	x12, x30
	isb
	mrs	x9, cntvct_el0
	blr	x11
	isb
	mrs	x10, cntvct_el0
	sub	x0, x10, x9
	ret	x12

function probe_mdccsr
	bracket mrs x11, mdccsr_el0

function probe_idreg
	bracket mrs x11, id_aa64pfr0_el1

function probe_cntpct
	bracket mrs x11, cntpct_el0

function probe_cntp_set
	bracket msr cntp_cval_el0, x0

function probe_cntvct
	bracket mrs x11, cntvct_el0

function probe_cntv_set
	bracket msr cntv_cval_el0, x0

function probe_pair
	ldp	x11, x12, [x0]
	ret

function probe_mdscr
	bracket mrs x11, mdscr_el1

/*
 * x0: value for ICC_SGI1R_EL1 that names this CPU, x1: struct sgi_times: from the write to the
 * handler's first instruction, and to the interrupted code's next one after EOI.
 */
function probe_sgi_self
	mov	x16, xzr
	msr	daifclr, #2
	isb
	mrs	x9, cntvct_el0
	msr	ICC_SGI1R_EL1, x0
	isb
1:	cbz	x16, 1b
	mrs	x10, cntvct_el0
	msr	daifset, #2
	sub	x16, x16, x9
	sub	x10, x10, x9
	stp	x16, x10, [x1]
	ret

/* x0: how long from now the timer is due. Returns due to handler, spinning. */
function probe_vtimer_spin
	mov	x16, xzr
	msr	daifclr, #2
	mrs	x9, cntvct_el0
	add	x9, x9, x0
	msr	cntv_cval_el0, x9
	mov	x10, #1
	msr	cntv_ctl_el0, x10
	isb
1:	cbz	x16, 1b
	msr	daifset, #2
	sub	x0, x16, x9
	ret

function probe_vtimer_wfi
	mov	x16, xzr
	msr	daifclr, #2
	mrs	x9, cntvct_el0
	add	x9, x9, x0
	msr	cntv_cval_el0, x9
	mov	x10, #1
	msr	cntv_ctl_el0, x10
	isb
1:	wfi
	cbz	x16, 1b
	msr	daifset, #2
	sub	x0, x16, x9
	ret

/* x0: value for ICC_SGI1R_EL1 that names the other CPU. Returns the count before the write. */
function probe_ipi_send
	isb
	mrs	x9, cntvct_el0
	msr	ICC_SGI1R_EL1, x0
	isb
	mov	x0, x9
	ret

/*
 * x0: a word to set to x1 once ready. Returns the count at the handler's entry. The spin has a
 * yield: an emulator that runs its CPUs in turns goes to the other CPU there, and neither CPU
 * waits for the end of the other's slice.
 */
function probe_ipi_receive
	mov	x16, xzr
	msr	daifclr, #2
	isb
	str	x1, [x0]
	dmb	sy
1:	yield
	cbz	x16, 1b
	msr	daifset, #2
	mov	x0, x16
	ret

/* The same, asleep in WFI; masked between the look at x16 and the WFI, so that none is missed. */
function probe_ipi_receive_wfi
	mov	x16, xzr
	str	x1, [x0]
	dmb	sy
1:	wfi
	msr	daifclr, #2
	isb
	msr	daifset, #2
	cbz	x16, 1b
	mov	x0, x16
	ret

/*
 * x0: a device's register, x1: what to store there, after which it interrupts. Returns from the
 * store to the handler's first instruction, asleep between.
 */
function probe_device_irq
	mov	x16, xzr
	isb
	mrs	x9, cntvct_el0
	str	w1, [x0]
1:	wfi
	msr	daifclr, #2
	isb
	msr	daifset, #2
	cbz	x16, 1b
	sub	x0, x16, x9
	ret

/*
 * x0: UARTIMSC of a PL011, x1: a bit of it whose interrupt is raised. Returns from the store that
 * unmasks it to the handler's first instruction, with probe_vectors_uart.
 */
function probe_uart_irq
	mov	x16, xzr
	mov	x11, x0
	msr	daifclr, #2
	isb
	mrs	x9, cntvct_el0
	str	w1, [x11]
1:	cbz	x16, 1b
	msr	daifset, #2
	sub	x0, x16, x9
	ret

/*
 * x0: PSCI function, x1 to x3: its arguments, x4: where its result goes. Returns the count before
 * the call.
 */
function probe_psci_hvc
	isb
	mrs	x9, cntvct_el0
	hvc	#0
	str	x0, [x4]
	mov	x0, x9
	ret

function probe_psci_smc
	isb
	mrs	x9, cntvct_el0
	smc	#0
	str	x0, [x4]
	mov	x0, x9
	ret

/*
 * Where CPU_ON starts the second CPU, MMU off: stores the count at its first instruction in the
 * word that the context ID points at, and goes off again.
 */
function probe_second_hvc
	mrs	x9, cntvct_el0
	str	x9, [x0]
	dsb	sy
	mov	x0, #2
	movk	x0, #0x8400, lsl #16
	hvc	#0
	b	.

function probe_second_smc
	mrs	x9, cntvct_el0
	str	x9, [x0]
	dsb	sy
	mov	x0, #2
	movk	x0, #0x8400, lsl #16
	smc	#0
	b	.

/*
 * Vectors. An interrupt is acknowledged and ended; the virtual timer is switched off too, which
 * does no harm to an SGI and which no hypervisor of the comparison traps. A synchronous exception
 * is an instruction that this machine does not have: it is counted and skipped. Those for
 * probe_uart_irq mask the UART's interrupt instead: x11 is its mask register's address.
 */
	.macro	vector
	.balign	0x80
	.endm

	/* quiet: what makes the source of the interrupt quiet. */
	.macro	vectors name, quiet:vararg
	.text
	.balign	0x800
	.globl	\name
\name:
	.rept	4
	vector				/* current EL with SP_EL0: not used */
	b	unexpected
	.endr
	vector				/* current EL: synchronous */
	b	skip_instruction
	vector				/* current EL: IRQ */
	mrs	x16, cntvct_el0
	mrs	x17, ICC_IAR1_EL1
	\quiet
	msr	ICC_EOIR1_EL1, x17
	isb
	eret
	.rept	10			/* FIQ, SError, and from EL0: not used */
	vector
	b	unexpected
	.endr
	.endm

	vectors	probe_vectors, msr cntv_ctl_el0, xzr
	vectors	probe_vectors_uart, str wzr, [x11]

skip_instruction:
	adrp	x16, probe_skipped
	add	x16, x16, :lo12:probe_skipped
	ldr	x17, [x16]
	add	x17, x17, #1
	str	x17, [x16]
	mrs	x17, elr_el1
	add	x17, x17, #4
	msr	elr_el1, x17
	eret

unexpected:
	b	.

	.section .note.GNU-stack, "", %progbits
