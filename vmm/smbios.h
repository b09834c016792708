/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_SMBIOS_H
#define VMM_SMBIOS_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * The SMBIOS tables of a user VM (DMTF DSP0134), as UEFI firmware for QEMU's boards takes them from
 * the firmware configuration device: the structures in one file, and the entry point, which
 * firmware uses for the version only, in another. Pure.
 */

#define SMBIOS_FILE_TABLES "etc/smbios/smbios-tables"
#define SMBIOS_FILE_ANCHOR "etc/smbios/smbios-anchor"

#define SMBIOS_ANCHOR_BYTES     24 /* DSP0134 5.2.2 */
#define SMBIOS_TABLES_BYTES_MAX 2048
#define SMBIOS_UUID_BYTES       16

struct smbios_config {
	const char *name; /* of the VM: 63 characters at most */
	uint64_t ram_start;
	uint64_t ram_bytes;
	uint32_t cpus;
	/* The product's name begins with "VMware", which is what its tools look for. */
	bool vmware;
	uint8_t uuid[SMBIOS_UUID_BYTES]; /* as RFC 9562 has its bytes */
};

struct smbios {
	uint8_t anchor[SMBIOS_ANCHOR_BYTES];
	uint8_t tables[SMBIOS_TABLES_BYTES_MAX];
	size_t tables_bytes;
};

/* ERR_NO_MEMORY: the name is too long. */
enum err smbios_write(const struct smbios_config *config, struct smbios *to) MUST_CHECK;

#endif
