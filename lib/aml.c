/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/aml.h"

#include <string.h>

#define UART_ID "ARMH0011"

#define REVISION 2 /* of the SSDT: integers have 64 bits */

/* 20.3 */
#define OP_NAME   0x08
#define OP_BYTE   0x0a
#define OP_WORD   0x0b
#define OP_DWORD  0x0c
#define OP_STRING 0x0d
#define OP_SCOPE  0x10
#define OP_BUFFER 0x11
#define OP_EXT    0x5b
#define OP_DEVICE 0x82 /* behind OP_EXT */

/* 6.4.3: large descriptors: tag, length in 16 bits. */
#define TAG_INTERRUPT      0x89
#define INTERRUPT_COUNT    4
#define INTERRUPT_NUMBERS  5
#define TAG_QWORD          0x8a
#define QWORD_BYTES        46
#define QWORD_MIN          14
#define TAG_EXTENDED       0x8b
#define EXTENDED_BYTES     56
#define EXTENDED_MIN       16
#define ADDRESS_TYPE       3    /* 0: memory */
#define ADDRESS_FIXED      0x0d /* consumed, both ends fixed */
#define ADDRESS_READ_WRITE 1
#define TAG_END            0x79

#define INTERRUPT_FLAGS 0x01 /* consumed, level-sensitive, active high, not shared */

/* What the parts of a device have, in bytes. */
#define PKG_BYTES   2
#define CRS_BYTES   (QWORD_BYTES + 9 + 2)
#define CRS_BUFFER  (PKG_BYTES + 2 + CRS_BYTES)
#define NAMED_BYTES 5 /* Name's opcode and the name */
#define DEVICE_CONTENTS                                                                            \
	(4 + NAMED_BYTES + 1 + sizeof(UART_ID) + NAMED_BYTES + 1 + 5 + NAMED_BYTES + 1 + CRS_BUFFER)

static void mark(struct aml_survey *survey, uint64_t intid)
{
	if (intid < AML_INTID_END)
		survey->intid[intid / 64] |= BIT(intid % 64);
}

static void see_interrupts(struct aml_survey *survey, const uint8_t *p, size_t bytes)
{
	if (bytes < INTERRUPT_NUMBERS)
		return;
	for (uint32_t i = 0; i < p[INTERRUPT_COUNT]; i++) {
		if (INTERRUPT_NUMBERS + 4 * (i + 1) > bytes)
			return;
		mark(survey, acpi_field(p + INTERRUPT_NUMBERS + (size_t)4 * i, 4));
	}
}

/* A window of memory: minimum, maximum, translation offset, length. */
static void see_window(struct aml_survey *survey, const uint8_t *p, const uint8_t *range)
{
	uint64_t min = acpi_field(range, 8);
	uint64_t max = acpi_field(range + 8, 8);
	uint64_t translation = acpi_field(range + 16, 8);
	uint64_t length = acpi_field(range + 24, 8);
	uint64_t end;

	if (p[ADDRESS_TYPE] != 0 || min > max || length != max - min + 1 || length == 0 ||
	    __builtin_add_overflow(max, translation, &end) || end == UINT64_MAX)
		return;
	if (end + 1 > survey->top)
		survey->top = end + 1;
}

void aml_survey(struct aml_survey *survey, const uint8_t *table, size_t bytes)
{
	for (size_t i = ACPI_HEADER_BYTES; i < bytes; i++) {
		const uint8_t *p = table + i;
		size_t left = bytes - i;

		if (p[0] == OP_BYTE && left > 1)
			mark(survey, p[1]);
		else if (p[0] == OP_WORD && left > 2)
			mark(survey, acpi_field(p + 1, 2));
		else if (p[0] == OP_DWORD && left > 4)
			mark(survey, acpi_field(p + 1, 4));
		else if (p[0] == TAG_INTERRUPT)
			see_interrupts(survey, p, left);
		else if (p[0] == TAG_QWORD && left >= QWORD_BYTES)
			see_window(survey, p, p + QWORD_MIN);
		else if (p[0] == TAG_EXTENDED && left >= EXTENDED_BYTES)
			see_window(survey, p, p + EXTENDED_MIN);
	}
}

void aml_survey_words(struct aml_survey *survey, const uint8_t *table, size_t bytes)
{
	for (size_t i = ACPI_HEADER_BYTES; i + 4 <= bytes; i++)
		mark(survey, acpi_field(table + i, 4));
}

bool aml_names(const uint8_t *table, size_t bytes, uint64_t address)
{
	unsigned int width = address > UINT32_MAX ? 8 : 4;

	for (size_t i = ACPI_HEADER_BYTES; i + width <= bytes; i++) {
		if (acpi_field(table + i, width) == address)
			return true;
	}
	return false;
}

/* 20.2.4: a length in two bytes, which counts itself. */
static void put_length(struct acpiw *w, size_t bytes)
{
	acpiw_field(w, 0x40 | (bytes & 0xf), 1);
	acpiw_field(w, bytes >> 4, 1);
}

static void put_name(struct acpiw *w, const char *name)
{
	acpiw_field(w, OP_NAME, 1);
	acpiw_bytes(w, name, 4);
}

static void put_string(struct acpiw *w, const char *text, size_t length)
{
	acpiw_field(w, OP_STRING, 1);
	acpiw_bytes(w, text, length);
	acpiw_field(w, 0, 1);
}

/* One page of registers and one interrupt. */
static void put_resources(struct acpiw *w, const struct aml_uart *uart)
{
	acpiw_field(w, OP_BUFFER, 1);
	put_length(w, CRS_BUFFER);
	acpiw_field(w, OP_BYTE, 1);
	acpiw_field(w, CRS_BYTES, 1);
	acpiw_field(w, TAG_QWORD, 1);
	acpiw_field(w, QWORD_BYTES - 3, 2);
	acpiw_field(w, 0, 1); /* memory */
	acpiw_field(w, ADDRESS_FIXED, 1);
	acpiw_field(w, ADDRESS_READ_WRITE, 1);
	acpiw_field(w, 0, 8); /* granularity */
	acpiw_field(w, uart->base, 8);
	acpiw_field(w, uart->base + KIB(4) - 1, 8);
	acpiw_field(w, 0, 8); /* translation */
	acpiw_field(w, KIB(4), 8);
	acpiw_field(w, TAG_INTERRUPT, 1);
	acpiw_field(w, 6, 2);
	acpiw_field(w, INTERRUPT_FLAGS, 1);
	acpiw_field(w, 1, 1);
	acpiw_field(w, uart->intid, 4);
	acpiw_field(w, TAG_END, 1);
	acpiw_field(w, 0, 1); /* no checksum */
}

uint64_t aml_write_uarts(struct acpiw *w, const struct aml_uart *uart, uint32_t count)
{
	size_t device = PKG_BYTES + DEVICE_CONTENTS;

	acpiw_begin(w, "SSDT", REVISION);
	acpiw_field(w, OP_SCOPE, 1);
	put_length(w, PKG_BYTES + 5 + count * (2 + device));
	acpiw_bytes(w, "\\_SB_", 5);
	for (uint32_t i = 0; i < count; i++) {
		acpiw_field(w, OP_EXT, 1);
		acpiw_field(w, OP_DEVICE, 1);
		put_length(w, device);
		acpiw_bytes(w, uart[i].name, 4);
		put_name(w, "_HID");
		put_string(w, UART_ID, sizeof(UART_ID) - 1);
		put_name(w, "_UID");
		put_string(w, uart[i].name, 4);
		put_name(w, "_CRS");
		put_resources(w, &uart[i]);
	}
	return acpiw_end(w);
}
