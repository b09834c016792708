/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFICFG_H
#define LOADER_EFICFG_H

#include "loader/efi.h"

/*
 * Reads caisson.cfg beside the image and loads into `firmware` what it names. What is wrong is
 * told on the console.
 */
efi_status eficfg_load(struct efi *efi);

/* Adds what the boot entry, or who called Caisson in UEFI's shell, gives to Caisson's options. */
efi_status eficfg_add_options(const struct efi *efi);

#endif
