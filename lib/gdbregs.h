/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GDBREGS_H
#define LIB_GDBREGS_H

#include "lib/gdbproto.h"

/*
 * The registers of a vCPU as a debugger numbers them, and the target description that tells it so
 * (GDB manual, G.5.1 "AArch64 Features"; the system registers are a feature of our own).
 */

/* The system registers: EL1's and EL0's, in the order of their numbers. */
#define GDBREGS_EACH_SYSTEM(DO)                                                                    \
	DO(sp_el0)                                                                                 \
	DO(sp_el1)                                                                                 \
	DO(elr_el1)                                                                                \
	DO(spsr_el1)                                                                               \
	DO(esr_el1)                                                                                \
	DO(far_el1)                                                                                \
	DO(vbar_el1)                                                                               \
	DO(sctlr_el1)                                                                              \
	DO(tcr_el1)                                                                                \
	DO(ttbr0_el1)                                                                              \
	DO(ttbr1_el1)                                                                              \
	DO(mair_el1)                                                                               \
	DO(contextidr_el1)                                                                         \
	DO(cpacr_el1)                                                                              \
	DO(par_el1)                                                                                \
	DO(tpidr_el0)                                                                              \
	DO(tpidrro_el0)                                                                            \
	DO(tpidr_el1)

#define GDBREGS_NUMBER(name) GDBREGS_##name,

enum gdbregs {
	GDBREGS_X0,
	GDBREGS_X29 = 29,
	GDBREGS_SP = 31,
	GDBREGS_PC,
	GDBREGS_CPSR, /* as SPSR_EL2 holds it; the last one of a 'g' packet */
	GDBREGS_V0,
	GDBREGS_FPSR = GDBREGS_V0 + 32,
	GDBREGS_FPCR,
	GDBREGS_SYSTEM,
	GDBREGS_BEFORE_SYSTEM = GDBREGS_SYSTEM - 1,
	GDBREGS_EACH_SYSTEM(GDBREGS_NUMBER) GDBREGS_COUNT
};

#define GDBREGS_MAX_BYTES 16

/* Of register `number`, which is below GDBREGS_COUNT: 4, 8 or 16. */
size_t gdbregs_bytes(unsigned int number);

/* Puts target.xml, or what of it is in the reply's window. */
void gdbregs_put_xml(struct gdbproto_reply *r);

#endif
