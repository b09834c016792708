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
 * The most that is safe on both hosts. False: nothing is (policies of the instruction cache that do
 * not fit together, or a field that is not known here).
 */
bool ctr_meet(uint64_t a, uint64_t b, uint64_t *out) MUST_CHECK;

/*
 * CCSIDR_EL1 (D24.2.26) of a host for a guest that may not be shown FEAT_CCIDX and reads its older
 * format; what does not fit there is cut to the most that does.
 */
uint64_t ctr_ccsidr(uint64_t host_ccsidr, bool host_is_wide, bool shown_is_wide);

/*
 * CLIDR_EL1 for a guest that is not shown IDC: with LoUU and LoUIS 0 it would find out that it need
 * not clean to the point of unification all the same.
 */
uint64_t ctr_clidr(uint64_t host_clidr, uint64_t shown_ctr);

#endif
