// SPDX-License-Identifier: BSD-2-Clause
/* GICv2 (IHI 0048): what it does not have in common with a GICv3, and its CPU interface. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/smp.h"

#define SGI      3
#define SPIS     12 /* more than any GICv2 has list registers that it is likely to give a guest */
#define MS       1000
#define RPR_IDLE 0xff

static uint32_t spi; /* a spare one */

static uint32_t gicc_read(uint32_t reg)
{
	return mmio_read32(gicc_base + reg);
}

static uint32_t own_mask(void)
{
	return cpu_this()->gic_mask;
}

/* Edge-triggered, enabled, to this CPU. */
static void spi_ready(uint32_t intid, uint8_t priority)
{
	gic_set_edge(intid, true);
	gic_set_priority(intid, priority);
	gic_route(intid, cpu_this()->mpidr);
	gic_enable(intid);
}

static void test_ids(void)
{
	uint32_t typer = mmio_read32(gicd_base + GICD_TYPER);

	gic_reset();
	CHECK_EQ(bits(mmio_read32(gicd_base + GICD_PIDR2_V2), 7, 4), 2);
	CHECK_EQ(bits(gicc_read(GICC_IIDR), 19, 16), 2);
	CHECK_EQ(bits(typer, 7, 5), cpu_count - 1);
	CHECK_EQ(bits(typer, 10, 10), 0); /* one security state */
	CHECK_EQ(gicc_read(GICC_RPR), RPR_IDLE);
	CHECK_EQ(gicc_read(GICC_HPPIR), GIC_SPURIOUS);
	CHECK_EQ(gic_ack(), GIC_SPURIOUS);
	mmio_write32(gicd_base + GICD_TYPER, 0);
	CHECK_EQ(mmio_read32(gicd_base + GICD_TYPER), typer);
}

/* The registers of INTIDs 0 to 31 are each CPU's own. */
static void job_banked(void *arg)
{
	uint32_t mask = 1U << cpu_this()->index;
	uint32_t i;

	gic_init_cpu();
	for (i = 0; i < 32; i += 4) {
		mmio_write32(gicd_base + GICD_ITARGETSR + i, ~0U);
		CHECK_EQ(mmio_read32(gicd_base + GICD_ITARGETSR + i), mask * 0x01010101U);
	}
	gic_set_priority(SGI, (uint8_t)(cpu_this()->index << 3));
	gic_set_priority(gic_timer_virt_intid, (uint8_t)(0x80 + (cpu_this()->index << 3)));
	if (cpu_this()->index % 2)
		gic_enable(gic_timer_virt_intid);
	else
		gic_disable(gic_timer_virt_intid);
	(void)arg;
}

static void job_still_banked(void *arg)
{
	uint64_t at = gicd_base + GICD_IPRIORITYR;

	CHECK_EQ(mmio_read8(at + SGI), cpu_this()->index << 3);
	CHECK_EQ(mmio_read8(at + gic_timer_virt_intid), 0x80 + (cpu_this()->index << 3));
	CHECK_EQ(gic_is_enabled(gic_timer_virt_intid), cpu_this()->index % 2);
	gic_init_cpu();
	(void)arg;
}

static void test_banked(void)
{
	CHECK_EQ(smp_start_all(), cpu_count);
	gic_reset();
	CHECK(smp_run_all(job_banked, NULL));
	CHECK(smp_run_all(job_still_banked, NULL));
}

static void job_send(void *arg)
{
	dsb();
	mmio_write32(gicd_base + GICD_SGIR, (uint32_t)(uint64_t)arg);
}

/* One SGI from each CPU: each is acknowledged by itself, and names its sender. */
static void test_sgi_senders(void)
{
	uint32_t value = own_mask() << 16 | SGI;
	uint32_t from = 0, all = (1U << cpu_count) - 1;
	unsigned int i;

	gic_reset();
	gic_enable(SGI);
	CHECK(smp_run_all(job_send, (void *)(uint64_t)value));
	for (i = 0; i < cpu_count; i++) {
		CHECK_EQ(irqlog_ack(MS), SGI);
		CHECK(!(from >> cpu_this()->sgi_from[SGI] & 1));
		from |= 1U << cpu_this()->sgi_from[SGI];
		gic_eoi(SGI);
	}
	CHECK_EQ(from, all);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	/* The same from one CPU twice is one, also while it is active. */
	job_send((void *)(uint64_t)value);
	CHECK_EQ(irqlog_ack(MS), SGI);
	job_send((void *)(uint64_t)value);
	job_send((void *)(uint64_t)value);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_eoi(SGI);
	CHECK_EQ(irqlog_ack(MS), SGI);
	gic_eoi(SGI);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

static void job_count_sgis(void *arg)
{
	uint32_t *count = arg;

	gic_init_cpu();
	gic_enable(SGI);
	__atomic_fetch_add(&count[0], 1, __ATOMIC_SEQ_CST);
	if (!wait_for(__atomic_load_n(&count[1], __ATOMIC_ACQUIRE), 10000))
		return;
	if (irqlog_ack(MS) == SGI) {
		__atomic_fetch_add(&count[2], 1, __ATOMIC_SEQ_CST);
		gic_eoi(SGI);
	}
}

static void test_sgi_filters(void)
{
	static uint32_t count[3]; /* CPUs that wait, 1: it was sent, CPUs that got it */
	unsigned int i;

	gic_reset();
	gic_enable(SGI);
	mmio_write32(gicd_base + GICD_SGIR, 2U << 24 | SGI); /* to itself */
	CHECK_EQ(irqlog_ack(MS), SGI);
	gic_eoi(SGI);
	if (dt_caisson()) /* reserved; QEMU's sends it to all */
		mmio_write32(gicd_base + GICD_SGIR, 3U << 24 | own_mask() << 16 | SGI);
	mmio_write32(gicd_base + GICD_SGIR, SGI); /* to none */
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_count_sgis, count));
	CHECK(wait_for(__atomic_load_n(&count[0], __ATOMIC_ACQUIRE) == cpu_count - 1, 10000));
	mmio_write32(gicd_base + GICD_SGIR, 1U << 24 | SGI); /* to all others */
	__atomic_store_n(&count[1], 1, __ATOMIC_RELEASE);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_wait(i, 30000));
	CHECK_EQ(count[2], cpu_count - 1);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

/* GICD_SPENDSGIR and GICD_CPENDSGIR: a byte for each SGI, a bit for each sender. */
static void test_sgi_pending(void)
{
	uint64_t set = gicd_base + GICD_SPENDSGIR + SGI;
	uint64_t clear = gicd_base + GICD_CPENDSGIR + SGI;
	uint32_t all = (1U << cpu_count) - 1;

	gic_reset();
	mmio_write32(gicc_base + GICC_PMR, 0);
	gic_enable(SGI);
	mmio_write8(set, (uint8_t)all);
	CHECK_EQ(mmio_read8(set), all);
	CHECK_EQ(mmio_read8(clear), all);
	CHECK(gic_is_pending(SGI));
	mmio_write8(clear, 1);
	CHECK_EQ(mmio_read8(clear), all & ~1U);
	if (dt_caisson()) { /* QEMU's GICv2 takes these writes */
		mmio_write32(gicd_base + GICD_ICPENDR, 1U << SGI);
		CHECK_EQ(mmio_read8(clear), all & ~1U);
	}
	mmio_write8(clear, (uint8_t)(all & ~2U));
	mmio_write32(gicc_base + GICC_PMR, 0xff);
	CHECK_EQ(irqlog_ack(MS), SGI);
	CHECK_EQ(cpu_this()->sgi_from[SGI], 1);
	gic_eoi(SGI);
	CHECK(!gic_is_pending(SGI));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

/* The higher priority first, and no other as long as that is active. */
static void test_priorities(void)
{
	uint32_t low = irqlog_spare_spi(1), high = irqlog_spare_spi(2);

	gic_reset();
	spi_ready(spi, 0x80);
	spi_ready(low, 0xc0);
	spi_ready(high, 0x40);
	gic_set_pending(low);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	CHECK_EQ(gicc_read(GICC_RPR), 0x80);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_set_pending(high);
	CHECK_EQ(irqlog_ack(MS), high);
	CHECK_EQ(gicc_read(GICC_RPR), 0x40);
	gic_eoi(high);
	CHECK_EQ(gicc_read(GICC_RPR), 0x80);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_eoi(spi);
	CHECK_EQ(irqlog_ack(MS), low);
	gic_eoi(low);
	CHECK_EQ(gicc_read(GICC_RPR), RPR_IDLE);
	/* What the mask does not let through stays pending. */
	mmio_write32(gicc_base + GICC_PMR, 0x80);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(gic_is_pending(spi));
	mmio_write32(gicc_base + GICC_PMR, 0x88);
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_eoi(spi);
}

/* Pending and active at once, and each taken back by itself. */
static void test_active_pending(void)
{
	gic_reset();
	spi_ready(spi, 0x80);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	CHECK(gic_is_active(spi));
	CHECK(!gic_is_pending(spi));
	gic_set_pending(spi);
	CHECK(gic_is_active(spi));
	CHECK(gic_is_pending(spi));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_eoi(spi);
	irqlog_look();
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_set_pending(spi);
	gic_clear_pending(spi);
	CHECK(!gic_is_pending(spi));
	gic_eoi(spi);
	CHECK(!gic_is_active(spi));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	/* Made active by a write, it does not come until that is taken back. */
	gic_set_active(spi);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_clear_active(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_eoi(spi);
}

static void job_dir(void *arg)
{
	gic_set_eoimode(true);
	gic_dir((uint32_t)(uint64_t)arg);
	gic_set_eoimode(false);
}

static void test_eoimode(void)
{
	uint32_t second = irqlog_spare_spi(1);

	gic_reset();
	gic_set_eoimode(true);
	spi_ready(spi, 0x80);
	spi_ready(second, 0x80);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_eoi(spi);
	CHECK_EQ(gicc_read(GICC_RPR), RPR_IDLE);
	CHECK(gic_is_active(spi));
	/* The priority is dropped: the next may come; the active one does not come again. */
	gic_set_pending(spi);
	gic_set_pending(second);
	CHECK_EQ(irqlog_ack(MS), second);
	gic_eoi(second);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_dir(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_eoi(spi);
	gic_dir(spi);
	CHECK(!gic_is_active(spi));
	/* An SPI may be deactivated by any CPU. */
	CHECK(gic_is_active(second));
	if (cpu_count > 1) {
		CHECK(smp_run(1, job_dir, (void *)(uint64_t)second));
		CHECK(smp_wait(1, 10000));
		CHECK(wait_for(!gic_is_active(second), MS));
	}
	gic_enable(SGI);
	gic_sgi_send(SGI, cpu_this()->mpidr);
	CHECK_EQ(irqlog_ack(MS), SGI);
	gic_eoi(SGI);
	CHECK(gic_is_active(SGI));
	gic_dir(SGI);
	CHECK(!gic_is_active(SGI));
	gic_set_eoimode(false);
}

/* More at once than there are list registers: pending, then active, then active and inactive. */
static void test_overflow(void)
{
	uint32_t i, intid;

	gic_reset();
	for (i = 0; i < SPIS; i++)
		spi_ready(irqlog_spare_spi(i), (uint8_t)(0xd8 - 0x10 * i));
	for (i = 0; i < SPIS; i++)
		gic_set_pending(irqlog_spare_spi(i));
	for (i = SPIS; i-- > 0;) {
		CHECK_EQ(irqlog_ack(MS), irqlog_spare_spi(i));
		gic_eoi(irqlog_spare_spi(i));
	}
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	/* One in the other. */
	for (i = 0; i < SPIS; i++) {
		intid = irqlog_spare_spi(i);
		gic_set_pending(intid);
		CHECK_EQ(irqlog_ack(MS), intid);
		CHECK_EQ(gicc_read(GICC_RPR), 0xd8 - 0x10 * i);
	}
	for (i = SPIS; i-- > 0;)
		gic_eoi(irqlog_spare_spi(i));
	for (i = 0; i < SPIS; i++)
		CHECK_SHOW(!gic_is_active(irqlog_spare_spi(i)), 0, i);
	CHECK_EQ(gicc_read(GICC_RPR), RPR_IDLE);
	/* With EOImode 1 all are active at once, and end in any order. */
	gic_set_eoimode(true);
	for (i = 0; i < SPIS; i++)
		gic_set_pending(irqlog_spare_spi(i));
	for (i = SPIS; i-- > 0;) {
		CHECK_EQ(irqlog_ack(MS), irqlog_spare_spi(i));
		gic_eoi(irqlog_spare_spi(i));
	}
	for (i = 0; i < SPIS; i++) {
		intid = irqlog_spare_spi(i * 5 % SPIS);
		CHECK_SHOW(gic_is_active(intid), 1, i);
		gic_dir(intid);
		CHECK_SHOW(!gic_is_active(intid), 0, i);
	}
	gic_set_eoimode(false);
}

static uint32_t taken_by, taken_intid; /* by job_take: the CPU + 1 */

static void job_take(void *arg)
{
	uint32_t intid;

	gic_init_cpu();
	__atomic_store_n(&taken_by, 0, __ATOMIC_RELEASE);
	intid = irqlog_ack(MS);
	if (intid < 1020) {
		__atomic_store_n(&taken_intid, intid, __ATOMIC_RELAXED);
		__atomic_store_n(&taken_by, (uint32_t)cpu_this()->index + 1, __ATOMIC_RELEASE);
		gic_eoi(intid);
	}
	(void)arg;
}

/* To whom GICD_ITARGETSR says, also when it is pending already. */
static void test_targets(void)
{
	uint64_t at = gicd_base + GICD_ITARGETSR + spi;
	uint32_t last = cpu_count - 1;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	gic_reset();
	spi_ready(spi, 0x80);
	if (!dt_caisson()) { /* QEMU's has eight targets always, and pends for those of the moment
			      */
		check_skip("for Caisson");
		return;
	}
	mmio_write8(at, 0xff);
	CHECK_EQ(mmio_read8(at), (1U << cpu_count) - 1);
	mmio_write8(at, 0);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(gic_is_pending(spi));
	CHECK(smp_run(last, job_take, NULL));
	mmio_write8(at, (uint8_t)cpus[last].gic_mask);
	CHECK(smp_wait(last, 10000));
	CHECK_EQ(taken_by, last + 1);
	CHECK_EQ(taken_intid, spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_route(spi, cpu_this()->mpidr);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(MS), spi);
	gic_eoi(spi);
}

/* One for several CPUs goes to one that is on. */
static void test_targets_off(void)
{
	uint32_t last = cpu_count - 1;

	if (cpu_count < 3) {
		check_skip("fewer than three CPUs");
		return;
	}
	gic_reset();
	spi_ready(spi, 0x80);
	mmio_write8(gicd_base + GICD_ITARGETSR + spi,
		    (uint8_t)(cpus[1].gic_mask | cpus[last].gic_mask));
	CHECK(smp_stop(1));
	CHECK(smp_run(last, job_take, NULL));
	gic_set_pending(spi);
	CHECK(smp_wait(last, 10000));
	CHECK_EQ(taken_by, last + 1);
	CHECK_EQ(taken_intid, spi);
	/* And when the other goes, to the one that is there again. */
	CHECK(smp_stop(last));
	CHECK(smp_start(1));
	CHECK(smp_run(1, job_take, NULL));
	gic_set_pending(spi);
	CHECK(smp_wait(1, 10000));
	CHECK_EQ(taken_by, 2);
	CHECK(smp_start(last));
}

/* As exceptions: SGIs, an SPI, the timer. */
static void test_taken(void)
{
	struct irqlog *log = &irqlogs[0];
	unsigned int i;

	gic_reset();
	gic_enable(SGI);
	spi_ready(spi, 0x80);
	irqlog_start(NULL);
	irq_enable();
	for (i = 0; i < 4; i++) {
		gic_sgi_send(SGI, cpu_this()->mpidr);
		CHECK(wait_for(irqlog_count(0) == 2 * i + 1, MS));
		gic_set_pending(spi);
		CHECK(wait_for(irqlog_count(0) == 2 * i + 2, MS));
	}
	irqlog_stop();
	for (i = 0; i < 8; i++)
		CHECK_EQ(log->entry[i], i % 2 ? spi : SGI);
}

static const struct test tests[] = {
	{"gicv2-ids", test_ids},
	{"gicv2-banked", test_banked},
	{"gicv2-sgi-senders", test_sgi_senders},
	{"gicv2-sgi-filters", test_sgi_filters},
	{"gicv2-sgi-pending", test_sgi_pending},
	{"gicv2-priorities", test_priorities},
	{"gicv2-active-pending", test_active_pending},
	{"gicv2-eoimode", test_eoimode},
	{"gicv2-overflow", test_overflow},
	{"gicv2-targets", test_targets},
	{"gicv2-targets-off", test_targets_off},
	{"gicv2-taken", test_taken},
};

void payload_main(void)
{
	if (!CHECK(gicc_base))
		return;
	gic_reset();
	spi = irqlog_spare_spi(0);
	check_run(tests, ARRAY_SIZE(tests));
	gic_reset();
}
