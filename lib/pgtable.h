/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PGTABLE_H
#define LIB_PGTABLE_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * VMSAv8-64 translation tables, 4 KiB granule, 48-bit output addresses (Arm ARM DDI 0487 D8.3),
 * for EL2 stage 1 and for stage 2. Pure: tables live in pages that the caller supplies, and
 * nothing here executes a barrier or TLB maintenance.
 *
 * A table that no CPU walks yet needs nothing more than a barrier before it is used. For a live
 * one the caller:
 *  - keeps other writers out (one lock around every call);
 *  - gives a page_alloc that returns with the page's zeroes visible to table walks (DSB ISHST);
 *  - gives ops->broken, so that a split block is replaced by break-before-make (D8.14.1);
 *  - after pgtable_map executes DSB ISHST (and ISB, for its own regime);
 *  - after pgtable_unmap executes DSB ISHST, invalidates the range in the TLBs and completes that
 *    with DSB ISH before it gives the memory to anyone else;
 *  - treats a translation fault on what is mapped, seen under the lock by pgtable_walk, as one
 *    that lost a race with a split, and retries.
 */

enum pgtable_stage { PGTABLE_EL2_STAGE1, PGTABLE_STAGE2 };

/* Access rights and memory type of a mapping; EL2 stage 1 maps nothing both W and X. */
enum pgtable_attr {
	PGTABLE_R = 1 << 0,
	PGTABLE_W = 1 << 1,
	PGTABLE_X = 1 << 2,      /* stage 2: both EL1 and EL0 */
	PGTABLE_DEVICE = 1 << 3, /* Device-nGnRE; otherwise Normal write-back, inner shareable */
};

/* Bits of stage 2 descriptors (D8.3.1, D8.3.2). Of an invalid one the hardware ignores the rest. */
#define PGTABLE_DESC_VALID BIT(0)
#define PGTABLE_DESC_TABLE 3 /* both bits, above level 3 */
#define PGTABLE_DESC_WRITE BIT(7)
#define PGTABLE_DESC_PA    MASK(47, 12)
#define PGTABLE_DESC_XN    BIT(54) /* XN[1:0] = 0b10, for EL1 and EL0 */

struct pgtable_ops {
	/* One zeroed, 4 KiB aligned page: its physical address, or 0 when there is none left. */
	uint64_t (*page_alloc)(void *ctx);
	/* The address at which the code that calls pgtable_* sees the table page at pa. */
	uint64_t *(*page_va)(void *ctx, uint64_t pa);
	/*
	 * Live tables only, else NULL: the block that translated [va, va + bytes) was made invalid
	 * and is about to be replaced by a table, complete in memory, which keeps what was mapped.
	 * The callback returns when no TLB holds the block any more (DSB ISHST, TLBI, DSB ISH).
	 */
	void (*broken)(void *ctx, uint64_t va, uint64_t bytes);
};

struct pgtable {
	const struct pgtable_ops *ops;
	void *ctx;
	enum pgtable_stage stage;
	unsigned int input_bits;  /* size of the input address space: 32..48 */
	unsigned int start_level; /* 0 or 1, from stage and input_bits */
	uint64_t root;            /* physical address of the first table */
};

/*
 * Bytes of the first table, 4 KiB but for a stage 2 of 40 to 42 bits: that begins at level 1 with 2
 * to 8 tables side by side (D8.2.8), since only CPUs with at least 44 bits of physical address take
 * a stage 2 that begins at level 0 (VTCR_EL2.SL0).
 */
uint64_t pgtable_root_bytes(enum pgtable_stage stage, unsigned int input_bits);

/*
 * An empty table for input addresses of input_bits (32..48), which begins with the zeroed memory
 * at `root`: pgtable_root_bytes(), aligned to its size. ERR_RANGE; ERR_NO_MEMORY: root is 0. The
 * caller makes sure that the CPU takes it: a stage 2 input is at most as wide as the CPU's
 * physical addresses.
 */
enum err pgtable_init(struct pgtable *pt, enum pgtable_stage stage, unsigned int input_bits,
		      const struct pgtable_ops *ops, void *ctx, uint64_t root) MUST_CHECK;

/*
 * Maps [va, va + bytes) to [pa, pa + bytes) with the largest blocks that alignment and levels
 * allow (1 GiB, 2 MiB, 4 KiB). All three multiples of 4 KiB. ERR_INVALID on misalignment, an
 * unknown attribute, or at EL2 stage 1 W or DEVICE with X, or no R; ERR_RANGE outside the input
 * space or above 48 bits of pa; ERR_OVERLAP when something is mapped there already;
 * ERR_NO_MEMORY. After the last two the part of the range below the obstacle is mapped. At
 * stage 2, attr without R, W and X makes accesses fault with a permission fault.
 */
enum err pgtable_map(struct pgtable *pt, uint64_t va, uint64_t pa, uint64_t bytes,
		     unsigned int attr) MUST_CHECK;

/*
 * Removes [va, va + bytes), splitting blocks at its edges with pages from page_alloc; what is
 * not mapped is skipped. Tables that become empty stay. ERR_INVALID, ERR_RANGE, ERR_NO_MEMORY;
 * after the last one the part of the range below the block to split is removed, nothing else.
 */
enum err pgtable_unmap(struct pgtable *pt, uint64_t va, uint64_t bytes) MUST_CHECK;

struct pgtable_leaf {
	uint64_t va;       /* first input address of the block or page, or of the hole */
	uint64_t pa;       /* its output address, when mapped */
	uint64_t bytes;    /* size of the block, page or hole entry */
	unsigned int attr; /* enum pgtable_attr, when mapped */
	unsigned int level;
	bool mapped;
};

/* What translates va; a va outside the input space reads as not mapped, with bytes 0. */
struct pgtable_leaf pgtable_walk(const struct pgtable *pt, uint64_t va);

/*
 * For one who keeps the descriptors of a level (2: blocks of 2 MiB) himself, and maps and unmaps
 * nothing there: the descriptor for va, as the tables hold it. NULL: there is no table of
 * that level; pgtable_entry_make() makes it. ERR_RANGE, ERR_OVERLAP, ERR_NO_MEMORY as
 * pgtable_map().
 */
uint64_t *pgtable_entry(const struct pgtable *pt, uint64_t va, unsigned int level);
enum err pgtable_entry_make(struct pgtable *pt, uint64_t va, unsigned int level,
			    uint64_t **entry) MUST_CHECK;

/* One store: a walk by a CPU sees the old or the new descriptor, never half of one. */
static inline void pgtable_entry_write(uint64_t *entry, uint64_t desc)
{
	*(volatile uint64_t *)entry = desc;
}

static inline uint64_t pgtable_entry_read(const uint64_t *entry)
{
	return *(const volatile uint64_t *)entry;
}

/*
 * The descriptor of a valid stage 2 block of 2 MiB. forced: HCR_EL2.FWB is set, and the memory is
 * Normal write-back whatever stage 1 says (D8.6.6).
 */
uint64_t pgtable_stage2_block(uint64_t pa, unsigned int attr, bool forced);

/*
 * The register values that go with the table: TCR_EL2 or VTCR_EL2, with pa_range the PARange
 * field of ID_AA64MMFR0_EL1 (capped at 48 bits), inner shareable write-back walks; MAIR_EL2 as
 * abi/bootinfo.h numbers it.
 */
uint64_t pgtable_tcr(const struct pgtable *pt, unsigned int pa_range);
uint64_t pgtable_mair(void);

#endif
