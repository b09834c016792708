/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/spcr.h"

#define SPCR_REVISION       8
#define SPCR_INTERFACE      36
#define SPCR_ADDRESS        40 /* a Generic Address Structure, ACPI 6.5, 5.2.3.2 */
#define SPCR_INTERRUPT_TYPE 52
#define SPCR_GSIV           54
#define SPCR_BAUD           58
#define SPCR_PCI            64 /* device and vendor: none */
#define SPCR_BYTES          80 /* of revisions before 4 */
#define SPCR_CLOCK          76 /* from revision 3 on */
#define SPCR_PRECISE_BAUD   80 /* from revision 4 on */
#define SPCR_BYTES_4        88

#define GAS_SPACE     0
#define GAS_BIT_WIDTH 1
#define GAS_ACCESS    3
#define GAS_BASE      4

#define SPACE_MEMORY 0

#define SPCR_REVISION_WRITTEN 2
#define TERMINAL_ANSI         3
#define NO_PCI                0xffffffff

#define INTERRUPT_GIC BIT(3)

#define SPI_FIRST 32
#define SPI_LAST  1019

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

static void read_speed(const uint8_t *table, uint32_t length, struct uart_desc *uart)
{
	unsigned int revision = table[SPCR_REVISION];

	uart->baud = baud_of(table[SPCR_BAUD]);
	if (revision >= 3)
		uart->clock_hz = (uint32_t)acpi_field(table + SPCR_CLOCK, 4);
	if (revision >= 4 && length >= SPCR_BYTES_4 &&
	    acpi_field(table + SPCR_PRECISE_BAUD, 4) != 0)
		uart->baud = (uint32_t)acpi_field(table + SPCR_PRECISE_BAUD, 4);
}

enum err spcr_parse(const uint8_t *table, size_t bytes, struct uart_desc *uart)
{
	uint32_t length;
	enum err err = acpi_check(table, bytes, "SPCR", SPCR_BYTES, &length);
	const uint8_t *gas = table + SPCR_ADDRESS;
	uint64_t gsiv;

	*uart = (struct uart_desc){.fifo_bytes = UART_FIFO_BYTES};
	if (err != ERR_OK)
		return err;
	uart->base = acpi_field(gas + GAS_BASE, 8);
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
	gsiv = acpi_field(table + SPCR_GSIV, 4);
	if ((table[SPCR_INTERRUPT_TYPE] & INTERRUPT_GIC) && gsiv >= SPI_FIRST && gsiv <= SPI_LAST)
		uart->intid = (uint32_t)gsiv;
	read_speed(table, length, uart);
	return ERR_OK;
}

/* The code of a speed; 0: leave it as it is. */
static uint8_t code_of(uint32_t baud)
{
	for (uint8_t code = 0; code < 8; code++) {
		if (baud != 0 && baud_of(code) == baud)
			return code;
	}
	return 0;
}

uint64_t spcr_write(struct acpiw *w, const struct uart_desc *uart)
{
	bool is_16550 = uart->kind == BOOT_UART_16550 || uart->kind == BOOT_UART_DW;
	uint8_t interface = is_16550 ? 0x12 : uart->kind == BOOT_UART_PL011 ? 0x03 : 0x0e;
	unsigned int shift = is_16550 ? uart->shift : 2;
	unsigned int width = is_16550 ? uart->width : 4;

	acpiw_begin(w, "SPCR", SPCR_REVISION_WRITTEN);
	acpiw_field(w, interface, 4); /* and three reserved bytes */
	acpiw_field(w, SPACE_MEMORY, 1);
	acpiw_field(w, 8u << shift, 1);
	acpiw_field(w, 0, 1); /* bit offset */
	acpiw_field(w, (uint64_t)__builtin_ctz(width) + 1, 1);
	acpiw_field(w, uart->base, 8);
	acpiw_field(w, uart->intid != 0 ? INTERRUPT_GIC : 0, 1);
	acpiw_field(w, 0, 1); /* IRQ of a PC */
	acpiw_field(w, uart->intid, 4);
	acpiw_field(w, code_of(uart->baud), 1);
	acpiw_field(w, 0, 1); /* no parity */
	acpiw_field(w, 1, 1); /* one stop bit */
	acpiw_field(w, 0, 1); /* no flow control */
	acpiw_field(w, TERMINAL_ANSI, 1);
	acpiw_field(w, 0, 1);
	acpiw_field(w, NO_PCI, 4);
	acpiw_zeros(w, SPCR_BYTES - (SPCR_PCI + 4));
	return acpiw_end(w);
}
