/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SMCCC_H
#define ARCH_AARCH64_SMCCC_H

#include <stdint.h>

/*
 * A call to the firmware by the SMC Calling Convention (DEN 0028, 2.6 and 2.7): function
 * identifier and three arguments; returns x0. A caller of a 32-bit function looks at the low
 * 32 bits only.
 */
uint64_t smccc_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
