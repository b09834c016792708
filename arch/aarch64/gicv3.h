/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_GICV3_H
#define ARCH_AARCH64_GICV3_H

#include "arch/aarch64/sysreg.h"
#include "lib/bits.h"

/*
 * GICv3 registers (Arm IHI 0069): offsets of the memory-mapped ones, encodings and fields of
 * the system registers. The encodings are spelt out, so that any assembler takes them.
 */

/* Distributor (12.9). */
#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IIDR       0x0008
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR      0x0c00
#define GICD_IGRPMODR   0x0d00
#define GICD_IROUTER    0x6000
#define GICD_PIDR2      0xffe8

/* GICD_CTLR; bits 1 and 4 mean the same with one security state and in the non-secure view. */
#define GICD_CTLR_ENABLE_GRP1A (1u << 1)
#define GICD_CTLR_ARE_NS       (1u << 4)
#define GICD_CTLR_DS           (1u << 6)
#define GICD_CTLR_RWP          (1u << 31)

/* Redistributor (12.11): RD_base, then SGI_base one 64 KiB frame on. */
#define GICR_CTLR        0x0000
#define GICR_TYPER       0x0008
#define GICR_WAKER       0x0014
#define GICR_PIDR2       0xffe8
#define GICR_SGI_BASE    0x10000
#define GICR_FRAME_BYTES 0x20000 /* RD_base and SGI_base; twice that with virtual LPIs */

#define GICR_CTLR_ENABLE_LPIS      (1u << 0)
#define GICR_CTLR_RWP              (1u << 3)
#define GICR_TYPER_VLPIS           (1u << 1)
#define GICR_TYPER_LAST            (1u << 4)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)

/* CPU interface (12.2). */
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_AP1R0_EL1   S3_0_C12_C9_0
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SRE_EL2     S3_4_C12_C9_5

#define ICC_CTLR_EOIMODE (1u << 1)
#define ICC_SRE_SRE      (1u << 0)
#define ICC_SRE_DFB      (1u << 1)
#define ICC_SRE_DIB      (1u << 2)
#define ICC_SRE_ENABLE   (1u << 3)

/* Virtual interface control (12.4). */
#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP0R1_EL2 S3_4_C12_C8_1
#define ICH_AP0R2_EL2 S3_4_C12_C8_2
#define ICH_AP0R3_EL2 S3_4_C12_C8_3
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_AP1R1_EL2 S3_4_C12_C9_1
#define ICH_AP1R2_EL2 S3_4_C12_C9_2
#define ICH_AP1R3_EL2 S3_4_C12_C9_3
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2  S3_4_C12_C11_7
#define ICH_LR0_EL2   S3_4_C12_C12_0
#define ICH_LR1_EL2   S3_4_C12_C12_1
#define ICH_LR2_EL2   S3_4_C12_C12_2
#define ICH_LR3_EL2   S3_4_C12_C12_3
#define ICH_LR4_EL2   S3_4_C12_C12_4
#define ICH_LR5_EL2   S3_4_C12_C12_5
#define ICH_LR6_EL2   S3_4_C12_C12_6
#define ICH_LR7_EL2   S3_4_C12_C12_7
#define ICH_LR8_EL2   S3_4_C12_C13_0
#define ICH_LR9_EL2   S3_4_C12_C13_1
#define ICH_LR10_EL2  S3_4_C12_C13_2
#define ICH_LR11_EL2  S3_4_C12_C13_3
#define ICH_LR12_EL2  S3_4_C12_C13_4
#define ICH_LR13_EL2  S3_4_C12_C13_5
#define ICH_LR14_EL2  S3_4_C12_C13_6
#define ICH_LR15_EL2  S3_4_C12_C13_7

#define ICH_VTR_LIST_REGS_MASK 0x1f /* their number, minus 1 */
#define ICH_VTR_TDS            (1u << 19)
#define ICH_VTR_PREBITS_SHIFT  26 /* both: 3 bits, minus 1 */
#define ICH_VTR_PRIBITS_SHIFT  29
#define ICH_HCR_EOICOUNT_SHIFT 27
#define ICH_HCR_EOICOUNT_MASK  0x1f
#define ICH_VMCR_VEOIM         (1u << 9)

/* List register n, 0..15: they cannot be indexed. */
static inline uint64_t gicv3_lr_read(uint32_t n)
{
	switch (n) {
	case 0:
		return sysreg_read(ICH_LR0_EL2);
	case 1:
		return sysreg_read(ICH_LR1_EL2);
	case 2:
		return sysreg_read(ICH_LR2_EL2);
	case 3:
		return sysreg_read(ICH_LR3_EL2);
	case 4:
		return sysreg_read(ICH_LR4_EL2);
	case 5:
		return sysreg_read(ICH_LR5_EL2);
	case 6:
		return sysreg_read(ICH_LR6_EL2);
	case 7:
		return sysreg_read(ICH_LR7_EL2);
	case 8:
		return sysreg_read(ICH_LR8_EL2);
	case 9:
		return sysreg_read(ICH_LR9_EL2);
	case 10:
		return sysreg_read(ICH_LR10_EL2);
	case 11:
		return sysreg_read(ICH_LR11_EL2);
	case 12:
		return sysreg_read(ICH_LR12_EL2);
	case 13:
		return sysreg_read(ICH_LR13_EL2);
	case 14:
		return sysreg_read(ICH_LR14_EL2);
	default:
		return sysreg_read(ICH_LR15_EL2);
	}
}

static inline void gicv3_lr_write(uint32_t n, uint64_t value)
{
	switch (n) {
	case 0:
		sysreg_write(ICH_LR0_EL2, value);
		break;
	case 1:
		sysreg_write(ICH_LR1_EL2, value);
		break;
	case 2:
		sysreg_write(ICH_LR2_EL2, value);
		break;
	case 3:
		sysreg_write(ICH_LR3_EL2, value);
		break;
	case 4:
		sysreg_write(ICH_LR4_EL2, value);
		break;
	case 5:
		sysreg_write(ICH_LR5_EL2, value);
		break;
	case 6:
		sysreg_write(ICH_LR6_EL2, value);
		break;
	case 7:
		sysreg_write(ICH_LR7_EL2, value);
		break;
	case 8:
		sysreg_write(ICH_LR8_EL2, value);
		break;
	case 9:
		sysreg_write(ICH_LR9_EL2, value);
		break;
	case 10:
		sysreg_write(ICH_LR10_EL2, value);
		break;
	case 11:
		sysreg_write(ICH_LR11_EL2, value);
		break;
	case 12:
		sysreg_write(ICH_LR12_EL2, value);
		break;
	case 13:
		sysreg_write(ICH_LR13_EL2, value);
		break;
	case 14:
		sysreg_write(ICH_LR14_EL2, value);
		break;
	default:
		sysreg_write(ICH_LR15_EL2, value);
	}
}

#endif
