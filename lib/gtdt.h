/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GTDT_H
#define LIB_GTDT_H

#include "lib/bits.h"
#include "lib/err.h"

/* The Generic Timer Description Table (ACPI 6.5, 5.2.25): INTIDs of PPIs; 0: not described. */
struct gtdt {
	uint32_t phys_intid; /* CNTP, non-secure EL1 */
	uint32_t virt_intid; /* CNTV */
	uint32_t hyp_intid;  /* CNTHP */
};

/*
 * ERR_TRUNCATED: it ends early; ERR_INVALID: no GTDT, or a wrong checksum; ERR_RANGE: an interrupt
 * that is no PPI.
 */
enum err gtdt_read(const uint8_t *table, size_t bytes, struct gtdt *gtdt) MUST_CHECK;

#endif
