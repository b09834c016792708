// SPDX-License-Identifier: BSD-2-Clause
/*
 * A kernel that starts all CPUs of its device tree at once and tells how many came, how long that
 * took, and when the kernel began: then it switches the machine off, after wait_ms=N of its command
 * line, or never with stay=1.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/smp.h"

#define WAIT_MS 10000

void payload_main(void)
{
	uint64_t start;
	uint64_t end;
	unsigned int here = 1;

	cache_flush(cpus, sizeof(cpus));
	start = sysreg_read(cntvct_el0);
	for (unsigned int i = 1; i < cpu_count; i++) {
		if (psci_call(PSCI_CPU_ON, cpus[i].mpidr, (uint64_t)secondary_start,
			      (uint64_t)&cpus[i]) != PSCI_SUCCESS)
			print("COUNT CPU %lx cannot be started\n", cpus[i].mpidr);
	}
	for (unsigned int i = 1; i < cpu_count; i++)
		here += wait_for(__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE), WAIT_MS);
	end = sysreg_read(cntvct_el0);
	print("COUNT %u of %u CPUs, in %lu after %lu\n", here, cpu_count, end - start,
	      guest_entry_cntvct);
	time_delay_us(1000 * dt_bootarg("wait_ms", 0));
	print("COUNT end\n");
	if (dt_bootarg("stay", 0) == 0)
		psci_system_off();
	for (;;)
		wfi();
}
