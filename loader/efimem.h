/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFIMEM_H
#define LOADER_EFIMEM_H

#include "lib/err.h"
#include "loader/efi.h"

/* So many bytes of memory in whole pages, EFIMEM_MAX_TAKEN times at most; false: there are none. */
#define EFIMEM_MAX_TAKEN 8
bool efimem_take(const struct efi *efi, uint64_t bytes, uint64_t align, uint64_t *address);
/* Gives all of that back. */
void efimem_release(const struct efi *efi);

/* The same of another type (lib/efimap.h), never given back. */
bool efimem_keep(const struct efi *efi, uint32_t type, uint64_t bytes, uint64_t align,
		 uint64_t *address);

/* Refuses a machine with too little memory, or with a memory map that makes no sense. */
efi_status efimem_check(const struct efi *efi);

/*
 * Notes the memory map in `firmware`, leaves boot services, and makes what is in the caches seen
 * without them. Returns only when firmware does not let go: then an error, and nothing of UEFI may
 * be called any more but returning.
 */
efi_status efimem_leave(const struct efi *efi);

#endif
