/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_HYPIMAGE_H
#define LOADER_HYPIMAGE_H

#include "loader/machine.h"

/* Checks the hypervisor image that is embedded here; bytes of memory it takes, with its bss. */
uint64_t hypimage_bytes(void);

/*
 * Copies the image to its place in the kept region (m->info.image), builds EL2's address space
 * as abi/bootinfo.h describes it, hands over m->info, and enters the hypervisor.
 */
void hypimage_start(struct machine *m) __attribute__((noreturn));

#endif
