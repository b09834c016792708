// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/payload/text.h"

#include "tests/guest/lib/cpu.h"

#define PIECE_BYTES 512
#define LINES       5
#define LINE_CHARS  78
#define ITEMS       12

static uint8_t piece[PIECE_BYTES];
static uint32_t used;
static uint32_t nowhere; /* a register that is none */

static void put(char c)
{
	piece[used++] = (uint8_t)c;
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_number(uint64_t value)
{
	if (value >= 10)
		put_number(value / 10);
	put('0' + value % 10);
}

/* Words of different lengths, beginning with another letter in each line. */
static void make_plain(uint64_t number)
{
	for (uint64_t line = 0; line < LINES; line++) {
		for (uint64_t i = 0; i < LINE_CHARS; i++)
			put((i + line) % 7 == 6 ? ' ' : 'a' + (number * LINES + line + i) % 26);
		put_text("\r\n");
	}
}

static void make_escapes(uint64_t number)
{
	for (uint64_t i = 0; i < ITEMS; i++) {
		uint64_t all = number * ITEMS + i;

		put_text("\033[");
		put_number(all % 23 + 1);
		put(';');
		put_number(all * 7 % 64 + 1);
		put_text("H\033[1;38;5;");
		put_number(all % 256);
		put('m');
		for (uint64_t c = 0; c < 8; c++)
			put('a' + (all + c) % 26);
		put_text("\033[0m\033[K");
	}
}

/* Not inlined, so that the loop is the same for the register and for `nowhere`. */
__attribute__((noinline)) static uint64_t send(volatile uint32_t *dr)
{
	uint64_t start, end;

	isb();
	start = sysreg_read(cntvct_el0);
	for (uint32_t i = 0; i < used; i++)
		*dr = piece[i];
	isb();
	end = sysreg_read(cntvct_el0);
	return end - start;
}

void text_measure(enum text_kind kind, uint64_t dr, uint64_t *samples)
{
	for (uint64_t i = 0; i < TEXT_WARM_UP + TEXT_SAMPLES; i++) {
		uint64_t ticks;

		used = 0;
		if (kind == TEXT_PLAIN)
			make_plain(i);
		else
			make_escapes(i);
		ticks = send((volatile uint32_t *)dr) - send(&nowhere);
		if (i >= TEXT_WARM_UP)
			samples[i - TEXT_WARM_UP] = (ticks + used / 2) / used;
	}
}
