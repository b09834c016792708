/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_GICDIST_H
#define HYP_CORE_GICDIST_H

#include "hyp/core/gic.h"

/*
 * For the files of the GIC only. gic.c: what both versions have alike, on top of what is here;
 * gicv3.c and gicv2.c: starting it, routing, the kick.
 */

/* All physical interrupts have one priority; what the guest's have is the virtual interface's. */
#define GICDIST_PRIORITY_WORD 0xa0a0a0a0u

/* Set by gicv2_init() and gicv3_init(). */
struct gicdist {
	uint64_t gicd;
	uint32_t intid_count;
	/* The frame with the registers of a CPU's SGIs and PPIs; GICv2: gicd. */
	uint64_t private_frame[BOOT_MAX_CPUS];
};
extern struct gicdist gicdist;

/* GICv2: a CPU whose interface is not ready yet gets no kick. */
void gicv2_kick(uint32_t index);

#define GICDIST_MAX_POLLS 1000000

/* A register whose bit clears within microseconds; false: it does not. */
static inline bool gicdist_poll_clear(uint64_t reg, uint32_t mask)
{
	uint32_t polls;

	for (polls = 0; polls < GICDIST_MAX_POLLS; polls++) {
		if (!(mmio_read32(reg) & mask))
			return true;
	}
	return false;
}

/* The parts of gic_init() and gic_init_cpu(). */
enum err gicv3_init(const struct bootinfo *bi) MUST_CHECK;
enum err gicv2_init(const struct bootinfo *bi) MUST_CHECK;
enum err gicv3_init_cpu(void) MUST_CHECK;
enum err gicv2_init_cpu(void) MUST_CHECK;

/* SPIs disabled, not pending, not active, level-sensitive, all of one priority. */
void gicdist_reset_spis(void);

/* After disabling: until it has taken effect. False: it does not. Here, as each change of worlds
 * may disable the timer's. */
static inline bool gicv3_settles(uint32_t cpu, uint32_t intid)
{
	uint64_t rd_base = gicdist.private_frame[cpu] - GICR_SGI_BASE;

	return intid < 32 ? gicdist_poll_clear(rd_base + GICR_CTLR, GICR_CTLR_RWP)
			  : gicdist_poll_clear(gicdist.gicd + GICD_CTLR, GICD_CTLR_RWP);
}
/* gic_route_set(), of an SPI that exists. */
void gicv2_route(uint32_t intid, uint64_t mpidr);

#endif
