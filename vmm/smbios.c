/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/smbios.h"

#include <string.h>

/*
 * A structure is a header (type, length, handle), the rest of its fields, and behind them its
 * strings, which fields name by number from 1 on (DSP0134 6.1). Here each is begun, gets its
 * fields one after the other, and is ended with its strings; section numbers are those of
 * its version 3.0.
 */

#define VERSION_MAJOR 3
#define VERSION_MINOR 0
#define HEADER_BYTES  4
#define STRINGS_MAX   4

#define MAKER   "Caisson"
#define PRODUCT "Caisson virtual machine"
#define VMWARE  "VMware-compatible virtual machine of Caisson"

/* A structure's handle is its type with zeros behind; there is one of each. */
#define HANDLE(type) ((type) << 8)

enum type {
	TYPE_FIRMWARE = 0,
	TYPE_SYSTEM = 1,
	TYPE_ENCLOSURE = 3,
	TYPE_PROCESSOR = 4,
	TYPE_MEMORY_ARRAY = 16,
	TYPE_MEMORY_DEVICE = 17,
	TYPE_ARRAY_ADDRESS = 19,
	TYPE_BOOT = 32,
	TYPE_END = 127,
};

struct writer {
	struct smbios *to;
	size_t begin; /* of the structure at work */
	const char *strings[STRINGS_MAX];
	uint32_t count;
	bool full;
};

static void put_bytes(struct writer *w, const void *bytes, size_t count)
{
	struct smbios *to = w->to;

	w->full |= count > sizeof(to->tables) - to->tables_bytes;
	if (w->full)
		return;
	memcpy(to->tables + to->tables_bytes, bytes, count);
	to->tables_bytes += count;
}

static void put(struct writer *w, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t byte = value >> (8 * i);

		put_bytes(w, &byte, 1);
	}
}

static void put_byte(struct writer *w, uint32_t value)
{
	put(w, value, 1);
}

static void put_word(struct writer *w, uint32_t value)
{
	put(w, value, 2);
}

static void begin(struct writer *w, enum type type)
{
	w->begin = w->to->tables_bytes;
	w->count = 0;
	put_byte(w, type);
	put_byte(w, 0); /* the length: end() knows it */
	put_word(w, HANDLE(type));
}

/* A field that names a string. */
static void put_string(struct writer *w, const char *text)
{
	w->strings[w->count++] = text;
	put_byte(w, w->count);
}

static void end(struct writer *w)
{
	if (!w->full)
		w->to->tables[w->begin + 1] = (uint8_t)(w->to->tables_bytes - w->begin);
	for (uint32_t i = 0; i < w->count; i++)
		put_bytes(w, w->strings[i], strlen(w->strings[i]) + 1);
	if (w->count == 0)
		put_byte(w, 0);
	put_byte(w, 0);
}

/* 7.1; EDK II brings its own where there is none, of the same contents. */
static void write_firmware(struct writer *w)
{
	begin(w, TYPE_FIRMWARE);
	put_string(w, MAKER);
	put_string(w, "1.0");
	put_word(w, 0); /* where a BIOS would lie */
	put_string(w, "01/01/2026");
	put_byte(w, 0);      /* its size in 64 KiB, less one: 64 KiB */
	put(w, BIT(3), 8);   /* characteristics are not told */
	put_word(w, 0x1c00); /* and: UEFI, a virtual machine, SMBIOS 2.4's "targeted content" */
	put_byte(w, 1);      /* firmware's release, */
	put_byte(w, 0);      /* minor */
	put_word(w, 0xffff); /* an embedded controller's: there is none */
	end(w);
}

/* 7.2; the UUID's first three fields are little-endian here (7.2.1). */
static void write_system(struct writer *w, const struct smbios_config *config)
{
	static const uint8_t order[SMBIOS_UUID_BYTES] = {3, 2, 1,  0,  5,  4,  7,  6,
							 8, 9, 10, 11, 12, 13, 14, 15};

	begin(w, TYPE_SYSTEM);
	put_string(w, MAKER);
	put_string(w, config->vmware ? VMWARE : PRODUCT);
	put_byte(w, 0); /* version */
	put_string(w, config->name);
	for (uint32_t i = 0; i < SMBIOS_UUID_BYTES; i++)
		put_byte(w, config->uuid[order[i]]);
	put_byte(w, 6); /* woken by: the power switch */
	put_byte(w, 0); /* SKU */
	put_byte(w, 0); /* family */
	end(w);
}

/* 7.4 */
static void write_enclosure(struct writer *w)
{
	begin(w, TYPE_ENCLOSURE);
	put_string(w, MAKER);
	put_byte(w, 1); /* other */
	for (uint32_t i = 0; i < 3; i++)
		put_byte(w, 0); /* version, serial number, asset tag */
	for (uint32_t i = 0; i < 3; i++)
		put_byte(w, 3); /* boot-up, power supply, thermal state: safe */
	put_byte(w, 2);         /* security: unknown */
	put(w, 0, 4);
	for (uint32_t i = 0; i < 5; i++)
		put_byte(w, 0); /* height, power cords, contained elements, their length, SKU */
	end(w);
}

/* 7.5: one socket with all vCPUs. */
static void write_processor(struct writer *w, uint32_t cpus)
{
	begin(w, TYPE_PROCESSOR);
	put_string(w, "CPU 0");
	put_byte(w, 3);    /* a central processor */
	put_byte(w, 0xfe); /* see the second field for the family */
	put_string(w, MAKER);
	put(w, 0, 8);            /* ID */
	put_byte(w, 0);          /* version */
	put_byte(w, 0);          /* voltage */
	put(w, 0, 6);            /* external, maximum, current speed: unknown */
	put_byte(w, 0x41);       /* there, and on */
	put_byte(w, 1);          /* another upgrade */
	put(w, ~(uint64_t)0, 6); /* caches: none told */
	put(w, 0, 3);            /* serial number, asset tag, part */
	put_byte(w, cpus);       /* cores, on, threads */
	put_byte(w, cpus);
	put_byte(w, cpus);
	put_word(w, BIT(2) | (cpus > 1 ? BIT(3) : 0)); /* 64 bits, several cores */
	put_word(w, 0x101);                            /* Armv8 */
	put_word(w, cpus);
	put_word(w, cpus);
	put_word(w, cpus);
	end(w);
}

/* 7.17, 7.18, 7.20 */
static void write_memory(struct writer *w, const struct smbios_config *config)
{
	uint64_t kib = config->ram_bytes >> 10, mib = config->ram_bytes >> 20;

	begin(w, TYPE_MEMORY_ARRAY);
	put_byte(w, 1); /* other */
	put_byte(w, 3); /* system memory */
	put_byte(w, 2); /* error correction: unknown */
	put(w, kib < BIT(31) ? kib : BIT(31), 4);
	put_word(w, 0xfffe); /* no errors are told */
	put_word(w, 1);
	put(w, kib < BIT(31) ? 0 : config->ram_bytes, 8);
	end(w);

	begin(w, TYPE_MEMORY_DEVICE);
	put_word(w, HANDLE(TYPE_MEMORY_ARRAY));
	put_word(w, 0xfffe);
	put_word(w, 0xffff); /* widths: unknown */
	put_word(w, 0xffff);
	put_word(w, mib < 0x7fff ? (uint32_t)mib : 0x7fff);
	put_byte(w, 9); /* DIMM */
	put_byte(w, 0); /* no set */
	put_string(w, "DIMM 0");
	put_byte(w, 0);      /* bank */
	put_byte(w, 7);      /* RAM */
	put_word(w, BIT(1)); /* other */
	put_word(w, 0);      /* speed: unknown */
	put_string(w, MAKER);
	put(w, 0, 4); /* serial number, asset tag, part, attributes */
	put(w, mib < 0x7fff ? 0 : mib, 4);
	put(w, 0, 8); /* clock, voltages */
	end(w);

	begin(w, TYPE_ARRAY_ADDRESS);
	put(w, 0xffffffff, 4); /* see the extended addresses */
	put(w, 0xffffffff, 4);
	put_word(w, HANDLE(TYPE_MEMORY_ARRAY));
	put_byte(w, 1); /* partition width */
	put(w, config->ram_start, 8);
	put(w, config->ram_start + config->ram_bytes - 1, 8);
	end(w);
}

/* 7.33, 7.45 */
static void write_rest(struct writer *w)
{
	begin(w, TYPE_BOOT);
	put(w, 0, 6);
	put_byte(w, 0); /* no errors detected */
	end(w);
	begin(w, TYPE_END);
	end(w);
}

/* 5.2.2; the address is firmware's to fill in. */
static void write_anchor(struct smbios *to)
{
	uint8_t *a = to->anchor, sum = 0;

	memset(a, 0, sizeof(to->anchor));
	memcpy(a, "_SM3_", 5);
	a[6] = sizeof(to->anchor);
	a[7] = VERSION_MAJOR;
	a[8] = VERSION_MINOR;
	a[10] = 1; /* revision of the entry point */
	for (uint32_t i = 0; i < 4; i++)
		a[12 + i] = to->tables_bytes >> (8 * i);
	for (uint32_t i = 0; i < sizeof(to->anchor); i++)
		sum += a[i];
	a[5] = -sum;
}

enum err smbios_write(const struct smbios_config *config, struct smbios *to)
{
	struct writer w = {.to = to};

	to->tables_bytes = 0;
	if (strlen(config->name) >= 64) /* 6.1.3 */
		return ERR_NO_MEMORY;
	write_firmware(&w);
	write_system(&w, config);
	write_enclosure(&w);
	write_processor(&w, config->cpus);
	write_memory(&w, config);
	write_rest(&w);
	if (w.full)
		return ERR_NO_MEMORY;
	write_anchor(to);
	return ERR_OK;
}
