/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/aarch32.h"

#define ISS_CV  BIT(24)
#define SPSR_T  BIT(5)
#define SPSR_N  BIT(31)
#define SPSR_Z  BIT(30)
#define SPSR_C  BIT(29)
#define SPSR_V  BIT(28)
#define COND_AL 14

/* ESR: COND if CV; else T32's IT[7:4], SPSR bits 15:12, and "always" outside an IT block. */
static unsigned int condition(uint64_t esr, uint64_t spsr)
{
	if (esr & ISS_CV)
		return (unsigned int)bits_get(esr, 23, 20);
	if (!(spsr & SPSR_T) || (bits_get(spsr, 15, 10) | bits_get(spsr, 26, 25)) == 0)
		return COND_AL;
	return (unsigned int)bits_get(spsr, 15, 12);
}

/* ConditionHolds() (DDI 0487 J1.3). */
bool aarch32_condition_holds(uint64_t esr, uint64_t spsr)
{
	bool n = spsr & SPSR_N, z = spsr & SPSR_Z, c = spsr & SPSR_C, v = spsr & SPSR_V;
	unsigned int cond = condition(esr, spsr);
	bool holds;

	switch (cond >> 1) {
	case 0:
		holds = z;
		break;
	case 1:
		holds = c;
		break;
	case 2:
		holds = n;
		break;
	case 3:
		holds = v;
		break;
	case 4:
		holds = c && !z;
		break;
	case 5:
		holds = n == v;
		break;
	case 6:
		holds = n == v && !z;
		break;
	default:
		return true;
	}
	return holds != (cond & 1);
}
