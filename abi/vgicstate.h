/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_VGICSTATE_H
#define ABI_VGICSTATE_H

#include <stdint.h>

#include "abi/hypercall.h"

/*
 * The interrupt controller of a user VM, for VGIC_GET and VGIC_SET: the distributor, and what
 * belongs to each vCPU. It is what the guest's registers show and nothing of the host's hardware:
 * what was in list registers is pending or active here. All little-endian. What is marked reserved,
 * and what a GIC of that version or an interrupt of that kind does not have, is 0.
 *
 * A VM is given its state after VCPU_INIT of each vCPU that was initialised where the state is
 * from, and before VCPU_RUN; the order of distributor and vCPUs does not matter.
 */

#define CAISSON_VGIC_VERSION 1
#define CAISSON_VGIC_DIST    0xffffffff /* in place of a vCPU's number: the distributor */

/* In flags of an interrupt. */
#define VGIC_STATE_ENABLED (1u << 0)
#define VGIC_STATE_GROUP1  (1u << 1)
#define VGIC_STATE_EDGE    (1u << 2) /* edge-triggered: ICFGR */
/*
 * Pending, whatever the line: an edge, an SGI, what a write of ISPENDR made so. Of the virtual
 * timer's: signalled, but not acknowledged by the guest.
 */
#define VGIC_STATE_PENDING (1u << 3)
#define VGIC_STATE_LINE    (1u << 4) /* the level of the input */
#define VGIC_STATE_ACTIVE  (1u << 5)
/* ACTIVE by a write of ISACTIVER, or from before its CPU's reset: no priority is held with it. */
#define VGIC_STATE_FORCED (1u << 6)

#define VGIC_STATE_NO_CPU 0xff

struct vgic_state_irq {
	uint64_t router; /* SPIs: GICD_IROUTER<n>; of a GICv2 its byte of GICD_ITARGETSR */
	uint16_t flags;  /* VGIC_STATE_* */
	uint8_t priority;
	uint8_t target;    /* SPIs: the vCPU that router selects now, or VGIC_STATE_NO_CPU */
	uint8_t active_on; /* SPIs that are ACTIVE: the vCPU that has it so */
	uint8_t sgi_from;  /* SGIs of a GICv2, PENDING: the vCPUs that sent it, a bit each */
	uint8_t sgi_taken; /* the same, ACTIVE: the vCPU that sent that one */
	uint8_t reserved;
};

/* What both begin with: of which machine the state is. */
struct vgic_state_header {
	uint32_t version; /* CAISSON_VGIC_VERSION */
	uint32_t vcpu;    /* CAISSON_VGIC_DIST: this is the distributor's */
	uint8_t gic;      /* version of the GIC: 2, 3 */
	uint8_t vcpus;
	uint8_t priority_bits;   /* of a priority, from bit 7 down, that are there */
	uint8_t preemption_bits; /* of these, those that decide about preemption */
	uint16_t intids;         /* CAISSON_VM_INTIDS */
	uint16_t reserved;
};

struct vgic_state_dist {
	struct vgic_state_header header;
	uint32_t ctlr; /* GICD_CTLR: EnableGrp0 (bit 0), EnableGrp1 (bit 1) */
	uint32_t reserved[3];
	struct vgic_state_irq spi[CAISSON_VM_INTIDS - 32];
};

#define VGIC_STATE_ON     (1u << 0) /* initialised, and not off by CPU_OFF */
#define VGIC_STATE_ASLEEP (1u << 1) /* GICR_WAKER.ProcessorSleep */

struct vgic_state_cpu {
	struct vgic_state_header header;
	uint32_t flags; /* VGIC_STATE_ON, VGIC_STATE_ASLEEP */
	/*
	 * The CPU interface: its enables, EOI mode, binary points and priority mask, as in
	 * ICH_VMCR_EL2 (IHI 0069 12.4.9), where those of a GICH_VMCR (IHI 0048 5.3.3) are, too.
	 */
	uint32_t vmcr;
	/* Active priorities, as in ICH_AP0R<n>_EL2, ICH_AP1R<n>_EL2. GICv2: ap0r[0] is GICH_APR. */
	uint32_t ap0r[4], ap1r[4];
	struct vgic_state_irq private[32]; /* SGIs, PPIs */
};

_Static_assert(sizeof(struct vgic_state_irq) == 16 && sizeof(struct vgic_state_header) == 16,
	       "the ABI");
_Static_assert(sizeof(struct vgic_state_dist) == 3616 && sizeof(struct vgic_state_cpu) == 568,
	       "the ABI");

/* Why VGIC_SET does not take a state: in x1. Nothing of it was taken then. */
enum caisson_vgic_fault {
	/* With UNSUPPORTED: it may be another VM's, or a later Caisson's. */
	CAISSON_VGIC_OTHER_VERSION = 1,
	CAISSON_VGIC_OTHER_GIC = 2, /* this VM's, which is the host's, has another version */
	CAISSON_VGIC_OTHER_VCPUS = 3,
	CAISSON_VGIC_OTHER_INTIDS = 4,
	CAISSON_VGIC_OTHER_PRIORITY_BITS = 5, /* or preemption bits */
	/* With INVALID: no vGIC gets into such a state. */
	CAISSON_VGIC_BAD_HEADER = 16,    /* also: not of the vCPU, or distributor, that x3 names */
	CAISSON_VGIC_BAD_INTERFACE = 17, /* ctlr, flags, vmcr, ap0r, ap1r */
	CAISSON_VGIC_BAD_IRQ = 18,       /* an interrupt's: x2 is its INTID */
};

#endif
