/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_EFIMAP_H
#define LIB_EFIMAP_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/* Types of memory, and attributes (UEFI 2.10 7.2.1, 7.2.3). */
#define EFIMAP_RESERVED              0
#define EFIMAP_LOADER_CODE           1
#define EFIMAP_LOADER_DATA           2
#define EFIMAP_BOOT_SERVICES_CODE    3
#define EFIMAP_BOOT_SERVICES_DATA    4
#define EFIMAP_RUNTIME_SERVICES_CODE 5
#define EFIMAP_RUNTIME_SERVICES_DATA 6
#define EFIMAP_CONVENTIONAL          7
#define EFIMAP_UNUSABLE              8
#define EFIMAP_ACPI_RECLAIM          9
#define EFIMAP_ACPI_NVS              10
#define EFIMAP_MMIO                  11
#define EFIMAP_MMIO_PORT             12
#define EFIMAP_PAL_CODE              13
#define EFIMAP_PERSISTENT            14

#define EFIMAP_WB UINT64_C(0x8)     /* can be cached, write-back */
#define EFIMAP_SP UINT64_C(0x40000) /* set aside for something special */

#define EFIMAP_STRIDE_MIN 40
#define EFIMAP_MAX_PIECES 256

/* One descriptor. */
struct efimap_entry {
	uint32_t type;
	uint64_t base;
	uint64_t bytes;
	uint64_t attributes;
};

/*
 * Descriptor i of a memory map, which has `bytes` bytes, descriptors `stride` bytes apart.
 * ERR_NOT_FOUND: there are no more; ERR_INVALID: it, or stride, makes no sense.
 */
enum err efimap_entry(const void *map, size_t bytes, size_t stride, size_t i,
		      struct efimap_entry *entry) MUST_CHECK;

struct efimap {
	/* What an operating system may use: sorted, touching pieces are one. */
	uint32_t ram_count;
	struct boot_region ram[EFIMAP_MAX_PIECES];
	uint64_t ram_bytes;
	uint64_t lost_bytes; /* of it in pieces that are not listed: at or above limit, or small */
};

/*
 * Reads a memory map: write-back memory that is free once boot services have been left, below
 * limit. Of more than max pieces (at most EFIMAP_MAX_PIECES) the smallest are lost. Memory with
 * ACPI tables is not listed. ERR_INVALID: a descriptor, or stride, makes no sense; ERR_NO_MEMORY:
 * more than EFIMAP_MAX_PIECES.
 */
enum err efimap_read(struct efimap *efimap, const void *map, size_t bytes, size_t stride,
		     uint64_t limit, uint32_t max) MUST_CHECK;

/*
 * Does a memory map call a byte of [base, base + size) memory, of whatever use? A device is
 * something else, or not in the map at all (UEFI 2.10 7.2.3). `bytes` and `stride` are the map's.
 */
bool efimap_is_memory(const void *map, size_t bytes, size_t stride, uint64_t base, uint64_t size);

#endif
