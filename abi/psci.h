/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_PSCI_H
#define ABI_PSCI_H

/*
 * SMC Calling Convention (DEN 0028) and PSCI 1.1 (DEN 0022): what crosses between Caisson and
 * its guests, and between Caisson and firmware.
 */

/* Function identifiers: bit 31 fast call, bit 30 64-bit, 29:24 owner (DEN 0028, 2.5). */
#define SMCCC_FAST                  0x80000000
#define SMCCC_64                    0x40000000
#define SMCCC_OWNER_ARCH            0
#define SMCCC_OWNER_STANDARD_SECURE 4

#define SMCCC_VERSION           0x80000000
#define SMCCC_ARCH_FEATURES     0x80000001
#define SMCCC_ARCH_WORKAROUND_1 0x80008000
#define SMCCC_ARCH_WORKAROUND_2 0x80007fff
#define SMCCC_ARCH_WORKAROUND_3 0x80003fff

#define SMCCC_VERSION_1_2   0x10002
#define SMCCC_SUCCESS       0
#define SMCCC_NOT_SUPPORTED (-1)
#define SMCCC_NOT_REQUIRED  (-2)

#define PSCI_VERSION           0x84000000
#define PSCI_CPU_SUSPEND       0x84000001
#define PSCI_CPU_OFF           0x84000002
#define PSCI_CPU_ON            0x84000003
#define PSCI_AFFINITY_INFO     0x84000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF        0x84000008
#define PSCI_SYSTEM_RESET      0x84000009
#define PSCI_FEATURES          0x8400000a
#define PSCI_64(id)            ((id) | SMCCC_64)

#define PSCI_VERSION_1_1 0x10001
/* MIGRATE_INFO_TYPE: the Trusted OS, if any, needs no migration (5.9). */
#define PSCI_TOS_NOT_PRESENT 2

#define PSCI_SUCCESS            0
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED             (-3)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_ON_PENDING         (-5)
#define PSCI_INTERNAL_FAILURE   (-6)
#define PSCI_INVALID_ADDRESS    (-9)

/* AFFINITY_INFO */
#define PSCI_AFFINITY_ON         0
#define PSCI_AFFINITY_OFF        1
#define PSCI_AFFINITY_ON_PENDING 2

#endif
