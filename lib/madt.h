/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_MADT_H
#define LIB_MADT_H

#include "lib/acpiw.h"
#include "lib/bootcpu.h"

/*
 * The Multiple APIC Description Table (ACPI 6.5, 5.2.12): CPUs and GIC. Entries are walked by their
 * lengths, in one pass; the number of CPUs is bounded by the caller's list, that of the rest by
 * the arrays here.
 */

#define MADT_MAX_GICR 16
#define MADT_MAX_ITS  16

struct madt_region {
	uint64_t base;
	uint64_t bytes;
};

struct madt {
	struct acpi_table table;
	uint64_t gicd;       /* 0: there is none */
	uint8_t gic_version; /* as the GICD entry says: 1 to 4; 0: ask the hardware */
	uint32_t gicr_count; /* discovery ranges; none: each CPU's `gicr` tells */
	struct madt_region gicr[MADT_MAX_GICR];
	uint32_t its_count;
	uint64_t its[MADT_MAX_ITS];
	uint32_t msi_frame_count; /* of GICv2m */
	/* As the boot CPU's entry has them, or else the first CPU's. */
	uint64_t gicc; /* GICv2: CPU interface */
	uint64_t gich; /* GICv2: virtual interface control; 0: no virtualisation */
	uint64_t gicv;
	uint32_t maintenance_intid;
};

/*
 * Reads a table that acpi_find() liked. The list gets the CPUs that are enabled; list->psci says
 * whether PSCI starts them (fadt_psci()), otherwise each entry's mailbox does. After an error
 * *why says what is wrong, the beginning of a sentence: ERR_TRUNCATED: it, or an entry, ends
 * early; ERR_INVALID: no MADT, a wrong checksum, or a second distributor; ERR_NO_MEMORY: more
 * ranges or ITSs than there is room for.
 */
enum err madt_read(struct madt *madt, const struct acpi_table *table, uint64_t own_mpidr,
		   struct bootcpu_list *list, const char **why) MUST_CHECK;

/* What is to become of a CPU of the list. */
struct madt_use {
	bool used;        /* false: the entry is marked as disabled and not online capable */
	uint64_t mailbox; /* address of its parking protocol page; 0: it is started by PSCI */
};

enum madt_for {
	MADT_FOR_KERNEL, /* everything else stays as it is */
	/*
	 * For a guest that has an emulated GIC: without ITSs and MSI frames, and without the
	 * registers and the interrupt of the virtualisation extensions.
	 */
	MADT_FOR_GUEST,
};

/*
 * A copy of the table; its address. use[i] is for list->cpu[i]; entries that are not in the list
 * are disabled.
 */
uint64_t madt_write(struct acpiw *w, const struct madt *madt, const struct bootcpu_list *list,
		    const struct madt_use *use, enum madt_for purpose);

#endif
