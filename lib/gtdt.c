/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gtdt.h"

#include "lib/acpi.h"

#define GTDT_PHYS  56
#define GTDT_VIRT  64
#define GTDT_HYP   72
#define GTDT_BYTES 96 /* of revision 2, the first for ARMv8 */

#define PPI_FIRST 16
#define PPI_LAST  31

static bool is_ppi_or_none(uint32_t intid)
{
	return intid == 0 || (intid >= PPI_FIRST && intid <= PPI_LAST);
}

enum err gtdt_read(const uint8_t *table, size_t bytes, struct gtdt *gtdt)
{
	uint32_t length;
	enum err err = acpi_check(table, bytes, "GTDT", GTDT_BYTES, &length);

	*gtdt = (struct gtdt){0};
	if (err != ERR_OK)
		return err;

	struct gtdt read = {
		.phys_intid = (uint32_t)acpi_field(table + GTDT_PHYS, 4),
		.virt_intid = (uint32_t)acpi_field(table + GTDT_VIRT, 4),
		.hyp_intid = (uint32_t)acpi_field(table + GTDT_HYP, 4),
	};

	if (!is_ppi_or_none(read.phys_intid) || !is_ppi_or_none(read.virt_intid) ||
	    !is_ppi_or_none(read.hyp_intid))
		return ERR_RANGE;
	*gtdt = read;
	return ERR_OK;
}
