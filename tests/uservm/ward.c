// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/dt.h"

/*
 * A guest for tests of life and death: it looks for a pattern in all the memory it was given,
 * fills that with it, tells so, and then prints a line every 100 ms and every byte that is typed.
 * The kernel's command line says what to do instead: then=off, then=reset is 1, 2. With button=1
 * the power button switches it off.
 */

#define PATTERN UINT64_C(0x5ec2e75ec2e75ec2)
#define TICK_US 100000

#define UARTDR      0x000 /* PL011 (DDI 0183) */
#define UARTFR      0x018
#define UARTFR_RXFE 0x10

#define BUTTON      3 /* a line of the PL061 (DDI 0190) */
#define BUTTON_DATA (0x09030000 + (1 << BUTTON << 2))

#define PSCI_SYSTEM_OFF   0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

/* From behind the image, the tree and what lies between them to the end of memory. */
static void own_memory(uint64_t **first, uint64_t **end)
{
	struct dt_range ram[DT_MAX_RAM];
	uint64_t start = (uint64_t)image_end;

	if (guest_dtb + 0x10000 > start)
		start = guest_dtb + 0x10000;
	(void)dt_ram(ram, DT_MAX_RAM);
	*first = (uint64_t *)((start + 0xfff) & ~UINT64_C(0xfff));
	*end = (uint64_t *)(ram[0].base + ram[0].bytes);
}

static void look_and_fill(void)
{
	uint64_t *first, *end;
	uint64_t found = 0;

	own_memory(&first, &end);
	for (const uint64_t *word = first; word < end; word++)
		found += *word == PATTERN;
	for (uint64_t *word = first; word < end; word++)
		*word = PATTERN;
	print("ward: found %lu filled %lu\n", found, (uint64_t)(end - first));
}

static void call_psci(uint64_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

static bool is_button_pressed(void)
{
	return (mmio_read32(BUTTON_DATA) & 1 << BUTTON) != 0;
}

void payload_main(void)
{
	uint64_t then = dt_bootarg("then", 0), button = dt_bootarg("button", 0);
	unsigned int ticks = 0;

	look_and_fill();
	if (then != 0)
		call_psci(then == 1 ? PSCI_SYSTEM_OFF : PSCI_SYSTEM_RESET);
	for (uint64_t next = time_now();;) {
		if ((mmio_read32(console_base + UARTFR) & UARTFR_RXFE) == 0)
			print("typed %c\n", (int)(mmio_read32(console_base + UARTDR) & 0x7f));
		if (time_now() < next)
			continue;
		next += time_ticks_us(TICK_US);
		print("tick %u\n", ticks++);
		if (button && is_button_pressed())
			call_psci(PSCI_SYSTEM_OFF);
	}
}
