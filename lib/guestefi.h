/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GUESTEFI_H
#define LIB_GUESTEFI_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * What an arm64 kernel that is not started by UEFI's own code needs to find ACPI tables all the
 * same (Documentation/arm/uefi.rst of Linux): a memory map and a system table, with a configuration
 * table but without services (UEFI 2.10, 4.3, 4.6, 7.2.3). Boot services are over; of the runtime
 * services the table EFI_RT_PROPERTIES_TABLE says that none is supported, and no region of the map
 * is theirs.
 */

struct guestefi {
	const void *map; /* firmware's (lib/efimap.h) */
	size_t map_bytes;
	uint32_t stride;
	/*
	 * What of it is Caisson's to give (efimap_read()): memory that is free but in no region of
	 * this list is not shown, nor what of an entry is beyond the end of its region.
	 */
	const struct boot_region *ram;
	uint32_t ram_count;
	struct boot_region kept;   /* not shown at all */
	struct boot_region tables; /* whole pages: shown as memory that holds ACPI tables */
	uint64_t rsdp;
	uint64_t smbios; /* entry points; 0: none */
	uint64_t smbios3;
};

#define GUESTEFI_DESC_BYTES   40
#define GUESTEFI_DESC_VERSION 1

/* Where things are that were written. */
struct guestefi_out {
	uint64_t system_table;
	uint64_t map;
	uint64_t map_bytes;
};

/* Enough for what guestefi_write() writes. */
size_t guestefi_room(const struct guestefi *g);
/*
 * Writes to out, which is to be read at the physical address `address` (a multiple of 8).
 * ERR_NO_MEMORY: it is more than bytes_max.
 */
enum err guestefi_write(const struct guestefi *g, void *out, uint64_t address, size_t bytes_max,
			struct guestefi_out *done) MUST_CHECK;

#endif
