// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program that the initial RAM disk has as /init when the time of a boot is taken: prints the
 * counter and CLOCK_MONOTONIC as they are at its start, and switches the machine off. No C library.
 */
#include <stdint.h>

enum { SYS_WRITE = 64, SYS_CLOCK_GETTIME = 113, SYS_REBOOT = 142 };
#define CLOCK_MONOTONIC  1
#define REBOOT_MAGIC_1   0xfee1dead
#define REBOOT_MAGIC_2   672274793
#define REBOOT_POWER_OFF 0x4321fedc

void _start(void) __attribute__((noreturn));

static long system_call(long number, long a0, long a1, long a2)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a0;
	register long x1 __asm__("x1") = a1;
	register long x2 __asm__("x2") = a2;
	register long x3 __asm__("x3") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

static char *put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, uint64_t value)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (count)
		*to++ = digits[--count];
	return to;
}

void _start(void)
{
	uint64_t count, monotonic[2] = {0, 0};
	char line[80], *end;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	system_call(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)monotonic, 0);
	end = put_text(line, "BENCH user space ");
	end = put_number(end, count);
	end = put_text(end, " ");
	end = put_number(end, monotonic[0] * 1000000000 + monotonic[1]);
	end = put_text(end, "\n");
	system_call(SYS_WRITE, 1, (long)line, end - line);
	for (;;)
		system_call(SYS_REBOOT, REBOOT_MAGIC_1, REBOOT_MAGIC_2, REBOOT_POWER_OFF);
}
