/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "tests/guest/lib/cpu.h"

/*
 * GICv3 (IHI 0069) as tests need it: thin, with no state of its own. Or GICv2 (IHI 0048), if that
 * is what there is: what is Group 1 and an IRQ on GICv3 is then Group 0, and an IRQ too.
 */

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IIDR       0x0008
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR  0x0800
#define GICD_ICFGR      0x0c00
#define GICD_IGRPMODR   0x0d00
#define GICD_SGIR       0x0f00
#define GICD_CPENDSGIR  0x0f10
#define GICD_SPENDSGIR  0x0f20
#define GICD_PIDR2_V2   0x0fe8
#define GICD_IROUTER    0x6000
#define GICD_PIDR2      0xffe8

#define GICD_CTLR_GRP0 0x01
#define GICD_CTLR_GRP1 0x02
#define GICD_CTLR_ARE  0x10
#define GICD_CTLR_DS   0x40
#define GICD_CTLR_RWP  0x80000000

#define GICR_CTLR     0x0000
#define GICR_IIDR     0x0004
#define GICR_TYPER    0x0008
#define GICR_WAKER    0x0014
#define GICR_SGI_BASE 0x10000 /* the SGI frame: same offsets as the distributor's */

/* GICv2's CPU interface. */
#define GICC_CTLR  0x0000
#define GICC_PMR   0x0004
#define GICC_BPR   0x0008
#define GICC_IAR   0x000c
#define GICC_EOIR  0x0010
#define GICC_RPR   0x0014
#define GICC_HPPIR 0x0018
#define GICC_APR0  0x00d0
#define GICC_IIDR  0x00fc
#define GICC_DIR   0x1000

#define GICC_CTLR_EOIMODE 0x200

#define GIC_SPURIOUS 1023

extern uint64_t gicd_base;
extern uint64_t gicd_bytes;
extern uint64_t gicr_base; /* the first redistributor region */
extern uint64_t gicr_bytes;
extern uint64_t gicc_base;            /* of a GICv2; 0: it is a GICv3 */
extern uint32_t gic_timer_virt_intid; /* from the timer's node */
extern uint32_t gic_timer_phys_intid;

/* Finds the frames; false: neither a GICv3 nor a GICv2. */
bool gic_init(void);
/* Enables groups in the distributor, all SPIs off, Group 1, to the boot CPU. Boot CPU. */
void gic_init_dist(void);
/* This CPU's redistributor and interface: PMR 0xff, both groups on, EOImode 0, SGI/PPI off. */
void gic_init_cpu(void);
/* Undoes what tests may have left here: drops running priorities, then gic_init_cpu(). */
void gic_reset_cpu(void);
/* Undoes what tests may have left in the distributor and on this CPU. */
void gic_reset(void);

/* INTID count of the distributor. */
uint32_t gic_intids(void);

/* The frame whose registers hold intid for CPU c: its SGI frame below 32. */
uint64_t gic_frame(const struct cpu *c, uint32_t intid);

/* For INTIDs below 32 these act on this CPU. */
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
void gic_set_pending(uint32_t intid);
void gic_clear_pending(uint32_t intid);
void gic_set_active(uint32_t intid);
void gic_clear_active(uint32_t intid);
bool gic_is_enabled(uint32_t intid);
bool gic_is_pending(uint32_t intid);
bool gic_is_active(uint32_t intid);
void gic_set_priority(uint32_t intid, uint8_t priority);
void gic_set_group(uint32_t intid, unsigned int group);
void gic_set_edge(uint32_t intid, bool edge);
/* GICv2: router is an MPIDR of cpus[]. */
void gic_route(uint32_t intid, uint64_t router);
/* Polls RWP of the distributor (and this CPU's redistributor); false: it did not clear. */
bool gic_wait_rwp(void);

/* SGI of Group 1 to one CPU, this one included; to all but this one. */
void gic_sgi_send(uint32_t sgi, uint64_t mpidr);
void gic_sgi_send_others(uint32_t sgi);

/* GICv2: an SGI's sender, which the EOI has to name, is kept. */
uint32_t gicv2_ack(void);
/* The value for EOIR and DIR. */
uint32_t gicv2_value(uint32_t intid);

static inline uint32_t gic_ack(void)
{
	uint32_t intid = gicc_base ? gicv2_ack() : (uint32_t)sysreg_read(ICC_IAR1_EL1);

	dsb();
	return intid;
}

static inline void gic_eoi(uint32_t intid)
{
	if (gicc_base)
		mmio_write32(gicc_base + GICC_EOIR, gicv2_value(intid));
	else
		sysreg_write(ICC_EOIR1_EL1, intid);
	isb();
}

static inline void gic_dir(uint32_t intid)
{
	if (gicc_base)
		mmio_write32(gicc_base + GICC_DIR, gicv2_value(intid));
	else
		sysreg_write(ICC_DIR_EL1, intid);
	isb();
}

/* EOImode 1: EOIR drops the priority, DIR deactivates. */
void gic_set_eoimode(bool split);

#endif
