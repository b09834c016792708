/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/guestacpi.h"

#include "abi/acpitable.h"
#include "lib/fadt.h"
#include "lib/spcr.h"

#define TOKEN_BYTES 16
#define SMALL_BYTES 512 /* more than SPCR, STAO, the token's table and RSDP take */
#define UART_BYTES  128 /* of the SSDT, for each device */

size_t guestacpi_room(const struct guestacpi *g)
{
	return g->madt->table.bytes + g->fadt->bytes + ACPI_HEADER_BYTES +
	       8 * (size_t)g->acpi->count + UART_BYTES * (g->uart_count + 1) + SMALL_BYTES;
}

static uint64_t write_own(struct acpiw *w, const struct guestacpi *g)
{
	acpiw_begin(w, CAISSON_TABLE, CAISSON_TABLE_REVISION);
	acpiw_bytes(w, g->token, TOKEN_BYTES);
	acpiw_field(w, g->event_line, 8);
	return acpiw_end(w);
}

uint64_t guestacpi_write(struct acpiw *w, const struct guestacpi *g)
{
	enum { IORT, DBG2, BGRT, STAO, MADT, FADT, OWN, OTHERS };
	struct acpiw_edit edit[OTHERS + 2] = {
		[IORT] = {.signature = "IORT"},       [DBG2] = {.signature = "DBG2"},
		[BGRT] = {.signature = "BGRT"},       [STAO] = {.signature = "STAO"},
		[MADT] = {.signature = "APIC"},       [FADT] = {.signature = "FACP"},
		[OWN] = {.signature = CAISSON_TABLE},
	};
	uint32_t count = OTHERS;

	edit[MADT].address = madt_write(w, g->madt, g->list, g->use, MADT_FOR_GUEST);
	edit[FADT].address = fadt_write(w, g->fadt, true, true);
	edit[OWN].address = write_own(w, g);
	if (g->hide_port)
		edit[STAO].address = acpiw_stao(w);
	if (g->spcr != NULL)
		edit[count++] =
			(struct acpiw_edit){.signature = "SPCR", .address = spcr_write(w, g->spcr)};
	if (g->uart_count != 0)
		edit[count++] =
			(struct acpiw_edit){.signature = "SSDT",
					    .address = aml_write_uarts(w, g->uart, g->uart_count),
					    .more = true};
	return acpiw_root(w, g->acpi, edit, count);
}
