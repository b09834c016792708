// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that sleeps and is woken, all the time and from everywhere: a wake-up, timer tick or
 * interrupt that is lost is found, since then something stands still for longer than PATIENCE_MS.
 *
 * CPU 0 watches, waked by its own timer; the others work. No two causes ever wake one CPU in turn,
 * or the second would hide the loss of the first. The kernel's command line says how long each
 * test takes (ms=N), and from what number the random ones come (seed=N).
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/rand.h"
#include "tests/guest/lib/smp.h"
#include "tests/uservm/fp.h"

#define PATIENCE_MS   60000 /* Linux lets a thread wait for seconds: docs/waking.md */
#define WATCH_MS      50
#define SGI_TOKEN     1
#define PAUSE_LOOPS   3000
#define PERIOD_MIN_US 500
#define PERIOD_MAX_US 3000
#define TIMER_ON      1
#define TIMER_MASKED  3
#define UART_IMSC     0x38
#define UART_INT_TX   0x20 /* raised since the console's first byte */
#define SEED_STEP     UINT64_C(0x0123456789abcdef)

/* What a CPU does, and how far it has come; the watcher looks at it. */
struct worker {
	uint64_t progress;
	uint64_t random;
	uint64_t mail; /* what another CPU has sent: 1 + how often it was passed on; 0: nothing */
	uint64_t deadline, period;
	uint64_t early; /* interrupts before they were due */
	uint64_t late;  /* the most, in ticks */
	bool fp_changed;
} __attribute__((aligned(64)));

static struct worker workers[MAX_CPUS];
static bool stopping;
static unsigned int teams; /* of CPUs that pass a token on */
static uint64_t duration_ms, seed;

static struct worker *worker_this(void)
{
	return &workers[cpu_this()->index];
}

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELEASE);
}

static bool is_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

/* Interrupts masked: one that came since they were looked for ends the wait. */
static void sleep(void)
{
	wfi();
	irq_enable();
	irq_disable();
}

static void pause(struct worker *w)
{
	for (uint64_t n = rand_below(&w->random, PAUSE_LOOPS); n; n--)
		relax();
}

/* ---- the watcher ------------------------------------------------------------------------- */

static void watch_irq(bool fiq)
{
	uint32_t intid = gic_ack();

	if (intid == gic_timer_virt_intid)
		sysreg_write(cntv_ctl_el0, TIMER_MASKED);
	isb();
	gic_eoi(intid);
}

static void watch_sleep(void)
{
	sysreg_write(cntv_cval_el0, time_now() + time_ticks_us(WATCH_MS * 1000));
	sysreg_write(cntv_ctl_el0, TIMER_ON);
	isb();
	sleep();
}

/* Has every worker gone on since the numbers were taken? */
static bool all_went_on(const uint64_t *seen)
{
	for (unsigned int i = 1; i < cpu_count; i++) {
		if (load(&workers[i].progress) == seen[i])
			return false;
	}
	return true;
}

/*
 * Watches the workers for as long as the test is to take, and then until each has gone on once
 * more; stops them. One that stands still meanwhile is told, and ends the run.
 */
static void watch(void)
{
	uint64_t seen[MAX_CPUS] = {0}, start = time_now(), since = start, longest = 0;
	bool over = false;

	cpu_this()->irq_hook = watch_irq;
	gic_enable(gic_timer_virt_intid);
	while (!over) {
		watch_sleep();
		if (time_now() - since > longest)
			longest = time_now() - since;
		if (all_went_on(seen)) {
			over = since - start >= time_ticks_us(duration_ms * 1000);
			since = time_now();
			for (unsigned int i = 1; i < cpu_count; i++)
				seen[i] = load(&workers[i].progress);
		} else if (time_now() - since > time_ticks_us(PATIENCE_MS * 1000)) {
			for (unsigned int i = 1; i < cpu_count; i++)
				(void)CHECK_SHOW(load(&workers[i].progress) != seen[i], i, seen[i]);
			check_done();
		}
	}
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	gic_sgi_send_others(SGI_TOKEN);
	for (unsigned int i = 1; i < cpu_count; i++)
		(void)CHECK_SHOW(smp_wait(i, PATIENCE_MS), i, load(&workers[i].progress));
	gic_disable(gic_timer_virt_intid);
	print("all went on within %lu ms, always\n", longest / time_ticks_us(1000));
}

static void begin(void)
{
	stopping = false;
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		workers[i] = (struct worker){.random = rand_next(&seed)};
}

static uint64_t sum_of_progress(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i < cpu_count; i++)
		sum += load(&workers[i].progress);
	return sum;
}

/* ---- tokens ------------------------------------------------------------------------------ */

static void eoi_only(bool fiq)
{
	gic_eoi(gic_ack());
}

/* Of CPU 1 and up: two to each team, the rest to the last. */
static unsigned int team_of(unsigned int cpu)
{
	unsigned int team = (cpu - 1) / 2;

	return team < teams ? team : teams - 1;
}

static void send_token(struct worker *w, uint64_t passed)
{
	unsigned int to;

	do
		to = 1 + (unsigned int)rand_below(&w->random, cpu_count - 1);
	while (to == cpu_this()->index || team_of(to) != team_of((unsigned int)cpu_this()->index));
	store(&workers[to].mail, 1 + passed);
	gic_sgi_send(SGI_TOKEN, cpus[to].mpidr);
}

/* arg: not NULL: it has the team's token. */
static void pass_tokens(void *arg)
{
	struct worker *w = worker_this();

	gic_init_cpu();
	gic_enable(SGI_TOKEN);
	cpu_this()->irq_hook = eoi_only;
	if (arg)
		send_token(w, 0);
	while (!is_stopping()) {
		uint64_t mail = load(&w->mail);

		if (!mail) {
			sleep();
			continue;
		}
		store(&w->mail, 0);
		store(&w->progress, w->progress + 1);
		pause(w);
		send_token(w, mail);
	}
}

/* Every team has one token, which its members pass to each other at random; they sleep between. */
static void test_tokens(void)
{
	begin();
	teams = (cpu_count - 1) / 2;
	for (unsigned int i = 1; i < cpu_count; i++)
		(void)CHECK(smp_run(i, pass_tokens,
				    i == 1 || team_of(i) != team_of(i - 1) ? &teams : NULL));
	watch();
	print("tokens were passed on %lu times\n", sum_of_progress());
}

/* ---- timers ------------------------------------------------------------------------------ */

static void arm(struct worker *w, uint64_t now)
{
	w->deadline += w->period;
	if (w->deadline < now)
		w->deadline = now + w->period;
	sysreg_write(cntv_cval_el0, w->deadline);
	sysreg_write(cntv_ctl_el0, TIMER_ON);
	isb();
}

static void timer_irq(bool fiq)
{
	struct worker *w = worker_this();
	uint32_t intid = gic_ack();
	uint64_t now = time_now();

	if (intid == gic_timer_virt_intid) {
		if (now < w->deadline)
			w->early++;
		else if (now - w->deadline > w->late)
			w->late = now - w->deadline;
		store(&w->progress, w->progress + 1);
		arm(w, now);
	}
	gic_eoi(intid);
}

/* Odd CPUs sleep between their ticks, even ones hold values in all FP registers. */
static void take_ticks(void *arg)
{
	struct worker *w = worker_this();
	uint64_t value = rand_next(&w->random);

	gic_init_cpu();
	gic_enable(SGI_TOKEN);
	gic_enable(gic_timer_virt_intid);
	cpu_this()->irq_hook = timer_irq;
	w->period = time_ticks_us(PERIOD_MIN_US + rand_below(&w->random, PERIOD_MAX_US));
	arm(w, time_now());
	irq_enable();
	while (!is_stopping()) {
		if (cpu_this()->index % 2) {
			irq_disable();
			sleep();
			irq_enable();
			continue;
		}
		fp_fill(value);
		pause(w);
		if (fp_differ(value) != 0)
			w->fp_changed = true;
		value += SEED_STEP;
	}
	irq_disable();
	sysreg_write(cntv_ctl_el0, TIMER_MASKED);
	isb();
}

static void test_timers(void)
{
	uint64_t late = 0;

	begin();
	for (unsigned int i = 1; i < cpu_count; i++)
		(void)CHECK(smp_run(i, take_ticks, NULL));
	watch();
	for (unsigned int i = 1; i < cpu_count; i++) {
		(void)CHECK_EQ(workers[i].early, 0);
		(void)CHECK(!workers[i].fp_changed);
		late = workers[i].late > late ? workers[i].late : late;
	}
	print("%lu ticks, none later than %lu us\n", sum_of_progress(),
	      late * 1000 / (sysreg_read(cntfrq_el0) / 1000));
}

/* ---- interrupts from the VMM ------------------------------------------------------------- */

/* The UART raises its interrupt when the one unmasks it; the other masks it again. */
static void uart_irq(bool fiq)
{
	struct worker *w = worker_this();
	uint32_t intid = gic_ack();

	if (intid == console_intid) {
		mmio_write32(console_base + UART_IMSC, 0);
		store(&w->progress, w->progress + 1);
	}
	gic_eoi(intid);
	if (intid == console_intid)
		gic_sgi_send(SGI_TOKEN, cpus[1].mpidr);
}

static void unmask_uart(void *arg)
{
	struct worker *w = worker_this();

	gic_init_cpu();
	gic_enable(SGI_TOKEN);
	cpu_this()->irq_hook = eoi_only;
	while (!is_stopping()) {
		store(&w->progress, w->progress + 1);
		mmio_write32(console_base + UART_IMSC, UART_INT_TX);
		while (load(&workers[2].progress) != w->progress && !is_stopping())
			sleep();
		pause(w);
	}
}

static void take_uart(void *arg)
{
	gic_init_cpu();
	gic_enable(SGI_TOKEN);
	cpu_this()->irq_hook = uart_irq;
	while (!is_stopping())
		sleep();
}

/* CPU 1 unmasks the UART's interrupt, CPU 2 takes it; the others have their ticks meanwhile. */
static void test_injected(void)
{
	begin();
	gic_route(console_intid, cpus[2].mpidr);
	gic_enable(console_intid);
	(void)CHECK(smp_run(2, take_uart, NULL));
	for (unsigned int i = 3; i < cpu_count; i++)
		(void)CHECK(smp_run(i, take_ticks, NULL));
	(void)CHECK(smp_run(1, unmask_uart, NULL));
	watch();
	gic_disable(console_intid);
	mmio_write32(console_base + UART_IMSC, 0);
	print("%lu interrupts from the VMM\n", load(&workers[2].progress));
}

static const struct test tests[] = {
	{"stress-tokens", test_tokens},
	{"stress-timers", test_timers},
	{"stress-injected", test_injected},
};

void payload_main(void)
{
	duration_ms = dt_bootarg("ms", 1000);
	seed = dt_bootarg("seed", 1);
	gic_reset();
	smp_sleep_idle();
	if (smp_start_all() < 3) {
		print("three CPUs are needed\n");
		return;
	}
	check_run(tests, ARRAY_SIZE(tests));
}
