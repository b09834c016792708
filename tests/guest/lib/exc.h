/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_EXC_H
#define GUEST_EXC_H

#include "tests/guest/lib/cpu.h"

/* Built by start.S; what the handler leaves in x, elr and spsr is what the CPU returns with. */
struct exc_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr, spsr, esr, far;
};

#define ESR_EC(esr)  bits(esr, 31, 26)
#define ESR_ISS(esr) bits(esr, 24, 0)
#define ESR_FSC(esr) bits(esr, 5, 0)
#define ESR_WNR(esr) bits(esr, 6, 6)
#define ESR_CM(esr)  bits(esr, 8, 8)

#define EC_UNKNOWN    0x00
#define EC_WFX        0x01
#define EC_CP15       0x03
#define EC_CP14       0x05
#define EC_CP14_LS    0x06
#define EC_FP         0x07
#define EC_CP14_RRT   0x0c
#define EC_SVC32      0x11
#define EC_SVC64      0x15
#define EC_HVC64      0x16
#define EC_SMC64      0x17
#define EC_SYSREG     0x18
#define EC_SVE        0x19
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME  0x21
#define EC_PC_ALIGN   0x22
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define EC_SP_ALIGN   0x26
#define EC_SERROR     0x2f
#define EC_BRK        0x3c

/* Debug exceptions; from the same exception level 1 more. */
#define EC_BREAKPOINT_LOWER 0x30
#define EC_STEP_LOWER       0x32
#define EC_WATCHPOINT_LOWER 0x34

#define FSC_EXTERNAL  0x10
#define FSC_ALIGNMENT 0x21

/*
 * Between these two an exception is recorded and the instruction skipped; after a faulting
 * instruction fetch execution goes on at the link register. fault_end() returns what happened.
 */
void fault_begin(void);
struct fault fault_end(void);

/* Evaluates statement and yields its struct fault. */
#define fault_of(statement)                                                                        \
	({                                                                                         \
		fault_begin();                                                                     \
		statement;                                                                         \
		fault_end();                                                                       \
	})

const char *exc_class_name(uint64_t esr);

#endif
