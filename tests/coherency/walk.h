/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COHERENCY_WALK_H
#define COHERENCY_WALK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Address translation by software, for maintenance by virtual address: VMSAv8-64 (Arm ARM DDI 0487
 * D8.2, D8.3), EL1&0 in two stages and EL2 in one, all granules. Permissions and attributes are
 * not looked at. Not known: EL2&0 (HCR_EL2.E2H), FEAT_LPA2's and FEAT_LPA's addresses above 48
 * bits, EL3.
 */

struct walk_registers {
	uint64_t sctlr_el1, tcr_el1, ttbr0_el1, ttbr1_el1;
	uint64_t sctlr_el2, tcr_el2, ttbr0_el2;
	uint64_t hcr_el2, vtcr_el2, vttbr_el2; /* 0 where there is no EL2 */
};

/* Reads a descriptor at a physical address; false: there is no memory. */
typedef bool (*walk_read_fn)(void *arg, uint64_t pa, uint64_t *value);

/* Translates va as the exception level el (0, 1, 2) would; false: not mapped. */
bool walk(const struct walk_registers *r, unsigned int el, uint64_t va, walk_read_fn read,
	  void *arg, uint64_t *pa);

#endif
