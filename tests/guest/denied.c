// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a hypercall costs that is denied: for each call the same, whatever the token and the
 * arguments are. Runs with an instruction counter as clock (tools/host --icount --cntfrq).
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"

#define CALL(number)  (UINT64_C(0x43414953) << 32 | (number))
#define CALLS         23
#define DENIED        2
#define ROUNDS        500
#define ALLOWED_TICKS ROUNDS /* an instruction for each */

static uint64_t call(uint64_t number, uint64_t low, uint64_t high, uint64_t argument)
{
	register uint64_t x0 __asm__("x0") = CALL(number);
	register uint64_t x1 __asm__("x1") = low;
	register uint64_t x2 __asm__("x2") = high;
	register uint64_t x3 __asm__("x3") = argument;
	register uint64_t x4 __asm__("x4") = argument;
	register uint64_t x5 __asm__("x5") = argument;
	register uint64_t x6 __asm__("x6") = argument;
	register uint64_t x7 __asm__("x7") = argument;

	__asm__ volatile("mrs	xzr, mdccsr_el0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 : "r"(x4), "r"(x5), "r"(x6), "r"(x7)
			 : "memory");
	return x0;
}

static uint64_t cost(uint64_t number, uint64_t low, uint64_t high, uint64_t argument)
{
	uint64_t start = time_now();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		(void)call(number, low, high, argument);
	return time_now() - start;
}

static void test_cost(void)
{
	/* No token; one bit right or wrong; tokens of different VMs, if there were any. */
	static const uint64_t tokens[][2] = {{0, 0}, {~0UL, ~0UL},   {1, 0},
					     {5, 0}, {0, 1UL << 63}, {0x123456789abcdef0, 42}};
	static const uint64_t arguments[] = {0, 1, 0x40000000, ~0UL};
	uint64_t number, t, a, low, high, counted = 0;

	for (number = 1; number < CALLS; number++) {
		if (call(number, 0, 0, 0) != DENIED) {
			print("INFO call %lu: none, or needs no token\n", number);
			continue;
		}
		counted++;
		(void)cost(number, 0, 0, 0);
		low = ~0UL;
		high = 0;
		for (t = 0; t < ARRAY_SIZE(tokens); t++)
			for (a = 0; a < ARRAY_SIZE(arguments); a++) {
				uint64_t c = cost(number, tokens[t][0], tokens[t][1], arguments[a]);

				low = c < low ? c : low;
				high = c > high ? c : high;
			}
		print("INFO call %lu: %lu to %lu for %u\n", number, low, high, ROUNDS);
		CHECK_SHOW(high - low <= ALLOWED_TICKS, low, high);
	}
	CHECK_SHOW(counted >= 16, 16, counted);
}

static const struct test tests[] = {{"denied-cost", test_cost}};

void payload_main(void)
{
	check_run(tests, ARRAY_SIZE(tests));
}
