// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/payload/mover.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/rand.h"

#define PAGE_BYTES 4096

static void sleep_until(uint64_t deadline)
{
	sysreg_write(cntv_cval_el0, deadline);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	while (time_now() < deadline)
		wfi();
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

void mover_run(uint64_t start, uint64_t bytes, uint64_t pages_ms)
{
	uint64_t *words = (uint64_t *)start;
	uint64_t seed = 1, page = 0;

	for (uint64_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = rand_next(&seed);
	print("BENCH filled\n");
	for (uint64_t next = time_now();;) {
		next += time_ticks_us(1000);
		sleep_until(next);
		for (uint64_t i = 0; i < pages_ms; i++) {
			words[page * PAGE_BYTES / sizeof(*words)] = rand_next(&seed);
			page = (page + 1) % (bytes / PAGE_BYTES);
		}
	}
}
