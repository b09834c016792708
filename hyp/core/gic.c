/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/gic.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/gicv3.h"
#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/lock.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"

#define MAX_HANDLERS 16
#define MAX_POLLS    1000000 /* reads of a register that settles within microseconds */

/* All physical interrupts have one priority; what the guest's have is the virtual interface's. */
#define PRIORITY_WORD 0xa0a0a0a0u

#define PIDR2_ARCH_REV(pidr2) ((pidr2) >> 4 & 0xf)

static uint64_t gicd;
static uint32_t intid_count;
static uint64_t redistributor[BOOT_MAX_CPUS];
static uint64_t kick_sgi1r[BOOT_MAX_CPUS]; /* what to write to ICC_SGI1R_EL1 */
static struct spinlock config_lock = SPINLOCK_INIT(LOCK_GIC);

/* EL2's own interrupts; slot 0 is nobody's. Written before the interrupt is enabled. */
static uint8_t handler_slot[GIC_SPURIOUS];
static struct {
	gic_handler_fn *run;
	void *ctx;
} handlers[MAX_HANDLERS];
static uint32_t handler_count = 1;

static bool poll_clear(uint64_t reg, uint32_t mask)
{
	uint32_t polls;

	for (polls = 0; polls < MAX_POLLS; polls++) {
		if (!(mmio_read32(reg) & mask))
			return true;
	}
	return false;
}

/* The frame that holds the registers of an INTID: the distributor, or CPU cpu's SGI_base. */
static inline uint64_t frame(uint32_t cpu, uint32_t intid)
{
	return intid < 32 ? redistributor[cpu] + GICR_SGI_BASE : gicd;
}

/* One INTID's bit in one of the set/clear register groups. */
static inline void write_bit(uint32_t cpu, uint32_t intid, uint32_t group)
{
	mmio_write32(frame(cpu, intid) + group + intid / 32 * 4, 1u << (intid % 32));
}

static inline bool read_bit(uint32_t cpu, uint32_t intid, uint32_t group)
{
	return mmio_read32(frame(cpu, intid) + group + intid / 32 * 4) >> (intid % 32) & 1;
}

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
		kick_sgi1r[i] = bits_get(m, 39, 32) << 48 | bits_get(m, 23, 16) << 32 |
				bits_get(m, 15, 8) << 16 | bits_get(m, 7, 4) << 44 | BIT(m & 0xf) |
				(uint64_t)GIC_SGI_KICK << 24;
	}
	return ERR_OK;
}

static void distributor_reset(uint64_t boot_mpidr)
{
	uint32_t i;

	for (i = 1; i < (intid_count + 31) / 32; i++) {
		mmio_write32(gicd + GICD_ICENABLER + i * 4, ~0u);
		mmio_write32(gicd + GICD_ICPENDR + i * 4, ~0u);
		mmio_write32(gicd + GICD_ICACTIVER + i * 4, ~0u);
		mmio_write32(gicd + GICD_IGROUPR + i * 4, ~0u);
		mmio_write32(gicd + GICD_IGRPMODR + i * 4, 0);
		mmio_write32(gicd + GICD_ICFGR + i * 8, 0);
		mmio_write32(gicd + GICD_ICFGR + i * 8 + 4, 0);
	}
	for (i = 32; i < intid_count; i += 4)
		mmio_write32(gicd + GICD_IPRIORITYR + i, PRIORITY_WORD);
	for (i = 32; i < intid_count; i++)
		gic_route_set(i, boot_mpidr);
}

enum err gic_init(const struct bootinfo *bi)
{
	uint32_t arch_rev;
	uint32_t lines;
	enum err err;

	if (bi->gicd.bytes < KIB(64))
		return ERR_INVALID;
	gicd = bi->gicd.base;
	arch_rev = PIDR2_ARCH_REV(mmio_read32(gicd + GICD_PIDR2));
	if (arch_rev != 3 && arch_rev != 4)
		return ERR_UNSUPPORTED;
	lines = 32 * ((mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1);
	intid_count = lines < GIC_SPURIOUS ? lines : GIC_SPURIOUS;
	err = redistributors_find(bi);
	if (err != ERR_OK)
		return err;

	mmio_write32(gicd + GICD_CTLR, 0);
	if (!poll_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
		return ERR_BUSY;
	/* Affinity routing first: IROUTER and the groups mean nothing without it. */
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE_NS);
	distributor_reset(bi->cpu[0].mpidr);
	if (!poll_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
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
	if (!poll_clear(rd_base + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP))
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
		mmio_write32(sgi_base + GICD_IPRIORITYR + i, PRIORITY_WORD);
	if (!poll_clear(rd_base + GICR_CTLR, GICR_CTLR_RWP))
		return ERR_BUSY;
	mmio_write32(sgi_base + GICD_ISENABLER, 1u << GIC_SGI_KICK);
	if (!(mmio_read32(sgi_base + GICD_ISENABLER) & 1u << GIC_SGI_KICK) ||
	    (mmio_read32(rd_base + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS))
		return ERR_UNSUPPORTED;
	return ERR_OK;
}

enum err gic_init_cpu(void)
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
	if (mmio_read32(gicd + GICD_CTLR) & GICD_CTLR_DS) /* Group 0 is ours too: nothing uses it */
		sysreg_write(ICC_IGRPEN0_EL1, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
	return ERR_OK;
}

uint32_t gic_intid_count(void)
{
	return intid_count;
}

uint64_t gic_redistributor(uint32_t cpu)
{
	return redistributor[cpu];
}

enum err gic_handler_set(uint32_t intid, gic_handler_fn *handler, void *ctx)
{
	if (intid >= intid_count)
		return ERR_RANGE;
	if (handler_count == MAX_HANDLERS)
		return ERR_NO_MEMORY;
	handlers[handler_count].run = handler;
	handlers[handler_count].ctx = ctx;
	handler_slot[intid] = (uint8_t)handler_count++;
	return ERR_OK;
}

bool gic_handler_has(uint32_t intid)
{
	return intid < GIC_SPURIOUS && handler_slot[intid] != 0;
}

void gic_handler_run(uint32_t intid)
{
	sysreg_write(ICC_EOIR1_EL1, intid);
	if (gic_handler_has(intid)) {
		uint32_t slot = handler_slot[intid];

		handlers[slot].run(handlers[slot].ctx);
	}
	sysreg_write(ICC_DIR_EL1, intid);
}

void gic_enable_on(uint32_t cpu, uint32_t intid)
{
	write_bit(cpu, intid, GICD_ISENABLER);
}

void gic_disable_on(uint32_t cpu, uint32_t intid)
{
	static bool logged;
	bool settled;

	write_bit(cpu, intid, GICD_ICENABLER);
	settled = intid < 32 ? poll_clear(redistributor[cpu] + GICR_CTLR, GICR_CTLR_RWP)
			     : poll_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
	if (!settled && !__atomic_exchange_n(&logged, true, __ATOMIC_RELAXED))
		log_printf(LOG_ERROR, "GIC: disabling INTID %u does not settle", intid);
}

void gic_pending_set_on(uint32_t cpu, uint32_t intid, bool pending)
{
	write_bit(cpu, intid, pending ? GICD_ISPENDR : GICD_ICPENDR);
}

void gic_active_set_on(uint32_t cpu, uint32_t intid, bool active)
{
	write_bit(cpu, intid, active ? GICD_ISACTIVER : GICD_ICACTIVER);
}

void gic_enable(uint32_t intid)
{
	gic_enable_on(percpu_this()->index, intid);
}

void gic_disable(uint32_t intid)
{
	gic_disable_on(percpu_this()->index, intid);
}

void gic_active_set(uint32_t intid, bool active)
{
	gic_active_set_on(percpu_this()->index, intid, active);
}

uint32_t gic_pending_word(uint32_t cpu, uint32_t word)
{
	return mmio_read32(frame(cpu, word * 32) + GICD_ISPENDR + word * 4);
}

void gic_config_set_on(uint32_t cpu, uint32_t intid, bool edge)
{
	uint64_t reg = frame(cpu, intid) + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << (intid % 16 * 2);
	bool enabled = read_bit(cpu, intid, GICD_ISENABLER);
	uint32_t old;

	if (intid < 16)
		return;
	/* Changing it while enabled is UNPREDICTABLE (IHI 0069 12.9.9). */
	if (enabled)
		gic_disable_on(cpu, intid);
	lock_acquire(&config_lock);
	old = mmio_read32(reg);
	mmio_write32(reg, edge ? old | bit : old & ~bit);
	lock_release(&config_lock);
	if (enabled)
		gic_enable_on(cpu, intid);
}

void gic_config_set(uint32_t intid, bool edge)
{
	gic_config_set_on(percpu_this()->index, intid, edge);
}

void gic_route_set(uint32_t intid, uint64_t mpidr)
{
	if (intid >= 32 && intid < intid_count)
		mmio_write64(gicd + GICD_IROUTER + (uint64_t)intid * 8, mpidr);
}

void gic_kick(uint32_t index)
{
	dsb(ishst);
	sysreg_write(ICC_SGI1R_EL1, kick_sgi1r[index]);
}
