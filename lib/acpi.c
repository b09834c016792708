/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/acpi.h"

#include <string.h>

#define TABLE_LENGTH 4

/* 5.2.5.3 */
#define RSDP_BYTES_0   20
#define RSDP_REVISION  15
#define RSDP_RSDT      16
#define RSDP_LENGTH    20
#define RSDP_XSDT      24
#define RSDP_BYTES_MAX 256 /* nothing is known beyond 36 */
#define ROOT_BYTES_MAX (64 * 1024)

uint64_t acpi_field(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

void acpi_put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*at++ = (uint8_t)value;
}

uint8_t acpi_sum(const uint8_t *data, size_t bytes)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += data[i];
	return (uint8_t)-sum;
}

enum err acpi_check(const uint8_t *table, size_t bytes, const char *signature, size_t bytes_min,
		    uint32_t *length)
{
	*length = 0;
	if (bytes < ACPI_HEADER_BYTES)
		return ERR_TRUNCATED;
	if (memcmp(table, signature, 4) != 0)
		return ERR_INVALID;

	uint32_t own = (uint32_t)acpi_field(table + TABLE_LENGTH, 4);

	if (own > bytes || own < bytes_min || own < ACPI_HEADER_BYTES)
		return ERR_TRUNCATED;
	*length = own;
	return acpi_sum(table, own) == 0 ? ERR_OK : ERR_INVALID;
}

/* What the windows hold from an address on: *bytes of it; NULL: nothing. */
static const uint8_t *view(const struct acpi_window *window, uint32_t count, uint64_t address,
			   uint64_t *bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!bits_contains(window[i].base, window[i].bytes, address, 1))
			continue;
		*bytes = window[i].bytes - (address - window[i].base);
		return window[i].data + (address - window[i].base);
	}
	return NULL;
}

/* The bounds of a table of any kind; its checksum is not looked at yet. */
static void look_at(struct acpi_table *table, const struct acpi_window *window, uint32_t count,
		    uint64_t address)
{
	uint64_t bytes;
	const uint8_t *data = view(window, count, address, &bytes);

	*table = (struct acpi_table){.address = address, .err = ERR_NOT_FOUND};
	if (data == NULL)
		return;
	table->err = ERR_TRUNCATED;
	if (bytes < ACPI_HEADER_BYTES)
		return;

	uint64_t own = acpi_field(data + TABLE_LENGTH, 4);

	if (own > bytes || own < ACPI_HEADER_BYTES)
		return;
	table->data = data;
	table->bytes = (uint32_t)own;
	table->err = ERR_OK;
}

static bool has_signature(const struct acpi_table *table, const char *signature)
{
	return table->data != NULL && memcmp(table->data, signature, 4) == 0;
}

/* Where the list of tables is, and how wide its entries are. */
static enum err read_rsdp(struct acpi *acpi, const struct acpi_window *window, uint32_t count,
			  uint64_t rsdp, uint64_t *root, const char **why)
{
	uint64_t bytes;
	const uint8_t *p = view(window, count, rsdp, &bytes);

	*why = "the RSDP is not in firmware's memory";
	if (p == NULL)
		return ERR_NOT_FOUND;
	*why = "the RSDP ends early";
	if (bytes < RSDP_BYTES_0)
		return ERR_TRUNCATED;
	*why = "there is no RSDP where firmware says, or its checksum is wrong";
	if (memcmp(p, "RSD PTR ", 8) != 0 || acpi_sum(p, RSDP_BYTES_0) != 0)
		return ERR_INVALID;
	acpi->rsdp_revision = p[RSDP_REVISION];
	*root = acpi_field(p + RSDP_RSDT, 4);
	if (acpi->rsdp_revision < 2)
		return ERR_OK;
	*why = "the RSDP ends early";
	if (bytes < ACPI_RSDP_BYTES)
		return ERR_TRUNCATED;

	uint64_t own = acpi_field(p + RSDP_LENGTH, 4);

	if (own < ACPI_RSDP_BYTES || own > RSDP_BYTES_MAX || own > bytes)
		return ERR_TRUNCATED;
	*why = "the RSDP's extended checksum is wrong";
	if (acpi_sum(p, own) != 0)
		return ERR_INVALID;
	if (acpi_field(p + RSDP_XSDT, 8) != 0)
		*root = acpi_field(p + RSDP_XSDT, 8);
	else
		acpi->rsdp_revision = 1; /* it has an RSDT only */
	return ERR_OK;
}

static void add_table(struct acpi *acpi, const struct acpi_window *window, uint32_t count,
		      uint64_t address)
{
	if (acpi->count == ACPI_MAX_TABLES) {
		acpi->beyond++;
		return;
	}

	struct acpi_table *table = &acpi->table[acpi->count++];

	look_at(table, window, count, address);
	if (has_signature(table, "XSDT") || has_signature(table, "RSDT"))
		table->err = ERR_INVALID;
	if (bits_overlap(acpi->root.address, acpi->root.bytes, table->address, table->bytes))
		table->err = ERR_OVERLAP;
	for (const struct acpi_table *t = acpi->table; t < table; t++) {
		if (bits_overlap(t->address, t->bytes, table->address, table->bytes))
			table->err = ERR_OVERLAP;
	}
	/* Only now, so that no byte of memory is added up twice. */
	if (table->err == ERR_OK && acpi_sum(table->data, table->bytes) != 0)
		table->err = ERR_INVALID;
}

enum err acpi_open(struct acpi *acpi, const struct acpi_window *window, uint32_t count,
		   uint64_t rsdp, const char **why)
{
	uint64_t root = 0;
	struct acpi_table *list = &acpi->root;

	memset(acpi, 0, sizeof(*acpi));

	enum err err = read_rsdp(acpi, window, count, rsdp, &root, why);

	if (err != ERR_OK)
		return err;

	bool is_xsdt = acpi->rsdp_revision >= 2;
	unsigned int width = is_xsdt ? 8 : 4;

	look_at(list, window, count, root);
	*why = is_xsdt ? "the XSDT is not in firmware's memory or ends early"
		       : "the RSDT is not in firmware's memory or ends early";
	if (list->err != ERR_OK)
		return list->err;
	*why = is_xsdt ? "there is no XSDT where the RSDP says"
		       : "there is no RSDT where the RSDP says";
	if (!has_signature(list, is_xsdt ? "XSDT" : "RSDT"))
		return ERR_INVALID;
	*why = is_xsdt ? "the XSDT's checksum is wrong, or it is longer than any machine's"
		       : "the RSDT's checksum is wrong, or it is longer than any machine's";
	if (list->bytes > ROOT_BYTES_MAX || acpi_sum(list->data, list->bytes) != 0)
		return ERR_INVALID;
	for (uint32_t at = ACPI_HEADER_BYTES; list->bytes - at >= width; at += width)
		add_table(acpi, window, count, acpi_field(list->data + at, width));
	return ERR_OK;
}

static bool is_same(const struct acpi_table *a, const struct acpi_table *b)
{
	return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

enum err acpi_find(const struct acpi *acpi, const char *signature, const struct acpi_table **table)
{
	const struct acpi_table *found = NULL;

	for (uint32_t i = 0; i < acpi->count; i++) {
		const struct acpi_table *t = &acpi->table[i];

		if (!has_signature(t, signature))
			continue;
		if (found != NULL && !is_same(found, t))
			return ERR_OVERLAP;
		if (found == NULL)
			found = t;
	}
	if (found == NULL)
		return ERR_NOT_FOUND;
	*table = found;
	return found->err;
}

void acpi_at(struct acpi_table *table, const struct acpi_window *window, uint32_t count,
	     uint64_t address, const char *signature)
{
	look_at(table, window, count, address);
	if (table->err == ERR_OK &&
	    (!has_signature(table, signature) || acpi_sum(table->data, table->bytes) != 0))
		table->err = ERR_INVALID;
}
