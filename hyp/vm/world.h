/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_WORLD_H
#define HYP_VM_WORLD_H

#include "lib/bits.h"
#include "lib/vgic.h"

struct vcpu;
struct vm;

/* Floating point and SIMD registers: arch/aarch64/switch.S. */
struct world_fp {
	uint64_t v[32][2];
	uint64_t fpcr;
	uint64_t fpsr;
} __attribute__((aligned(16)));

/* Registers that EL2 does not touch while a guest runs, by their names, two for one LDP or STP. */
#define WORLD_EACH_PAIR(DO)                                                                        \
	DO(elr_el2, spsr_el2)                                                                      \
	DO(hcr_el2, cntkctl_el1)                                                                   \
	DO(ttbr0_el1, ttbr1_el1)                                                                   \
	DO(mair_el1, amair_el1)                                                                    \
	DO(vbar_el1, contextidr_el1)                                                               \
	DO(cpacr_el1, csselr_el1)                                                                  \
	DO(esr_el1, far_el1)                                                                       \
	DO(afsr0_el1, afsr1_el1)                                                                   \
	DO(par_el1, tpidr_el1)                                                                     \
	DO(sp_el0, sp_el1)                                                                         \
	DO(elr_el1, spsr_el1)                                                                      \
	DO(tpidr_el0, tpidrro_el0)

#define WORLD_FIELDS(first, second)                                                                \
	uint64_t first;                                                                            \
	uint64_t second;

/* What of a vCPU is in the CPU while it is loaded, but for x0 to x30. */
struct world {
	/* Within the reach of LDP and STP from its start. */
	WORLD_EACH_PAIR(WORLD_FIELDS)
	uint64_t pauth[10]; /* keys; with FEAT_PAuth */
	uint64_t sctlr_el1;
	uint64_t tcr_el1;
	uint64_t cntv_ctl;
	uint64_t cntv_cval;
	struct world_fp fp;
	/* The virtual CPU interface: hyp/vm/vgic_switch.c. */
	uint64_t ich_hcr;
	uint64_t ich_vmcr;
	uint64_t ich_apr[8];       /* AP0R<n>, then AP1R<n> */
	uint64_t lr[VGIC_MAX_LRS]; /* of those in lr_live */
	uint32_t lr_live;          /* list registers that held something */
};

/* What all CPUs have in common. Boot CPU, once, before world_init_cpu(). */
void world_init(void);
/* mdcr: MDCR_EL2 of this CPU for the service VM. Every CPU, once. */
void world_init_cpu(uint64_t mdcr);

/* vm->mdcr, with vm->debugger or without. */
uint64_t world_mdcr(const struct vm *vm);

/*
 * The service VM's vCPU, loaded on this CPU, which stays so: its registers are written to its
 * struct world, but for those of the virtual CPU interface and the timer; or taken from there, with
 * what a debugger has changed.
 */
void world_keep(struct vcpu *vcpu);
void world_resume(struct vcpu *vcpu);
/* What a debugger has changed of a vCPU that is loaded and keeps its registers. */
void world_debug_changed(struct vcpu *vcpu);

/*
 * Takes `from`, which is loaded on this CPU, out and loads `to`. One of them is the service
 * VM's. Entering `to` is the caller's.
 */
void world_switch(struct vcpu *from, struct vcpu *to);

#endif
