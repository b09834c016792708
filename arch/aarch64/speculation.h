/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SPECULATION_H
#define ARCH_AARCH64_SPECULATION_H

#include "lib/bits.h"

/*
 * A guest's index that was found to be below count: the same, and 0 where a CPU got here by
 * speculating past that comparison. Without a branch, so that it cannot be predicted, and CSDB
 * keeps what follows from using a predicted result (Arm ARM DDI 0487 C6.2 CSDB, and "Cache
 * Speculation Side-channels", Arm 2018). Four instructions.
 */
static inline uint64_t bounded_index(uint64_t index, uint64_t count)
{
	uint64_t bounded;

	__asm__ volatile("cmp	%1, %2\n\t"
			 "csel	%0, %1, xzr, lo\n\t"
			 "hint	#20" /* CSDB */
			 : "=r"(bounded)
			 : "r"(index), "r"(count)
			 : "cc");
	return bounded;
}

#endif
