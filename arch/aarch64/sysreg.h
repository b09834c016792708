/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SYSREG_H
#define ARCH_AARCH64_SYSREG_H

/*
 * System registers by their exact names (Arm ARM DDI 0487 D24). A register the assembler of
 * armv8.0-a does not know has a macro here that expands to its S3_ encoding, so the same call
 * serves both kinds.
 */

#define SYSREG_STRING_(name) #name
#define SYSREG_STRING(name)  SYSREG_STRING_(name)

#define sysreg_read(name)                                                                          \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " SYSREG_STRING(name) : "=r"(value_));                   \
		value_;                                                                            \
	})

#define sysreg_write(name, value)                                                                  \
	__asm__ volatile("msr " SYSREG_STRING(name) ", %x0" : : "rZ"((uint64_t)(value)))

/* The two values are there before the first is written: they can come by one LDP. */
#define sysreg_write_two(first, first_value, second, second_value)                                 \
	__asm__ volatile("msr " SYSREG_STRING(first) ", %0\n\tmsr " SYSREG_STRING(second) ", %1"   \
			 :                                                                         \
			 : "r"(first_value), "r"(second_value))

/* Newer than the baseline. */
#define HCRX_EL2      S3_4_C1_C2_2
#define HFGRTR_EL2    S3_4_C1_C1_4
#define HFGWTR_EL2    S3_4_C1_C1_5
#define HFGITR_EL2    S3_4_C1_C1_6
#define HDFGRTR_EL2   S3_4_C3_C1_4
#define HDFGWTR_EL2   S3_4_C3_C1_5
#define HAFGRTR_EL2   S3_4_C3_C1_6
#define MPAM2_EL2     S3_4_C10_C5_0
#define MPAMIDR_EL1   S3_0_C10_C4_4
#define MPAMHCR_EL2   S3_4_C10_C4_0
#define HFGRTR2_EL2   S3_4_C3_C1_2
#define HFGWTR2_EL2   S3_4_C3_C1_3
#define HFGITR2_EL2   S3_4_C3_C1_7
#define HDFGRTR2_EL2  S3_4_C3_C1_0
#define HDFGWTR2_EL2  S3_4_C3_C1_1
#define TRFCR_EL2     S3_4_C1_C2_1
#define PMSCR_EL2     S3_4_C9_C9_0
#define CNTHV_CTL_EL2 S3_4_C14_C3_1
#define VSESR_EL2     S3_4_C5_C2_3

/* HCR_EL2 (D24.2.49) */
#define HCR_VM     BIT(0)
#define HCR_SWIO   BIT(1)
#define HCR_FMO    BIT(3)
#define HCR_IMO    BIT(4)
#define HCR_AMO    BIT(5)
#define HCR_VSE    BIT(8)
#define HCR_FB     BIT(9)
#define HCR_BSU_IS BIT(10)
#define HCR_TWI    BIT(13)
#define HCR_TID1   BIT(16)
#define HCR_TID2   BIT(17)
#define HCR_TID3   BIT(18)
#define HCR_TSC    BIT(19)
#define HCR_TIDCP  BIT(20)
#define HCR_TACR   BIT(21)
#define HCR_TSW    BIT(22)
#define HCR_TVM    BIT(26)
#define HCR_TDZ    BIT(28)
#define HCR_RW     BIT(31)
#define HCR_TLOR   BIT(35)
#define HCR_TERR   BIT(36)
#define HCR_APK    BIT(40)
#define HCR_API    BIT(41)
#define HCR_FWB    BIT(46)
#define HCR_ENSCXT BIT(53)
#define HCR_TID5   BIT(58)

/* CPTR_EL2 with HCR_EL2.E2H 0 (D24.2.33): RES1 bits, with TZ and TSM among them set to trap. */
#define CPTR_RES1 0x33ff
#define CPTR_TTA  BIT(20)
#define CPTR_TAM  BIT(30)

/* MDCR_EL2 (D24.3.16) */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)
#define MDCR_TDE   BIT(8)
#define MDCR_TDA   BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA  BIT(11)
#define MDCR_TDCC  BIT(27)
#define MDCR_TPMS  BIT(14)
#define MDCR_HPMD  BIT(17)
#define MDCR_TTRF  BIT(19)
#define MDCR_HCCD  BIT(23)

/* CNTHCTL_EL2 with E2H 0 (D24.10.3): EL1 and EL0 reach the physical counter and timer. */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN  BIT(1)
#define CNTHCTL_EL1TVT   BIT(13) /* FEAT_ECV: EL1 and EL0 do not reach the virtual timer, counter */
#define CNTHCTL_EL1TVCT  BIT(14)

/* MPAM2_EL2: EL1 and EL0 accesses to MPAM registers trap. */
#define MPAM2_TRAPMPAM0EL1 BIT(49)
#define MPAM2_TRAPMPAM1EL1 BIT(48)
#define MPAMIDR_HAS_HCR    BIT(17)

/* MPIDR_EL1: the four affinity fields. */
#define MPIDR_AFFINITY 0xff00ffffff

/* SPSR_ELx, AArch64 (C5.2.20) */
#define SPSR_M_EL   MASK(3, 2)
#define SPSR_M_EL1H 0x5
#define SPSR_M32    BIT(4)
#define SPSR_F      BIT(6)
#define SPSR_I      BIT(7)
#define SPSR_A      BIT(8)
#define SPSR_D      BIT(9)
#define SPSR_BTYPE  MASK(11, 10)
#define SPSR_SS     BIT(21)

/* TCR_EL1: no table walks through TTBR0_EL1, TTBR1_EL1 */
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

/* CNTV_CTL_EL0, CNTHP_CTL_EL2 */
#define TIMER_ENABLE  BIT(0)
#define TIMER_IMASK   BIT(1)
#define TIMER_ISTATUS BIT(2)

/* SCTLR_EL1 */
#define SCTLR_EL1_M    BIT(0)
#define SCTLR_EL1_C    BIT(2)
#define SCTLR_EL1_RES1 0x30d00800 /* MMU and caches off, little-endian: the state at reset */

/* ISR_EL1: pending, whatever is masked */
#define ISR_F BIT(6)
#define ISR_I BIT(7)
#define ISR_A BIT(8)

#endif
