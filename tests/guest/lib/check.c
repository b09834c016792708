// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/psci.h"

#define FAILURES_SHOWN 4

static unsigned int passed, failed, failures;
static const char *running = "start";
static uint64_t started;
static bool skipped;

void check_fail(const char *file, int line, const char *what, uint64_t want, uint64_t got)
{
	const char *base = file;
	unsigned int before = __atomic_fetch_add(&failures, 1, __ATOMIC_SEQ_CST);

	for (; *file; file++)
		if (*file == '/')
			base = file + 1;
	if (before == 0)
		print("FAIL %s: %s (%s:%d, expected 0x%lx, got 0x%lx)\n", running, what, base, line,
		      want, got);
	else if (before < FAILURES_SHOWN)
		print("  also %s: %s (%s:%d, expected 0x%lx, got 0x%lx)\n", running, what, base,
		      line, want, got);
}

void check_skip(const char *reason)
{
	skipped = true;
	print("SKIP %s: %s\n", running, reason);
}

static void test_end(void)
{
	if (failures) {
		failed++;
	} else if (!skipped) {
		passed++;
		print("PASS %s (%lu ms)\n", running,
		      (time_now() - started) * 1000 / sysreg_read(cntfrq_el0));
	}
}

void check_run(const struct test *tests, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		running = tests[i].name;
		failures = 0;
		skipped = false;
		started = time_now();
		tests[i].run();
		test_end();
	}
	running = "end";
	failures = 0;
	skipped = true;
}

void check_done(void)
{
	if (failures)
		failed++;
	print("DONE passed=%u failed=%u\n", passed, failed);
	psci_system_off();
}
