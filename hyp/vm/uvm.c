/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of user VMs. Everything of one is in its store, a block of memory that its creator
 * donated; slot.h says what guards what.
 */
#include "hyp/vm/uvm.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/cache.h"
#include "arch/aarch64/tlb.h"
#include "hyp/core/gic.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/vgic.h"
#include "lib/siphash.h"

#include <string.h>

#define SCAN_BLOCKS 512 /* of the owners' table, in one call of VM_DESTROY */

static struct vm *svm;
static struct siphash128 secret;
static uint64_t vms_made GUARDED_BY(slot_manage_lock);

void uvm_init(const struct bootinfo *bi, struct vm *service) NO_THREAD_CHECK
{
	uint64_t blocks = owner_block_count(bi->ram, bi->ram_count);
	uint32_t i;

	svm = service;
	secret = (struct siphash128){{bi->secret[0], bi->secret[1]}};
	slot_init();
	owner_init(&slot_owner, bi->ram, bi->ram_count,
		   mem_pages((blocks * sizeof(struct owner_block) + 4095) / 4096));
	owner_exclude(&slot_owner, bi->kept.base, bi->kept.bytes);
	for (i = 0; i < bi->hidden_count; i++)
		owner_exclude(&slot_owner, bi->hidden[i].base, bi->hidden[i].bytes);
}

/* --- arguments --- */

/* A block of the caller's: both ends must be where one huge page would have them. */
static enum caisson_status resolve_block(uint64_t va, uint64_t *pa)
{
	uint64_t last;

	if (!bits_is_aligned(va, CAISSON_BLOCK_BYTES))
		return CAISSON_INVALID;
	if (!slot_resolve(va, pa) || !slot_resolve(va + CAISSON_BLOCK_BYTES - 4096, &last))
		return CAISSON_FAULT;
	if (!bits_is_aligned(*pa, CAISSON_BLOCK_BYTES) || last != *pa + CAISSON_BLOCK_BYTES - 4096)
		return CAISSON_INVALID;
	return CAISSON_OK;
}

/* --- making --- */

static uint64_t page_alloc(void *ctx)
{
	struct uvm *uvm = ctx;
	uint64_t page = uvm->next_page;

	if (page == uvm->end)
		return 0;
	uvm->next_page += 4096;
	dsb(ishst); /* its zeroes, before a table walk sees it */
	return page;
}

static uint64_t *page_va(void *ctx, uint64_t pa)
{
	return (uint64_t *)pa;
}

static const struct pgtable_ops ops = {.page_alloc = page_alloc, .page_va = page_va};

static void vcpu_make(struct uvm *uvm, uint32_t index)
{
	struct uvcpu *u = &uvm->vcpu[index];

	u->vcpu.vm = &uvm->vm;
	u->vcpu.exits = exit_user_vm;
	u->vcpu.index = index;
	u->vcpu.mpidr = index % 16 | (uint64_t)(index / 16) << 8;
	u->vcpu.cpu = VCPU_NOWHERE;
	u->runs_on = VCPU_NOWHERE;
	u->own_cpu = VCPU_NOWHERE;
	lock_init(&u->vcpu.vgic_lock, LOCK_VGIC_CPU);
	uvm->vm.vcpu[index] = &u->vcpu;
}

/* In zeroed memory. */
static enum err vm_make(struct uvm *uvm, uint32_t slot, uint32_t vcpus)
{
	unsigned int pa_range = (unsigned int)bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0);
	struct vm *vm = &uvm->vm;
	enum err err;
	uint32_t i;

	uvm->slot = slot;
	uvm->next_page =
		bits_align_up((uint64_t)uvm + sizeof(*uvm) + vcpus * sizeof(struct uvcpu), 4096);
	uvm->end = (uint64_t)uvm + CAISSON_BLOCK_BYTES;
	vm->name = "user VM";
	vm->is_user = true;
	vm->vcpu_count = vcpus;
	vm->cntvoff = sysreg_read(cntpct_el0);
	lock_init(&vm->vgic_lock, LOCK_VGIC_DIST);
	lock_init(&vm->power_lock, LOCK_VM_POWER);
	for (i = 0; i < vcpus; i++)
		vcpu_make(uvm, i);
	idreg_init_user(vm);
	err = pgtable_init(&vm->stage2, PGTABLE_STAGE2, __builtin_ctzll(CAISSON_VM_IPA_BYTES), &ops,
			   uvm);
	if (err != ERR_OK)
		return err;
	vm->vtcr = pgtable_tcr(&vm->stage2, pa_range);
	vm->vttbr = vm->stage2.root | (uint64_t)(STAGE2_VMID_USER + slot) << 48;
	return vgic_user_init(vm);
}

static struct slot *slot_free(void)
{
	uint32_t i;

	for (i = 0; i < CAISSON_MAX_VMS; i++) {
		if (slots[i].state == SLOT_FREE)
			return &slots[i];
	}
	return NULL;
}

static void token_make(struct slot *slot) REQUIRES(slot_manage_lock)
{
	struct siphash128 token;

	vms_made++;
	token = siphash128(&secret, &vms_made, sizeof(vms_made));
	slot->token[0] = bits_set(token.word[0], 3, 0, (uint64_t)(slot - slots));
	slot->token[1] = token.word[1];
}

_Static_assert(CAISSON_MAX_VMS == 16, "token_make(): four bits");

/* The store goes back: zeroed, to the service VM. */
static void store_return(uint64_t pa, uint32_t slot) REQUIRES(slot_manage_lock)
{
	cache_zero(pa, CAISSON_BLOCK_BYTES);
	if (owner_reclaim(&slot_owner, pa, slot) != ERR_OK || stage2_give(svm, pa) != ERR_OK)
		panic("the store of user VM %u is nobody's", slot);
}

static enum caisson_status create(struct vcpu *caller, struct slot *slot, uint64_t pa)
	REQUIRES(slot_manage_lock)
{
	uint32_t number = (uint32_t)(slot - slots);
	enum err err = owner_donate(&slot_owner, pa, number);

	if (err != ERR_OK)
		return slot_status(err);
	err = stage2_take(svm, pa);
	if (err != ERR_OK) {
		if (owner_reclaim(&slot_owner, pa, number) != ERR_OK)
			panic("block 0x%lx is nobody's", pa);
		return slot_status(err);
	}
	cache_zero(pa, CAISSON_BLOCK_BYTES);
	err = vm_make((struct uvm *)pa, number, (uint32_t)caller->x[4]);
	if (err != ERR_OK) {
		store_return(pa, number);
		return slot_status(err);
	}
	lock_acquire(&slot->lock);
	slot->uvm = (struct uvm *)pa;
	slot->cursor = 0;
	memset(slot->last_on, 0, sizeof(slot->last_on));
	token_make(slot);
	slot->state = SLOT_LIVE;
	caller->x[1] = number;
	caller->x[2] = slot->token[0];
	caller->x[3] = slot->token[1];
	lock_release(&slot->lock);
	return CAISSON_OK;
}

enum caisson_status uvm_create(struct vcpu *caller)
{
	enum caisson_status status;
	struct slot *slot;
	uint64_t pa = 0;

	if (caller->x[4] < 1 || caller->x[4] > CAISSON_MAX_VCPUS)
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	slot = slot_free();
	status = slot ? resolve_block(caller->x[3], &pa) : CAISSON_NO_MEMORY;
	if (status == CAISSON_OK)
		status = create(caller, slot, pa);
	lock_release(&slot_manage_lock);
	return status;
}

/* --- changing --- */

static bool is_device(const struct vm *vm, uint64_t ipa)
{
	uint32_t i;

	for (i = 0; i < vm->vdev_count; i++) {
		if (bits_overlap(vm->vdev[i].base, vm->vdev[i].bytes, ipa, CAISSON_BLOCK_BYTES))
			return true;
	}
	return false;
}

static enum caisson_status share(struct slot *slot, uint64_t va, uint64_t ipa)
	REQUIRES(slot_manage_lock)
{
	uint32_t number = (uint32_t)(slot - slots);
	struct vm *vm = &slot->uvm->vm;
	uint64_t pa;
	enum caisson_status status = resolve_block(va, &pa);
	enum err err;

	if (status != CAISSON_OK)
		return status;
	err = owner_share(&slot_owner, pa, number);
	if (err != ERR_OK)
		return slot_status(err);
	/* The guest may look at it with its caches off. */
	cache_clean_invalidate_poc(pa, CAISSON_BLOCK_BYTES);
	cache_invalidate_instructions();
	err = pgtable_map(&vm->stage2, ipa, pa, CAISSON_BLOCK_BYTES,
			  PGTABLE_R | PGTABLE_W | PGTABLE_X);
	dsb(ishst);
	if (err == ERR_OK)
		return CAISSON_OK;
	if (owner_unshare(&slot_owner, pa, number) != ERR_OK)
		panic("block 0x%lx is nobody's", pa);
	return err == ERR_NO_MEMORY ? CAISSON_NO_MEMORY : CAISSON_STATE;
}

enum caisson_status uvm_mem_share(struct vcpu *caller)
{
	uint64_t number = caller->x[3], ipa = caller->x[5], blocks = caller->x[6];
	enum caisson_status status;
	struct slot *slot;

	if (number >= CAISSON_MAX_VMS || blocks == 0 ||
	    !bits_is_aligned(ipa, CAISSON_BLOCK_BYTES) ||
	    !bits_contains(0, CAISSON_VM_IPA_BYTES, ipa, CAISSON_BLOCK_BYTES))
		return CAISSON_INVALID;
	slot = &slots[number];
	lock_acquire(&slot_manage_lock);
	if (slot->state != SLOT_LIVE)
		status = CAISSON_STATE;
	else if (is_device(&slot->uvm->vm, ipa))
		status = CAISSON_INVALID;
	else
		status = share(slot, caller->x[4], ipa);
	lock_release(&slot_manage_lock);
	return status == CAISSON_OK && blocks > 1 ? CAISSON_CONTINUE : status;
}

struct vcpu *uvm_service_vcpu(uint32_t cpu)
{
	return svm->vcpu[cpu];
}

/* --- ending --- */

/* No vCPU enters any more; those that run are told to leave. True: none runs. */
static bool stop(struct slot *slot) NO_THREAD_CHECK
{
	struct uvm *uvm = slot->uvm;
	bool stopped;
	uint32_t i;

	lock_acquire(&slot->lock);
	slot->state = SLOT_ENDING;
	stopped = slot->running == 0;
	for (i = 0; !stopped && i < uvm->vm.vcpu_count; i++) {
		if (uvm->vcpu[i].runs_on != VCPU_NOWHERE)
			gic_kick(uvm->vcpu[i].runs_on);
	}
	lock_release(&slot->lock);
	return stopped;
}

/* Takes back a part of what was shared with it. True: that was all. */
static bool unshare(struct slot *slot) REQUIRES(slot_manage_lock)
{
	uint32_t number = (uint32_t)(slot - slots);
	uint64_t end = slot->cursor + SCAN_BLOCKS;
	uint64_t pa;

	while (slot->cursor < end &&
	       owner_next_shared(&slot_owner, number, &slot->cursor, end - slot->cursor, &pa)) {
		if (owner_unshare(&slot_owner, pa, number) != ERR_OK)
			panic("block 0x%lx is nobody's", pa);
	}
	return slot->cursor >= slot_owner.block_count;
}

static void finish(struct slot *slot) REQUIRES(slot_manage_lock)
{
	struct uvm *uvm = slot->uvm;
	uint32_t i;

	dedicate_end(slot);
	for (i = 0; i < uvm->vm.vcpu_count; i++) {
		struct run_page *page = uvm->vcpu[i].page;

		if (page && owner_unpin(&slot_owner, (uint64_t)page) != ERR_OK)
			panic("run page 0x%lx is not pinned", (uint64_t)page);
	}
	store_return((uint64_t)uvm, (uint32_t)(slot - slots));
	lock_acquire(&slot->lock);
	slot->uvm = NULL;
	slot->state = SLOT_FREE;
	lock_release(&slot->lock);
}

static enum caisson_status destroy(struct slot *slot) REQUIRES(slot_manage_lock)
{
	if (slot->state == SLOT_FREE)
		return CAISSON_STATE;
	if (!stop(slot))
		return CAISSON_BUSY;
	if (slot->cursor == 0)
		tlb_flush_all_vms(); /* its memory is reached through its VMID no more */
	if (!unshare(slot))
		return CAISSON_CONTINUE;
	finish(slot);
	return CAISSON_OK;
}

enum caisson_status uvm_destroy(struct vcpu *caller)
{
	enum caisson_status status;

	if (caller->x[3] >= CAISSON_MAX_VMS)
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	status = destroy(&slots[caller->x[3]]);
	lock_release(&slot_manage_lock);
	return status;
}
