/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/gicdist.h"

#include "arch/aarch64/barrier.h"
#include "hyp/core/percpu.h"

#define PIDR2_ARCH_REV(pidr2) ((pidr2) >> 4 & 0xf)

static uint64_t redistributor[BOOT_MAX_CPUS];
static uint64_t kick_sgi1r[BOOT_MAX_CPUS]; /* what to write to ICC_SGI1R_EL1 */

static uint64_t affinity(uint64_t typer)
{
	uint64_t a = typer >> 32;

	return (a & 0xffffff) | (a & 0xff000000) << 8; /* Aff3 is at bit 32 of an MPIDR */
}

static void redistributor_found(const struct bootinfo *bi, uint64_t rd_base, uint64_t typer)
{
	uint64_t mpidr = affinity(typer);
	uint32_t i;

	for (i = 0; i < bi->cpu_count; i++) {
		if (bi->cpu[i].mpidr == mpidr)
			redistributor[i] = rd_base;
	}
}

static enum err redistributors_find(const struct bootinfo *bi)
{
	uint32_t r, i;

	for (r = 0; r < bi->gicr_count && r < ARRAY_SIZE(bi->gicr); r++) {
		uint64_t offset = 0;
		uint64_t typer = 0;

		while (bits_contains(0, bi->gicr[r].bytes, offset, GICR_FRAME_BYTES) &&
		       !(typer & GICR_TYPER_LAST)) {
			typer = mmio_read64(bi->gicr[r].base + offset + GICR_TYPER);
			redistributor_found(bi, bi->gicr[r].base + offset, typer);
			if (bi->gicr_stride >= GICR_FRAME_BYTES)
				offset += bi->gicr_stride;
			else
				offset += GICR_FRAME_BYTES << (typer & GICR_TYPER_VLPIS ? 1 : 0);
		}
	}
	for (i = 0; i < bi->cpu_count; i++) {
		uint64_t m = bi->cpu[i].mpidr;

		if (!redistributor[i])
			return ERR_NOT_FOUND;
		/* Aff3.Aff2.Aff1, range selector and bit for Aff0 (IHI 0069 12.2.24). */
		gicdist.private_frame[i] = redistributor[i] + GICR_SGI_BASE;
		kick_sgi1r[i] = bits_get(m, 39, 32) << 48 | bits_get(m, 23, 16) << 32 |
				bits_get(m, 15, 8) << 16 | bits_get(m, 7, 4) << 44 | BIT(m & 0xf) |
				(uint64_t)GIC_SGI_KICK << 24;
	}
	return ERR_OK;
}

static void distributor_reset(uint64_t gicd, uint64_t boot_mpidr)
{
	uint32_t i;

	gicdist_reset_spis();
	for (i = 1; i < (gicdist.intid_count + 31) / 32; i++) {
		mmio_write32(gicd + GICD_IGROUPR + i * 4, ~0u);
		mmio_write32(gicd + GICD_IGRPMODR + i * 4, 0);
	}
	for (i = 32; i < gicdist.intid_count; i++)
		gic_route_set(i, boot_mpidr);
}

enum err gicv3_init(const struct bootinfo *bi)
{
	uint64_t gicd = bi->gicd.base;
	uint32_t arch_rev;
	uint32_t lines;
	enum err err;

	if (bi->gicd.bytes < KIB(64))
		return ERR_INVALID;
	gicdist.gicd = gicd;
	arch_rev = PIDR2_ARCH_REV(mmio_read32(gicd + GICD_PIDR2));
	if (arch_rev != 3 && arch_rev != 4)
		return ERR_UNSUPPORTED;
	lines = 32 * ((mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1);
	gicdist.intid_count = lines < GIC_SPURIOUS ? lines : GIC_SPURIOUS;
	err = redistributors_find(bi);
	if (err != ERR_OK)
		return err;

	mmio_write32(gicd + GICD_CTLR, 0);
	if (!gicdist_poll_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
		return ERR_BUSY;
	/* Affinity routing first: IROUTER and the groups mean nothing without it. */
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE_NS);
	distributor_reset(gicd, bi->cpu[0].mpidr);
	if (!gicdist_poll_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
		return ERR_BUSY;
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_GRP1A);
	return ERR_OK;
}

static enum err redistributor_reset(uint64_t rd_base)
{
	uint64_t sgi_base = rd_base + GICR_SGI_BASE;
	uint32_t i;

	mmio_write32(rd_base + GICR_WAKER,
		     mmio_read32(rd_base + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
	if (!gicdist_poll_clear(rd_base + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP))
		return ERR_BUSY;
	mmio_write32(rd_base + GICR_CTLR,
		     mmio_read32(rd_base + GICR_CTLR) & ~GICR_CTLR_ENABLE_LPIS);
	mmio_write32(sgi_base + GICD_ICENABLER, ~0u);
	mmio_write32(sgi_base + GICD_ICPENDR, ~0u);
	mmio_write32(sgi_base + GICD_ICACTIVER, ~0u);
	mmio_write32(sgi_base + GICD_IGROUPR, ~0u);
	mmio_write32(sgi_base + GICD_IGRPMODR, 0);
	mmio_write32(sgi_base + GICD_ICFGR + 4, 0);
	for (i = 0; i < 32; i += 4)
		mmio_write32(sgi_base + GICD_IPRIORITYR + i, GICDIST_PRIORITY_WORD);
	if (!gicdist_poll_clear(rd_base + GICR_CTLR, GICR_CTLR_RWP))
		return ERR_BUSY;
	mmio_write32(sgi_base + GICD_ISENABLER, 1u << GIC_SGI_KICK);
	if (!(mmio_read32(sgi_base + GICD_ISENABLER) & 1u << GIC_SGI_KICK) ||
	    (mmio_read32(rd_base + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS))
		return ERR_UNSUPPORTED;
	return ERR_OK;
}

enum err gicv3_init_cpu(void)
{
	struct percpu *p = percpu_this();
	enum err err;

	p->gicr = redistributor[p->index];
	sysreg_write(ICC_SRE_EL2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_ENABLE);
	isb();
	if (!(sysreg_read(ICC_SRE_EL2) & ICC_SRE_SRE))
		return ERR_UNSUPPORTED;
	err = redistributor_reset(p->gicr);
	if (err != ERR_OK)
		return err;
	sysreg_write(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	sysreg_write(ICC_PMR_EL1, 0xff);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_AP1R0_EL1, 0);
	if (mmio_read32(gicdist.gicd + GICD_CTLR) &
	    GICD_CTLR_DS) /* Group 0 is ours too: nothing uses it */
		sysreg_write(ICC_IGRPEN0_EL1, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
	return ERR_OK;
}

uint64_t gic_redistributor(uint32_t cpu)
{
	return redistributor[cpu];
}

void gicv3_kick(uint32_t index)
{
	dsb(ishst);
	sysreg_write(ICC_SGI1R_EL1, kick_sgi1r[index]);
}
