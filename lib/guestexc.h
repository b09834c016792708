/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GUESTEXC_H
#define LIB_GUESTEXC_H

#include "lib/bits.h"

/*
 * Taking a synchronous exception to EL1 on a guest's behalf: what AArch64.TakeException does
 * (Arm ARM DDI 0487 J1.1), as a function of the state before it. For guests whose EL1 is
 * AArch64.
 */

struct guestexc_state {
	uint64_t pc;    /* ELR_EL2 at the exit: where the exception is taken */
	uint64_t spsr;  /* SPSR_EL2 at the exit */
	uint64_t sctlr; /* SCTLR_EL1 */
	uint64_t vbar;  /* VBAR_EL1 */
};

struct guestexc_entry {
	uint64_t pc;   /* into ELR_EL2 */
	uint64_t spsr; /* into SPSR_EL2 */
	uint64_t elr;  /* into ELR_EL1 */
	uint64_t spsr_el1;
	uint64_t esr;
};

/* Of a guest's PSTATE in SPSR_EL2 (DDI 0487 C5.2.20). */
#define GUESTEXC_AARCH32 BIT(4)
#define GUESTEXC_BTYPE   MASK(11, 10)
#define GUESTEXC_SS      BIT(21)

/* guestexc_advance() in AArch32. */
void guestexc_advance_aarch32(uint64_t *pc, uint64_t *spsr, bool il);

/*
 * Steps over an instruction that was carried out for the guest: what executing it would have left
 * of PC and PSTATE. il: ESR_EL2.IL, the instruction has 4 bytes. In AArch32 the IT state goes on
 * too (ITAdvance, DDI 0487 F1.2.2); in AArch64 BTYPE and in both SS are cleared (D2.12, C6.1.3).
 */
static inline void guestexc_advance(uint64_t *pc, uint64_t *spsr, bool il)
{
	if (*spsr & GUESTEXC_AARCH32) {
		guestexc_advance_aarch32(pc, spsr, il);
		return;
	}
	*pc += 4;
	*spsr &= ~(GUESTEXC_BTYPE | GUESTEXC_SS);
}

/* Unknown reason (EC 0): what an UNDEFINED instruction gets. il: ESR_EL2.IL at the exit. */
struct guestexc_entry guestexc_undef(const struct guestexc_state *s, bool il);

/*
 * A trap that EL2 took goes on to EL1 with the syndrome of EL2's (of a register access or a
 * coprocessor instruction at EL0, where EL1 too would have trapped it).
 */
struct guestexc_entry guestexc_trap(const struct guestexc_state *s, uint64_t esr_el2);

/*
 * A synchronous external abort on a data access or an instruction fetch (DFSC/IFSC 0x10), from
 * the ESR_EL2 of the stage-2 abort. FAR_EL1 is FAR_EL2, which the caller copies.
 */
struct guestexc_entry guestexc_external_abort(const struct guestexc_state *s, uint64_t esr_el2);

/*
 * A data abort of the guest's own stage 1, where EL2 found it would have had one: on an access of
 * a 4-byte instruction that is a write or not; status: DFSC (DDI 0487 D17.2.37). FAR_EL1 is the
 * caller's to set.
 */
struct guestexc_entry guestexc_data_abort(const struct guestexc_state *s, bool write,
					  unsigned int status);

#endif
