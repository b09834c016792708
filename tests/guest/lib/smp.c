// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"

#define DAIF_I 0x80

bool smp_wake_sgi;

void guest_secondary(struct cpu *c);

bool smp_start(unsigned int index)
{
	struct cpu *c = &cpus[index];

	if (index >= cpu_count)
		return false;
	if (__atomic_load_n(&c->online, __ATOMIC_ACQUIRE))
		return true;
	c->job = NULL;
	cache_flush(c, sizeof(*c));
	if (psci_call(PSCI_CPU_ON, c->mpidr, (uint64_t)secondary_start, (uint64_t)c))
		return false;
	return wait_for(__atomic_load_n(&c->online, __ATOMIC_ACQUIRE), 5000);
}

unsigned int smp_start_all(void)
{
	unsigned int i, running = 1;

	for (i = 1; i < cpu_count; i++)
		running += smp_start(i);
	return running;
}

/* Waits for a job or an interrupt. Masked: the wake-up SGI is taken back, not taken. */
static void idle(void)
{
	struct cpu *c = cpu_this();
	bool masked = sysreg_read(daif) & DAIF_I;

	if (!smp_wake_sgi) {
		relax();
		return;
	}
	irq_disable();
	if (!__atomic_load_n(&c->job, __ATOMIC_ACQUIRE))
		wfi();
	if (masked)
		gic_clear_pending(SMP_WAKE_SGI);
	else
		irq_enable();
}

void smp_sleep_idle(void)
{
	smp_wake_sgi = true;
}

void guest_secondary(struct cpu *c)
{
	void (*job)(void *arg);

	sysreg_write(tpidr_el1, (uint64_t)c);
	mmu_enable();
	if (smp_wake_sgi)
		gic_init_cpu();
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	for (;;) {
		job = __atomic_load_n(&c->job, __ATOMIC_ACQUIRE);
		if (!job) {
			idle();
			continue;
		}
		job(c->job_arg);
		__atomic_store_n(&c->job, NULL, __ATOMIC_RELEASE);
	}
}

bool smp_run(unsigned int index, void (*fn)(void *arg), void *arg)
{
	if (!smp_wait(index, 10000))
		return false;
	cpus[index].job_arg = arg;
	__atomic_store_n(&cpus[index].job, fn, __ATOMIC_RELEASE);
	if (smp_wake_sgi)
		gic_sgi_send(SMP_WAKE_SGI, cpus[index].mpidr);
	return true;
}

bool smp_wait(unsigned int index, uint64_t ms)
{
	return wait_for(__atomic_load_n(&cpus[index].job, __ATOMIC_ACQUIRE) == NULL, ms);
}

bool smp_run_all(void (*fn)(void *arg), void *arg)
{
	bool all = true;
	unsigned int i;

	for (i = 1; i < cpu_count; i++)
		all &= smp_run(i, fn, arg);
	fn(arg);
	for (i = 1; i < cpu_count; i++)
		all &= smp_wait(i, 30000);
	return all;
}

static void job_off(void *arg)
{
	__atomic_store_n(&cpu_this()->online, false, __ATOMIC_RELEASE);
	(void)psci_call(PSCI_CPU_OFF, 0, 0, 0);
}

bool smp_stop(unsigned int index)
{
	if (!smp_run(index, job_off, NULL))
		return false;
	return wait_for(psci_call(PSCI_AFFINITY_INFO, cpus[index].mpidr, 0, 0) == PSCI_AFFINITY_OFF,
			5000);
}
