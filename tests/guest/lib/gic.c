// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/smp.h"

#define GICR_FRAME_BYTES  0x20000
#define GICR_TYPER_VLPIS  0x2
#define GICR_TYPER_LAST   0x10
#define GICR_WAKER_SLEEP  0x2
#define GICR_WAKER_ASLEEP 0x4
#define GICR_CTLR_RWP     0x8
#define ICC_SRE_SRE       0x7
#define ICC_CTLR_EOIMODE  0x2
#define PRIORITY_DEFAULT  0xa0
#define RWP_TIMEOUT_MS    1000

uint64_t gicd_base, gicd_bytes, gicr_base, gicr_bytes, gicc_base;
uint32_t gic_timer_virt_intid = 27, gic_timer_phys_intid = 30;

/* GICR_TYPER's affinity field for MPIDR affinity fields. */
static uint64_t typer_affinity(uint64_t mpidr)
{
	return bits(mpidr, 39, 32) << 24 | bits(mpidr, 23, 0);
}

static uint64_t frame_find(uint64_t base, uint64_t bytes, uint64_t stride, uint64_t mpidr)
{
	uint64_t at, typer, step;

	for (at = base; at + GICR_FRAME_BYTES <= base + bytes; at += step) {
		typer = mmio_read64(at + GICR_TYPER);
		step = stride ? stride : GICR_FRAME_BYTES * (typer & GICR_TYPER_VLPIS ? 2 : 1);
		if (typer >> 32 == typer_affinity(mpidr))
			return at;
		if (typer & GICR_TYPER_LAST)
			break;
	}
	return 0;
}

static bool find_v2(void)
{
	struct dt_node node;
	uint64_t base, bytes;
	unsigned int c;

	/* Each search from where the last one ended would miss one. */
	if ((!dt_root(&node) || !dt_find_compatible("arm,gic-400", &node)) &&
	    (!dt_root(&node) || !dt_find_compatible("arm,cortex-a15-gic", &node)))
		return false;
	if (!dt_reg(&node, 0, &gicd_base, &gicd_bytes) || !dt_reg(&node, 1, &base, &bytes))
		return false;
	gicc_base = base;
	for (c = 0; c < cpu_count; c++)
		cpus[c].gic_mask = 1U << c; /* until it knows better */
	return true;
}

bool gic_init(void)
{
	struct dt_node node;
	uint64_t base, bytes;
	uint32_t stride[2] = {0, 0}, regions = 1, i;
	unsigned int c;

	if (dt_root(&node) && dt_find_compatible("arm,armv8-timer", &node)) {
		gic_timer_phys_intid = dt_intid(&node, 1, NULL);
		gic_timer_virt_intid = dt_intid(&node, 2, NULL);
	}
	if (find_v2())
		return true;
	if (!dt_root(&node) || !dt_find_compatible("arm,gic-v3", &node) ||
	    !dt_reg(&node, 0, &gicd_base, &gicd_bytes) ||
	    !dt_reg(&node, 1, &gicr_base, &gicr_bytes))
		return false;
	(void)dt_prop_u32(&node, "#redistributor-regions", 0, &regions);
	(void)dt_prop_u32(&node, "redistributor-stride", 1, &stride[1]);
	for (c = 0; c < cpu_count; c++) {
		cpus[c].gicr = 0;
		for (i = 0; i < regions && !cpus[c].gicr; i++)
			if (dt_reg(&node, 1 + i, &base, &bytes))
				cpus[c].gicr = frame_find(base, bytes, stride[1], cpus[c].mpidr);
	}
	return cpus[0].gicr != 0;
}

uint32_t gic_intids(void)
{
	uint32_t intids = 32 * ((mmio_read32(gicd_base + GICD_TYPER) & 31) + 1);

	return intids > 1020 ? 1020 : intids;
}

bool gic_wait_rwp(void)
{
	if (gicc_base)
		return true;
	return wait_for(!(mmio_read32(gicd_base + GICD_CTLR) & GICD_CTLR_RWP) &&
				!(mmio_read32(cpu_this()->gicr + GICR_CTLR) & GICR_CTLR_RWP),
			RWP_TIMEOUT_MS);
}

/* 32 INTIDs of a frame: off, inactive, not pending, Group 1, default priority, level. */
static void bank_reset(uint64_t frame, uint32_t bank)
{
	uint32_t i;

	mmio_write32(frame + GICD_ICENABLER + 4 * bank, ~0U);
	mmio_write32(frame + GICD_ICPENDR + 4 * bank, ~0U);
	mmio_write32(frame + GICD_ICACTIVER + 4 * bank, ~0U);
	mmio_write32(frame + GICD_IGROUPR + 4 * bank, gicc_base ? 0 : ~0U);
	mmio_write32(frame + GICD_IGRPMODR + 4 * bank, 0);
	for (i = 0; i < 32; i += 4)
		mmio_write32(frame + GICD_IPRIORITYR + 32 * bank + i,
			     PRIORITY_DEFAULT * 0x01010101U);
	mmio_write32(frame + GICD_ICFGR + 8 * bank, 0);
	mmio_write32(frame + GICD_ICFGR + 8 * bank + 4, 0);
}

static void v2_init_dist(void)
{
	uint32_t bank, intid;

	mmio_write32(gicd_base + GICD_CTLR, 0);
	for (bank = 1; bank < (gic_intids() + 31) / 32; bank++)
		bank_reset(gicd_base, bank);
	for (intid = 32; intid < gic_intids(); intid++)
		mmio_write8(gicd_base + GICD_ITARGETSR + intid, (uint8_t)cpus[0].gic_mask);
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
}

static void v2_init_cpu(void)
{
	uint32_t i;

	bank_reset(gicd_base, 0);
	for (i = 0; i < 16; i += 4)
		mmio_write32(gicd_base + GICD_CPENDSGIR + i, ~0U);
	/* A GIC of one CPU reads as 0. */
	i = mmio_read8(gicd_base + GICD_ITARGETSR);
	cpu_this()->gic_mask = i ? i : 1;
	mmio_write32(gicc_base + GICC_PMR, 0xff);
	mmio_write32(gicc_base + GICC_BPR, 0);
	mmio_write32(gicc_base + GICC_CTLR, GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
}

void gic_init_dist(void)
{
	uint32_t bank, banks = (gic_intids() + 31) / 32, intid;

	if (gicc_base) {
		v2_init_dist();
		return;
	}
	mmio_write32(gicd_base + GICD_CTLR, 0);
	(void)gic_wait_rwp();
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_ARE);
	(void)gic_wait_rwp();
	for (bank = 1; bank < banks; bank++)
		bank_reset(gicd_base, bank);
	for (intid = 32; intid < gic_intids(); intid++)
		mmio_write64(gicd_base + GICD_IROUTER + 8 * intid, cpus[0].mpidr);
	mmio_write32(gicd_base + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	(void)gic_wait_rwp();
}

static void v3_init_cpu(void)
{
	uint64_t gicr = cpu_this()->gicr;

	mmio_write32(gicr + GICR_WAKER, mmio_read32(gicr + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	(void)wait_for(!(mmio_read32(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP), RWP_TIMEOUT_MS);
	bank_reset(gicr + GICR_SGI_BASE, 0);
	(void)gic_wait_rwp();
	sysreg_write(ICC_SRE_EL1, ICC_SRE_SRE);
	isb();
	sysreg_write(ICC_CTLR_EL1, 0);
	sysreg_write(ICC_PMR_EL1, 0xff);
	sysreg_write(ICC_BPR0_EL1, 0);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_IGRPEN0_EL1, 1);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

void gic_init_cpu(void)
{
	if (gicc_base)
		v2_init_cpu();
	else
		v3_init_cpu();
	if (smp_wake_sgi) {
		/* Also wakes a CPU that has another interrupt active. */
		gic_set_priority(SMP_WAKE_SGI, 0);
		gic_enable(SMP_WAKE_SGI);
	}
}

void gic_reset_cpu(void)
{
	if (gicc_base) {
		mmio_write32(gicc_base + GICC_CTLR, 0);
		mmio_write32(gicc_base + GICC_APR0, 0);
		gic_init_cpu();
		return;
	}
	sysreg_write(ICC_CTLR_EL1, 0);
	sysreg_write(ICC_AP1R0_EL1, 0);
	sysreg_write(ICC_AP0R0_EL1, 0);
	isb();
	gic_init_cpu();
}

void gic_reset(void)
{
	gic_init_dist();
	gic_reset_cpu();
}

uint64_t gic_frame(const struct cpu *c, uint32_t intid)
{
	return intid < 32 && !gicc_base ? c->gicr + GICR_SGI_BASE : gicd_base;
}

static void bit_write(uint32_t reg, uint32_t intid)
{
	uint64_t frame = gic_frame(cpu_this(), intid);

	mmio_write32(frame + reg + intid / 32 * 4, UINT32_C(1) << (intid % 32));
	dsb();
}

static bool bit_read(uint32_t reg, uint32_t intid)
{
	uint64_t frame = gic_frame(cpu_this(), intid);

	return mmio_read32(frame + reg + intid / 32 * 4) >> (intid % 32) & 1;
}

void gic_enable(uint32_t intid)
{
	bit_write(GICD_ISENABLER, intid);
}

void gic_disable(uint32_t intid)
{
	bit_write(GICD_ICENABLER, intid);
	(void)gic_wait_rwp();
}

/* A GICv2's SGIs: from this CPU; from all. */
void gic_set_pending(uint32_t intid)
{
	if (gicc_base && intid < 16)
		mmio_write8(gicd_base + GICD_SPENDSGIR + intid, (uint8_t)cpu_this()->gic_mask);
	else
		bit_write(GICD_ISPENDR, intid);
}

void gic_clear_pending(uint32_t intid)
{
	if (gicc_base && intid < 16)
		mmio_write8(gicd_base + GICD_CPENDSGIR + intid, 0xff);
	else
		bit_write(GICD_ICPENDR, intid);
}

void gic_set_active(uint32_t intid)
{
	bit_write(GICD_ISACTIVER, intid);
}

void gic_clear_active(uint32_t intid)
{
	bit_write(GICD_ICACTIVER, intid);
}

bool gic_is_enabled(uint32_t intid)
{
	return bit_read(GICD_ISENABLER, intid);
}

bool gic_is_pending(uint32_t intid)
{
	return bit_read(GICD_ISPENDR, intid);
}

bool gic_is_active(uint32_t intid)
{
	return bit_read(GICD_ISACTIVER, intid);
}

void gic_set_priority(uint32_t intid, uint8_t priority)
{
	mmio_write8(gic_frame(cpu_this(), intid) + GICD_IPRIORITYR + intid, priority);
}

/* Read-modify-write of a field of 1 << shift_bits bits; reg holds 32 >> shift_bits INTIDs. */
static void field_write(uint64_t reg, uint32_t bit, uint32_t mask, uint32_t value)
{
	uint32_t old = mmio_read32(reg);

	mmio_write32(reg, (old & ~(mask << bit)) | value << bit);
}

void gic_set_group(uint32_t intid, unsigned int group)
{
	uint64_t frame = gic_frame(cpu_this(), intid);

	field_write(frame + GICD_IGROUPR + intid / 32 * 4, intid % 32, 1, group);
}

void gic_set_edge(uint32_t intid, bool edge)
{
	uint64_t frame = gic_frame(cpu_this(), intid);

	field_write(frame + GICD_ICFGR + intid / 16 * 4, intid % 16 * 2, 3, edge ? 2 : 0);
}

static uint32_t v2_mask(uint64_t mpidr)
{
	unsigned int c;

	for (c = 0; c < cpu_count; c++)
		if (cpus[c].mpidr == mpidr)
			return cpus[c].gic_mask;
	return 0;
}

void gic_route(uint32_t intid, uint64_t router)
{
	if (gicc_base) {
		mmio_write8(gicd_base + GICD_ITARGETSR + intid, (uint8_t)v2_mask(router));
		return;
	}
	mmio_write64(gicd_base + GICD_IROUTER + 8 * intid, router);
}

void gic_sgi_send(uint32_t sgi, uint64_t mpidr)
{
	uint64_t aff0 = mpidr & 0xff;

	dsb();
	if (gicc_base) {
		mmio_write32(gicd_base + GICD_SGIR, v2_mask(mpidr) << 16 | sgi);
		return;
	}
	sysreg_write(ICC_SGI1R_EL1, bits(mpidr, 39, 32) << 48 | (aff0 >> 4) << 44 |
					    bits(mpidr, 23, 16) << 32 | (uint64_t)sgi << 24 |
					    bits(mpidr, 15, 8) << 16 | UINT64_C(1) << (aff0 & 15));
	isb();
}

void gic_sgi_send_others(uint32_t sgi)
{
	dsb();
	if (gicc_base) {
		mmio_write32(gicd_base + GICD_SGIR, 1U << 24 | sgi);
		return;
	}
	sysreg_write(ICC_SGI1R_EL1, UINT64_C(1) << 40 | (uint64_t)sgi << 24);
	isb();
}

uint32_t gicv2_ack(void)
{
	uint32_t iar = mmio_read32(gicc_base + GICC_IAR);

	if ((iar & 0x3ff) < 16)
		cpu_this()->sgi_from[iar & 0x3ff] = (uint8_t)bits(iar, 12, 10);
	return iar & 0x3ff;
}

uint32_t gicv2_value(uint32_t intid)
{
	return intid < 16 ? intid | (uint32_t)cpu_this()->sgi_from[intid] << 10 : intid;
}

void gic_set_eoimode(bool split)
{
	if (gicc_base) {
		mmio_write32(gicc_base + GICC_CTLR,
			     GICD_CTLR_GRP0 | GICD_CTLR_GRP1 | (split ? GICC_CTLR_EOIMODE : 0));
		return;
	}
	sysreg_write(ICC_CTLR_EL1, split ? ICC_CTLR_EOIMODE : 0);
	isb();
}
