/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SMCCC_H
#define ARCH_AARCH64_SMCCC_H

#include <stdint.h>

/* x0 to x17: arguments before a call, results after it (SMC Calling Convention 1.2, 2.6). */
struct smccc_regs {
	uint64_t x[18];
};

/* Executes SMC #0 or HVC #0 with these registers and stores back what they hold afterwards. */
void smccc_smc(struct smccc_regs *regs);
void smccc_hvc(struct smccc_regs *regs);

#endif
