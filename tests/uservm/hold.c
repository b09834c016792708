// SPDX-License-Identifier: BSD-2-Clause
/*
 * hold MS: a process that holds values in all FP registers for so long, and looks again and again
 * whether they are still there. One line: ok, or what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/uservm/fp.h"

#define LOOPS     20000
#define SEED_STEP UINT64_C(0x0123456789abcdef)

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t hold(uint64_t seed)
{
	fp_fill(seed);
	for (int n = LOOPS; n; n--)
		__asm__ volatile("");

	uint64_t differ = fp_differ(seed);

	__asm__ volatile("msr fpcr, xzr");
	return differ;
}

int main(int argc, char **argv)
{
	uint64_t end = now_ms() + (argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
	uint64_t seed = 0x401d, rounds = 0, differ = 0;

	while (differ == 0 && now_ms() < end) {
		differ = hold(seed);
		seed += SEED_STEP;
		rounds++;
	}
	if (differ != 0)
		printf("hold: FP registers: %llx\n", (unsigned long long)differ);
	else
		printf("hold: ok, %llu rounds\n", (unsigned long long)rounds);
	return differ != 0;
}
