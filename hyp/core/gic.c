/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/gicdist.h"

#include "arch/aarch64/barrier.h"
#include "hyp/core/lock.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"

#define MAX_HANDLERS 16

struct gicv2 gicv2;
struct gicdist gicdist;
static struct spinlock config_lock = SPINLOCK_INIT(LOCK_GIC);

/* EL2's own interrupts; slot 0 is nobody's. Written before the interrupt is enabled. */
static uint8_t handler_slot[GIC_SPURIOUS];
static struct {
	gic_handler_fn *run;
	void *ctx;
} handlers[MAX_HANDLERS];
static uint32_t handler_count = 1;

/* The frame that holds the registers of an INTID: the distributor, or CPU cpu's own. */
static inline uint64_t frame(uint32_t cpu, uint32_t intid)
{
	return intid < 32 ? gicdist.private_frame[cpu] : gicdist.gicd;
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

enum err gic_init(const struct bootinfo *bi)
{
	return bi->gic_version == 2 ? gicv2_init(bi) : gicv3_init(bi);
}

enum err gic_init_cpu(void)
{
	return gic_is_v2() ? gicv2_init_cpu() : gicv3_init_cpu();
}

void gicdist_reset_spis(void)
{
	uint64_t gicd = gicdist.gicd;
	uint32_t i;

	for (i = 1; i < (gicdist.intid_count + 31) / 32; i++) {
		mmio_write32(gicd + GICD_ICENABLER + i * 4, ~0u);
		mmio_write32(gicd + GICD_ICPENDR + i * 4, ~0u);
		mmio_write32(gicd + GICD_ICACTIVER + i * 4, ~0u);
		mmio_write32(gicd + GICD_ICFGR + i * 8, 0);
		mmio_write32(gicd + GICD_ICFGR + i * 8 + 4, 0);
	}
	for (i = 32; i < gicdist.intid_count; i += 4)
		mmio_write32(gicd + GICD_IPRIORITYR + i, GICDIST_PRIORITY_WORD);
}

uint32_t gic_intid_count(void)
{
	return gicdist.intid_count;
}

enum err gic_handler_set(uint32_t intid, gic_handler_fn *handler, void *ctx)
{
	if (intid >= gicdist.intid_count)
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
	bool v2 = gic_is_v2();

	gic_drop(v2, intid);
	if (gic_handler_has(intid)) {
		uint32_t slot = handler_slot[intid];

		handlers[slot].run(handlers[slot].ctx);
	}
	gic_deactivate(v2, intid);
}

void gic_enable_on(uint32_t cpu, uint32_t intid)
{
	write_bit(cpu, intid, GICD_ISENABLER);
}

void gic_disable_on(uint32_t cpu, uint32_t intid)
{
	static bool logged;

	write_bit(cpu, intid, GICD_ICENABLER);
	if (gic_is_v2() || gicv3_settles(cpu, intid))
		return;
	if (!__atomic_exchange_n(&logged, true, __ATOMIC_RELAXED))
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
	if (intid < 32 || intid >= gicdist.intid_count)
		return;
	if (gic_is_v2())
		gicv2_route(intid, mpidr);
	else
		mmio_write64(gicdist.gicd + GICD_IROUTER + (uint64_t)intid * 8, mpidr);
}

void gic_kick(uint32_t index)
{
	if (gic_is_v2())
		gicv2_kick(index);
	else
		gicv3_kick(index);
}
