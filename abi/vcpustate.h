/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_VCPUSTATE_H
#define ABI_VCPUSTATE_H

#include <stdint.h>

/* In flags. */
#define VCPU_STATE_SERROR 1 /* an SError is pending for it */
/*
 * It has begun cache maintenance by set and way, and not switched its caches on since: that is for
 * hosts without FEAT_S2FWB, which still have to clean its memory then.
 */
#define VCPU_STATE_SET_WAY 2

/*
 * The registers of a user VM's vCPU, for VCPU_GET and VCPU_SET: what a debugger shows and what a
 * snapshot keeps, but for its interrupts. Names are the architecture's.
 *
 * The PC of an MMIO exit that was not completed is at the access; completing it, or the result of
 * an SMCCC exit, is what the next VCPU_RUN does, also one that returns at once for immediate_exit.
 * So the state is whole after such a run. VCPU_SET drops what was to be completed.
 *
 * It is all that EL2 keeps of a vCPU for its guest but the interrupt controller (abi/vgicstate.h)
 * and whether the vCPU is on, which the VMM knows: a user VM can switch no workaround of the
 * firmware's off, and has no other register that is its own.
 */
struct vcpu_state {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate; /* as in SPSR_EL1 */
	uint64_t sp_el0, sp_el1;
	uint64_t elr_el1, spsr_el1;
	uint64_t sctlr_el1, tcr_el1, ttbr0_el1, ttbr1_el1, mair_el1, amair_el1, contextidr_el1;
	uint64_t vbar_el1, esr_el1, far_el1, afsr0_el1, afsr1_el1, par_el1;
	uint64_t cpacr_el1, csselr_el1, cntkctl_el1, mdscr_el1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t cntv_ctl_el0, cntv_cval_el0;
	/* Those that there are (ID_AA64DFR0_EL1); the others read as what was set last. */
	uint64_t dbgbvr_el1[16], dbgbcr_el1[16], dbgwvr_el1[16], dbgwcr_el1[16];
	uint64_t oslsr_el1; /* OSLK (bit 1) alone */
	/* FEAT_PAuth's keys IA, IB, DA, DB, GA: Lo, Hi. */
	uint64_t pauth_key[5][2];
	uint64_t v[32][2]; /* low half, high half */
	uint64_t fpcr, fpsr;
	uint64_t cntp_ctl_el0,
		cntp_cval_el0; /* like cntv_*: in the guest's time, without ISTATUS */
	uint64_t flags;        /* VCPU_STATE_* */
};

#endif
