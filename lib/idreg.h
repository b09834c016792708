/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_IDREG_H
#define LIB_IDREG_H

#include "abi/hypercall.h"
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

/*
 * What a VM can be shown on unlike hosts. Values are as idreg_filter() gives them. Every field is
 * four bits wide and has a rule: smaller values promise less (also as signed numbers, where 0xf is
 * "not there"), larger ones do, it has to be the same everywhere, or the same or not there.
 */

/* Of two hosts: every field with what both have. False: *out is not set, idreg_clash() says why. */
bool idreg_meet(unsigned int index, uint64_t a, uint64_t b, uint64_t *out) MUST_CHECK;

/* Can a guest that was shown `wanted` run on a host that shows `host`? */
bool idreg_may_show(unsigned int index, uint64_t wanted, uint64_t host);

/* The lowest bit of the first field that keeps it from it; IDREG_NO_FIELD: none does. */
#define IDREG_NO_FIELD 64
unsigned int idreg_lacks(unsigned int index, uint64_t wanted, uint64_t host);
/* The same of a field for which idreg_meet() finds nothing. */
unsigned int idreg_clash(unsigned int index, uint64_t a, uint64_t b);

/*
 * Without what goes by the raw counter, and not by the one that a VM keeps on all hosts: CNTVCTSS
 * of FEAT_ECV, and FEAT_WFxT.
 */
uint64_t idreg_scalable(unsigned int index, uint64_t value);

/*
 * Of a VM with CAISSON_VM_TOOLS: no dirty state by hardware (HAFDBS), since the VMM writes to pages
 * that AT has found to be writable, which marks none dirty.
 */
uint64_t idreg_with_tools(unsigned int index, uint64_t value);

/* PARange of ID_AA64MMFR0_EL1 in bits, 48 at most: stage 2 has no more. */
unsigned int idreg_pa_bits(uint64_t mmfr0);

/* By their names in DDI 0487, or NULL for an encoding without a register that is known here. */
const char *idreg_name(unsigned int index);

/* DCZID_EL0 (D24.2.46): the same everywhere, or CAISSON_DCZID_NONE. */
uint64_t dczid_meet(uint64_t a, uint64_t b);
bool dczid_may_show(uint64_t wanted, uint64_t host);

/*
 * MIDR_EL1 (D24.2.122): of one part, the older revision; of unlike parts CAISSON_MIDR_ANY, with
 * which a guest applies no workarounds that belong to a part.
 */
uint64_t midr_meet(uint64_t a, uint64_t b);
bool midr_may_show(uint64_t wanted, uint64_t host);

#endif
