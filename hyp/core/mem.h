/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_MEM_H
#define HYP_CORE_MEM_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/*
 * Pages from the kept region, while Caisson boots. Nothing is given back and nothing is
 * allocated once mem_seal() has been called, so a guest can never exhaust EL2's memory.
 */

void mem_init(const struct bootinfo *bi);

/*
 * `pages` contiguous zeroed 4 KiB pages; their address is virtual and physical at once. Panics
 * when the pool is used up or sealed: that is an error in the sizes the loader reckoned with.
 */
void *mem_pages(size_t pages);
/* The same, with whatever was in them: for what its user sets up as he goes. */
void *mem_pages_uncleared(size_t pages);

#define mem_new(type) ((type *)mem_pages((sizeof(type) + 4095) / 4096))

/* Ends allocation. */
void mem_seal(void);

/* Bytes of the pool not allocated. */
uint64_t mem_free_bytes(void);

#endif
