/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/guestefi.h"

#include <string.h>

#include "lib/acpi.h"
#include "lib/efimap.h"

#define PAGE_SHIFT 12

#define DESC_TYPE      0 /* and four bytes of padding */
#define DESC_BASE      8
#define DESC_VIRTUAL   16
#define DESC_PAGES     24
#define DESC_ATTRIBUTE 32

#define ATTRIBUTE_RUNTIME BIT(63)

/* EFI_TABLE_HEADER and EFI_SYSTEM_TABLE. */
#define SYSTEM_SIGNATURE   UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define SYSTEM_REVISION    0x00020046                   /* 2.7 */
#define SYSTEM_HEADER      8                            /* revision */
#define SYSTEM_SIZE        12
#define SYSTEM_CRC         16
#define SYSTEM_VENDOR      24
#define SYSTEM_TABLE_COUNT 104
#define SYSTEM_TABLES      112
#define SYSTEM_BYTES       120

#define VENDOR_OFFSET SYSTEM_BYTES
#define VENDOR        "Caisson"
#define VENDOR_BYTES  16 /* in UCS-2, with its NUL */

#define TABLES_OFFSET (VENDOR_OFFSET + VENDOR_BYTES)
#define TABLES_MAX    4
#define TABLE_BYTES   24 /* GUID and address */
#define GUID_BYTES    16

#define RT_OFFSET (TABLES_OFFSET + TABLES_MAX * TABLE_BYTES)
#define RT_BYTES  8 /* version, length, the services that are supported */

#define MAP_OFFSET (RT_OFFSET + RT_BYTES)

#define CRC32_POLYNOMIAL 0xedb88320

static const uint8_t guid_acpi[GUID_BYTES] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
					      0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
static const uint8_t guid_smbios[GUID_BYTES] = {0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
						0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};
static const uint8_t guid_smbios3[GUID_BYTES] = {0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a,
						 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94};
static const uint8_t guid_rt_properties[GUID_BYTES] = {0x8a, 0x91, 0x66, 0xeb, 0xef, 0x7e,
						       0x2a, 0x40, 0x84, 0x2e, 0x93, 0x1d,
						       0x21, 0xc3, 0x8a, 0xe9};

/* The map that is written. */
struct writer {
	const struct guestefi *g;
	uint8_t *out;
	size_t bytes_max;
	size_t bytes;
	enum err err;
	struct efimap_entry last; /* not written yet; bytes 0: there is none */
};

/* Memory that is nobody's once boot services have been left (UEFI 2.10, table 7.10). */
static bool is_free(uint32_t type)
{
	return (type >= EFIMAP_LOADER_CODE && type <= EFIMAP_BOOT_SERVICES_DATA) ||
	       type == EFIMAP_CONVENTIONAL;
}

size_t guestefi_room(const struct guestefi *g)
{
	/* Each of the two regions makes one more piece of each entry that it is cut out of. */
	size_t count = g->stride != 0 ? g->map_bytes / g->stride : 0;

	return MAP_OFFSET + (3 * count + 1) * GUESTEFI_DESC_BYTES;
}

static void flush(struct writer *w)
{
	uint8_t *p = w->out + w->bytes;

	if (w->last.bytes == 0)
		return;
	if (w->bytes_max - w->bytes < GUESTEFI_DESC_BYTES) {
		w->err = ERR_NO_MEMORY;
		return;
	}
	memset(p, 0, GUESTEFI_DESC_BYTES);
	acpi_put(p + DESC_TYPE, w->last.type, 4);
	acpi_put(p + DESC_BASE, w->last.base, 8);
	acpi_put(p + DESC_PAGES, w->last.bytes >> PAGE_SHIFT, 8);
	acpi_put(p + DESC_ATTRIBUTE, w->last.attributes, 8);
	w->bytes += GUESTEFI_DESC_BYTES;
	w->last.bytes = 0;
}

/* A table may lie across two entries of firmware's: they become one. */
static void put(struct writer *w, struct efimap_entry entry)
{
	entry.attributes &= ~ATTRIBUTE_RUNTIME;
	if (is_free(entry.type))
		entry.type = EFIMAP_CONVENTIONAL;
	if (w->last.bytes != 0 && w->last.type == entry.type &&
	    w->last.attributes == entry.attributes && w->last.base + w->last.bytes == entry.base) {
		w->last.bytes += entry.bytes;
		return;
	}
	flush(w);
	w->last = entry;
}

/* What is left of it without the regions from number `cut` on. */
static void put_without(struct writer *w, struct efimap_entry entry, uint32_t cut)
{
	const struct boot_region out[] = {w->g->kept, w->g->tables};

	for (; cut < ARRAY_SIZE(out); cut++) {
		uint64_t out_end = out[cut].base + out[cut].bytes;
		uint64_t end = entry.base + entry.bytes;
		struct efimap_entry before = entry;

		if (!bits_overlap(entry.base, entry.bytes, out[cut].base, out[cut].bytes))
			continue;
		if (out[cut].base > entry.base) {
			before.bytes = out[cut].base - entry.base;
			put_without(w, before, cut + 1);
		}
		if (out_end >= end)
			return;
		entry.base = out_end;
		entry.bytes = end - out_end;
	}
	put(w, entry);
}

/* Cuts a free entry down to memory that is listed; false: none of it is. */
static bool cut_to_ram(const struct guestefi *g, struct efimap_entry *entry)
{
	for (uint32_t i = 0; i < g->ram_count; i++) {
		const struct boot_region *ram = &g->ram[i];
		uint64_t before = entry->base - ram->base;

		if (entry->base < ram->base || before >= ram->bytes)
			continue;
		if (entry->bytes > ram->bytes - before)
			entry->bytes = ram->bytes - before;
		return true;
	}
	return false;
}

static void write_map(struct writer *w)
{
	const struct guestefi *g = w->g;
	struct efimap_entry entry;

	for (size_t i = 0; efimap_entry(g->map, g->map_bytes, g->stride, i, &entry) == ERR_OK;
	     i++) {
		/* What is no memory is of use to runtime services only. */
		if (entry.bytes == 0 || entry.type == EFIMAP_MMIO || entry.type == EFIMAP_MMIO_PORT)
			continue;
		if (!is_free(entry.type) || cut_to_ram(g, &entry))
			put_without(w, entry, 0);
	}
	put(w, (struct efimap_entry){.type = EFIMAP_ACPI_RECLAIM,
				     .base = g->tables.base,
				     .bytes = g->tables.bytes,
				     .attributes = EFIMAP_WB});
	flush(w);
}

static uint32_t put_table(uint8_t *out, uint32_t count, const uint8_t *guid, uint64_t address)
{
	uint8_t *p = out + TABLES_OFFSET + (size_t)count * TABLE_BYTES;

	if (address == 0)
		return count;
	memcpy(p, guid, GUID_BYTES);
	acpi_put(p + GUID_BYTES, address, 8);
	return count + 1;
}

/* UEFI 2.10, 4.2: the CRC of the whole table with 0 in its place. */
static uint32_t crc32(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
	}
	return ~crc;
}

static void write_system_table(const struct guestefi *g, uint8_t *out, uint64_t address)
{
	uint32_t count = 0;

	memset(out, 0, MAP_OFFSET);
	acpi_put(out, SYSTEM_SIGNATURE, 8);
	acpi_put(out + SYSTEM_HEADER, SYSTEM_REVISION, 4);
	acpi_put(out + SYSTEM_SIZE, SYSTEM_BYTES, 4);
	acpi_put(out + SYSTEM_VENDOR, address + VENDOR_OFFSET, 8);
	for (uint32_t i = 0; i < sizeof(VENDOR); i++)
		out[VENDOR_OFFSET + 2 * i] = (uint8_t)VENDOR[i];
	acpi_put(out + RT_OFFSET, 1, 2); /* version; no service is supported */
	acpi_put(out + RT_OFFSET + 2, RT_BYTES, 2);
	count = put_table(out, count, guid_acpi, g->rsdp);
	count = put_table(out, count, guid_smbios, g->smbios);
	count = put_table(out, count, guid_smbios3, g->smbios3);
	count = put_table(out, count, guid_rt_properties, address + RT_OFFSET);
	acpi_put(out + SYSTEM_TABLE_COUNT, count, 8);
	acpi_put(out + SYSTEM_TABLES, address + TABLES_OFFSET, 8);
	acpi_put(out + SYSTEM_CRC, crc32(out, SYSTEM_BYTES), 4);
}

enum err guestefi_write(const struct guestefi *g, void *out, uint64_t address, size_t bytes_max,
			struct guestefi_out *done)
{
	struct writer w = {.g = g, .out = out, .bytes_max = bytes_max, .bytes = MAP_OFFSET};

	if (bytes_max < MAP_OFFSET)
		return ERR_NO_MEMORY;
	write_system_table(g, out, address);
	write_map(&w);
	*done = (struct guestefi_out){.system_table = address,
				      .map = address + MAP_OFFSET,
				      .map_bytes = w.bytes - MAP_OFFSET};
	return w.err;
}
