// SPDX-License-Identifier: BSD-2-Clause
#include <stdarg.h>

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/dt.h"

#define UART_DR      0x000
#define UART_FR      0x018
#define UART_CR      0x030
#define UART_FR_TXFF 0x20
#define UART_CR_ON   0x301 /* UARTEN, TXE, RXE */

uint64_t console_base;
uint32_t console_intid;
bool console_is_pl011;

static struct spinlock console_lock;

static bool uart_find(struct dt_node *node)
{
	const char *path = NULL;

	if (dt_find_path("/chosen", node))
		path = dt_prop_string(node, "stdout-path");
	if (path && dt_find_path(path, node))
		return true;
	if (dt_root(node) && dt_find_compatible("arm,pl011", node))
		return true;
	return dt_root(node) && dt_find_compatible("arm,sbsa-uart", node);
}

void console_init(void)
{
	struct dt_node node, again;
	uint64_t bytes;

	if (!uart_find(&node) || !dt_reg(&node, 0, &console_base, &bytes))
		return;
	console_intid = dt_intid(&node, 0, NULL);
	again = node;
	console_is_pl011 = dt_find_compatible("arm,pl011", &again) && again.offset == node.offset;
	if (console_is_pl011)
		mmio_write32(console_base + UART_CR, UART_CR_ON);
}

static void put_char(char c)
{
	if (!console_base)
		return;
	if (c == '\n')
		put_char('\r');
	while (mmio_read32(console_base + UART_FR) & UART_FR_TXFF)
		relax();
	mmio_write32(console_base + UART_DR, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned int base, unsigned int width, char pad)
{
	char digits[24];
	unsigned int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > count; width--)
		put_char(pad);
	while (count)
		put_char(digits[--count]);
}

static void put_string(const char *s, unsigned int width)
{
	unsigned int count = 0;

	for (s = s ? s : "(null)"; *s; s++, count++)
		put_char(*s);
	for (; count < width; count++)
		put_char(' ');
}

static void print_va(const char *f, va_list args)
{
	for (; *f; f++) {
		unsigned int width = 0, longs = 0;
		char pad = ' ';
		uint64_t value;

		if (*f != '%') {
			put_char(*f);
			continue;
		}
		f++;
		if (*f == '0')
			pad = *f++;
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + (unsigned int)(*f - '0');
		for (; *f == 'l'; f++)
			longs++;
		switch (*f) {
		case 's':
			put_string(va_arg(args, const char *), width);
			continue;
		case 'c':
			put_char((char)va_arg(args, int));
			continue;
		case 'p':
		case 'x':
		case 'u':
			value = longs || *f == 'p' ? va_arg(args, uint64_t)
						   : va_arg(args, unsigned int);
			put_number(value, *f == 'u' ? 10 : 16, width, pad);
			continue;
		case 'd':
			value = (uint64_t)(longs ? va_arg(args, int64_t) : va_arg(args, int));
			if ((int64_t)value < 0) {
				put_char('-');
				value = -value;
			}
			put_number(value, 10, width, pad);
			continue;
		default:
			put_char(*f);
		}
	}
}

void print(const char *format, ...)
{
	va_list args;

	spin_lock(&console_lock);
	va_start(args, format);
	print_va(format, args);
	va_end(args);
	spin_unlock(&console_lock);
}
