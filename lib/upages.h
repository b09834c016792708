/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_UPAGES_H
#define LIB_UPAGES_H

#include "lib/ublock.h"

/*
 * The pages of a block whose writes are tracked (hyp/vm/udirty.c): a stage 2 table of level 3, made
 * from the block's descriptor (lib/ublock.h), which is kept elsewhere and says all about the block
 * but what was written. A page that was not written is not writable. Pure, but for other CPUs'
 * table walks, which may make a page written at any time (FEAT_HAFDBS, DDI 0487 D8.5.2): where the
 * block's descriptor has UPAGES_DBM and may be written to. So entries are changed atomically.
 *
 *	47:12 address; bit 56: written, so that it is known while nothing may write; bit 7: writes
 *	now, hence written; 51: the hardware may set 7. The others are as in the block's descriptor.
 *
 * The caller does the TLB maintenance: after upages_follow() as lib/ublock.h says of the block,
 * after upages_read() if that returned true. No barriers here.
 */
#define UPAGES_COUNT (UBLOCK_BYTES / KIB(4))
#define UPAGES_WORDS (UPAGES_COUNT / 64)

#define UPAGES_DBM BIT(51)

/* All pages of the block, none of them written. */
void upages_fill(uint64_t *table, uint64_t desc);

/* The block's descriptor is another one now. */
void upages_follow(uint64_t *table, uint64_t desc);

/* The page was written, or is about to be; it is writable, if the block is. */
void upages_mark(uint64_t *table, uint64_t desc, uint64_t page);

/*
 * Which pages were written, bit n of written[] for page n; from now on none. True: some were, and
 * CPUs may still write to them without a trace until the TLBs are flushed.
 */
bool upages_read(uint64_t *table, uint64_t *written);

#endif
