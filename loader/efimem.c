/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efimem.h"

#include "arch/aarch64/cache.h"
#include "lib/efimap.h"
#include "lib/fdt.h"
#include "loader/eficon.h"
#include "loader/firmware.h"

#define PAGE_BYTES    KIB(4)
#define RAM_BYTES_MIN MIB(256)
#define MAP_BYTES_MAX MIB(1)
/* What the map may grow by between two looks at it. */
#define SPARE_ENTRIES 64
#define LEAVE_TRIES   16

void head_leave(void) __attribute__((noreturn));

static struct efimap efimap;
static struct {
	uint64_t base;
	uint64_t pages;
} taken[EFIMEM_MAX_TAKEN];
static uint32_t taken_count;
static uint64_t room_bytes; /* for the map, at firmware.map */

bool efimem_keep(const struct efi *efi, uint32_t type, uint64_t bytes, uint64_t align,
		 uint64_t *address)
{
	uint64_t pages = bits_align_up(bytes, PAGE_BYTES) / PAGE_BYTES;
	uint64_t extra = align / PAGE_BYTES - 1;
	uint64_t base;

	if (efi->boot->AllocatePages(EFI_ALLOCATE_ANY_PAGES, type, pages + extra, &base) !=
	    EFI_SUCCESS)
		return false;
	/* What is too much is given back, so that it is free for others. */
	*address = bits_align_up(base, align);
	if (*address != base)
		(void)efi->boot->FreePages(base, (*address - base) / PAGE_BYTES);
	extra -= (*address - base) / PAGE_BYTES;
	if (extra != 0)
		(void)efi->boot->FreePages(*address + pages * PAGE_BYTES, extra);
	return true;
}

bool efimem_take(const struct efi *efi, uint64_t bytes, uint64_t align, uint64_t *address)
{
	if (taken_count == EFIMEM_MAX_TAKEN ||
	    !efimem_keep(efi, EFIMAP_LOADER_DATA, bytes, align, address))
		return false;
	taken[taken_count].base = *address;
	taken[taken_count++].pages = bits_align_up(bytes, PAGE_BYTES) / PAGE_BYTES;
	return true;
}

void efimem_release(const struct efi *efi)
{
	while (taken_count != 0) {
		taken_count--;
		(void)efi->boot->FreePages(taken[taken_count].base, taken[taken_count].pages);
	}
}

static bool make_room(const struct efi *efi)
{
	uint64_t bytes = 0;
	uint64_t key;
	uint64_t stride = 0;
	uint32_t version;
	efi_status status = efi->boot->GetMemoryMap(&bytes, NULL, &key, &stride, &version);

	if (status != EFI_BUFFER_TOO_SMALL || bytes > MAP_BYTES_MAX || stride > PAGE_BYTES)
		return false;
	room_bytes = bytes + SPARE_ENTRIES * stride;
	return efimem_take(efi, room_bytes, PAGE_BYTES, &firmware.map);
}

static efi_status read_map(const struct efi *efi, uint64_t *key)
{
	uint64_t stride = 0;
	uint32_t version;
	efi_status status;

	firmware.map_bytes = room_bytes;
	status = efi->boot->GetMemoryMap(&firmware.map_bytes, (void *)firmware.map, key, &stride,
					 &version);
	firmware.map_stride = (uint32_t)stride;
	return status;
}

static enum err digest(void)
{
	enum err err = efimap_read(&efimap, (const void *)firmware.map, firmware.map_bytes,
				   firmware.map_stride, HYP_IMAGE_VA, BOOT_MAX_REGIONS);

	firmware.ram_count = err == ERR_OK ? efimap.ram_count : 0;
	for (uint32_t i = 0; i < firmware.ram_count; i++)
		firmware.ram[i] = efimap.ram[i];
	return err;
}

efi_status efimem_check(const struct efi *efi)
{
	uint64_t key;
	enum err err;

	if (!make_room(efi) || read_map(efi, &key) != EFI_SUCCESS)
		return eficon_refuse(efi, EFI_OUT_OF_RESOURCES, "firmware gives no memory map");
	err = digest();
	if (err != ERR_OK)
		return eficon_refuse(efi, EFI_UNSUPPORTED, "firmware's memory map %s",
				     err == ERR_NO_MEMORY ? "has too many pieces"
							  : "makes no sense");
	if (efimap.ram_bytes < RAM_BYTES_MIN)
		return eficon_refuse(efi, EFI_OUT_OF_RESOURCES,
				     "this machine has %llu MiB of memory, Caisson needs %llu MiB",
				     (unsigned long long)efimap.ram_bytes >> 20,
				     (unsigned long long)RAM_BYTES_MIN >> 20);
	if (efimap.lost_bytes != 0)
		eficon_print(efi,
			     "caisson: %llu MiB of memory are not used: beyond what Caisson maps, "
			     "or in too many pieces\n",
			     (unsigned long long)efimap.lost_bytes >> 20);
	return EFI_SUCCESS;
}

/* Of whatever type its memory is. What its header says was checked. */
static void clean_tree(uint64_t tree)
{
	uint32_t bytes = tree != 0 ? fdt_header_bytes((const void *)tree) : 0;

	if (bytes != 0)
		cache_clean_invalidate_poc(tree, bytes < FDT_BYTES_MAX ? bytes : FDT_BYTES_MAX);
}

/*
 * Tables and files that are read without caches from here on; who writes cleans then. Boot
 * services' own memory is left alone: firmware may have put guard pages there, which fault.
 */
static void clean(void)
{
	struct efimap_entry entry;

	clean_tree(firmware.dtb);
	clean_tree(firmware.modules);
	for (size_t i = 0; efimap_entry((const void *)firmware.map, firmware.map_bytes,
					firmware.map_stride, i, &entry) == ERR_OK;
	     i++) {
		switch (entry.type) {
		case EFIMAP_LOADER_CODE:
		case EFIMAP_LOADER_DATA:
		case EFIMAP_RUNTIME_SERVICES_DATA:
		case EFIMAP_ACPI_RECLAIM:
		case EFIMAP_ACPI_NVS:
			if (entry.attributes & EFIMAP_WB)
				cache_clean_invalidate_poc(entry.base, entry.bytes);
			break;
		default:
			break;
		}
	}
}

efi_status efimem_leave(const struct efi *efi)
{
	efi_status status = EFI_LOAD_ERROR;
	uint64_t key;

	/* The map changes when firmware's own timers and events do something in between. */
	for (uint32_t i = 0; i < LEAVE_TRIES && status != EFI_SUCCESS; i++) {
		status = read_map(efi, &key);
		/* The console is there until the first try. */
		if (status != EFI_SUCCESS && i == 0)
			return eficon_refuse(efi, status, "firmware's memory map has grown");
		if (status != EFI_SUCCESS)
			return status;
		status = efi->boot->ExitBootServices(efi->image, key);
	}
	if (status != EFI_SUCCESS)
		return status;
	/* A map that makes no sense now leaves no memory, which is told later. */
	(void)digest();
	clean();
	head_leave();
}
