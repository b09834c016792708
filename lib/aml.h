/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_AML_H
#define LIB_AML_H

#include "lib/acpiw.h"

/*
 * The little of ACPI's byte code (ACPI 6.5, chapter 20) that Caisson writes, and what can be told
 * of firmware's without interpreting it: every byte that may begin a constant or a resource
 * descriptor (6.4) is taken for one, so that more may be seen than there is. What a method makes
 * up when it runs is not seen.
 */

#define AML_INTID_END 1020

/* All zeros: nothing seen yet. */
struct aml_survey {
	uint64_t intid[AML_INTID_END / 64 + 1]; /* bit per INTID that is named */
	uint64_t top;                           /* end of the highest window of addresses */
};

/* Adds what one DSDT or SSDT (header and all) may name. */
void aml_survey(struct aml_survey *survey, const uint8_t *table, size_t bytes);
/* The same of a table that is no AML: each four bytes may be a number. */
void aml_survey_words(struct aml_survey *survey, const uint8_t *table, size_t bytes);
/* Does it have this number anywhere? In four bytes, or eight from 4 GiB on. */
bool aml_names(const uint8_t *table, size_t bytes, uint64_t address);

/* A PL011 that an operating system is to find in the namespace, below \_SB. */
struct aml_uart {
	const char *name; /* four characters, also its _UID */
	uint64_t base;    /* of its page */
	uint32_t intid;   /* level-sensitive, active high */
};

/*
 * An SSDT with `count` devices "ARMH0011" (an SBSA UART, as Linux drives it), up to 16; its
 * address.
 */
uint64_t aml_write_uarts(struct acpiw *w, const struct aml_uart *uart, uint32_t count);

#endif
