/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SPECTRE_H
#define LIB_SPECTRE_H

#include "lib/bits.h"

/*
 * What has to be called between two worlds so that one cannot steer the speculation of the other
 * (DEN 0028, 7.5 to 7.7): SMCCC_ARCH_WORKAROUND_3, which covers branch history too, or _1, or 0 for
 * nothing. From the CPU's ID registers, and the firmware's answers to SMCCC_ARCH_FEATURES for the
 * two: 0 needed, positive not needed on this CPU, negative not known.
 */
uint32_t spectre_switch_call(uint64_t id_aa64pfr0, uint64_t id_aa64mmfr1, int32_t workaround_1,
			     int32_t workaround_3);

#endif
