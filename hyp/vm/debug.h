/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DEBUG_H
#define HYP_VM_DEBUG_H

#include "lib/bits.h"

/*
 * Self-hosted debug in guests (Arm ARM DDI 0487 D2): breakpoints, watchpoints and single step raise
 * exceptions that go to the guest's own EL1 (MDCR_EL2.TDE is 0), never to EL2; nothing of EL2
 * matches, since debug exceptions are disabled above the exception level they go to (D2.4).
 *
 * The service VM's breakpoints and watchpoints are in the hardware whenever it runs. A user VM's
 * are kept here, its accesses always trap, and they take the hardware's place only while one of
 * them is enabled: a switch of worlds that do not debug costs one test. Single step is in
 * MDSCR_EL1.SS and SPSR_EL2.SS, which are switched anyway.
 */

#define DEBUG_MAX_POINTS 16

enum debug_point { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR, DEBUG_POINT_KINDS };

struct debug {
	uint64_t mdscr;    /* MDSCR_EL1 as the guest sees it */
	uint64_t hardware; /* MDSCR_EL1 as the CPU has it while the vCPU is loaded */
	bool is_locked;    /* OS lock: no debug exceptions */
	bool is_used;      /* a user VM's: something of point[] is enabled */
	bool is_loaded;    /* a user VM's: point[] is in the CPU, in place of the service VM's */
	/* A user VM's; of the service VM, while a user VM's are loaded. */
	uint64_t point[DEBUG_POINT_KINDS][DEBUG_MAX_POINTS];
};

struct vcpu;

/* The CPU's own OS locks are off: they would end debug exceptions for all guests. Each CPU, once.
 */
void debug_init_cpu(void);

/* The state at reset: no debug exceptions. Of a vCPU that is not loaded, or of this CPU's. */
void debug_reset(struct vcpu *vcpu);

/* mdscr, is_locked, point[] of a vCPU that is not loaded were set from outside. */
void debug_changed(struct vcpu *vcpu);

/* The vCPU is loaded: its MDSCR_EL1 was written, or is to have another effect on the CPU. */
void debug_set_mdscr(struct vcpu *vcpu, uint64_t mdscr);
void debug_set_locked(struct vcpu *vcpu, bool is_locked);

/*
 * Number n of one kind of the vCPU's registers; the vCPU is loaded. False: it has none with that
 * number, as its ID_AA64DFR0_EL1 says.
 */
bool debug_access(struct vcpu *vcpu, enum debug_point kind, unsigned int n, bool read,
		  uint64_t *value);

/* world_switch() alone: is_used of what is loaded next, is_loaded of what is taken out. */
void debug_load(struct vcpu *vcpu);
void debug_unload(struct vcpu *vcpu);

#endif
