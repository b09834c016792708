/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2. A CPU's number in it is told by the hardware, to that CPU only: what is to name the CPU
 * and was written before it was known is written again by the CPU itself (gicv2_init_cpu()).
 */
#include "hyp/core/gicdist.h"

#include "arch/aarch64/barrier.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"

#define MAX_CPUS 8

static uint8_t cpu_mask[MAX_CPUS];  /* a CPU's bit in GICD_ITARGETSR; 0: not known yet */
static uint8_t route[GIC_SPURIOUS]; /* of SPIs: CPU */

enum err gicv2_init(const struct bootinfo *bi)
{
	uint64_t gicd = bi->gicd.base;
	uint32_t lines;
	uint32_t i;

	if (bi->cpu_count > MAX_CPUS)
		return ERR_RANGE;
	if (bi->gicc.bytes < bi->gicc_second + KIB(4) || bi->gich.bytes < KIB(4) ||
	    bi->gicd.bytes < KIB(4))
		return ERR_INVALID;
	if (GICC_IIDR_ARCH(mmio_read32(bi->gicc.base + GICC_IIDR)) != 2)
		return ERR_UNSUPPORTED;
	gicv2.gicc = bi->gicc.base;
	gicv2.dir = bi->gicc.base + bi->gicc_second;
	gicv2.gich = bi->gich.base;
	gicdist.gicd = gicd;
	lines = 32 * ((mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1);
	gicdist.intid_count = lines < GIC_SPURIOUS ? lines : GIC_SPURIOUS;
	for (i = 0; i < bi->cpu_count; i++)
		gicdist.private_frame[i] = gicd;
	mmio_write32(gicd + GICD_CTLR, 0);
	gicdist_reset_spis();
	/* With security extensions these are firmware's and ignore it: what is ours is Group 1. */
	for (i = 1; i < (gicdist.intid_count + 31) / 32; i++)
		mmio_write32(gicd + GICD_IGROUPR + i * 4, 0);
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ENABLE);
	return ERR_OK;
}

/*
 * A CPU that could have GICv3's system registers, too, works with a GICv2 while ICC_SRE_EL2.SRE is
 * 0, for EL2 and, by GICV, for guests; to put it back from 1 is UNPREDICTABLE (DDI 0487,
 * ICC_SRE_EL2). It is for firmware to leave it 0 where its table describes a GICv2 (booting.rst of
 * Linux).
 */
static bool uses_system_registers(void)
{
	if (!bits_get(sysreg_read(id_aa64pfr0_el1), 27, 24) ||
	    !(sysreg_read(ICC_SRE_EL2) & ICC_SRE_SRE))
		return false;
	log_printf(LOG_ERROR,
		   "CPU %u: firmware describes a GICv2, but has switched the CPU to a "
		   "GICv3's system registers (ICC_SRE_EL2 is 0x%lx)",
		   percpu_this()->index, sysreg_read(ICC_SRE_EL2));
	return true;
}

/* This CPU's SGIs and PPIs. */
static void private_reset(uint64_t gicd)
{
	uint32_t i;

	mmio_write32(gicd + GICD_ICENABLER, ~0u);
	mmio_write32(gicd + GICD_ICPENDR, ~0u);
	mmio_write32(gicd + GICD_ICACTIVER, ~0u);
	mmio_write32(gicd + GICD_IGROUPR, 0);
	mmio_write32(gicd + GICD_ICFGR + 4, 0);
	for (i = 0; i < 16; i += 4)
		mmio_write32(gicd + GICD_CPENDSGIR + i, ~0u);
	for (i = 0; i < 32; i += 4)
		mmio_write32(gicd + GICD_IPRIORITYR + i, GICDIST_PRIORITY_WORD);
	mmio_write32(gicd + GICD_ISENABLER, 1u << GIC_SGI_KICK);
}

/* SPIs that were routed here before the mask was known. */
static void routes_follow(uint32_t index)
{
	uint32_t i;

	for (i = 32; i < gicdist.intid_count; i++) {
		if (__atomic_load_n(&route[i], __ATOMIC_RELAXED) == index)
			mmio_write8(gicdist.gicd + GICD_ITARGETSR + i, cpu_mask[index]);
	}
}

enum err gicv2_init_cpu(void)
{
	uint32_t index = percpu_this()->index;
	uint64_t gicd = gicdist.gicd;
	uint32_t ctlr, i;
	uint8_t mask;

	if (uses_system_registers())
		return ERR_UNSUPPORTED;
	private_reset(gicd);
	/* The kick's own field: those of firmware's interrupts read as 0 (IHI 0048 4.3.12). */
	mask = mmio_read8(gicd + GICD_ITARGETSR + GIC_SGI_KICK);
	if (!mask && percpu_count() == 1)
		mask = 1; /* a GIC of one CPU has no targets (IHI 0048 4.3.12) */
	if (!(mmio_read32(gicd + GICD_ISENABLER) & 1u << GIC_SGI_KICK) || !mask)
		return ERR_UNSUPPORTED;
	mmio_write32(gicv2.gicc + GICC_PMR, 0xff);
	mmio_write32(gicv2.gicc + GICC_BPR, 0);
	for (i = 0; i < 16; i += 4)
		mmio_write32(gicv2.gicc + GICC_APR0 + i, 0);
	ctlr = mmio_read32(gicv2.gicc + GICC_CTLR) & GICC_CTLR_BYPASS_MASK;
	mmio_write32(gicv2.gicc + GICC_CTLR, ctlr | GICC_CTLR_EOIMODE | GICC_CTLR_ENABLE);
	if (!(mmio_read32(gicv2.gicc + GICC_CTLR) & GICC_CTLR_EOIMODE))
		return ERR_UNSUPPORTED;
	__atomic_store_n(&cpu_mask[index], mask, __ATOMIC_RELAXED);
	dmb(ish); /* the mask, then a look at the routes: gicv2_route() has it the other way round
		   */
	routes_follow(index);
	return ERR_OK;
}

void gicv2_route(uint32_t intid, uint64_t mpidr)
{
	uint32_t i;

	for (i = 0; i < percpu_count() && i < MAX_CPUS; i++) {
		if (percpu_get(i)->mpidr != mpidr)
			continue;
		__atomic_store_n(&route[intid], (uint8_t)i, __ATOMIC_RELAXED);
		dmb(ish);
		mmio_write8(gicdist.gicd + GICD_ITARGETSR + intid,
			    __atomic_load_n(&cpu_mask[i], __ATOMIC_RELAXED));
		return;
	}
}

void gicv2_kick(uint32_t index)
{
	uint32_t mask;

	/* Before the look at the mask, too: a CPU that has none yet will see what was written. */
	dsb(ishst);
	mask = __atomic_load_n(&cpu_mask[index], __ATOMIC_RELAXED);
	mmio_write32(gicdist.gicd + GICD_SGIR, mask << GICD_SGIR_TARGETS_SHIFT | GIC_SGI_KICK);
}
