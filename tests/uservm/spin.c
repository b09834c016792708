// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/uservm/fp.h"

/*
 * A guest that computes and never leaves by itself: it holds values in all FP registers and looks
 * again and again whether they are still there. The kernel's command line says for how long
 * (ms=N; without it, for ever).
 */

#define ROUND_US 200

static bool hold_registers(uint64_t seed)
{
	uint64_t end = time_now() + sysreg_read(cntfrq_el0) * ROUND_US / 1000000;

	fp_fill(seed);
	while (time_now() < end)
		;
	return CHECK_EQ(fp_differ(seed), 0);
}

static void test_fp(void)
{
	uint64_t ms = dt_bootarg("ms", 0);
	uint64_t end = time_now() + sysreg_read(cntfrq_el0) / 1000 * ms;
	uint64_t seed = 0x5afe;

	while ((ms == 0 || time_now() < end) && hold_registers(seed))
		seed += 0x0123456789abcdef;
}

static const struct test tests[] = {
	{"spin-fp", test_fp},
};

void payload_main(void)
{
	print("spinning\n");
	check_run(tests, ARRAY_SIZE(tests));
}
