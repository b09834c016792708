/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFI_H
#define LOADER_EFI_H

#include "loader/uefi.h"

/* This program as an application of UEFI, as long as there are boot services. */
struct efi {
	efi_handle image;
	const struct efi_system_table *table;
	struct efi_boot_services *boot;
	struct efi_loaded_image *loaded;
};

#endif
