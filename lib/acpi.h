/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ACPI_H
#define LIB_ACPI_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * ACPI tables (ACPI 6.5, chapter 5), as untrusted as a device tree: where firmware's memory is must
 * be told by someone else (the UEFI memory map), and no byte outside it is read. The walk looks one
 * level deep, from the RSDP over XSDT or RSDT to the tables, so there is nothing to go round in.
 */

#define ACPI_MAX_TABLES   128
#define ACPI_HEADER_BYTES 36 /* of every table but RSDP and FACS (5.2.6) */
#define ACPI_RSDP_BYTES   36 /* of revision 2; revision 0 has 20 */

/* A piece of memory that may be read, and where it can be found. */
struct acpi_window {
	uint64_t base; /* physical address of data[0] */
	uint64_t bytes;
	const uint8_t *data;
};

struct acpi_table {
	uint64_t address;
	const uint8_t *data; /* `bytes` of them can be read; NULL: none, err says why */
	uint32_t bytes;
	/*
	 * ERR_OK; ERR_NOT_FOUND: its header is in no window; ERR_TRUNCATED: it is shorter than its
	 * header, or reaches out of the window; ERR_OVERLAP: it shares bytes with an earlier one;
	 * ERR_INVALID: its checksum is wrong, or it is a list of tables itself.
	 */
	enum err err;
};

struct acpi {
	struct acpi_table root; /* XSDT, or RSDT where there is none */
	uint32_t rsdp_revision;
	uint32_t count;
	uint32_t beyond; /* entries that there was no room for */
	struct acpi_table table[ACPI_MAX_TABLES];
};

/* `bytes` bytes, 1 to 8, little-endian, wherever they lie. */
uint64_t acpi_field(const uint8_t *at, unsigned int bytes);
void acpi_put(uint8_t *at, uint64_t value, unsigned int bytes);
/* What must be added to a byte of them so that their sum is 0. */
uint8_t acpi_sum(const uint8_t *data, size_t bytes);

/*
 * Can `bytes` bytes be a table of this signature? *length becomes the table's own length, which is
 * within `bytes` and at least bytes_min. ERR_TRUNCATED: they end early, or the length is too
 * small; ERR_INVALID: another signature, or a wrong checksum.
 */
enum err acpi_check(const uint8_t *table, size_t bytes, const char *signature, size_t bytes_min,
		    uint32_t *length) MUST_CHECK;

/*
 * Reads the RSDP at that address and lists the tables. After an error *why says what is wrong, the
 * beginning of a sentence. ERR_NOT_FOUND: something is in no window; ERR_TRUNCATED, ERR_INVALID:
 * RSDP, or XSDT or RSDT, end early or make no sense. A single table that is bad is no error.
 */
enum err acpi_open(struct acpi *acpi, const struct acpi_window *window, uint32_t count,
		   uint64_t rsdp, const char **why) MUST_CHECK;

/*
 * The table with this signature (MADT: "APIC", FADT: "FACP"). ERR_NOT_FOUND; ERR_OVERLAP: there
 * is more than one, with different contents; otherwise what is wrong with the only one.
 */
enum err acpi_find(const struct acpi *acpi, const char *signature,
		   const struct acpi_table **table) MUST_CHECK;

/*
 * A table that is not in the list, such as the DSDT, of this signature: its `err` says what is
 * wrong with it; ERR_INVALID is also another signature.
 */
void acpi_at(struct acpi_table *table, const struct acpi_window *window, uint32_t count,
	     uint64_t address, const char *signature);

#endif
