/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COHERENCY_DECODE_H
#define COHERENCY_DECODE_H

#include <stdbool.h>
#include <stdint.h>

/* A64 instructions that matter to caches (Arm ARM DDI 0487 C4.1, C5.3). */
enum decode_op {
	OP_NONE = 0,
	OP_DC_CLEAN_POU, /* DC CVAU */
	OP_DC_CLEAN_POC, /* DC CVAC, CIVAC and those that go beyond: CVAP, CVADP */
	OP_DC_DISCARD,   /* DC IVAC */
	OP_DC_ZERO,      /* DC ZVA, GZVA */
	OP_DC_SET_WAY,   /* DC CSW, CISW */
	OP_IC_ADDRESS,   /* IC IVAU */
	OP_IC_ALL,       /* IC IALLU */
	OP_IC_ALL_CPUS,  /* IC IALLUIS */
	OP_DSB,          /* that waits for loads and stores, and so for maintenance */
	OP_SYNC,         /* ISB, ERET */
	OP_TLBI,
	OP_CONTROL, /* MSR to a register that turns translation or caches on or off */
	OP_TABLES,  /* MSR to a register that says where tables are */
	OP_LEAVES,  /* HVC, SMC, WFI: somebody else may write those meanwhile */
};

/* Says what it is, and in rt which register has the address. */
enum decode_op decode(uint32_t insn, unsigned int *rt);

/*
 * May this instruction take another one's place while others execute it, without maintenance
 * (Arm ARM B2.2.5: B, BL, BRK, HVC, ISB, NOP, SMC, SVC)? MOV X9, X30 is counted among them: Linux's
 * ftrace puts it in place of a NOP at the start of functions, where X9 has no meaning; at boot it
 * does so to __set_fixmap(), which the patching itself calls before the clean.
 */
bool decode_is_patchable(uint32_t insn);

bool decode_is_load_store(uint32_t insn);

#endif
