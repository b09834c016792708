// SPDX-License-Identifier: BSD-2-Clause
/* GICv3 (IHI 0069) on one CPU: registers, and the state machine of each kind of interrupt. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/irqlog.h"

#define UART_IMSC 0x038
#define UART_ICR  0x044
#define UART_TXIM 0x020
#define SGI       3

static uint32_t spi; /* a spare one */

static void sgi_self(uint32_t sgi)
{
	gic_sgi_send(sgi, cpu_this()->mpidr);
}

static void test_dist_ids(void)
{
	uint32_t typer = mmio_read32(gicd_base + GICD_TYPER);
	uint32_t pidr2 = mmio_read32(gicd_base + GICD_PIDR2);

	CHECK_EQ(bits(pidr2, 7, 4), 3);
	CHECK_SHOW(gic_intids() >= 64 && gic_intids() <= 1020, 64, gic_intids());
	CHECK_EQ(bits(typer, 10, 10), 0); /* one Security state */
	CHECK_SHOW(bits(typer, 23, 19) >= 9, 9, bits(typer, 23, 19));
	if (dt_caisson()) {
		CHECK_EQ(bits(typer, 17, 16), 0); /* no LPIs, no message-based SPIs */
		CHECK_EQ(bits(typer, 8, 8), 0);   /* no extended SPIs */
	}
	CHECK(mmio_read32(gicd_base + GICD_CTLR) & GICD_CTLR_DS);
	CHECK(mmio_read32(gicd_base + GICD_CTLR) & GICD_CTLR_ARE);
}

static void test_redist_ids(void)
{
	unsigned int i, last = 0;
	uint64_t typer;

	for (i = 0; i < cpu_count; i++) {
		if (!CHECK_SHOW(cpus[i].gicr, cpu_count, i))
			continue;
		typer = mmio_read64(cpus[i].gicr + GICR_TYPER);
		CHECK_EQ(typer >> 32, mmio_read32(cpus[i].gicr + GICR_TYPER + 4));
		CHECK_EQ(typer & 0xffffffff, mmio_read32(cpus[i].gicr + GICR_TYPER));
		CHECK_SHOW(bits(typer, 23, 8) < MAX_CPUS, i, bits(typer, 23, 8));
		last += bits(typer, 4, 4);
		CHECK_EQ(bits(mmio_read32(cpus[i].gicr + GICD_PIDR2), 7, 4), 3);
		if (dt_caisson())
			CHECK_EQ(typer & 0x3, 0); /* no LPIs */
	}
	CHECK_EQ(last, 1);
}

static void test_interface_ids(void)
{
	uint64_t ctlr = sysreg_read(ICC_CTLR_EL1);

	gic_reset();
	CHECK_EQ(sysreg_read(ICC_SRE_EL1) & 1, 1);
	CHECK_SHOW(bits(ctlr, 10, 8) >= 4, 4, bits(ctlr, 10, 8)); /* 5 bits of priority */
	CHECK_EQ(sysreg_read(ICC_RPR_EL1), 0xff);
	CHECK_EQ(sysreg_read(ICC_HPPIR1_EL1), GIC_SPURIOUS);
	CHECK_EQ(sysreg_read(ICC_HPPIR0_EL1), GIC_SPURIOUS);
	CHECK_EQ(gic_ack(), GIC_SPURIOUS);
	CHECK_EQ(sysreg_read(ICC_IAR0_EL1), GIC_SPURIOUS);
	CHECK_EQ(sysreg_read(ICC_IGRPEN1_EL1), 1);
	sysreg_write(ICC_PMR_EL1, 0x80);
	CHECK_EQ(sysreg_read(ICC_PMR_EL1), 0x80);
	sysreg_write(ICC_PMR_EL1, 0xf8);
	CHECK_EQ(sysreg_read(ICC_PMR_EL1), 0xf8);
}

/* Every bit of the enable, pending and active registers is its interrupt's, and no other's. */
static void test_bit_registers(void)
{
	static const struct {
		uint32_t set, clear;
	} pairs[] = {{GICD_ISENABLER, GICD_ICENABLER},
		     {GICD_ISPENDR, GICD_ICPENDR},
		     {GICD_ISACTIVER, GICD_ICACTIVER}};
	unsigned int p, i;
	uint32_t intid, bit;
	uint64_t at;

	gic_reset();
	sysreg_write(ICC_PMR_EL1, 0);
	for (p = 0; p < ARRAY_SIZE(pairs); p++) {
		for (i = 0; i < 17; i++) {
			intid = i == 16 ? SGI : irqlog_spare_spi(i);
			at = gic_frame(cpu_this(), intid) + intid / 32 * 4;
			bit = UINT32_C(1) << intid % 32;
			CHECK_EQ(mmio_read32(at + pairs[p].set) & bit, 0);
			mmio_write32(at + pairs[p].set, bit);
			CHECK_EQ(mmio_read32(at + pairs[p].set) & bit, bit);
			CHECK_EQ(mmio_read32(at + pairs[p].clear) & bit, bit);
			mmio_write32(at + pairs[p].set, 0);
			mmio_write32(at + pairs[p].clear, ~bit & (intid < 32 ? 0 : ~0U));
			CHECK_EQ(mmio_read32(at + pairs[p].set) & bit, bit);
			mmio_write32(at + pairs[p].clear, bit);
			CHECK_EQ(mmio_read32(at + pairs[p].set) & bit, 0);
			CHECK_EQ(mmio_read32(at + pairs[p].clear) & bit, 0);
		}
	}
	gic_reset();
}

static void test_byte_access(void)
{
	uint64_t at = gicd_base + GICD_IPRIORITYR + (spi & ~3U);
	uint64_t sgi_at = cpu_this()->gicr + GICR_SGI_BASE + GICD_IPRIORITYR;

	gic_reset();
	mmio_write32(at, 0x50607080);
	CHECK_EQ(mmio_read8(at), 0x80);
	CHECK_EQ(mmio_read8(at + 1), 0x70);
	CHECK_EQ(mmio_read8(at + 3), 0x50);
	mmio_write8(at + 2, 0x20);
	CHECK_EQ(mmio_read32(at), 0x50207080);
	mmio_write32(sgi_at, 0x10203040);
	CHECK_EQ(mmio_read8(sgi_at + 2), 0x20);
	mmio_write8(sgi_at, 0xc8);
	CHECK_EQ(mmio_read32(sgi_at), 0x102030c8);
	gic_reset();
}

static void test_router_access(void)
{
	uint64_t at = gicd_base + GICD_IROUTER + 8 * spi, mpidr = cpus[cpu_count - 1].mpidr;

	gic_reset();
	mmio_write64(at, mpidr);
	CHECK_EQ(mmio_read64(at), mpidr);
	CHECK_EQ(mmio_read32(at), mpidr & 0xffffffff);
	CHECK_EQ(mmio_read32(at + 4), mpidr >> 32);
	mmio_write32(at, 0);
	CHECK_EQ(mmio_read64(at), mpidr & ~UINT64_C(0xffffffff));
	mmio_write32(at, (uint32_t)mpidr);
	mmio_write32(at + 4, 0);
	CHECK_EQ(mmio_read64(at), mpidr & 0xffffffff);
	/* With affinity routing the registers of the older scheme are not there. */
	mmio_write32(gicd_base + GICD_ITARGETSR + spi / 4 * 4, ~0U);
	CHECK_EQ(mmio_read32(gicd_base + GICD_ITARGETSR + spi / 4 * 4), 0);
	mmio_write32(gicd_base + GICD_SGIR, 0x02000000 | SGI);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

static void test_config_access(void)
{
	uint64_t at = gicd_base + GICD_ICFGR + spi / 16 * 4;
	uint32_t shift = spi % 16 * 2;

	gic_reset();
	CHECK_EQ(mmio_read32(at) >> shift & 3, 0);
	gic_set_edge(spi, true);
	CHECK_EQ(mmio_read32(at) >> shift & 3, 2);
	gic_set_edge(spi, false);
	CHECK_EQ(mmio_read32(at) >> shift & 3, 0);
	/* SGIs are edge-triggered, whatever is written. */
	at = cpu_this()->gicr + GICR_SGI_BASE + GICD_ICFGR;
	mmio_write32(at, 0);
	CHECK_EQ(mmio_read32(at), 0xaaaaaaaa);
	gic_reset();
}

/* Offsets that IHI 0069 reserves; SPI registers of INTIDs 0 to 31 and beyond the last. */
static void test_reserved_offsets(void)
{
	static const uint32_t dist[] = {0x0020,       0x0030,     0x0078, GICD_ISENABLER,
					GICD_ISPENDR, GICD_ICFGR, 0x0e00, 0x2000,
					0x5ffc,       0x8000,     0xc000};
	static const uint32_t redist[] = {0x0030,           0x1000,  0x8000,
					  0x10000 + 0x0040, 0x11000, 0x18000};
	unsigned int i;
	uint64_t at;

	gic_reset();
	for (i = 0; i < ARRAY_SIZE(dist); i++) {
		at = gicd_base + dist[i];
		mmio_write32(at, ~0U);
		CHECK_SHOW(mmio_read32(at) == 0, dist[i], mmio_read32(at));
	}
	for (i = 0; i < ARRAY_SIZE(redist); i++) {
		at = cpu_this()->gicr + redist[i];
		mmio_write32(at, ~0U);
		CHECK_SHOW(mmio_read32(at) == 0, redist[i], mmio_read32(at));
	}
	for (i = 0; i < 32; i += 4)
		CHECK_EQ(mmio_read32(gicd_base + GICD_IPRIORITYR + i), 0);
	/* Read-only registers stay what they are. */
	at = mmio_read32(gicd_base + GICD_TYPER);
	mmio_write32(gicd_base + GICD_TYPER, 0);
	CHECK_EQ(mmio_read32(gicd_base + GICD_TYPER), at);
	gic_reset();
}

static void test_rwp(void)
{
	gic_reset();
	gic_enable(spi);
	gic_enable(SGI);
	mmio_write32(gicd_base + GICD_ICENABLER + spi / 32 * 4, UINT32_C(1) << spi % 32);
	mmio_write32(cpu_this()->gicr + GICR_SGI_BASE + GICD_ICENABLER, 1 << SGI);
	CHECK(gic_wait_rwp());
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_ARE);
	CHECK(gic_wait_rwp());
	CHECK_EQ(mmio_read32(gicd_base + GICD_CTLR) & 3, 0);
	gic_reset();
	CHECK_EQ(mmio_read32(gicd_base + GICD_CTLR) & 3, 3);
}

/* From pending to active to inactive, looked at after each step. */
static void cycle_check(uint32_t intid, void (*raise)(uint32_t intid))
{
	gic_enable(intid);
	CHECK(!gic_is_pending(intid) && !gic_is_active(intid));
	raise(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	CHECK(wait_for(sysreg_read(ICC_HPPIR1_EL1) == intid, 1000));
	CHECK_EQ(gic_ack(), intid);
	CHECK(!gic_is_pending(intid));
	CHECK(gic_is_active(intid));
	CHECK_EQ(sysreg_read(ICC_RPR_EL1), 0xa0);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	/* Active and pending: waits for the end of the first. */
	raise(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	CHECK(gic_is_active(intid));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_eoi(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	gic_eoi(intid);
	CHECK(!gic_is_pending(intid) && !gic_is_active(intid));
	CHECK_EQ(sysreg_read(ICC_RPR_EL1), 0xff);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_disable(intid);
}

static void test_cycle_sgi(void)
{
	uint32_t sgi;

	gic_reset();
	for (sgi = 0; sgi < 16; sgi++)
		cycle_check(sgi, sgi_self);
}

static void test_cycle_ppi(void)
{
	gic_reset();
	/* The timer is off: its line is low, only the written pending state counts. */
	gic_set_edge(gic_timer_virt_intid, true);
	cycle_check(gic_timer_virt_intid, gic_set_pending);
	gic_reset();
}

static void test_cycle_spi_edge(void)
{
	gic_reset();
	gic_set_edge(spi, true);
	cycle_check(spi, gic_set_pending);
}

static void test_cycle_spi_level(void)
{
	gic_reset();
	cycle_check(spi, gic_set_pending);
}

/* Twice set before the acknowledge is once; while active, once more. */
static void test_pending_merges(void)
{
	gic_reset();
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_set_pending(spi);
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack(1000), spi);
	gic_set_pending(spi);
	gic_set_pending(spi);
	gic_eoi(spi);
	CHECK_EQ(irqlog_ack(1000), spi);
	gic_eoi(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

static void pending_clear_check(uint32_t intid, void (*raise)(uint32_t intid))
{
	gic_enable(intid);
	raise(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	gic_clear_pending(intid);
	CHECK(!gic_is_pending(intid));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	/* And of one that is active too. */
	raise(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	raise(intid);
	gic_clear_pending(intid);
	CHECK(!gic_is_pending(intid));
	CHECK(gic_is_active(intid));
	gic_eoi(intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(!gic_is_active(intid));
}

static void test_pending_clear(void)
{
	gic_reset();
	pending_clear_check(SGI, sgi_self);
	gic_set_edge(spi, true);
	pending_clear_check(spi, gic_set_pending);
	gic_set_edge(gic_timer_virt_intid, true);
	pending_clear_check(gic_timer_virt_intid, gic_set_pending);
	gic_reset();
}

static void enable_check(uint32_t intid, void (*raise)(uint32_t intid))
{
	/* Pending while disabled: nothing; enabled: it comes. */
	raise(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_enable(intid);
	CHECK(wait_for(sysreg_read(ICC_HPPIR1_EL1) == intid, 1000));
	/* Disabled again while pending: withdrawn, not lost. */
	gic_disable(intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(gic_is_pending(intid));
	gic_enable(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	/* Disabled while active: the EOI still ends it. */
	gic_disable(intid);
	CHECK(gic_is_active(intid));
	gic_eoi(intid);
	CHECK(!gic_is_active(intid));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
}

static void test_enable(void)
{
	gic_reset();
	enable_check(SGI, sgi_self);
	enable_check(spi, gic_set_pending);
	gic_set_edge(spi, true);
	enable_check(spi, gic_set_pending);
	gic_set_edge(gic_timer_virt_intid, true);
	enable_check(gic_timer_virt_intid, gic_set_pending);
	gic_reset();
}

static void active_check(uint32_t intid, void (*raise)(uint32_t intid))
{
	gic_enable(intid);
	/* Made active by software: blocks delivery until made inactive. */
	gic_set_active(intid);
	CHECK(gic_is_active(intid));
	raise(intid);
	CHECK(wait_for(gic_is_pending(intid), 1000));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_clear_active(intid);
	CHECK(!gic_is_active(intid));
	CHECK_EQ(irqlog_ack(1000), intid);
	/* Made inactive after the acknowledge: the running priority still holds the next back. */
	gic_clear_active(intid);
	CHECK(!gic_is_active(intid));
	raise(intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_eoi(intid);
	CHECK_EQ(irqlog_ack(1000), intid);
	gic_eoi(intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_disable(intid);
}

static void test_active(void)
{
	gic_reset();
	active_check(SGI, sgi_self);
	active_check(spi, gic_set_pending);
	gic_set_edge(spi, true);
	active_check(spi, gic_set_pending);
	gic_set_edge(gic_timer_virt_intid, true);
	active_check(gic_timer_virt_intid, gic_set_pending);
	gic_reset();
}

/* A level that stays comes again after each EOI; gone, it does not. */
static void test_level_ppi(void)
{
	unsigned int i;

	gic_reset();
	gic_enable(gic_timer_virt_intid);
	sysreg_write(cntv_cval_el0, time_now());
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	for (i = 0; i < 3; i++) {
		CHECK_EQ(irqlog_ack(1000), gic_timer_virt_intid);
		CHECK(gic_is_active(gic_timer_virt_intid));
		gic_eoi(gic_timer_virt_intid);
	}
	CHECK(wait_for(gic_is_pending(gic_timer_virt_intid), 1000));
	/* Clearing the pending state does not lower the line. */
	gic_clear_pending(gic_timer_virt_intid);
	CHECK(gic_is_pending(gic_timer_virt_intid));
	CHECK_EQ(irqlog_ack(1000), gic_timer_virt_intid);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	gic_eoi(gic_timer_virt_intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(!gic_is_pending(gic_timer_virt_intid));
	gic_reset();
}

/* A level withdrawn before the acknowledge leaves nothing behind. */
static void test_level_withdrawn(void)
{
	gic_reset();
	sysreg_write(cntv_cval_el0, time_now());
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	CHECK(wait_for(gic_is_pending(gic_timer_virt_intid), 1000));
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	CHECK(wait_for(!gic_is_pending(gic_timer_virt_intid), 1000));
	gic_enable(gic_timer_virt_intid);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

/* The console's transmit interrupt: the level of a device. */
static void test_level_spi(void)
{
	unsigned int i;

	if (!console_is_pl011 || !console_intid) {
		check_skip("no PL011 with an interrupt");
		return;
	}
	gic_reset();
	gic_enable(console_intid);
	mmio_write32(console_base + UART_ICR, 0x7ff);
	mmio_write32(console_base + UART_IMSC, 0);
	print("\n");
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	mmio_write32(console_base + UART_IMSC, UART_TXIM);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(irqlog_ack(1000), console_intid);
		gic_eoi(console_intid);
	}
	CHECK(wait_for(gic_is_pending(console_intid), 1000));
	mmio_write32(console_base + UART_IMSC, 0);
	CHECK(wait_for(!gic_is_pending(console_intid), 1000));
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	gic_reset();
}

/* Group 0 is signalled as FIQ, Group 1 as IRQ, each acknowledged by its own register. */
static void test_groups(void)
{
	gic_reset();
	gic_set_group(SGI, 0);
	gic_enable(SGI);
	gic_set_pending(SGI);
	CHECK(wait_for(sysreg_read(ICC_HPPIR0_EL1) == SGI, 1000));
	CHECK_EQ(gic_ack(), GIC_SPURIOUS);
	CHECK_EQ(sysreg_read(ICC_IAR0_EL1), SGI);
	sysreg_write(ICC_EOIR0_EL1, SGI);
	isb();
	CHECK(!gic_is_active(SGI));

	gic_set_group(spi, 0);
	gic_enable(spi);
	irqlog_start(NULL);
	irq_enable();
	gic_set_pending(spi);
	CHECK(wait_for(irqlog_count(cpu_this()->index) == 1, 1000));
	CHECK_EQ(irqlogs[0].entry[0], spi | IRQLOG_FIQ);
	gic_set_group(spi, 1);
	gic_set_pending(spi);
	CHECK(wait_for(irqlog_count(cpu_this()->index) == 2, 1000));
	CHECK_EQ(irqlogs[0].entry[1], spi);
	irqlog_stop();
	CHECK_EQ(irqlogs[0].spurious, 0);
	gic_reset();
}

/* Each of the enables of a group holds its interrupts back without losing them. */
static void test_group_enables(void)
{
	gic_reset();
	gic_enable(spi);
	sysreg_write(ICC_IGRPEN1_EL1, 0);
	isb();
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
	CHECK_EQ(irqlog_ack(1000), spi);
	gic_eoi(spi);
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP0);
	(void)gic_wait_rwp();
	gic_set_pending(spi);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	(void)gic_wait_rwp();
	CHECK_EQ(irqlog_ack(1000), spi);
	gic_eoi(spi);
	gic_reset();
}

/* Clearing what is not set has no effect on what comes later, whoever came in between. */
static void test_clear_idle(void)
{
	uint32_t other = irqlog_spare_spi(1);
	unsigned int round;

	gic_reset();
	gic_set_edge(spi, true);
	gic_set_edge(other, true);
	gic_enable(spi);
	gic_enable(other);
	for (round = 0; round < 4; round++) {
		gic_set_pending(spi);
		CHECK_EQ(irqlog_ack(1000), spi);
		gic_eoi(spi);
		gic_set_pending(other);
		CHECK_EQ(irqlog_ack(1000), other);
		gic_eoi(other);
		if (round & 1)
			gic_clear_active(spi);
		else
			gic_clear_pending(spi);
		gic_set_pending(spi);
		CHECK(wait_for(gic_is_pending(spi), 1000));
		CHECK_EQ(irqlog_ack(1000), spi);
		CHECK(gic_is_active(spi));
		CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
		gic_eoi(spi);
		CHECK(!gic_is_active(spi));
	}
}

/* Every SPI that no device uses comes when set pending. */
static void test_all_spis(void)
{
	unsigned int i;
	uint32_t intid;

	gic_reset();
	for (i = 0; (intid = irqlog_spare_spi(i)) != 0; i++) {
		gic_enable(intid);
		gic_set_pending(intid);
		CHECK_EQ(irqlog_ack(1000), intid);
		gic_eoi(intid);
		gic_disable(intid);
	}
	CHECK(i > 0);
}

/* WFI ends by an interrupt that PSTATE masks. */
static void test_wfi_masked(void)
{
	gic_reset();
	gic_enable(SGI);
	sgi_self(SGI);
	wfi();
	CHECK_EQ(irqlog_ack(1000), SGI);
	gic_eoi(SGI);
}

static const struct test tests[] = {
	{"gicd-ids", test_dist_ids},
	{"gicr-ids", test_redist_ids},
	{"gic-interface-ids", test_interface_ids},
	{"gic-bit-registers", test_bit_registers},
	{"gic-byte-access", test_byte_access},
	{"gic-router-access", test_router_access},
	{"gic-config-access", test_config_access},
	{"gic-reserved-offsets", test_reserved_offsets},
	{"gic-rwp", test_rwp},
	{"gic-cycle-sgi", test_cycle_sgi},
	{"gic-cycle-ppi", test_cycle_ppi},
	{"gic-cycle-spi-edge", test_cycle_spi_edge},
	{"gic-cycle-spi-level", test_cycle_spi_level},
	{"gic-pending-merges", test_pending_merges},
	{"gic-pending-clear", test_pending_clear},
	{"gic-enable", test_enable},
	{"gic-active", test_active},
	{"gic-level-ppi", test_level_ppi},
	{"gic-level-withdrawn", test_level_withdrawn},
	{"gic-level-spi", test_level_spi},
	{"gic-groups", test_groups},
	{"gic-group-enables", test_group_enables},
	{"gic-clear-idle", test_clear_idle},
	{"gic-all-spis", test_all_spis},
	{"gic-wfi-masked", test_wfi_masked},
};

void payload_main(void)
{
	gic_reset();
	spi = irqlog_spare_spi(0);
	check_run(tests, ARRAY_SIZE(tests));
}
