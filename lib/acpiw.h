/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ACPIW_H
#define LIB_ACPIW_H

#include "lib/acpi.h"

/*
 * Writes ACPI tables one behind the other into a buffer that will be read at a known address.
 * acpiw_begin() or acpiw_copy() opens a table, acpiw_end() puts its length and checksum right.
 * Running out of room is remembered and told by acpiw_finish(); until then calls do nothing more.
 */
struct acpiw {
	uint8_t *out;
	uint64_t address; /* physical, of out; a multiple of 16 */
	size_t bytes_max;
	size_t bytes;
	size_t table; /* offset of the table that was opened last */
	enum err err;
};

/* What stands in the headers of tables that Caisson makes itself. */
#define ACPIW_OEM_ID    "CAISSN"
#define ACPIW_OEM_TABLE "CAISSON "

void acpiw_init(struct acpiw *w, void *out, uint64_t address, size_t bytes_max);

/* Begins a table of its own: the header, to which more is added. */
void acpiw_begin(struct acpiw *w, const char *signature, uint8_t revision);
/* Begins with a copy of a table, all of it. */
void acpiw_copy(struct acpiw *w, const struct acpi_table *table);
void acpiw_bytes(struct acpiw *w, const void *data, size_t bytes);
/* `bytes` bytes, little-endian. */
void acpiw_field(struct acpiw *w, uint64_t value, unsigned int bytes);
void acpiw_zeros(struct acpiw *w, size_t bytes);
/* Changes what stands at an offset of the open table, if there is such an offset. */
void acpiw_patch(struct acpiw *w, size_t offset, uint64_t value, unsigned int bytes);
/* Completes the open table; its address. */
uint64_t acpiw_end(struct acpiw *w);

/* What becomes of tables in a new XSDT. */
struct acpiw_edit {
	const char *signature;
	uint64_t address; /* of the table in place of all of this signature; 0: they are left out */
	bool more;        /* it comes beside those of this signature, not in their place */
};

/*
 * A new XSDT: firmware's tables in their order, changed as the edits say; a table that firmware
 * does not have comes at the end. Tables that could not be read are left out: what the next
 * program finds, Caisson has seen. Those with a wrong checksum stay, as Linux only warns of them.
 * It is preceded by nothing and followed by an RSDP of revision 2, whose address is returned.
 */
uint64_t acpiw_root(struct acpiw *w, const struct acpi *acpi, const struct acpiw_edit *edit,
		    uint32_t count);

/*
 * The Status Override Table (Xen's specification of it, revision 1): the serial port that the SPCR
 * names is not the operating system's. Its address.
 */
uint64_t acpiw_stao(struct acpiw *w);

/* ERR_NO_MEMORY: it did not fit. Otherwise *bytes were written. */
enum err acpiw_finish(const struct acpiw *w, size_t *bytes) MUST_CHECK;

#endif
