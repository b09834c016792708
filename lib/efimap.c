/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/efimap.h"

#include <string.h>

#include "lib/layout.h"

#define PAGE_BYTES KIB(4)

/* EFI_MEMORY_DESCRIPTOR (UEFI 2.10 7.2.3). */
struct descriptor {
	uint32_t type;
	uint32_t pad;
	uint64_t physical_start;
	uint64_t virtual_start;
	uint64_t page_count;
	uint64_t attributes;
};

enum err efimap_entry(const void *map, size_t bytes, size_t stride, size_t i,
		      struct efimap_entry *entry)
{
	struct descriptor d;

	if (stride < EFIMAP_STRIDE_MIN)
		return ERR_INVALID;
	if (i >= bytes / stride)
		return ERR_NOT_FOUND;
	memcpy(&d, (const uint8_t *)map + i * stride, sizeof(d));
	if (!bits_is_aligned(d.physical_start, PAGE_BYTES) ||
	    d.page_count > UINT64_MAX / PAGE_BYTES ||
	    d.page_count * PAGE_BYTES > UINT64_MAX - d.physical_start)
		return ERR_INVALID;
	*entry = (struct efimap_entry){.type = d.type,
				       .base = d.physical_start,
				       .bytes = d.page_count * PAGE_BYTES,
				       .attributes = d.attributes};
	return ERR_OK;
}

static bool is_ram(const struct efimap_entry *entry)
{
	if (!(entry->attributes & EFIMAP_WB) || entry->attributes & EFIMAP_SP)
		return false;
	switch (entry->type) {
	case EFIMAP_LOADER_CODE:
	case EFIMAP_LOADER_DATA:
	case EFIMAP_BOOT_SERVICES_CODE:
	case EFIMAP_BOOT_SERVICES_DATA:
	case EFIMAP_CONVENTIONAL:
		return true;
	default:
		return false;
	}
}

/* Takes the smallest piece out. */
static void lose_smallest(struct efimap *efimap)
{
	uint32_t smallest = 0;

	for (uint32_t i = 1; i < efimap->ram_count; i++) {
		if (efimap->ram[i].bytes < efimap->ram[smallest].bytes)
			smallest = i;
	}
	efimap->lost_bytes += efimap->ram[smallest].bytes;
	efimap->ram_count--;
	for (uint32_t i = smallest; i < efimap->ram_count; i++)
		efimap->ram[i] = efimap->ram[i + 1];
}

enum err efimap_read(struct efimap *efimap, const void *map, size_t bytes, size_t stride,
		     uint64_t limit, uint32_t max)
{
	struct efimap_entry entry;
	enum err err;

	efimap->ram_count = 0;
	efimap->ram_bytes = efimap->lost_bytes = 0;
	for (size_t i = 0; (err = efimap_entry(map, bytes, stride, i, &entry)) == ERR_OK; i++) {
		uint64_t below = entry.base >= limit ? 0 : limit - entry.base;

		if (!is_ram(&entry))
			continue;
		below = entry.bytes < below ? entry.bytes : below;
		efimap->lost_bytes += entry.bytes - below;
		err = layout_merge(efimap->ram, &efimap->ram_count, EFIMAP_MAX_PIECES, entry.base,
				   below);
		if (err != ERR_OK)
			return err;
	}
	if (err != ERR_NOT_FOUND)
		return err;
	while (efimap->ram_count > max)
		lose_smallest(efimap);
	for (uint32_t i = 0; i < efimap->ram_count; i++)
		efimap->ram_bytes += efimap->ram[i].bytes;
	return ERR_OK;
}

bool efimap_is_memory(const void *map, size_t bytes, size_t stride, uint64_t base, uint64_t size)
{
	struct efimap_entry entry;

	for (size_t i = 0; efimap_entry(map, bytes, stride, i, &entry) == ERR_OK; i++) {
		if (entry.attributes & EFIMAP_WB && entry.type != EFIMAP_MMIO &&
		    entry.type != EFIMAP_MMIO_PORT &&
		    bits_overlap(entry.base, entry.bytes, base, size))
			return true;
	}
	return false;
}
