// SPDX-License-Identifier: BSD-2-Clause
/* GICv3 with several CPUs: SGIs, routing of SPIs, state changed by another CPU. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/smp.h"

#define IRM_ANY      (UINT64_C(1) << 31)
#define TYPER_NO1N   (1 << 25)
#define QUIET_US     3000
#define PING_PONGS   100
#define STATE_ROUNDS 50
#define ROUTED       24

static uint32_t spi;

static void job_init(void *arg)
{
	gic_init_cpu();
	(void)arg;
}

static void job_take(void *arg)
{
	uint32_t sgi;

	for (sgi = 0; sgi < SMP_WAKE_SGI; sgi++)
		gic_enable(sgi);
	irqlog_start(NULL);
	irq_enable();
	(void)arg;
}

static void job_stop(void *arg)
{
	irqlog_stop();
	gic_init_cpu();
	(void)arg;
}

static void job_mask(void *arg)
{
	irq_disable();
	(void)arg;
}

static void job_unmask(void *arg)
{
	irq_enable();
	(void)arg;
}

static void on_cpu(unsigned int cpu, void (*job)(void *arg))
{
	if (cpu == 0) {
		job(NULL);
		return;
	}
	CHECK(smp_run(cpu, job, NULL));
	CHECK(smp_wait(cpu, 5000));
}

/* Every CPU takes SGIs and what is routed to it, logs empty. */
static void all_take(void)
{
	unsigned int i;

	gic_init_dist();
	for (i = 0; i < cpu_count; i++) {
		on_cpu(i, job_stop);
		on_cpu(i, job_take);
	}
}

static void all_stop(void)
{
	unsigned int i;

	for (i = 0; i < cpu_count; i++)
		on_cpu(i, job_stop);
	gic_reset();
}

/* CPU i has taken want[i] interrupts, and no more come. */
static void counts_check(const uint32_t *want)
{
	unsigned int i;

	for (i = 0; i < cpu_count; i++)
		CHECK_SHOW(wait_for(irqlog_count(i) >= want[i], 2000), want[i], irqlog_count(i));
	time_delay_us(QUIET_US);
	for (i = 0; i < cpu_count; i++)
		CHECK_EQ(irqlog_count(i), want[i]);
}

static void test_start(void)
{
	CHECK_EQ(smp_start_all(), cpu_count);
}

static void test_sgi_each(void)
{
	uint32_t want[MAX_CPUS] = {0}, sgi;
	unsigned int i;

	all_take();
	for (i = 0; i < cpu_count; i++) {
		for (sgi = 0; sgi < SMP_WAKE_SGI; sgi++) {
			gic_sgi_send(sgi, cpus[i].mpidr);
			want[i]++;
			CHECK(wait_for(irqlog_count(i) == want[i], 2000));
			CHECK_EQ(irqlogs[i].entry[sgi], sgi);
		}
	}
	counts_check(want);
	all_stop();
}

static void test_sgi_others(void)
{
	uint32_t want[MAX_CPUS];
	unsigned int i;

	all_take();
	gic_sgi_send_others(7);
	for (i = 0; i < cpu_count; i++)
		want[i] = i != 0;
	counts_check(want);
	if (cpu_count > 1)
		CHECK_EQ(irqlogs[1].entry[0], 7);
	all_stop();
}

/* One write, a list of targets; bits of CPUs that do not exist, clusters that do not exist. */
static void test_sgi_list(void)
{
	uint32_t want[MAX_CPUS] = {0};
	unsigned int i;

	all_take();
	sysreg_write(ICC_SGI1R_EL1, UINT64_C(9) << 24 | 0xffff);
	isb();
	for (i = 0; i < cpu_count; i++)
		want[i] = bits(cpus[i].mpidr, 39, 8) == 0;
	counts_check(want);
	sysreg_write(ICC_SGI1R_EL1, UINT64_C(9) << 24 | UINT64_C(0x77) << 16 | 0xffff);
	sysreg_write(ICC_SGI1R_EL1, UINT64_C(9) << 24 | UINT64_C(0x12) << 32 | 0xffff);
	sysreg_write(ICC_SGI1R_EL1, UINT64_C(9) << 24 | UINT64_C(0xff) << 48 | 0xffff);
	/* A range of Aff0 that is beyond every CPU; the field is reserved without RSS. */
	if (bits(sysreg_read(ICC_CTLR_EL1), 18, 18))
		sysreg_write(ICC_SGI1R_EL1, UINT64_C(9) << 24 | UINT64_C(15) << 44 | 0xffff);
	isb();
	counts_check(want);
	all_stop();
}

/* An SGI goes by the group of its target: SGI0R only to Group 0, SGI1R only to Group 1. */
static void test_sgi_groups(void)
{
	uint64_t self = UINT64_C(4) << 24 | UINT64_C(1) << (cpu_this()->mpidr & 15);

	if (bits(cpu_this()->mpidr, 39, 4)) {
		check_skip("the boot CPU is not the first of its cluster");
		return;
	}
	gic_reset();
	gic_enable(4);
	irqlog_start(NULL);
	irq_enable();
	sysreg_write(ICC_SGI0R_EL1, self);
	isb();
	time_delay_us(QUIET_US);
	CHECK_EQ(irqlog_count(0), 0);
	gic_set_group(4, 0);
	sysreg_write(ICC_SGI0R_EL1, self);
	isb();
	CHECK(wait_for(irqlog_count(0) == 1, 1000));
	CHECK_EQ(irqlogs[0].entry[0], 4 | IRQLOG_FIQ);
	irqlog_stop();
	gic_reset();
}

/* SGIs to a CPU that masks interrupts merge into one per INTID. */
static void test_sgi_merge(void)
{
	uint32_t want[MAX_CPUS] = {0};
	unsigned int i;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	all_take();
	on_cpu(1, job_mask);
	for (i = 0; i < 10; i++) {
		gic_sgi_send(2, cpus[1].mpidr);
		gic_sgi_send(6, cpus[1].mpidr);
	}
	time_delay_us(QUIET_US);
	CHECK_EQ(irqlog_count(1), 0);
	on_cpu(1, job_unmask);
	want[1] = 2;
	counts_check(want);
	all_stop();
}

/* The pending state of another CPU's SGI, seen and changed through its redistributor. */
static void test_remote_redist(void)
{
	uint64_t frame;
	uint32_t want[MAX_CPUS] = {0};

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	all_take();
	frame = gic_frame(&cpus[1], 0);
	on_cpu(1, job_mask);
	gic_sgi_send(3, cpus[1].mpidr);
	CHECK(wait_for(mmio_read32(frame + GICD_ISPENDR) & 1 << 3, 1000));
	mmio_write32(frame + GICD_ICPENDR, 1 << 3);
	CHECK(wait_for(!(mmio_read32(frame + GICD_ISPENDR) & 1 << 3), 1000));
	on_cpu(1, job_unmask);
	counts_check(want);
	/* Disabled while it waits; enabled again, it comes. */
	on_cpu(1, job_mask);
	gic_sgi_send(3, cpus[1].mpidr);
	mmio_write32(frame + GICD_ICENABLER, 1 << 3);
	CHECK(wait_for(!(mmio_read32(cpus[1].gicr) & 8), 1000));
	on_cpu(1, job_unmask);
	counts_check(want);
	mmio_write32(frame + GICD_ISENABLER, 1 << 3);
	want[1] = 1;
	counts_check(want);
	/* Made pending by another CPU. */
	mmio_write32(frame + GICD_ISPENDR, 1 << 3);
	want[1] = 2;
	counts_check(want);
	mmio_write8(frame + GICD_IPRIORITYR + 3, 0x18);
	CHECK_EQ(mmio_read8(frame + GICD_IPRIORITYR + 3), 0x18);
	all_stop();
}

/* An SPI goes where IROUTER says, after each change. */
static void test_route_each(void)
{
	uint32_t want[MAX_CPUS] = {0}, round;
	unsigned int i;

	all_take();
	gic_set_edge(spi, true);
	gic_enable(spi);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < cpu_count; i++) {
			gic_route(spi, cpus[i].mpidr);
			gic_set_pending(spi);
			want[i]++;
			CHECK(wait_for(irqlog_count(i) == want[i], 2000));
		}
	}
	counts_check(want);
	all_stop();
}

/* Routed away while it waits at a CPU that masks interrupts: the new target takes it, once. */
static void test_route_pending(void)
{
	uint32_t want[MAX_CPUS] = {0};

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	all_take();
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_route(spi, cpus[1].mpidr);
	on_cpu(1, job_mask);
	gic_set_pending(spi);
	time_delay_us(QUIET_US);
	gic_route(spi, cpus[0].mpidr);
	want[0] = 1;
	counts_check(want);
	on_cpu(1, job_unmask);
	counts_check(want);
	CHECK(!gic_is_pending(spi) && !gic_is_active(spi));
	all_stop();
}

/* Disabled, or its pending state cleared, by another CPU while it waits. */
static void test_withdrawn_remotely(void)
{
	uint32_t want[MAX_CPUS] = {0};

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	all_take();
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_route(spi, cpus[1].mpidr);
	on_cpu(1, job_mask);
	gic_set_pending(spi);
	time_delay_us(QUIET_US);
	gic_disable(spi);
	on_cpu(1, job_unmask);
	counts_check(want);
	CHECK(gic_is_pending(spi));
	gic_enable(spi);
	want[1] = 1;
	counts_check(want);
	on_cpu(1, job_mask);
	gic_set_pending(spi);
	time_delay_us(QUIET_US);
	gic_clear_pending(spi);
	CHECK(wait_for(!gic_is_pending(spi), 1000));
	on_cpu(1, job_unmask);
	counts_check(want);
	all_stop();
}

static void job_ack_hold(void *arg)
{
	*(uint32_t *)arg = irqlog_ack(2000);
}

static void job_eoi(void *arg)
{
	gic_eoi(*(uint32_t *)arg);
}

/* Active on one CPU, set pending and routed to another: waits for the first one's EOI. */
static void test_active_elsewhere(void)
{
	uint32_t intid = 0;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	gic_reset();
	CHECK(smp_run(1, job_init, NULL) && smp_wait(1, 5000));
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_route(spi, cpus[1].mpidr);
	gic_set_pending(spi);
	CHECK(smp_run(1, job_ack_hold, &intid) && smp_wait(1, 5000));
	CHECK_EQ(intid, spi);
	CHECK(gic_is_active(spi));
	gic_route(spi, cpus[0].mpidr);
	gic_set_pending(spi);
	CHECK(gic_is_pending(spi));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(smp_run(1, job_eoi, &intid) && smp_wait(1, 5000));
	CHECK_EQ(irqlog_ack(2000), spi);
	CHECK(gic_is_active(spi));
	gic_eoi(spi);
	CHECK(!gic_is_active(spi));
	/* Made inactive by another CPU than the one that acknowledged. */
	gic_route(spi, cpus[1].mpidr);
	gic_set_pending(spi);
	CHECK(smp_run(1, job_ack_hold, &intid) && smp_wait(1, 5000));
	CHECK_EQ(intid, spi);
	gic_clear_active(spi);
	CHECK(wait_for(!gic_is_active(spi), 1000));
	gic_route(spi, cpus[0].mpidr);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(2000), spi);
	gic_eoi(spi);
	CHECK(smp_run(1, job_eoi, &intid) && smp_wait(1, 5000));
	all_stop();
}

static void job_ack_turns(void *arg)
{
	uint32_t *turn = arg, wanted = 1, intid;

	for (; wanted < 2 * STATE_ROUNDS; wanted += 2) {
		intid = irqlog_ack(5000);
		__atomic_store_n(turn, wanted, __ATOMIC_RELEASE);
		(void)wait_for(__atomic_load_n(turn, __ATOMIC_ACQUIRE) == wanted + 1, 5000);
		gic_eoi(intid);
		__atomic_store_n(turn, wanted + 2, __ATOMIC_RELEASE);
		(void)wait_for(__atomic_load_n(turn, __ATOMIC_ACQUIRE) == 0, 5000);
	}
}

/* What another CPU has acknowledged is seen active here, and inactive after its EOI. */
static void test_state_elsewhere(void)
{
	uint32_t turn = 0, round, wanted = 1;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	gic_reset();
	CHECK(smp_run(1, job_init, NULL) && smp_wait(1, 5000));
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_route(spi, cpus[1].mpidr);
	CHECK(smp_run(1, job_ack_turns, &turn));
	for (round = 0; round < STATE_ROUNDS; round++, wanted += 2) {
		gic_set_pending(spi);
		if (!CHECK(wait_for(__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == wanted, 5000)))
			break;
		CHECK_SHOW(gic_is_active(spi), round, 0);
		CHECK_SHOW(!gic_is_pending(spi), round, 1);
		__atomic_store_n(&turn, wanted + 1, __ATOMIC_RELEASE);
		CHECK(wait_for(__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == wanted + 2, 5000));
		CHECK_SHOW(!gic_is_active(spi), round, 1);
		__atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
	}
	CHECK(smp_wait(1, 30000));
	all_stop();
}

/* 1 of N: some CPU takes it, exactly one. */
static void test_one_of_n(void)
{
	uint32_t total = 0, round;
	unsigned int i;

	if (mmio_read32(gicd_base + GICD_TYPER) & TYPER_NO1N) {
		check_skip("GICD_TYPER.No1N");
		return;
	}
	all_take();
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_route(spi, IRM_ANY);
	for (round = 0; round < 50; round++) {
		gic_set_pending(spi);
		time_delay_us(200);
		CHECK(wait_for(!gic_is_pending(spi) && !gic_is_active(spi), 1000));
	}
	for (i = 0; i < cpu_count; i++)
		total += irqlog_count(i);
	CHECK_EQ(total, round);
	all_stop();
}

/* Many SPIs spread over all CPUs, raised together, again and again. */
static void test_route_many(void)
{
	uint32_t want[MAX_CPUS] = {0}, round, s;
	unsigned int i;

	all_take();
	for (s = 0; s < ROUTED; s++) {
		gic_set_edge(irqlog_spare_spi(s), true);
		gic_enable(irqlog_spare_spi(s));
	}
	for (round = 0; round < 20; round++) {
		for (s = 0; s < ROUTED; s++) {
			i = (s + round) % cpu_count;
			gic_route(irqlog_spare_spi(s), cpus[i].mpidr);
			gic_set_pending(irqlog_spare_spi(s));
			want[i]++;
		}
		for (i = 0; i < cpu_count; i++)
			CHECK(wait_for(irqlog_count(i) == want[i], 2000));
	}
	counts_check(want);
	all_stop();
}

static void action_pong(uint32_t intid)
{
	unsigned int self = (unsigned int)cpu_this()->index;

	if (irqlogs[self].count < PING_PONGS)
		gic_sgi_send(intid, cpus[!self].mpidr);
}

static void job_pong(void *arg)
{
	gic_enable(1);
	irqlog_start(action_pong);
	irq_enable();
	(void)arg;
}

static void test_ping_pong(void)
{
	unsigned int i;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	all_stop();
	/* Emulated CPUs that only poll would take the host's time from the two that matter. */
	for (i = 2; i < cpu_count; i++)
		CHECK(smp_stop(i));
	on_cpu(1, job_pong);
	job_pong(NULL);
	gic_sgi_send(1, cpus[1].mpidr);
	CHECK_SHOW(wait_for(irqlog_count(1) == PING_PONGS, 60000), PING_PONGS, irqlog_count(1));
	CHECK_SHOW(irqlog_count(0) >= PING_PONGS - 1, PING_PONGS, irqlog_count(0));
	CHECK_EQ(smp_start_all(), cpu_count);
	all_stop();
}

static uint32_t asleep;

static void job_sleep(void *arg)
{
	uint32_t *woken = arg;

	__atomic_store_n(&asleep, 1, __ATOMIC_RELEASE);
	while (!irqlog_count((unsigned int)cpu_this()->index)) {
		irq_disable();
		if (!irqlog_count((unsigned int)cpu_this()->index))
			wfi();
		irq_enable();
	}
	__atomic_store_n(woken, 1, __ATOMIC_RELEASE);
}

/* A CPU that sleeps in WFI wakes by an SGI, and by an SPI routed to it. */
static void test_wake_remote(void)
{
	uint32_t woken, round;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	for (round = 0; round < 6; round++) {
		all_take();
		woken = 0;
		asleep = 0;
		CHECK(smp_run(1, job_sleep, &woken));
		CHECK(wait_for(__atomic_load_n(&asleep, __ATOMIC_ACQUIRE), 1000));
		time_delay_us(round % 3 * 1000);
		if (round % 2) {
			gic_set_edge(spi, true);
			gic_route(spi, cpus[1].mpidr);
			gic_enable(spi);
			gic_set_pending(spi);
		} else {
			gic_sgi_send(4, cpus[1].mpidr);
		}
		CHECK(wait_for(__atomic_load_n(&woken, __ATOMIC_ACQUIRE), 3000));
		all_stop();
	}
}

static const struct test tests[] = {
	{"gicroute-start", test_start},
	{"gicroute-sgi-each", test_sgi_each},
	{"gicroute-sgi-others", test_sgi_others},
	{"gicroute-sgi-list", test_sgi_list},
	{"gicroute-sgi-groups", test_sgi_groups},
	{"gicroute-sgi-merge", test_sgi_merge},
	{"gicroute-remote-redist", test_remote_redist},
	{"gicroute-route-each", test_route_each},
	{"gicroute-route-pending", test_route_pending},
	{"gicroute-withdrawn-remotely", test_withdrawn_remotely},
	{"gicroute-active-elsewhere", test_active_elsewhere},
	{"gicroute-state-elsewhere", test_state_elsewhere},
	{"gicroute-one-of-n", test_one_of_n},
	{"gicroute-route-many", test_route_many},
	{"gicroute-ping-pong", test_ping_pong},
	{"gicroute-wake-remote", test_wake_remote},
};

void payload_main(void)
{
	gic_reset();
	smp_sleep_idle();
	spi = irqlog_spare_spi(0);
	check_run(tests, ARRAY_SIZE(tests));
}
