/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_GICV2_H
#define ARCH_AARCH64_GICV2_H

#include "lib/bits.h"

/*
 * GICv2 registers (Arm IHI 0048B.b): those of the distributor that arch/aarch64/gicv3.h does not
 * have at the same offset, the CPU interface, the virtual interface control registers.
 */

/* Distributor (4.3). Those of INTIDs 0 to 31 are banked: each CPU sees its own. */
#define GICD_ITARGETSR 0x0800
#define GICD_SGIR      0x0f00
#define GICD_CPENDSGIR 0x0f10
#define GICD_SPENDSGIR 0x0f20

#define GICD_CTLR_ENABLE        (1u << 0) /* of the group that the accesses are about */
#define GICD_SGIR_TARGETS_SHIFT 16
#define GICD_SGIR_ALL_BUT_SELF  (1u << 24)

/* CPU interface (4.4); GICC_DIR is in a page of its own. */
#define GICC_CTLR 0x0000
#define GICC_PMR  0x0004
#define GICC_BPR  0x0008
#define GICC_IAR  0x000c
#define GICC_EOIR 0x0010
#define GICC_APR0 0x00d0
#define GICC_IIDR 0x00fc

#define GICC_CTLR_ENABLE      (1u << 0) /* as GICD_CTLR_ENABLE */
#define GICC_CTLR_BYPASS_MASK (0xfu << 5)
#define GICC_CTLR_EOIMODE     (1u << 9) /* of the view that non-secure software has */
#define GICC_IIDR_ARCH(iidr)  ((iidr) >> 16 & 0xf)
#define GICC_IAR_INTID_MASK   0x3ffu

/* Virtual interface control (5.3). GICH_HCR has ICH_HCR_EL2's bits 0 to 7 and EOICount. */
#define GICH_HCR    0x0000
#define GICH_VTR    0x0004
#define GICH_VMCR   0x0008
#define GICH_ELRSR0 0x0030
#define GICH_APR    0x00f0
#define GICH_LR0    0x0100

#define GICH_HCR_MASK           0xf80000ffu
#define GICH_VTR_LIST_REGS_MASK 0x3f /* their number, minus 1 */
#define GICH_VTR_PRIBITS_SHIFT  29   /* 3 bits, minus 1 */

#endif
