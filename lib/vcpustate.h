/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_VCPUSTATE_H
#define LIB_VCPUSTATE_H

#include "abi/vcpustate.h"
#include "lib/bits.h"

/*
 * What of a vCPU's state must not be what somebody outside says. EL1's registers are not among it:
 * the guest itself may write whatever it likes there.
 */

/* ID registers as the guest sees them. */
struct vcpustate_features {
	uint64_t pfr0, pfr1;   /* ID_AA64PFR<n>_EL1 */
	uint64_t mmfr1, mmfr2; /* ID_AA64MMFR<n>_EL1 */
};

/*
 * The bits of a PSTATE that the guest knows of. The CPU sets others by itself at exceptions, of
 * features that it has and the guest is not shown (TCO, ALLINT), which mean nothing then.
 */
uint64_t vcpustate_pstate_known(uint64_t pstate, const struct vcpustate_features *features);

/*
 * May a vCPU be entered with that PSTATE? EL0 or EL1 in AArch64, or EL0 in AArch32 where the guest
 * has that, and no bits but known ones (DDI 0487 C5.2.20, SPSR_EL2).
 */
bool vcpustate_is_pstate(uint64_t pstate, const struct vcpustate_features *features);

#endif
