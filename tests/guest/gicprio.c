// SPDX-License-Identifier: BSD-2-Clause
/* GICv3 priorities: order, mask, preemption, EOI modes, and more interrupts than list registers. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/rand.h"

#define MANY      40 /* more than any CPU's list registers, which are 16 at most */
#define DEPTH     14
#define SGIS      16
#define IDLE      0xff
#define GRANULE   8 /* five bits of priority */
#define STORM_END 3000

static void all_spis_on(uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		gic_set_edge(irqlog_spare_spi(i), true);
		gic_enable(irqlog_spare_spi(i));
	}
}

static void test_order(void)
{
	static const uint8_t priority[] = {0x80, 0x10, 0xf0, 0x48, 0x08, 0xa0, 0x20, 0x00};
	static const uint8_t sorted[] = {7, 4, 1, 6, 3, 0, 5, 2};
	unsigned int i;

	gic_reset();
	for (i = 0; i < ARRAY_SIZE(priority); i++) {
		gic_set_priority(i, priority[i]);
		gic_enable(i);
		gic_set_pending(i);
	}
	for (i = 0; i < ARRAY_SIZE(sorted); i++) {
		CHECK_EQ(sysreg_read(ICC_HPPIR1_EL1), sorted[i]);
		CHECK_EQ(irqlog_ack(1000), sorted[i]);
		CHECK_EQ(sysreg_read(ICC_RPR_EL1), priority[sorted[i]]);
		gic_eoi(sorted[i]);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

static void test_mask(void)
{
	gic_reset();
	gic_set_priority(1, 0x80);
	gic_enable(1);
	sysreg_write(ICC_PMR_EL1, 0x80);
	gic_set_pending(1);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	sysreg_write(ICC_PMR_EL1, 0x88);
	CHECK_EQ(irqlog_ack(1000), 1);
	gic_eoi(1);
	sysreg_write(ICC_PMR_EL1, 0);
	gic_set_priority(1, 0);
	gic_set_pending(1);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	sysreg_write(ICC_PMR_EL1, 0x08);
	CHECK_EQ(irqlog_ack(1000), 1);
	gic_eoi(1);
	gic_reset();
}

/* As test_mask(), by the exception: the mask opens while the interrupt waits. */
static void test_mask_exception(void)
{
	gic_reset();
	gic_set_priority(1, 0x80);
	gic_enable(1);
	sysreg_write(ICC_PMR_EL1, 0x40);
	irqlog_start(NULL);
	irq_enable();
	gic_set_pending(1);
	time_delay_us(2000);
	CHECK_EQ(irqlog_count(0), 0);
	sysreg_write(ICC_PMR_EL1, 0xf0);
	CHECK(wait_for(irqlog_count(0) == 1, 1000));
	irqlog_stop();
	gic_reset();
}

/* While `running` is served, does one of priority `next` preempt it? */
static bool preempts(uint8_t running, uint8_t next)
{
	uint32_t intid;
	bool result;

	gic_set_priority(1, running);
	gic_set_priority(2, next);
	gic_enable(1);
	gic_enable(2);
	gic_set_pending(1);
	CHECK_EQ(irqlog_ack(1000), 1);
	gic_set_pending(2);
	intid = irqlog_ack_none();
	result = intid == 2;
	if (result)
		gic_eoi(2);
	gic_eoi(1);
	if (!result) {
		CHECK_EQ(irqlog_ack(1000), 2);
		gic_eoi(2);
	}
	return result;
}

static void test_preemption(void)
{
	gic_reset();
	CHECK(preempts(0x80, 0x40));
	CHECK(preempts(0x80, 0x78));
	CHECK(preempts(0x08, 0x00));
	CHECK(!preempts(0x80, 0x80));
	CHECK(!preempts(0x80, 0x88));
	CHECK(!preempts(0x00, 0x08));
}

/* The binary point of Group 1 cuts at [7:n]: one more bit of group priority than Group 0's. */
static void test_binary_point(void)
{
	gic_reset();
	sysreg_write(ICC_BPR1_EL1, 5);
	isb();
	CHECK_EQ(sysreg_read(ICC_BPR1_EL1), 5);
	CHECK(preempts(0xa0, 0x98));
	CHECK(!preempts(0xb8, 0xa0));
	CHECK(!preempts(0x98, 0x88));
	sysreg_write(ICC_BPR1_EL1, 7);
	isb();
	CHECK(preempts(0x80, 0x78));
	CHECK(!preempts(0xf0, 0x80));
	sysreg_write(ICC_BPR1_EL1, 0);
	isb();
	CHECK_SHOW(sysreg_read(ICC_BPR1_EL1) <= 4, 4, sysreg_read(ICC_BPR1_EL1));
	gic_reset();
}

/* Group priorities equal: sub-priorities still order what waits. */
static void test_subpriority(void)
{
	gic_reset();
	sysreg_write(ICC_BPR1_EL1, 7);
	isb();
	gic_set_priority(4, 0x30);
	gic_set_priority(5, 0x20);
	gic_enable(4);
	gic_enable(5);
	gic_set_pending(4);
	gic_set_pending(5);
	CHECK_EQ(irqlog_ack(1000), 5);
	gic_eoi(5);
	CHECK_EQ(irqlog_ack(1000), 4);
	gic_eoi(4);
	gic_reset();
}

static void nested_check(bool split)
{
	unsigned int i;
	uint8_t priority;

	gic_reset();
	gic_set_eoimode(split);
	for (i = 0; i < DEPTH; i++) {
		priority = (uint8_t)(0xe0 - 0x10 * i);
		gic_set_priority(i, priority);
		gic_enable(i);
		gic_set_pending(i);
		CHECK_EQ(irqlog_ack(1000), i);
		CHECK_EQ(sysreg_read(ICC_RPR_EL1), priority);
	}
	while (i-- > 0) {
		CHECK(gic_is_active(i));
		CHECK_EQ(sysreg_read(ICC_RPR_EL1), 0xe0 - 0x10 * i);
		gic_eoi(i);
		CHECK_EQ(gic_is_active(i), split);
	}
	CHECK_EQ(sysreg_read(ICC_RPR_EL1), IDLE);
	for (i = 0; split && i < DEPTH; i++) {
		gic_dir(i);
		CHECK(!gic_is_active(i));
	}
	gic_reset();
}

static void test_nested(void)
{
	nested_check(false);
}

static void test_nested_split(void)
{
	nested_check(true);
}

/* EOImode 1: the EOI lets others in, the interrupt itself stays out until DIR. */
static void split_check(uint32_t intid)
{
	gic_enable(intid);
	gic_set_pending(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	gic_eoi(intid);
	CHECK_EQ(sysreg_read(ICC_RPR_EL1), IDLE);
	CHECK(gic_is_active(intid));
	gic_set_pending(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_dir(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	gic_eoi(intid);
	gic_dir(intid);
	CHECK(!gic_is_active(intid));
	CHECK(!gic_is_pending(intid));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

static void test_eoimode_split(void)
{
	gic_reset();
	gic_set_eoimode(true);
	split_check(3);
	split_check(irqlog_spare_spi(0));
	gic_set_edge(irqlog_spare_spi(1), true);
	split_check(irqlog_spare_spi(1));
	gic_set_edge(gic_timer_virt_intid, true);
	split_check(gic_timer_virt_intid);
	gic_reset();
}

/* Many active at once without a running priority: each stays out until its own DIR. */
static void test_many_active(void)
{
	unsigned int i;
	uint32_t intid;

	gic_reset();
	gic_set_eoimode(true);
	all_spis_on(MANY);
	for (i = 0; i < MANY; i++) {
		gic_set_pending(irqlog_spare_spi(i));
		CHECK_EQ(irqlog_ack(1000), irqlog_spare_spi(i));
		gic_eoi(irqlog_spare_spi(i));
	}
	for (i = 0; i < MANY; i++) {
		CHECK(gic_is_active(irqlog_spare_spi(i)));
		gic_set_pending(irqlog_spare_spi(i));
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	for (i = 0; i < MANY; i++) {
		intid = irqlog_spare_spi(i * 7 % MANY);
		gic_dir(intid);
		CHECK_EQ(irqlog_ack(1000), intid);
		CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
		gic_eoi(intid);
		gic_dir(intid);
		CHECK(!gic_is_active(intid));
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

/*
 * Nested deeper than there are list registers, each raised again meanwhile; then nothing but EOIs
 * and acknowledges, which trap nowhere: what was raised again must come all the same.
 */
static void test_nested_again(void)
{
	unsigned int i;

	gic_reset();
	for (i = 0; i < DEPTH; i++) {
		gic_set_priority(i, (uint8_t)(0xe0 - 0x10 * i));
		gic_enable(i);
		gic_set_pending(i);
		CHECK_EQ(irqlog_ack(1000), i);
	}
	for (i = 0; i < DEPTH; i++)
		gic_set_pending(i);
	for (i = DEPTH; i-- > 0;)
		gic_eoi(i);
	for (i = DEPTH; i-- > 0;) {
		CHECK_EQ(irqlog_ack(1000), i);
		gic_eoi(i);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

/*
 * EOImode 1, all pending at once: each is acknowledged and its priority dropped, none deactivated,
 * so that active ones fill the list registers while more wait.
 */
static void test_late_dir(void)
{
	unsigned int i;
	uint32_t order[MANY];

	gic_reset();
	gic_set_eoimode(true);
	all_spis_on(MANY);
	for (i = 0; i < MANY; i++)
		gic_set_pending(irqlog_spare_spi(i));
	time_delay_us(500);
	for (i = 0; i < MANY; i++) {
		order[i] = irqlog_ack(1000);
		CHECK_SHOW(order[i] < 1020, i, order[i]);
		gic_eoi(order[i]);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	for (i = 0; i < MANY; i++)
		gic_dir(order[i]);
	for (i = 0; i < MANY; i++)
		CHECK(!gic_is_active(irqlog_spare_spi(i)));
	gic_reset();
}

/* MANY pending at once with random priorities: each comes once, the order never rises. */
static void overflow_check(uint64_t seed, bool split)
{
	uint8_t priority[MANY + SGIS], rank;
	uint32_t seen[MANY + SGIS] = {0}, intid, running = 0;
	unsigned int i, n;

	gic_reset();
	gic_set_eoimode(split);
	all_spis_on(MANY);
	for (i = 0; i < MANY + SGIS; i++) {
		intid = i < SGIS ? i : irqlog_spare_spi(i - SGIS);
		priority[i] = (uint8_t)(GRANULE * rand_below(&seed, 31));
		gic_set_priority(intid, priority[i]);
		gic_enable(intid);
	}
	for (i = 0; i < MANY + SGIS; i++)
		gic_set_pending(i < SGIS ? i : irqlog_spare_spi(i - SGIS));
	time_delay_us(500);
	for (n = 0; n < MANY + SGIS; n++) {
		intid = irqlog_ack(1000);
		for (i = 0; i < MANY + SGIS; i++)
			if (intid == (i < SGIS ? i : irqlog_spare_spi(i - SGIS)))
				break;
		if (!CHECK_SHOW(i < MANY + SGIS, n, intid))
			break;
		rank = priority[i];
		CHECK_SHOW(rank >= running, running, rank);
		running = rank;
		seen[i]++;
		gic_eoi(intid);
		if (split)
			gic_dir(intid);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	for (i = 0; i < MANY + SGIS; i++)
		CHECK_SHOW(seen[i] == 1, i, seen[i]);
	gic_reset();
}

static void test_overflow(void)
{
	uint64_t seed;

	for (seed = 1; seed <= 5; seed++)
		overflow_check(seed, false);
}

static void test_overflow_split(void)
{
	uint64_t seed;

	for (seed = 11; seed <= 15; seed++)
		overflow_check(seed, true);
}

static uint32_t rearms;

static void action_rearm(uint32_t intid)
{
	if (rearms) {
		rearms--;
		gic_set_pending(intid);
	}
}

/* All pending, taken as exceptions, each raised again while it is active. */
static void test_overflow_exceptions(void)
{
	unsigned int i;

	gic_reset();
	all_spis_on(MANY);
	for (i = 0; i < MANY; i++)
		gic_set_pending(irqlog_spare_spi(i));
	rearms = MANY;
	irqlog_start(action_rearm);
	irq_enable();
	CHECK(wait_for(irqlog_count(0) == 2 * MANY, 3000));
	time_delay_us(1000);
	irqlog_stop();
	CHECK_EQ(irqlogs[0].count, 2 * MANY);
	CHECK_EQ(irqlogs[0].spurious, 0);
	for (i = 0; i < MANY; i++)
		CHECK(!gic_is_active(irqlog_spare_spi(i)) && !gic_is_pending(irqlog_spare_spi(i)));
	gic_reset();
}

/* More urgent ones that arrive while a full set of others waits still come first. */
static void test_overflow_urgent(void)
{
	unsigned int i;

	gic_reset();
	all_spis_on(MANY);
	for (i = 0; i < MANY; i++) {
		gic_set_priority(irqlog_spare_spi(i), i < 20 ? 0xc0 : 0x40);
		if (i < 20)
			gic_set_pending(irqlog_spare_spi(i));
	}
	for (i = 20; i < MANY; i++)
		gic_set_pending(irqlog_spare_spi(i));
	for (i = 0; i < MANY; i++) {
		uint32_t intid = irqlog_ack(1000);

		CHECK_EQ(sysreg_read(ICC_RPR_EL1), i < 20 ? 0x40 : 0xc0);
		gic_eoi(intid);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

/* Pending ones beyond the list registers can be withdrawn and disabled like any other. */
static void test_overflow_withdrawn(void)
{
	unsigned int i;

	gic_reset();
	all_spis_on(MANY);
	for (i = 0; i < MANY; i++)
		gic_set_pending(irqlog_spare_spi(i));
	for (i = 0; i < MANY; i++) {
		if (i % 3 == 0)
			gic_clear_pending(irqlog_spare_spi(i));
		else if (i % 3 == 1)
			gic_disable(irqlog_spare_spi(i));
	}
	for (i = 0; i < MANY / 3; i++) {
		uint32_t intid = irqlog_ack(1000);

		CHECK_SHOW(intid < 1020, i, intid);
		gic_eoi(intid);
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	for (i = 0; i < MANY; i++)
		CHECK_SHOW(gic_is_pending(irqlog_spare_spi(i)) == (i % 3 == 1), i % 3 == 1, i);
	gic_reset();
}

/* Both groups, one priority scale: the more urgent one is signalled, as FIQ or IRQ. */
static void test_groups_priority(void)
{
	gic_reset();
	gic_set_group(1, 0);
	gic_set_priority(1, 0x80);
	gic_set_priority(2, 0x40);
	gic_enable(1);
	gic_enable(2);
	irqlog_start(NULL);
	gic_set_pending(1);
	gic_set_pending(2);
	irq_enable();
	CHECK(wait_for(irqlog_count(0) == 2, 1000));
	CHECK_EQ(irqlogs[0].entry[0], 2);
	CHECK_EQ(irqlogs[0].entry[1], 1 | IRQLOG_FIQ);
	irq_disable();
	gic_set_priority(1, 0x20);
	irqlog_start(NULL);
	gic_set_pending(1);
	gic_set_pending(2);
	irq_enable();
	CHECK(wait_for(irqlog_count(0) == 2, 1000));
	CHECK_EQ(irqlogs[0].entry[0], 1 | IRQLOG_FIQ);
	CHECK_EQ(irqlogs[0].entry[1], 2);
	irqlog_stop();
	gic_reset();
}

static void action_storm(uint32_t intid)
{
	if (irqlogs[0].count < STORM_END)
		gic_sgi_send(intid, cpu_this()->mpidr);
}

/* Each SGI handler sends the next to its own CPU. */
static void test_storm(void)
{
	gic_reset();
	gic_enable(5);
	irqlog_start(action_storm);
	irq_enable();
	gic_sgi_send(5, cpu_this()->mpidr);
	CHECK(wait_for(irqlog_count(0) == STORM_END, 10000));
	time_delay_us(1000);
	irqlog_stop();
	CHECK_EQ(irqlogs[0].count, STORM_END);
	gic_reset();
}

static const struct test tests[] = {
	{"gicprio-order", test_order},
	{"gicprio-mask", test_mask},
	{"gicprio-mask-exception", test_mask_exception},
	{"gicprio-preemption", test_preemption},
	{"gicprio-binary-point", test_binary_point},
	{"gicprio-subpriority", test_subpriority},
	{"gicprio-nested", test_nested},
	{"gicprio-nested-split", test_nested_split},
	{"gicprio-nested-again", test_nested_again},
	{"gicprio-late-dir", test_late_dir},
	{"gicprio-eoimode-split", test_eoimode_split},
	{"gicprio-many-active", test_many_active},
	{"gicprio-overflow", test_overflow},
	{"gicprio-overflow-split", test_overflow_split},
	{"gicprio-overflow-exceptions", test_overflow_exceptions},
	{"gicprio-overflow-urgent", test_overflow_urgent},
	{"gicprio-overflow-withdrawn", test_overflow_withdrawn},
	{"gicprio-groups", test_groups_priority},
	{"gicprio-storm", test_storm},
};

void payload_main(void)
{
	gic_reset();
	check_run(tests, ARRAY_SIZE(tests));
}
