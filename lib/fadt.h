/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FADT_H
#define LIB_FADT_H

#include "lib/acpiw.h"
#include "lib/bootcpu.h"

/* The Fixed ACPI Description Table (ACPI 6.5, 5.2.9): the little of it that is for Arm. */
struct fadt {
	bool headless;   /* flags bit 12: no display, keyboard or mouse */
	bool hw_reduced; /* flags bit 20: always so on Arm */
	bool psci;       /* ARM_BOOT_ARCH (5.2.9.4) bit 0: PSCI_COMPLIANT */
	bool hvc;        /* bit 1: PSCI_USE_HVC, in place of SMC */
	uint64_t dsdt;   /* X_DSDT, or DSDT where that is 0 */
};

/* ERR_TRUNCATED: it ends early; ERR_INVALID: it is no FADT, or its checksum is wrong. */
enum err fadt_read(const uint8_t *table, size_t bytes, struct fadt *fadt) MUST_CHECK;

/* PSCI in the words of a list of CPUs: 0.2 or later, or absent. */
void fadt_psci(const struct fadt *fadt, struct bootcpu_psci *psci);

/*
 * A copy of a table that fadt_read() liked, with these two flags; its address. A table from before
 * ACPI 5.1, which has no ARM_BOOT_ARCH, cannot say psci: ERR_UNSUPPORTED by acpiw_finish().
 */
uint64_t fadt_write(struct acpiw *w, const struct acpi_table *table, bool psci, bool hvc);

#endif
