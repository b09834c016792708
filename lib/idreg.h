/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_IDREG_H
#define LIB_IDREG_H

#include "lib/bits.h"

/*
 * Which fields of the CPU's ID registers a guest sees (Arm ARM DDI 0487 D24.2): those of
 * features that work for it untouched, or that Caisson keeps for it. All others read as "not
 * there", so a feature newer than the table is hidden.
 */

#define IDREG_COUNT 64 /* S3_0_C0_C0_0 to S3_0_C0_C7_7: index CRm << 3 | op2 */

#define IDREG(crm, op2) ((crm) << 3 | (op2))

/* The guest's value of ID register `index`, given the hardware's. */
uint64_t idreg_filter(unsigned int index, uint64_t hardware);

#endif
