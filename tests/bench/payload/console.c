// SPDX-License-Identifier: BSD-2-Clause
/* A PL011, or the SBSA subset of one: data at 0, flags at 0x18 (bit 5: transmit FIFO full). */
#include "payload.h"

static uint64_t base;

void console_init(uint64_t uart)
{
	base = uart;
}

static void put(char c)
{
	uint32_t flags;

	do {
		__asm__ volatile("ldr %w0, [%1]" : "=r"(flags) : "r"(base + 0x18) : "memory");
	} while (flags & 1U << 5);
	__asm__ volatile("str %w0, [%1]" ::"r"(c), "r"(base) : "memory");
}

void console_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

void console_number(uint64_t value)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		put(digits[--n]);
}
