// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program that the initial RAM disk has as /init when the time of a boot is taken: prints what
 * a look at the clock costs, and the counter and CLOCK_MONOTONIC as they were at its start, and
 * switches the machine off. No C library.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum { SYS_WRITE = 64, SYS_CLOCK_GETTIME = 113, SYS_REBOOT = 142 };
#define CLOCK_MONOTONIC  1
#define REBOOT_MAGIC_1   0xfee1dead
#define REBOOT_MAGIC_2   672274793
#define REBOOT_POWER_OFF 0x4321fedc
#define LOOKS            100

void first_process(const uintptr_t *stack) __attribute__((noreturn));

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb first_process");

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

static uint64_t counter(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count)::"memory");
	return count;
}

/* ---- the vDSO: a shared library that the kernel maps --------------------------------------- */

typedef long clock_call(long clock, uint64_t *time);

static int is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Behind the arguments and the environment, each of which a null pointer ends. */
static uintptr_t find_vdso(const uintptr_t *stack)
{
	const uintptr_t *at = stack + 1 + stack[0] + 1;

	while (*at)
		at++;
	for (at++; at[0] != 0; at += 2) {
		if (at[0] == AT_SYSINFO_EHDR)
			return at[1];
	}
	return 0;
}

static clock_call *find_function(uintptr_t base, const char *name)
{
	const Elf64_Ehdr *file = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *part = (const Elf64_Phdr *)(base + file->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbol = NULL;
	const char *names = NULL;
	uint32_t count = 0;

	for (int i = 0; i < file->e_phnum; i++) {
		if (part[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(base + part[i].p_offset);
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbol = (const Elf64_Sym *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_STRTAB)
			names = (const char *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_HASH)
			count = ((const uint32_t *)(base + dynamic->d_un.d_ptr))[1];
	}
	for (uint32_t i = 0; symbol && names && i < count; i++) {
		if (is_same(names + symbol[i].st_name, name))
			return (clock_call *)(base + symbol[i].st_value);
	}
	return NULL;
}

/* ---- what is measured ----------------------------------------------------------------------- */

/* The least of many: of a look at the clock, without what two looks at the counter take. */
static uint64_t clock_cost(clock_call *look)
{
	uint64_t least[2] = {UINT64_MAX, UINT64_MAX}, time[2];

	for (int i = 0; i < 2 * LOOKS; i++) {
		uint64_t before = counter(), spent;

		if (i & 1)
			look(CLOCK_MONOTONIC, time);
		spent = counter() - before;
		if (spent < least[i & 1])
			least[i & 1] = spent;
	}
	return least[1] - least[0];
}

static void say(const char *what, uint64_t first, uint64_t second)
{
	char line[80], *end = put_text(line, what);

	end = put_number(end, first);
	end = put_text(end, " ");
	end = put_number(end, second);
	end = put_text(end, "\n");
	system_call(SYS_WRITE, 1, (long)line, end - line);
}

void first_process(const uintptr_t *stack)
{
	uint64_t count = counter(), monotonic[2] = {0, 0}, cost;
	uintptr_t vdso = find_vdso(stack);
	clock_call *look = vdso ? find_function(vdso, "__kernel_clock_gettime") : NULL;

	system_call(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)monotonic, 0);
	if (look) {
		cost = clock_cost(look);
		say("ROW clock_read ", cost, cost);
	}
	say("BENCH user space ", count, monotonic[0] * 1000000000 + monotonic[1]);
	for (;;)
		system_call(SYS_REBOOT, REBOOT_MAGIC_1, REBOOT_MAGIC_2, REBOOT_POWER_OFF);
}
