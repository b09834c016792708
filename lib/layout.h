/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LAYOUT_H
#define LIB_LAYOUT_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * Where things go in memory, when the machine is started. No region here reaches beyond
 * UINT64_MAX.
 */

#define LAYOUT_MAX_BUSY 128

/* What must not be overwritten, in any order; may overlap. */
struct layout_busy {
	uint32_t count;
	struct {
		struct boot_region region;
		const char *name;
	} entry[LAYOUT_MAX_BUSY];
};

/* Empty regions are left out. ERR_NO_MEMORY: full. ERR_RANGE: wraps around. */
enum err layout_busy_add(struct layout_busy *busy, uint64_t base, uint64_t bytes,
			 const char *name) MUST_CHECK;
/* The name of something there that overlaps [base, base + bytes); NULL: nothing does. */
const char *layout_busy_at(const struct layout_busy *busy, uint64_t base, uint64_t bytes);

/*
 * Puts a region into a sorted list in which neighbours that touch or overlap are one. ERR_RANGE:
 * wraps around; ERR_NO_MEMORY: would be more than `max` regions.
 */
enum err layout_merge(struct boot_region *list, uint32_t *count, uint32_t max, uint64_t base,
		      uint64_t bytes) MUST_CHECK;

/* Takes [base, base + bytes) out of such a list; errors as layout_merge(). */
enum err layout_cut(struct boot_region *list, uint32_t *count, uint32_t max, uint64_t base,
		    uint64_t bytes) MUST_CHECK;

/* Is the whole of [base, base + bytes) in one region of the list? */
bool layout_in(const struct boot_region *list, uint32_t count, uint64_t base, uint64_t bytes);

/*
 * The lowest, or the highest, place for `bytes` bytes on a multiple of align (a power of two)
 * in RAM below limit where nothing is busy. ERR_NOT_FOUND.
 */
enum err layout_lowest(const struct boot_region *ram, uint32_t count,
		       const struct layout_busy *busy, uint64_t bytes, uint64_t align,
		       uint64_t limit, uint64_t *base) MUST_CHECK;
enum err layout_highest(const struct boot_region *ram, uint32_t count,
			const struct layout_busy *busy, uint64_t bytes, uint64_t align,
			uint64_t limit, uint64_t *base) MUST_CHECK;

/*
 * What the kept region holds, from its base on: log, hypervisor image, bootinfo, the secondary
 * CPUs' waiting code and mailboxes, stacks; the rest is the pool. Offsets from its base.
 */
struct layout_kept {
	uint64_t image;
	uint64_t bootinfo;
	uint64_t wait_code;
	uint64_t mailboxes; /* one page for each CPU but the first */
	uint64_t stacks;
	uint64_t pool;
	uint64_t bytes; /* of the whole */
};

#define LAYOUT_LOG_BYTES 0x10000 /* at offset 0 */

/*
 * For an image of image_bytes (bss included) on a machine with ram_bytes and 1 or more cpus;
 * console_bytes: conopt_memory_bytes().
 */
struct layout_kept layout_kept(uint64_t image_bytes, uint64_t ram_bytes, uint32_t cpus,
			       uint64_t console_bytes);
/* Caisson's promise: at most 32 MiB and 1/256 of the RAM. */
uint64_t layout_kept_limit(uint64_t ram_bytes);

#endif
