/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/spcr.h"

#include <string.h>

/* ACPI 6.5, 5.2.6: of every table. */
#define TABLE_LENGTH 4
#define TABLE_HEADER 36

#define SPCR_REVISION       8
#define SPCR_INTERFACE      36
#define SPCR_ADDRESS        40 /* a Generic Address Structure, ACPI 6.5, 5.2.3.2 */
#define SPCR_INTERRUPT_TYPE 52
#define SPCR_GSIV           54
#define SPCR_BAUD           58
#define SPCR_BYTES          80 /* of revisions before 4 */
#define SPCR_CLOCK          76 /* from revision 3 on */
#define SPCR_PRECISE_BAUD   80 /* from revision 4 on */
#define SPCR_BYTES_4        88

#define GAS_SPACE     0
#define GAS_BIT_WIDTH 1
#define GAS_ACCESS    3
#define GAS_BASE      4

#define SPACE_MEMORY 0

#define INTERRUPT_GIC BIT(3)

#define FADT_FLAGS    112
#define FADT_BYTES    116
#define FADT_HEADLESS BIT(12)

#define SPI_FIRST 32
#define SPI_LAST  1019

/* Little-endian, wherever it lies. */
static uint64_t field(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static enum err check_table(const uint8_t *table, size_t bytes, const char *signature,
			    size_t bytes_min)
{
	uint8_t sum = 0;
	uint64_t length;

	if (bytes < TABLE_HEADER)
		return ERR_TRUNCATED;
	if (memcmp(table, signature, 4) != 0)
		return ERR_INVALID;
	length = field(table + TABLE_LENGTH, 4);
	if (length > bytes || length < bytes_min)
		return ERR_TRUNCATED;
	for (uint64_t i = 0; i < length; i++)
		sum += table[i];
	return sum == 0 ? ERR_OK : ERR_INVALID;
}

/* Debug Port Table 2, table 3. */
static uint8_t kind_of(unsigned int interface)
{
	switch (interface) {
	case 0x00: /* 16550 */
	case 0x01: /* 16550 without some of it */
	case 0x05: /* NVIDIA's 16550 */
	case 0x12: /* 16550, described by the address structure */
		return BOOT_UART_16550;
	case 0x03:
		return BOOT_UART_PL011;
	case 0x0d: /* an older number for it, with 32-bit accesses */
	case 0x0e:
		return BOOT_UART_SBSA;
	default:
		return BOOT_UART_NONE;
	}
}

/* 0: reserved, or leave it as it is. */
static uint32_t baud_of(unsigned int code)
{
	static const uint32_t bauds[] = {[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200};

	return code < ARRAY_SIZE(bauds) ? bauds[code] : 0;
}

/*
 * The registers of a 16550: the access size is their width, the bit width their distance. Older
 * tables leave the access size open (0), which means the bit width's then.
 */
static enum err read_spacing(const uint8_t *gas, struct uart_desc *uart)
{
	unsigned int bits = gas[GAS_BIT_WIDTH];
	unsigned int access = gas[GAS_ACCESS];

	if (bits != 8 && bits != 16 && bits != 32)
		return ERR_INVALID;
	if (access > 3)
		return ERR_UNSUPPORTED;
	uart->width = (uint8_t)(access != 0 ? 1u << (access - 1) : bits / 8);
	while (8u << uart->shift < bits || 1u << uart->shift < uart->width)
		uart->shift++;
	return ERR_OK;
}

static void read_speed(const uint8_t *table, struct uart_desc *uart)
{
	unsigned int revision = table[SPCR_REVISION];

	uart->baud = baud_of(table[SPCR_BAUD]);
	if (revision >= 3)
		uart->clock_hz = (uint32_t)field(table + SPCR_CLOCK, 4);
	if (revision >= 4 && field(table + TABLE_LENGTH, 4) >= SPCR_BYTES_4 &&
	    field(table + SPCR_PRECISE_BAUD, 4) != 0)
		uart->baud = (uint32_t)field(table + SPCR_PRECISE_BAUD, 4);
}

enum err spcr_parse(const uint8_t *table, size_t bytes, struct uart_desc *uart)
{
	enum err err = check_table(table, bytes, "SPCR", SPCR_BYTES);
	const uint8_t *gas = table + SPCR_ADDRESS;
	uint64_t gsiv;

	*uart = (struct uart_desc){.fifo_bytes = UART_FIFO_BYTES};
	if (err != ERR_OK)
		return err;
	uart->base = field(gas + GAS_BASE, 8);
	if (uart->base == 0)
		return ERR_OK;
	uart->kind = kind_of(table[SPCR_INTERFACE]);
	if (uart->kind == BOOT_UART_NONE || gas[GAS_SPACE] != SPACE_MEMORY)
		return ERR_UNSUPPORTED;
	uart->shift = 2;
	uart->width = 4;
	if (uart->kind == BOOT_UART_16550) {
		uart->shift = 0;
		err = read_spacing(gas, uart);
	}
	if (err != ERR_OK)
		return err;
	if (!bits_is_aligned(uart->base, uart->width))
		return ERR_INVALID;
	gsiv = field(table + SPCR_GSIV, 4);
	if ((table[SPCR_INTERRUPT_TYPE] & INTERRUPT_GIC) && gsiv >= SPI_FIRST && gsiv <= SPI_LAST)
		uart->intid = (uint32_t)gsiv;
	read_speed(table, uart);
	return ERR_OK;
}

enum err fadt_headless(const uint8_t *table, size_t bytes, bool *headless)
{
	enum err err = check_table(table, bytes, "FACP", FADT_BYTES);

	*headless = err == ERR_OK && (field(table + FADT_FLAGS, 4) & FADT_HEADLESS);
	return err;
}
