/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/mem.h"

#include "arch/aarch64/cache.h"
#include "hyp/core/panic.h"

static uint64_t next_free;
static uint64_t end;
static bool sealed;

void mem_init(const struct bootinfo *bi)
{
	next_free = bi->pool.base;
	end = bi->pool.base + bi->pool.bytes;
}

void *mem_pages_uncleared(size_t pages)
{
	uint64_t page = next_free;

	if (sealed || pages > (end - next_free) / 4096)
		panic("no memory for %lu pages: %lu left%s", pages, (end - next_free) / 4096,
		      sealed ? ", sealed" : "");
	next_free += pages * 4096;
	return (void *)page;
}

void *mem_pages(size_t pages)
{
	void *memory = mem_pages_uncleared(pages);

	cache_zero((uint64_t)memory, pages * 4096);
	return memory;
}

void mem_seal(void)
{
	sealed = true;
}

uint64_t mem_free_bytes(void)
{
	return end - next_free;
}
