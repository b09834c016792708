// SPDX-License-Identifier: BSD-2-Clause
/* All CPUs at once: SGIs hammered, a spinlock's counter, TLB maintenance by broadcast. */
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/rand.h"

#define HAMMER     200
#define LOCK_TURNS 2000
#define TLB_ROUNDS 20

/* One message slot per pair: the sender waits until its last SGI was seen, so none merge. */
static uint32_t sent[MAX_CPUS][MAX_CPUS], seen[MAX_CPUS][MAX_CPUS];
static uint32_t unknown[MAX_CPUS];
static uint32_t finished;

/* The SGI's number is the sender's index. */
static void hook_hammer(bool fiq)
{
	uint32_t self = (uint32_t)cpu_this()->index, intid = gic_ack();

	if (intid < cpu_count)
		__atomic_fetch_add(&seen[intid][self], 1, __ATOMIC_SEQ_CST);
	else if (intid != GIC_SPURIOUS && intid != SMP_WAKE_SGI)
		unknown[self]++;
	if (intid < 1020)
		gic_eoi(intid);
	(void)fiq;
}

static void hammer_to(uint32_t self, uint32_t target)
{
	uint32_t n = sent[self][target];

	if (!wait_for(__atomic_load_n(&seen[self][target], __ATOMIC_ACQUIRE) == n, 10000))
		return;
	sent[self][target] = n + 1;
	gic_sgi_send(self, cpus[target].mpidr);
}

static void job_hammer(void *arg)
{
	uint32_t self = (uint32_t)cpu_this()->index, target;
	uint64_t seed = 77 + self;
	unsigned int i;

	gic_init_cpu();
	for (i = 0; i < cpu_count; i++)
		gic_enable(i);
	cpu_this()->irq_hook = hook_hammer;
	irq_enable();
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	(void)wait_for(__atomic_load_n(&finished, __ATOMIC_ACQUIRE) >= cpu_count, 10000);
	for (i = 0; i < HAMMER; i++) {
		target = (uint32_t)rand_below(&seed, cpu_count);
		hammer_to(self, target);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	/* Go on taking interrupts until everybody has sent everything. */
	(void)wait_for(__atomic_load_n(&finished, __ATOMIC_ACQUIRE) >= 2 * cpu_count, 20000);
	time_delay_us(5000);
	irq_disable();
	cpu_this()->irq_hook = NULL;
	(void)arg;
}

static void test_start(void)
{
	CHECK_EQ(smp_start_all(), cpu_count);
}

static void test_hammer(void)
{
	uint32_t from, to, total = 0;

	gic_reset();
	finished = 0;
	CHECK(smp_run_all(job_hammer, NULL));
	for (from = 0; from < cpu_count; from++) {
		CHECK_EQ(unknown[from], 0);
		for (to = 0; to < cpu_count; to++) {
			CHECK_EQ(seen[from][to], sent[from][to]);
			total += sent[from][to];
		}
	}
	CHECK_EQ(total, HAMMER * cpu_count);
	gic_reset();
}

static struct spinlock lock;
static volatile uint64_t guarded;
static uint64_t atomic;

static void job_lock(void *arg)
{
	unsigned int i;

	for (i = 0; i < LOCK_TURNS; i++) {
		spin_lock(&lock);
		guarded = guarded + 1;
		spin_unlock(&lock);
		__atomic_fetch_add(&atomic, 3, __ATOMIC_RELAXED);
	}
	(void)arg;
}

static void test_lock(void)
{
	CHECK(smp_run_all(job_lock, NULL));
	CHECK_EQ(guarded, LOCK_TURNS * cpu_count);
	CHECK_EQ(atomic, 3 * LOCK_TURNS * cpu_count);
}

/* A page that the boot CPU maps to one of two places; the others must see each change. */
static uint64_t pages[2][512] __attribute__((aligned(4096)));
static uint32_t tlb_round, tlb_done, tlb_wrong;

static void job_tlb(void *arg)
{
	volatile uint64_t *window = arg;
	uint32_t round;

	for (round = 1; round <= TLB_ROUNDS; round++) {
		if (!wait_for(__atomic_load_n(&tlb_round, __ATOMIC_ACQUIRE) >= round, 10000))
			return;
		if (*window != round % 2)
			__atomic_fetch_add(&tlb_wrong, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&tlb_done, 1, __ATOMIC_SEQ_CST);
	}
}

static void test_tlbi_broadcast(void)
{
	uint64_t window = mmu_window(NULL);
	uint32_t round;
	unsigned int i;

	pages[0][0] = 0;
	pages[1][0] = 1;
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_tlb, (void *)window));
	for (round = 1; round <= TLB_ROUNDS; round++) {
		(void)mmu_window(pages[round % 2]);
		__atomic_store_n(&tlb_round, round, __ATOMIC_RELEASE);
		CHECK_EQ(*(volatile uint64_t *)window, round % 2);
		CHECK(wait_for(__atomic_load_n(&tlb_done, __ATOMIC_ACQUIRE) ==
				       round * (cpu_count - 1),
			       10000));
	}
	CHECK_EQ(tlb_wrong, 0);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_wait(i, 5000));
}

static void job_maintain(void *arg)
{
	uint64_t at = (uint64_t)pages;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
		__asm__ volatile("tlbi vaae1is, %0\n\tdsb ish" ::"r"(at >> 12) : "memory");
		__asm__ volatile(
			"dc civac, %0\n\tic ivau, %0\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::
				"r"(at)
			: "memory");
	}
	(void)arg;
}

/* TLB and cache maintenance by everybody at once ends. */
static void test_maintenance(void)
{
	CHECK(smp_run_all(job_maintain, NULL));
}

static const struct test tests[] = {
	{"smp-start", test_start},
	{"smp-hammer", test_hammer},
	{"smp-lock", test_lock},
	{"smp-tlbi-broadcast", test_tlbi_broadcast},
	{"smp-maintenance", test_maintenance},
};

void payload_main(void)
{
	gic_reset();
	smp_sleep_idle();
	check_run(tests, ARRAY_SIZE(tests));
}
