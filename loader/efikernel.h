/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFIKERNEL_H
#define LOADER_EFIKERNEL_H

#include "loader/efi.h"

/*
 * Starts the kernel of `payload=kernel` as an application of UEFI, with boot services up and a
 * device tree in which the other CPUs, which wait in mailboxes by then, are started by their
 * release words. Returns when that cannot be done, which was told then, or with what the kernel
 * returned.
 */
efi_status efikernel_start(const struct efi *efi);

#endif
