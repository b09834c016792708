/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include "tests/guest/lib/cpu.h"

/* PSCI (DEN 0022) and SMCCC (DEN 0028) by the conduit that the device tree names. */

#define PSCI_VERSION          0x84000000
#define PSCI_CPU_SUSPEND_32   0x84000001
#define PSCI_CPU_SUSPEND      0xc4000001
#define PSCI_CPU_OFF          0x84000002
#define PSCI_CPU_ON_32        0x84000003
#define PSCI_CPU_ON           0xc4000003
#define PSCI_AFFINITY_INFO_32 0x84000004
#define PSCI_AFFINITY_INFO    0xc4000004
#define PSCI_SYSTEM_OFF       0x84000008
#define PSCI_SYSTEM_RESET     0x84000009
#define PSCI_FEATURES         0x8400000a
#define SMCCC_VERSION         0x80000000
#define SMCCC_ARCH_FEATURES   0x80000001
#define SMCCC_ARCH_WA_1       0x80008000
#define SMCCC_ARCH_WA_2       0x80007fff
#define SMCCC_ARCH_WA_3       0x80003fff

#define PSCI_SUCCESS         0
#define PSCI_NOT_SUPPORTED   (-1)
#define PSCI_INVALID_PARAMS  (-2)
#define PSCI_DENIED          (-3)
#define PSCI_ALREADY_ON      (-4)
#define PSCI_ON_PENDING      (-5)
#define PSCI_INVALID_ADDRESS (-9)

#define PSCI_AFFINITY_ON         0
#define PSCI_AFFINITY_OFF        1
#define PSCI_AFFINITY_ON_PENDING 2

struct smccc_regs {
	uint64_t x[18];
};

/* Executes HVC #0 or SMC #0 with x0..x17 from regs and stores them back. */
void smccc_hvc(struct smccc_regs *regs);
void smccc_smc(struct smccc_regs *regs);

extern bool psci_by_smc;
void psci_init(void);
/* A call with three arguments by the conduit; returns x0. */
int64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
/*
 * CPU_SUSPEND of this CPU (c) with a resume address: returns what the call returned, or 1, with
 * the MMU off, if the CPU came back through the resume address with the right context ID.
 */
int64_t psci_suspend(struct cpu *c, uint64_t function, uint64_t state);
void psci_system_off(void) __attribute__((noreturn));

#endif
