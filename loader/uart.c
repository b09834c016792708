/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/uart.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"
#include "lib/fmt.h"
#include "lib/pl011.h"
#include "lib/uart16550.h"
#include "lib/uartcdns.h"

#define LINE_BYTES 256

#define LCR_H_8N1_FIFO 0x70
#define CR_ON          (PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE)
#define LCR_TRIES      1000

static struct boot_uart uart;
static void (*elsewhere)(const char *line);
static void (*elsewhere_stop)(const char *why);

static uint32_t reg_read(unsigned int number)
{
	uint64_t address = uart.base + ((uint64_t)number << uart.shift);

	switch (uart.width) {
	case 4:
		return mmio_read32(address);
	case 2:
		return mmio_read16(address);
	default:
		return mmio_read8(address);
	}
}

static void reg_write(unsigned int number, uint32_t value)
{
	uint64_t address = uart.base + ((uint64_t)number << uart.shift);

	switch (uart.width) {
	case 4:
		mmio_write32(address, value);
		break;
	case 2:
		mmio_write16(address, (uint16_t)value);
		break;
	default:
		mmio_write8(address, (uint8_t)value);
	}
}

static bool is_16550(void)
{
	return uart.kind == BOOT_UART_16550 || uart.kind == BOOT_UART_DW;
}

/* Does it take a byte; or with all: has it sent everything? */
static bool is_ready(bool all)
{
	if (is_16550())
		return reg_read(UART16550_LSR) & (all ? UART16550_LSR_TEMT : UART16550_LSR_THRE);
	if (uart.kind == BOOT_UART_CDNS && all)
		return (mmio_read32(uart.base + CDNS_SR) & (CDNS_SR_TEMPTY | CDNS_SR_TACTIVE)) ==
		       CDNS_SR_TEMPTY;
	if (uart.kind == BOOT_UART_CDNS)
		return !(mmio_read32(uart.base + CDNS_SR) & CDNS_SR_TFUL);
	return !(mmio_read32(uart.base + PL011_FR) & (all ? PL011_FR_BUSY : PL011_FR_TXFF));
}

/* False: not within a second. */
static bool wait_ready(bool all)
{
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t limit = sysreg_read(cntfrq_el0);

	while (!is_ready(all)) {
		if (sysreg_read(cntpct_el0) - start > limit)
			return false;
	}
	return true;
}

/* The line control register, while the UART is off (DDI 0183 3.3.7). */
static void set_pl011(uint32_t divisor)
{
	uint32_t cr = mmio_read32(uart.base + PL011_CR);

	if (divisor == 0 && (cr & PL011_CR_UARTEN) && (cr & PL011_CR_TXE))
		return;
	if (cr & PL011_CR_UARTEN)
		(void)wait_ready(true);
	mmio_write32(uart.base + PL011_CR, 0);
	if (divisor != 0) {
		mmio_write32(uart.base + PL011_IBRD, divisor >> 6);
		mmio_write32(uart.base + PL011_FBRD, divisor & 0x3f);
	}
	mmio_write32(uart.base + PL011_LCR_H, LCR_H_8N1_FIFO);
	mmio_write32(uart.base + PL011_CR, cr | CR_ON);
}

/* DesignWare's ignores it while it is busy, until USR is read. */
static void write_lcr(uint32_t lcr)
{
	unsigned int tries = 0;

	do {
		reg_write(UART16550_LCR, lcr);
		if (uart.kind == BOOT_UART_DW)
			(void)reg_read(UART16550_USR);
	} while (reg_read(UART16550_LCR) != lcr && ++tries < LCR_TRIES);
}

static void set_16550(uint32_t divisor)
{
	if (divisor == 0)
		return;
	(void)wait_ready(true);
	write_lcr(UART16550_LCR_8BITS | UART16550_LCR_DLAB);
	reg_write(UART16550_DLL, divisor & 0xff);
	reg_write(UART16550_DLM, divisor >> 8);
	write_lcr(UART16550_LCR_8BITS);
}

/* Firmware's line control and speed stay, if the port sends. */
static void set_cdns(void)
{
	uint32_t cr = mmio_read32(uart.base + CDNS_CR);

	if ((cr & CDNS_CR_TXEN) && !(cr & CDNS_CR_TXDIS))
		return;
	mmio_write32(uart.base + CDNS_MR, CDNS_MR_8N1);
	mmio_write32(uart.base + CDNS_CR, CDNS_CR_RXEN | CDNS_CR_TXEN | CDNS_CR_STPBRK);
}

void uart_redirect(void (*text)(const char *line), void (*stop)(const char *why))
{
	elsewhere = text;
	elsewhere_stop = stop;
}

void uart_init(const struct boot_uart *port, uint32_t divisor)
{
	if (elsewhere != NULL)
		return;
	uart = *port;
	if (uart.kind == BOOT_UART_PL011)
		set_pl011(divisor);
	else if (is_16550())
		set_16550(divisor);
	else if (uart.kind == BOOT_UART_CDNS)
		set_cdns();
}

static void put(char c)
{
	if (uart.kind == BOOT_UART_NONE)
		return;
	if (!wait_ready(false))
		uart.kind = BOOT_UART_NONE;
	else if (is_16550())
		reg_write(UART16550_THR, (uint8_t)c);
	else
		mmio_write32(uart.base + (uart.kind == BOOT_UART_CDNS ? CDNS_FIFO : PL011_DR),
			     (uint8_t)c);
}

static void print(const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	const char *p;

	fmt_vsnprintf(line, sizeof(line), fmt, args);
	if (elsewhere != NULL) {
		elsewhere(line);
		return;
	}
	for (p = line; *p != '\0'; p++) {
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
	char why[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	fmt_vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (elsewhere != NULL)
		elsewhere_stop(why);
	uart_print("caisson: cannot start: ");
	uart_print("%s", why);
	uart_print("\n");
	for (;;)
		wfi();
}
