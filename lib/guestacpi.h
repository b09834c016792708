/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GUESTACPI_H
#define LIB_GUESTACPI_H

#include "lib/aml.h"
#include "lib/madt.h"

/*
 * The service VM's ACPI tables: firmware's, but for what Caisson keeps or emulates. Replaced: MADT
 * (no ITS, MSI frame or virtualisation extensions, only CPUs in use), FADT (PSCI by HVC). Left out:
 * IORT, as there are neither ITSs nor SMMUs; DBG2, whose port is Caisson's; BGRT, whose picture
 * lies in memory that is free now. Added: the token's table (abi/acpitable.h), an SSDT with the
 * PL011s that firmware's DSDT has no device for. All others are shown where they are.
 */
struct guestacpi {
	const struct acpi *acpi;
	const struct acpi_table *fadt;
	const struct madt *madt;
	const struct bootcpu_list *list;
	const struct madt_use *use;   /* for list->cpu[] */
	const struct uart_desc *spcr; /* the port for a new SPCR; NULL: firmware's stays */
	/*
	 * A STAO is added: the DSDT's device at the address that the SPCR names is not the
	 * operating system's.
	 */
	bool hide_port;
	const struct aml_uart *uart; /* for the SSDT */
	uint32_t uart_count;
	const void *token; /* 16 bytes */
	uint64_t event_line;
};

/* Enough for the tables. */
size_t guestacpi_room(const struct guestacpi *g);
/* Writes them; the address of the RSDP. Errors: acpiw_finish(). */
uint64_t guestacpi_write(struct acpiw *w, const struct guestacpi *g);

#endif
