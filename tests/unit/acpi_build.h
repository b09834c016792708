/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_ACPI_BUILD_H
#define TESTS_UNIT_ACPI_BUILD_H

#include <stdlib.h>
#include <string.h>

#include "lib/acpi.h"

/* Tables for tests, each in memory of its own size. */

static inline void build_seal(uint8_t *table)
{
	table[9] += acpi_sum(table, acpi_field(table + 4, 4));
}

static inline uint8_t *build_copy(const uint8_t *table, size_t bytes)
{
	uint8_t *copy = malloc(bytes + (bytes == 0));

	if (bytes != 0)
		memcpy(copy, table, bytes);
	return copy;
}

/* Zeros behind the header. */
static inline uint8_t *build_table(const char *signature, size_t bytes)
{
	uint8_t *table = calloc(1, bytes);

	memcpy(table, signature, 4);
	acpi_put(table + 4, bytes, 4);
	table[8] = 1;
	memcpy(table + 10, "OEMOEMTABLETAB", 14);
	build_seal(table);
	return table;
}

#endif
