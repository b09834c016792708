/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/uart.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/mmio.h"
#include "lib/fmt.h"

#define LINE_BYTES 256

#define UARTDR    0x00
#define UARTFR    0x18
#define UARTLCR_H 0x2c
#define UARTCR    0x30

#define UARTFR_TXFF        BIT(5)
#define UARTLCR_H_8N1_FIFO 0x70
#define UARTCR_UARTEN      BIT(0)
#define UARTCR_TXE         BIT(8)

static uint64_t uart_base;
static bool uart_there; /* a base of 0 is one, too */

void uart_init(uint64_t base)
{
	uint32_t cr = mmio_read32(base + UARTCR);

	uart_base = base;
	uart_there = true;
	if ((cr & UARTCR_UARTEN) && (cr & UARTCR_TXE))
		return;
	mmio_write32(base + UARTLCR_H, UARTLCR_H_8N1_FIFO);
	mmio_write32(base + UARTCR, cr | UARTCR_UARTEN | UARTCR_TXE);
}

static void put(char c)
{
	while (mmio_read32(uart_base + UARTFR) & UARTFR_TXFF)
		;
	mmio_write32(uart_base + UARTDR, (uint8_t)c);
}

static void print(const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	const char *p;

	fmt_vsnprintf(line, sizeof(line), fmt, args);
	for (p = line; uart_there && *p != '\0'; p++) {
		if (*p == '\n')
			put('\r');
		/* Names out of a device tree must not steer the terminal. */
		put((*p >= ' ' && *p <= '~') || *p == '\n' ? *p : '?');
	}
}

void uart_print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

void uart_stop(const char *fmt, ...)
{
	va_list args;

	uart_print("caisson: cannot start: ");
	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
	uart_print("\n");
	for (;;)
		wfi();
}
