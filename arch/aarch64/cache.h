/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_CACHE_H
#define ARCH_AARCH64_CACHE_H

#include <string.h>

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "lib/bits.h"

/*
 * Data cache maintenance by address to the point of coherency (Arm ARM DDI 0487 D7.5.9.5), for
 * memory that is also seen with caches off. QEMU models no caches: nothing here can be shown by
 * running it there.
 */

/* Bytes of the smallest data cache line: CTR_EL0.DminLine, log2 of words. */
static inline uint64_t cache_line_bytes(void)
{
	return UINT64_C(4) << bits_get(sysreg_read(ctr_el0), 19, 16);
}

static inline void cache_clean_poc(uint64_t address, uint64_t bytes)
{
	uint64_t line = cache_line_bytes();
	uint64_t p;

	for (p = bits_align_down(address, line); p < address + bytes; p += line)
		__asm__ volatile("dc cvac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

/* Zeroes memory: address and bytes are multiples of 4 KiB, Normal memory at EL2. */
static inline void cache_zero(uint64_t address, uint64_t bytes)
{
	uint64_t dczid = sysreg_read(dczid_el0);
	uint64_t block = UINT64_C(4) << bits_get(dczid, 3, 0);
	uint64_t p;

	if (bits_get(dczid, 4, 4)) { /* DC ZVA is prohibited */
		memset((void *)address, 0, bytes);
		return;
	}
	for (p = address; p < address + bytes; p += block)
		__asm__ volatile("dc zva, %0" : : "r"(p) : "memory");
}

static inline void cache_clean_invalidate_poc(uint64_t address, uint64_t bytes)
{
	uint64_t line = cache_line_bytes();
	uint64_t end = address + bytes;
	uint64_t p = bits_align_down(address, line);

	/* Four at a time: the loader does this for all of the hypervisor's image. */
	while (p + 3 * line < end)
		__asm__ volatile("dc civac, %0\n\t"
				 "add %0, %0, %1\n\t"
				 "dc civac, %0\n\t"
				 "add %0, %0, %1\n\t"
				 "dc civac, %0\n\t"
				 "add %0, %0, %1\n\t"
				 "dc civac, %0\n\t"
				 "add %0, %0, %1"
				 : "+r"(p)
				 : "r"(line)
				 : "memory");
	for (; p < end; p += line)
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

/* To the point of unification of the inner shareable domain. */
static inline void cache_clean_pou(uint64_t address, uint64_t bytes)
{
	uint64_t line = cache_line_bytes();
	uint64_t p;

	for (p = bits_align_down(address, line); p < address + bytes; p += line)
		__asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
	dsb(ish);
}

/* All instruction caches of the inner shareable domain. */
static inline void cache_invalidate_instructions(void)
{
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
}

#endif
