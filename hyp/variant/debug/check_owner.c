/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose memory is it? After each hypercall, the table of owners is held against what it is about:
 * the service VM's stage 2 (a window of the table, which moves on with each call) and one user VM's
 * stage 2 (the next in turn with each call, all of it).
 */
#include "check.h"

#include "hyp/core/panic.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/udirty.h"
#include "lib/pgtable.h"
#include "lib/ublock.h"

#define WINDOW_BLOCKS 48

static uint64_t cursor GUARDED_BY(slot_manage_lock);
static uint32_t turn GUARDED_BY(slot_manage_lock);

/* The service VM reaches what is its own or shared, and nothing of what is another's alone. */
static void check_service(struct vm *svm, uint64_t pa, const struct owner_block *b)
{
	bool first = stage2_has(svm, pa);
	bool last = stage2_has(svm, pa + OWNER_BLOCK_BYTES - 4096);

	switch ((enum owner_state)b->state) {
	case OWNER_HYP: /* partly RAM or partly devices: not to be told from here */
		return;
	case OWNER_SERVICE:
	case OWNER_SHARED:
		if (!first || !last)
			panic("owners: block 0x%lx is not mapped for the service VM", pa);
		return;
	case OWNER_STORE:
	case OWNER_LENT:
		if (first || last)
			panic("owners: block 0x%lx of VM %u is the service VM's too", pa, b->vm);
		if (b->pins)
			panic("owners: run page in block 0x%lx of VM %u", pa, b->vm);
		return;
	}
	panic("owners: block 0x%lx is in state %u", pa, b->state);
}

static void check_window(struct vm *svm) REQUIRES(slot_manage_lock)
{
	uint64_t seen = 0, i;
	uint32_t r;

	for (r = 0; r < slot_owner.region_count; r++) {
		uint64_t first = slot_owner.region[r].first;
		uint64_t count = slot_owner.region[r].bytes / OWNER_BLOCK_BYTES;

		for (i = 0; i < count && seen < WINDOW_BLOCKS; i++) {
			if (first + i < cursor)
				continue;
			check_service(svm, slot_owner.region[r].base + i * OWNER_BLOCK_BYTES,
				      &slot_owner.block[first + i]);
			seen++;
		}
	}
	cursor = seen < WINDOW_BLOCKS ? 0 : cursor + seen;
}

static bool is_of(uint64_t pa, uint32_t number, bool is_store) REQUIRES(slot_manage_lock)
{
	const struct owner_block *b = owner_find(&slot_owner, pa);

	if (!b || b->vm != number)
		return false;
	return is_store ? b->state == OWNER_STORE
			: b->state == OWNER_SHARED || b->state == OWNER_LENT;
}

/* Not a block: the pages of one that is tracked, or the GIC's virtual CPU interface. */
static bool is_table(uint64_t desc)
{
	return (desc & PGTABLE_DESC_TABLE) == PGTABLE_DESC_TABLE;
}

/* Each block in its stage 2 is the VM's; gives how many there are. */
static uint64_t check_stage2(struct uvm *uvm) REQUIRES(slot_manage_lock)
{
	uint64_t ipa = 0, blocks = 0;

	while (ipa < CAISSON_VM_IPA_BYTES) {
		uint64_t *entry = pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL);
		uint64_t desc = entry ? pgtable_entry_read(entry) : 0;

		if (is_table(desc) && !is_of(desc & PGTABLE_DESC_PA, uvm->slot, true))
			panic("owners: the table of VM %u for IPA 0x%lx is not its own", uvm->slot,
			      ipa);
		lock_acquire(&uvm->mem_lock);
		desc = udirty_peek(uvm, ipa);
		lock_release(&uvm->mem_lock);
		if (desc != 0) {
			if (!is_of(ublock_pa(desc), uvm->slot, false))
				panic("owners: VM %u has block 0x%lx at IPA 0x%lx", uvm->slot,
				      ublock_pa(desc), ipa);
			blocks++;
		}
		ipa = entry ? ipa + UBLOCK_BYTES : bits_align_down(ipa, GIB(1)) + GIB(1);
	}
	return blocks;
}

static uint64_t count_blocks(uint32_t number) REQUIRES(slot_manage_lock)
{
	uint64_t n = 0, i;

	for (i = 0; i < slot_owner.block_count; i++) {
		const struct owner_block *b = &slot_owner.block[i];

		n += b->vm == number && (b->state == OWNER_SHARED || b->state == OWNER_LENT);
	}
	return n;
}

static void check_vm(struct uvm *uvm) REQUIRES(slot_manage_lock)
{
	uint64_t mapped = check_stage2(uvm), owned = count_blocks(uvm->slot);
	uint32_t i;

	if (mapped != uvm->blocks || owned != uvm->blocks)
		panic("owners: VM %u has %lu blocks, %lu in stage 2, %lu in the table", uvm->slot,
		      uvm->blocks, mapped, owned);
	if (!is_of((uint64_t)uvm, uvm->slot, true) ||
	    !is_of(uvm->vm.stage2.root, uvm->slot, true) ||
	    !is_of(uvm->next_page - 1, uvm->slot, true))
		panic("owners: the store of VM %u is not its own", uvm->slot);
	if (!owner_is_service(&slot_owner, uvm->run_block) ||
	    owner_find(&slot_owner, uvm->run_block)->pins == 0)
		panic("owners: run pages 0x%lx of VM %u", uvm->run_block, uvm->slot);
	for (i = 0; i < uvm->vm.vcpu_count; i++) {
		uint64_t page = (uint64_t)uvm->vcpu[i].page;

		if (page && bits_align_down(page, UBLOCK_BYTES) != uvm->run_block)
			panic("owners: run page 0x%lx of VM %u", page, uvm->slot);
	}
}

void check_owners(void)
{
	const struct slot *slot;

	lock_acquire(&slot_manage_lock);
	check_window(uvm_service_vcpu(0)->vm);
	slot = &slots[turn++ % CAISSON_MAX_VMS];
	if (slot->state == SLOT_LIVE)
		check_vm(slot->uvm);
	lock_release(&slot_manage_lock);
}
