/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/vcpustate.h"

#define PFR0_EL0_AARCH32 2

#define M       MASK(4, 0)
#define EL0T    0x0
#define EL1T    0x4
#define EL1H    0x5
#define AARCH32 BIT(4)
#define USER32  0x10
#define DAIF    MASK(9, 6)
#define BTYPE   MASK(11, 10)
#define SSBS    BIT(12)
#define IL      BIT(20)
#define SS      BIT(21)
#define PAN     BIT(22)
#define UAO     BIT(23)
#define DIT     BIT(24)
#define NZCV    MASK(31, 28)

/* FEAT_* that the other bits go with. */
static uint64_t mask64(const struct vcpustate_features *features)
{
	uint64_t known = M | DAIF | IL | SS | NZCV;

	if (bits_get(features->pfr1, 3, 0)) /* BT */
		known |= BTYPE;
	if (bits_get(features->pfr1, 7, 4)) /* SSBS */
		known |= SSBS;
	if (bits_get(features->mmfr1, 23, 20)) /* PAN */
		known |= PAN;
	if (bits_get(features->mmfr2, 7, 4)) /* UAO */
		known |= UAO;
	if (bits_get(features->pfr0, 51, 48)) /* DIT */
		known |= DIT;
	return known;
}

uint64_t vcpustate_pstate_known(uint64_t pstate, const struct vcpustate_features *features)
{
	return pstate & (pstate & AARCH32 ? MASK(31, 0) : mask64(features));
}

bool vcpustate_is_pstate(uint64_t pstate, const struct vcpustate_features *features)
{
	uint64_t mode = pstate & M;

	if (vcpustate_pstate_known(pstate, features) != pstate)
		return false;
	if (mode == USER32)
		return bits_get(features->pfr0, 3, 0) == PFR0_EL0_AARCH32;
	return mode == EL0T || mode == EL1T || mode == EL1H;
}
