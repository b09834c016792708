/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CTR_H
#define LIB_CTR_H

#include "lib/bits.h"

/* CTR_EL0 (Arm ARM DDI 0487 D24.2.35) as guests may be shown it. */

/*
 * Does a guest that maintains its caches as `shown` says do at least what `host` needs? Lines may
 * be shown smaller, reservation and write-back granules larger (0: not told), IDC and DIC not at
 * all, and a PIPT instruction cache as VIPT.
 */
bool ctr_is_safe(uint64_t host, uint64_t shown);

/*
 * CLIDR_EL1 for a guest that is not shown IDC: with LoUU and LoUIS 0 it would find out that it need
 * not clean to the point of unification all the same.
 */
uint64_t ctr_clidr(uint64_t host_clidr, uint64_t shown_ctr);

#endif
