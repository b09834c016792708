/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/ustore.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/cache.h"

uint64_t ustore_page(struct uvm *uvm)
{
	uint64_t page = uvm->free_page;

	if (page != 0) {
		uvm->free_page = *(uint64_t *)page;
	} else {
		if (uvm->next_page == uvm->end) {
			if (uvm->donated_count == 0)
				return 0;
			uvm->next_page = uvm->donated[--uvm->donated_count];
			uvm->end = uvm->next_page + CAISSON_BLOCK_BYTES;
		}
		page = uvm->next_page;
		uvm->next_page += 4096;
	}
	cache_zero(page, 4096);
	dsb(ishst);
	return page;
}

void ustore_page_back(struct uvm *uvm, uint64_t page)
{
	*(uint64_t *)page = uvm->free_page;
	uvm->free_page = page;
}

static uint64_t page_alloc(void *ctx)
{
	return ustore_page(ctx);
}

static uint64_t *page_va(void *ctx, uint64_t pa)
{
	return (uint64_t *)pa;
}

const struct pgtable_ops ustore_tables = {.page_alloc = page_alloc, .page_va = page_va};

static enum caisson_status donate(struct uvm *uvm, uint64_t va) REQUIRES(slot_manage_lock)
{
	enum caisson_status status = CAISSON_NO_MEMORY;
	uint64_t splits = 0;
	uint64_t pa;
	bool has_room;

	/* There is not less of it later: nobody else adds any. */
	lock_acquire(&uvm->mem_lock);
	has_room = uvm->donated_count < ARRAY_SIZE(uvm->donated);
	lock_release(&uvm->mem_lock);
	if (has_room)
		status = umem_resolve_block(va, &pa);
	if (status == CAISSON_OK)
		status = umem_store_take(pa, uvm->slot, &splits);
	if (status == CAISSON_OK) {
		lock_acquire(&uvm->mem_lock);
		uvm->donated[uvm->donated_count++] = pa;
		lock_release(&uvm->mem_lock);
	}
	ustat_add(&uvm->stat, CAISSON_STAT_BLOCKS_SPLIT, splits);
	return status;
}

enum caisson_status umem_donate(struct vcpu *caller)
{
	enum caisson_status status;
	struct uvm *uvm;

	lock_acquire(&slot_manage_lock);
	uvm = slot_living(caller->x[3]);
	status = uvm ? donate(uvm, caller->x[4]) : CAISSON_STATE;
	lock_release(&slot_manage_lock);
	return status;
}
