/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFI_H
#define LOADER_EFI_H

#include "loader/uefi.h"

#define EFI_PATH_CHARS 512

/* This program as an application of UEFI, as long as there are boot services. */
struct efi {
	efi_handle image;
	const struct efi_system_table *table;
	struct efi_boot_services *boot;
	struct efi_loaded_image *loaded;

	/* efifile.c: the volume it was loaded from; NULL: none. */
	struct efi_file *root;
	/* Where on it, up to the last backslash. */
	uint16_t folder[EFI_PATH_CHARS];
	uint32_t folder_chars;
};

extern const struct efi_guid efi_loaded_image_guid;
extern const struct efi_guid efi_dtb_guid;
extern const struct efi_guid efi_acpi_guid; /* of ACPI 2.0 or later */

#endif
