/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DEBUG_H
#define HYP_VM_DEBUG_H

#include "lib/bits.h"

/*
 * Self-hosted debug in guests (Arm ARM DDI 0487 D2): breakpoints, watchpoints and single step raise
 * exceptions that go to the guest's own EL1 (MDCR_EL2.TDE is 0); nothing of EL2 matches, since
 * debug exceptions are disabled above the exception level they go to (D2.4).
 *
 * The service VM's breakpoints and watchpoints are in the hardware whenever it runs. A user VM's
 * are kept here, its accesses always trap, and they take the hardware's place only while one of
 * them is enabled: a switch of worlds that do not debug costs one test. Single step is in
 * MDSCR_EL1.SS and SPSR_EL2.SS, which are switched anyway.
 *
 * A VM that is debugged from outside (hyp/vm/dbgaccess.h) has the debugger's breakpoints and
 * watchpoints in the hardware instead, and MDCR_EL2.TDE, by which all debug exceptions come to EL2.
 * What the guest does with its own registers meanwhile is kept, and without effect.
 */

#define DEBUG_MAX_POINTS 16

enum debug_point { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR, DEBUG_POINT_KINDS };

struct debug {
	uint64_t mdscr;    /* MDSCR_EL1 as the guest sees it */
	uint64_t hardware; /* MDSCR_EL1 as the CPU has it while the vCPU is loaded */
	bool is_locked;    /* OS lock: no debug exceptions */
	bool is_used;      /* a user VM's: something of point[] is enabled */
	bool is_loaded;    /* a user VM's: point[] is in the CPU, in place of the service VM's */
	bool is_kept;      /* the service VM's: the debugger's are in the CPU in place of point[] */
	bool is_stepped;   /* by the debugger; with ICH_VMCR_EL2 as it was before */
	uint64_t step_vmcr;
	/* A user VM's; of the service VM, while a user VM's or a debugger's are loaded. */
	uint64_t point[DEBUG_POINT_KINDS][DEBUG_MAX_POINTS];
};

/* Of a VM that is debugged from outside: its debugger's. */
struct debug_outside {
	uint64_t point[DEBUG_POINT_KINDS][DEBUG_MAX_POINTS];
};

struct vm;
struct vcpu;

/* The CPU's own OS locks are off: they would end debug exceptions for all guests. Each CPU, once.
 */
void debug_init_cpu(void);

/* The state at reset: no debug exceptions. Of a vCPU that is not loaded, or of this CPU's. */
void debug_reset(struct vcpu *vcpu);

/*
 * mdscr, is_locked, point[], is_stepped of a vCPU that is not loaded, or its VM's debugger, were
 * set from outside.
 */
void debug_changed(struct vcpu *vcpu);

/*
 * The same for the service VM's vCPU of this CPU, which is loaded, but for MDSCR_EL1: the caller
 * writes that.
 */
void debug_changed_loaded(struct vcpu *vcpu);

/* How many breakpoints (or watchpoints) the VM's vCPUs have. */
unsigned int debug_point_count(const struct vm *vm, enum debug_point kind);

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
