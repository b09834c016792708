/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_GEN_H
#define GUEST_GEN_H

#include "tests/guest/lib/exc.h"

/* Instructions made at run time, one per call, with exceptions recorded (see exc.h). */

/* A system register's encoding, as in MRS and MSR: op0 is 2 or 3. */
#define GEN_SYSREG(op0, op1, crn, crm, op2)                                                        \
	((uint32_t)((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5))

/* Executes MRS/MSR of the register on this CPU. */
struct fault gen_mrs(uint32_t sysreg, uint64_t *value);
struct fault gen_msr(uint32_t sysreg, uint64_t value);

/*
 * Executes one instruction word with x0 = a, x1 = b, x2 = c; *result gets x0 afterwards (may be
 * NULL). The word must be neither a branch nor change x18 to x30 or the stack pointer.
 */
struct fault gen_run(uint32_t word, uint64_t a, uint64_t b, uint64_t c, uint64_t *result);

#endif
