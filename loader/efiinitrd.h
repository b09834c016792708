/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFIINITRD_H
#define LOADER_EFIINITRD_H

#include "abi/bootinfo.h"
#include "loader/efi.h"

/*
 * Offers an initial RAM disk to the kernel that is started next, as Linux' EFI stub looks for one
 * from 5.7 on: by LoadFile2, of a device path that stands for it. There is one at a time; an error
 * means that somebody else offers one, or that there is no memory.
 */
efi_status efiinitrd_offer(const struct efi *efi, struct boot_region initrd);

/* Takes it back, when the kernel has come back: this program's code is behind it. */
void efiinitrd_withdraw(const struct efi *efi);

#endif
