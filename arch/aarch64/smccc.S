/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments are where the convention wants them already. Firmware of SMCCC 1.0 may change x4 to
 * x17, which the procedure call standard lets a function do as well.
 */

	.section .text.smccc_smc, "ax", %progbits
	.global smccc_smc
	.type smccc_smc, %function
smccc_smc:
	mov	x4, #0
	mov	x5, #0
	mov	x6, #0
	mov	x7, #0
	smc	#0
	ret
	.size smccc_smc, . - smccc_smc
