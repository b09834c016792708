/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/acpiw.h"

#include <string.h>

#define TABLE_LENGTH   4
#define TABLE_CHECKSUM 9
#define TABLE_ALIGN    16

#define OEM_REVISION     1
#define CREATOR_REVISION 1

#define RSDP_REVISION     2
#define RSDP_OEM_BYTES    6
#define RSDP_OEM          9 /* offset */
#define RSDP_CHECKSUM     8
#define RSDP_SUM_BYTES    20 /* the first checksum is over these */
#define RSDP_CHECKSUM_ALL 32
#define OEM_IN_TABLE      10

#define STAO_REVISION    1
#define STAO_IGNORE_UART 1

void acpiw_init(struct acpiw *w, void *out, uint64_t address, size_t bytes_max)
{
	*w = (struct acpiw){.out = out, .address = address, .bytes_max = bytes_max};
}

/* The next `bytes`; NULL: there is no room. */
static uint8_t *claim(struct acpiw *w, size_t bytes)
{
	uint8_t *p = w->out + w->bytes;

	if (w->err != ERR_OK)
		return NULL;
	if (bytes > w->bytes_max - w->bytes) {
		w->err = ERR_NO_MEMORY;
		return NULL;
	}
	w->bytes += bytes;
	return p;
}

void acpiw_bytes(struct acpiw *w, const void *data, size_t bytes)
{
	uint8_t *p = claim(w, bytes);

	if (p != NULL && bytes != 0)
		memcpy(p, data, bytes);
}

void acpiw_field(struct acpiw *w, uint64_t value, unsigned int bytes)
{
	uint8_t *p = claim(w, bytes);

	if (p != NULL)
		acpi_put(p, value, bytes);
}

void acpiw_zeros(struct acpiw *w, size_t bytes)
{
	uint8_t *p = claim(w, bytes);

	if (p != NULL)
		memset(p, 0, bytes);
}

static void open_table(struct acpiw *w)
{
	acpiw_zeros(w, bits_align_up(w->bytes, TABLE_ALIGN) - w->bytes);
	w->table = w->bytes;
}

void acpiw_begin(struct acpiw *w, const char *signature, uint8_t revision)
{
	open_table(w);
	acpiw_bytes(w, signature, 4);
	acpiw_field(w, 0, 4); /* length */
	acpiw_field(w, revision, 1);
	acpiw_field(w, 0, 1); /* checksum */
	acpiw_bytes(w, ACPIW_OEM_ID, 6);
	acpiw_bytes(w, ACPIW_OEM_TABLE, 8);
	acpiw_field(w, OEM_REVISION, 4);
	acpiw_bytes(w, ACPIW_OEM_ID, 4);
	acpiw_field(w, CREATOR_REVISION, 4);
}

void acpiw_copy(struct acpiw *w, const struct acpi_table *table)
{
	open_table(w);
	acpiw_bytes(w, table->data, table->bytes);
}

void acpiw_patch(struct acpiw *w, size_t offset, uint64_t value, unsigned int bytes)
{
	if (w->err == ERR_OK && bits_contains(0, w->bytes - w->table, offset, bytes))
		acpi_put(w->out + w->table + offset, value, bytes);
}

uint64_t acpiw_end(struct acpiw *w)
{
	uint8_t *p = w->out + w->table;
	size_t bytes = w->bytes - w->table;

	if (w->err == ERR_OK) {
		acpi_put(p + TABLE_LENGTH, bytes, 4);
		p[TABLE_CHECKSUM] = 0;
		p[TABLE_CHECKSUM] = acpi_sum(p, bytes);
	}
	return w->address + w->table;
}

/* The edit of a table, or `count`. */
static uint32_t edit_of(const struct acpiw_edit *edit, uint32_t count, const uint8_t *table)
{
	uint32_t i = 0;

	while (i < count && (edit[i].more || memcmp(edit[i].signature, table, 4) != 0))
		i++;
	return i;
}

static void write_entries(struct acpiw *w, const struct acpi *acpi, const struct acpiw_edit *edit,
			  uint32_t count)
{
	uint64_t written = 0; /* bit per edit */

	for (uint32_t i = 0; i < acpi->count; i++) {
		const struct acpi_table *t = &acpi->table[i];
		uint32_t e;

		if (t->data == NULL)
			continue;
		e = edit_of(edit, count, t->data);
		if (e == count)
			acpiw_field(w, t->address, 8);
		else if (edit[e].address != 0 && !(written & BIT(e)))
			acpiw_field(w, edit[e].address, 8);
		if (e < count)
			written |= BIT(e);
	}
	for (uint32_t e = 0; e < count; e++) {
		if (edit[e].address != 0 && !(written & BIT(e)))
			acpiw_field(w, edit[e].address, 8);
	}
}

static uint64_t write_rsdp(struct acpiw *w, const uint8_t *oem, uint64_t xsdt)
{
	uint8_t *p;

	open_table(w);
	acpiw_bytes(w, "RSD PTR ", 8);
	acpiw_field(w, 0, 1); /* checksum */
	acpiw_bytes(w, oem, RSDP_OEM_BYTES);
	acpiw_field(w, RSDP_REVISION, 1);
	acpiw_field(w, 0, 4); /* RSDT */
	acpiw_field(w, ACPI_RSDP_BYTES, 4);
	acpiw_field(w, xsdt, 8);
	acpiw_field(w, 0, 4); /* extended checksum, reserved */
	if (w->err == ERR_OK) {
		p = w->out + w->table;
		p[RSDP_CHECKSUM] = acpi_sum(p, RSDP_SUM_BYTES);
		p[RSDP_CHECKSUM_ALL] = acpi_sum(p, ACPI_RSDP_BYTES);
	}
	return w->address + w->table;
}

uint64_t acpiw_root(struct acpiw *w, const struct acpi *acpi, const struct acpiw_edit *edit,
		    uint32_t count)
{
	uint64_t xsdt;

	if (count > 64) {
		w->err = ERR_RANGE;
		return 0;
	}
	/* The header as firmware has it; an RSDT's differs in signature only. */
	open_table(w);
	acpiw_bytes(w, acpi->root.data, ACPI_HEADER_BYTES);
	acpiw_patch(w, 0, acpi_field((const uint8_t *)"XSDT", 4), 4);
	write_entries(w, acpi, edit, count);
	xsdt = acpiw_end(w);
	return write_rsdp(w, acpi->root.data + OEM_IN_TABLE, xsdt);
}

uint64_t acpiw_stao(struct acpiw *w)
{
	acpiw_begin(w, "STAO", STAO_REVISION);
	acpiw_field(w, STAO_IGNORE_UART, 1);
	return acpiw_end(w);
}

enum err acpiw_finish(const struct acpiw *w, size_t *bytes)
{
	*bytes = w->err == ERR_OK ? w->bytes : 0;
	return w->err;
}
