// SPDX-License-Identifier: BSD-2-Clause
/* The virtual timer and counter, on one CPU and on all of them. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/smp.h"

#define CTL_ENABLE  1
#define CTL_IMASK   2
#define CTL_ISTATUS 4
#define ROUNDS      50
#define ALL_TICKS   40
#define TICK_US     3000

static uint32_t ppi;

static void timer_set(uint64_t cval, uint64_t ctl)
{
	sysreg_write(cntv_cval_el0, cval);
	sysreg_write(cntv_ctl_el0, ctl);
	isb();
}

static void timer_off(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

static void test_frequency(void)
{
	uint64_t hz = sysreg_read(cntfrq_el0);
	unsigned int i;

	CHECK_SHOW(hz >= 1000000 && hz <= 1000000000, 1000000, hz);
	for (i = 0; i < 3; i++)
		CHECK_EQ(sysreg_read(cntfrq_el0), hz);
}

static void test_monotonic(void)
{
	uint64_t last = time_now(), now;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		now = time_now();
		if (!CHECK_SHOW(now >= last, last, now))
			break;
		last = now;
	}
}

static void test_istatus(void)
{
	uint64_t now;

	gic_reset();
	timer_set(time_now() + time_ticks_us(20000), CTL_ENABLE | CTL_IMASK);
	CHECK_EQ(sysreg_read(cntv_ctl_el0), CTL_ENABLE | CTL_IMASK);
	CHECK(wait_for(sysreg_read(cntv_ctl_el0) & CTL_ISTATUS, 2000));
	now = time_now();
	CHECK(now >= sysreg_read(cntv_cval_el0));
	/* Masked: the condition is met, the line is not raised. */
	CHECK(!gic_is_pending(ppi));
	sysreg_write(cntv_ctl_el0, CTL_ENABLE);
	isb();
	CHECK(wait_for(gic_is_pending(ppi), 1000));
	sysreg_write(cntv_ctl_el0, CTL_ENABLE | CTL_IMASK);
	isb();
	CHECK(wait_for(!gic_is_pending(ppi), 1000));
	/* Moved into the future: not met any more. */
	timer_set(time_now() + time_ticks_us(1000000), CTL_ENABLE);
	CHECK_EQ(sysreg_read(cntv_ctl_el0) & CTL_ISTATUS, 0);
	CHECK(wait_for(!gic_is_pending(ppi), 1000));
	timer_off();
}

static void test_tval(void)
{
	uint64_t before, after;
	int64_t tval;

	gic_reset();
	before = time_now();
	sysreg_write(cntv_tval_el0, 1000000);
	isb();
	after = time_now();
	CHECK(sysreg_read(cntv_cval_el0) >= before + 1000000);
	CHECK(sysreg_read(cntv_cval_el0) <= after + 1000000);
	/* Signed, 32 bits: the past is a negative value. */
	before = time_now();
	sysreg_write(cntv_tval_el0, (uint32_t)-5000);
	isb();
	CHECK(sysreg_read(cntv_cval_el0) >= before - 5000);
	CHECK(sysreg_read(cntv_cval_el0) < time_now());
	sysreg_write(cntv_ctl_el0, CTL_ENABLE | CTL_IMASK);
	isb();
	CHECK(sysreg_read(cntv_ctl_el0) & CTL_ISTATUS);
	tval = (int32_t)sysreg_read(cntv_tval_el0);
	CHECK_SHOW(tval < 0, 0, tval);
	timer_set(time_now() + 100000000, CTL_IMASK);
	tval = (int32_t)sysreg_read(cntv_tval_el0);
	CHECK_SHOW(tval > 0 && tval <= 100000000, 100000000, tval);
	timer_off();
}

static void test_deadline_past(void)
{
	gic_reset();
	gic_enable(ppi);
	timer_set(time_now() - 1, CTL_ENABLE);
	CHECK_EQ(irqlog_ack(1000), ppi);
	timer_off();
	gic_eoi(ppi);
	timer_set(0, CTL_ENABLE);
	CHECK_EQ(irqlog_ack(1000), ppi);
	timer_off();
	gic_eoi(ppi);
	timer_set(~UINT64_C(0), CTL_ENABLE);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	timer_off();
}

static uint64_t fired_at;

static void action_fired(uint32_t intid)
{
	fired_at = time_now();
	timer_off();
	(void)intid;
}

/* At the deadline or after it, never before; and it does come. */
static void test_never_early(void)
{
	uint64_t deadline, late = 0;
	unsigned int i;

	gic_reset();
	gic_enable(ppi);
	irqlog_start(action_fired);
	irq_enable();
	for (i = 0; i < ROUNDS; i++) {
		deadline = time_now() + time_ticks_us(10 + 97 * i);
		timer_set(deadline, CTL_ENABLE);
		if (!CHECK_SHOW(wait_for(irqlog_count(0) == i + 1, 3000), i + 1, irqlog_count(0)))
			break;
		CHECK_SHOW(fired_at >= deadline, deadline, fired_at);
		if (fired_at - deadline > late)
			late = fired_at - deadline;
	}
	irqlog_stop();
	print("INFO timer latest by %lu us\n", late * 1000 / (sysreg_read(cntfrq_el0) / 1000));
}

static unsigned int refires;

static void action_refire(uint32_t intid)
{
	if (++refires == 5)
		timer_off();
	(void)intid;
}

/* The line stays up until software moves the deadline: it fires again after each EOI. */
static void test_refires(void)
{
	gic_reset();
	gic_enable(ppi);
	refires = 0;
	irqlog_start(action_refire);
	irq_enable();
	timer_set(time_now() + 1000, CTL_ENABLE);
	CHECK(wait_for((irqlog_look(), irqlog_count(0) == 5), 2000));
	time_delay_us(3000);
	CHECK_EQ(irqlog_count(0), 5);
	irqlog_stop();
}

/* WFI with the interrupt masked in PSTATE ends by the timer, at or after the deadline. */
static void test_wfi(void)
{
	uint64_t deadline;
	unsigned int i;

	gic_reset();
	gic_enable(ppi);
	for (i = 0; i < ROUNDS; i++) {
		deadline = time_now() + time_ticks_us(1 + 53 * i);
		timer_set(deadline, CTL_ENABLE);
		while (!(sysreg_read(cntv_ctl_el0) & CTL_ISTATUS))
			wfi();
		CHECK(time_now() >= deadline);
		CHECK_EQ(irqlog_ack(1000), ppi);
		timer_off();
		gic_eoi(ppi);
	}
}

/* As an operating system idles: WFI with interrupts taken, deadline after deadline. */
static void test_wfi_irq(void)
{
	unsigned int i;

	gic_reset();
	gic_enable(ppi);
	irqlog_start(action_fired);
	for (i = 0; i < ROUNDS; i++) {
		irq_disable();
		timer_set(time_now() + time_ticks_us(500), CTL_ENABLE);
		while (irqlog_count(0) <= i) {
			wfi();
			irq_enable();
			irq_disable();
		}
	}
	irqlog_stop();
	CHECK_EQ(irqlogs[0].count, ROUNDS);
}

/* Disabled in the GIC while due; enabled, it comes. Two CPUs' timers are not mixed up. */
static void test_gic_disabled(void)
{
	gic_reset();
	timer_set(time_now(), CTL_ENABLE);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_enable(ppi);
	CHECK_EQ(irqlog_ack(1000), ppi);
	timer_off();
	gic_eoi(ppi);
	CHECK(!gic_is_pending(ppi));
}

struct ticker {
	uint64_t deadline;
	uint32_t ticks, early;
};

static struct ticker tickers[MAX_CPUS];

static void action_tick(uint32_t intid)
{
	struct ticker *t = &tickers[cpu_this()->index];

	if (time_now() < t->deadline)
		t->early++;
	__atomic_fetch_add(&t->ticks, 1, __ATOMIC_SEQ_CST);
	t->deadline = time_now() + time_ticks_us(TICK_US);
	timer_set(t->deadline, t->ticks < ALL_TICKS ? CTL_ENABLE : 0);
	(void)intid;
}

static void job_tick(void *arg)
{
	struct ticker *t = &tickers[cpu_this()->index];

	gic_init_cpu();
	gic_enable(ppi);
	irqlog_start(action_tick);
	*t = (struct ticker){.deadline = time_now() + time_ticks_us(TICK_US)};
	timer_set(t->deadline, CTL_ENABLE);
	while (t->ticks < ALL_TICKS) {
		wfi();
		irq_enable();
		irq_disable();
	}
	irqlog_stop();
	timer_off();
	(void)arg;
}

static void test_all_cpus(void)
{
	unsigned int i;

	gic_reset();
	CHECK_EQ(smp_start_all(), cpu_count);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_tick, NULL));
	job_tick(NULL);
	for (i = 0; i < cpu_count; i++) {
		if (i)
			CHECK(smp_wait(i, 10000));
		CHECK_EQ(tickers[i].ticks, ALL_TICKS);
		CHECK_EQ(tickers[i].early, 0);
	}
}

static uint64_t passed_time;
static uint32_t passed_turn;
static uint32_t went_back;

static void job_pass(void *arg)
{
	uint32_t self = (uint32_t)cpu_this()->index, turn;
	uint64_t now;

	for (;;) {
		turn = __atomic_load_n(&passed_turn, __ATOMIC_ACQUIRE);
		if (turn >= 20 * cpu_count)
			return;
		if (turn % cpu_count != self) {
			relax();
			continue;
		}
		now = time_now();
		if (now < passed_time)
			went_back++;
		passed_time = now;
		__atomic_store_n(&passed_turn, turn + 1, __ATOMIC_RELEASE);
	}
	(void)arg;
}

/* The counter is one for all CPUs: passed round, it never goes back. */
static void test_across_cpus(void)
{
	unsigned int i;

	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_pass, NULL));
	job_pass(NULL);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_wait(i, 5000));
	CHECK_EQ(went_back, 0);
}

/* The physical counter, as far as it can be read, goes on and does not go back. */
static void test_physical_counter(void)
{
	uint64_t first = sysreg_read(cntpct_el0);

	time_delay_us(1000);
	CHECK(sysreg_read(cntpct_el0) - first >= time_ticks_us(1000));
}

static const struct test tests[] = {
	{"timer-frequency", test_frequency},
	{"timer-monotonic", test_monotonic},
	{"timer-istatus", test_istatus},
	{"timer-tval", test_tval},
	{"timer-deadline-past", test_deadline_past},
	{"timer-never-early", test_never_early},
	{"timer-refires", test_refires},
	{"timer-wfi", test_wfi},
	{"timer-wfi-irq", test_wfi_irq},
	{"timer-gic-disabled", test_gic_disabled},
	{"timer-all-cpus", test_all_cpus},
	{"timer-across-cpus", test_across_cpus},
	{"timer-physical-counter", test_physical_counter},
};

void payload_main(void)
{
	gic_reset();
	smp_sleep_idle();
	ppi = gic_timer_virt_intid;
	check_run(tests, ARRAY_SIZE(tests));
}
