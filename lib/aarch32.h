/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_AARCH32_H
#define LIB_AARCH32_H

#include "lib/bits.h"

/*
 * Trapped coprocessor instructions of AArch32 code (Arm ARM DDI 0487 D24.2.40, the ISS encodings of
 * EC 3 to 6 and 0xc), for a hypervisor that carries them out or passes over them.
 */

/* MRC, MCR: the register as these fields of the instruction name it. */
#define AARCH32_REG(opc1, crn, crm, opc2) ((opc1) << 11 | (crn) << 7 | (crm) << 3 | (opc2))

/* EC 3, 5: the register of MRC or MCR as AARCH32_REG makes it. */
static inline unsigned int aarch32_reg(uint64_t esr)
{
	return AARCH32_REG((unsigned int)bits_get(esr, 16, 14), (unsigned int)bits_get(esr, 13, 10),
			   (unsigned int)bits_get(esr, 4, 1), (unsigned int)bits_get(esr, 19, 17));
}

/*
 * Would the instruction have been executed? A trap of one whose condition fails is allowed (G1.18)
 * and is no access. esr: of EC 3 to 6, 0xc; spsr: flags, and T32's IT state where the syndrome
 * tells no condition.
 */
bool aarch32_condition_holds(uint64_t esr, uint64_t spsr);

/* SPSR after MRC with APSR_nzcv as its destination: flags from bits 31:28 of value. */
static inline uint64_t aarch32_set_flags(uint64_t spsr, uint64_t value)
{
	return bits_set(spsr, 31, 28, bits_get(value, 31, 28));
}

#endif
