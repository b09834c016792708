/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments are where the convention wants them already. Firmware of SMCCC 1.0 may change x4 to
 * x17, which the procedure call standard lets a function do as well.
 */

.macro conduit instruction
	.section .text.smccc_\instruction, "ax", %progbits
	.global smccc_\instruction
	.type smccc_\instruction, %function
smccc_\instruction:
	mov	x4, #0
	mov	x5, #0
	mov	x6, #0
	mov	x7, #0
	\instruction #0
	ret
	.size smccc_\instruction, . - smccc_\instruction
.endm

	conduit smc
	conduit hvc
