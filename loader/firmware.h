/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_FIRMWARE_H
#define LOADER_FIRMWARE_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

#define FIRMWARE_BOOTARGS_BYTES 4096
#define FIRMWARE_SEED_BYTES     32

/*
 * What the way in (head.S) learnt before the common path, main_load(), begins. Started by the
 * Linux boot protocol: dtb, and nothing else. Started as a UEFI application: filled in while boot
 * services are up. Lies in .data, which is as it was left when MMU and caches are off and .bss has
 * been cleared. All addresses are physical; 0: there is none.
 */
struct firmware {
	bool uefi;

	/* Tables. */
	uint64_t dtb;
	uint64_t modules; /* beside ACPI tables: a device tree of nothing but boot modules */
	uint64_t rsdp;    /* of ACPI 2.0 or later */
	uint64_t smbios;  /* 32-bit entry point */
	uint64_t smbios3; /* 64-bit entry point */

	/*
	 * UEFI's memory map when boot services were left (UEFI 2.10 7.2.3: EFI_MEMORY_DESCRIPTOR),
	 * and from it, sorted, the memory an operating system may use (lib/efimap.h), in which the
	 * map lies.
	 */
	uint64_t map;
	uint64_t map_bytes;
	uint32_t map_stride;
	uint32_t ram_count;
	struct boot_region ram[BOOT_MAX_REGIONS];

	/* What caisson.cfg names; bytes 0: nothing. */
	struct boot_region kernel;
	struct boot_region initrd;
	char bootargs[FIRMWARE_BOOTARGS_BYTES]; /* the kernel's command line */
	char cmdline[BOOT_CMDLINE_BYTES];       /* Caisson's own */

	uint32_t seed_bytes; /* of random numbers */
	uint8_t seed[FIRMWARE_SEED_BYTES];
};

extern struct firmware firmware;

#endif
