/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of user VMs. Everything of one is in its store, a block of memory that its creator
 * donated; slot.h says what guards what.
 */
#include "hyp/vm/uvm.h"

#include "arch/aarch64/cache.h"
#include "hyp/core/gic.h"
#include "hyp/core/panic.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/udirty.h"
#include "hyp/vm/utimer.h"
#include "hyp/vm/vgic.h"
#include "lib/ctr.h"
#include "lib/siphash.h"

#include <string.h>

struct vm *uvm_service;
static struct siphash128 secret;
static uint64_t vms_made GUARDED_BY(slot_manage_lock);

void uvm_init(const struct bootinfo *bi, struct vm *service)
{
	uvm_service = service;
	secret = (struct siphash128){{bi->secret[0], bi->secret[1]}};
	slot_init();
	umem_init(bi, service);
	udirty_init();
}

/* --- making --- */

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

/* At the start of a block that is not zeroed. */
static enum err vm_make(struct uvm *uvm, uint32_t slot, uint32_t vcpus, uint64_t flags)
{
	uint64_t bytes = bits_align_up(sizeof(*uvm) + vcpus * sizeof(struct uvcpu), 4096);
	struct vm *vm = &uvm->vm;
	enum err err;
	uint32_t i;

	cache_zero((uint64_t)uvm, bytes);
	uvm->slot = slot;
	uvm->next_page = (uint64_t)uvm + bytes;
	uvm->end = (uint64_t)uvm + CAISSON_BLOCK_BYTES;
	vm->name = "user VM";
	vm->is_user = true;
	vm->has_tools = flags & CAISSON_VM_TOOLS;
	vm->vcpu_count = vcpus;
	utimer_make(vm);
	lock_init(&vm->vgic_lock, LOCK_VGIC_DIST);
	lock_init(&vm->power_lock, LOCK_VM_POWER);
	for (i = 0; i < vcpus; i++)
		vcpu_make(uvm, i);
	idreg_init_user(uvm);
	vm->mdcr = world_mdcr(vm);
	err = umem_make(uvm);
	return err == ERR_OK ? vgic_user_init(vm) : err;
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

static void run_block_release(uint64_t pa) REQUIRES(slot_manage_lock)
{
	if (owner_unpin(&slot_owner, pa) != ERR_OK)
		panic("block 0x%lx of run pages is not pinned", pa);
}

/* pa: of its store; run_block is pinned. */
static enum caisson_status create(struct vcpu *caller, struct slot *slot, uint64_t pa,
				  uint64_t run_block) REQUIRES(slot_manage_lock)
{
	struct uvm *uvm = (struct uvm *)pa;
	uint32_t number = slot_number(slot);
	enum caisson_status status;
	uint64_t splits = 0;

	status = umem_store_take(pa, number, &splits);
	if (status != CAISSON_OK)
		return status;
	if (vm_make(uvm, number, (uint32_t)caller->x[4], caller->x[4]) != ERR_OK)
		panic("a block is too small for user VM %u", number);
	uvm->run_block = run_block;
	uvm->ctr = caller->x[6] != 0 ? caller->x[6] : sysreg_read(ctr_el0);
	ustat_add(&uvm->stat, CAISSON_STAT_BLOCKS_SPLIT, splits);
	lock_acquire(&slot->lock);
	slot->uvm = uvm;
	slot->store = pa;
	slot->tag = caller->x[5];
	slot->end = (struct umem_end){0};
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
	uint64_t pa = 0, run_block = 0, vcpus = caller->x[4] & ~CAISSON_VM_TOOLS;

	if (vcpus < 1 || vcpus > (gic_is_v2() ? CAISSON_MAX_VCPUS_GICV2 : CAISSON_MAX_VCPUS) ||
	    (caller->x[6] != 0 && !ctr_is_safe(sysreg_read(ctr_el0), caller->x[6])))
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	slot = slot_free();
	status = slot ? umem_resolve_block(caller->x[3], &pa) : CAISSON_NO_MEMORY;
	if (status == CAISSON_OK)
		status = umem_resolve_block(caller->x[7], &run_block);
	if (status == CAISSON_OK)
		status = slot_status(owner_pin(&slot_owner, run_block));
	if (status == CAISSON_OK) {
		status = create(caller, slot, pa, run_block);
		if (status != CAISSON_OK)
			run_block_release(run_block);
	}
	lock_release(&slot_manage_lock);
	return status;
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
	dbg_vm_ends(&uvm->vm);
	return stopped;
}

/* Nobody looks at what is in its store from now on. */
static void forget(struct slot *slot) REQUIRES(slot_manage_lock)
{
	dedicate_end(slot);
	run_block_release(slot->uvm->run_block);
	lock_acquire(&slot->lock);
	slot->uvm = NULL;
	lock_release(&slot->lock);
}

static enum caisson_status destroy(struct slot *slot) REQUIRES(slot_manage_lock)
{
	if (slot->state == SLOT_FREE)
		return CAISSON_STATE;
	if (slot->uvm) {
		if (!stop(slot))
			return CAISSON_BUSY;
		uconsole_end(slot);
		if (!umem_end_memory(&slot->end, slot_number(slot), slot->store))
			return CAISSON_CONTINUE;
		forget(slot);
	}
	if (!umem_end_store(&slot->end, slot_number(slot), slot->store))
		return CAISSON_CONTINUE;
	lock_acquire(&slot->lock);
	slot->state = SLOT_FREE;
	lock_release(&slot->lock);
	return CAISSON_OK;
}

enum caisson_status uvm_destroy(struct vcpu *caller)
{
	enum caisson_status status;

	if (caller->x[3] >= CAISSON_MAX_VMS)
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	status = destroy(slot_get(caller->x[3]));
	lock_release(&slot_manage_lock);
	return status;
}

/* slot: not free. Of a VM of which only the store is left, nothing is known any more. */
static void info(const struct slot *slot, struct vcpu *caller)
	REQUIRES(slot_manage_lock) NO_THREAD_CHECK
{
	uint32_t state = slot->state == SLOT_LIVE ? CAISSON_VM_LIVE : CAISSON_VM_ENDING;
	struct uvm *uvm = slot->uvm;

	caller->x[1] = state | (uvm ? uvm->vm.vcpu_count << 8 : 0);
	caller->x[2] = slot->tag;
	caller->x[3] = uvm ? __atomic_load_n(&uvm->blocks, __ATOMIC_RELAXED) : 0;
}

enum caisson_status uvm_info(struct vcpu *caller)
{
	enum caisson_status status = CAISSON_OK;
	const struct slot *slot;

	if (caller->x[3] >= CAISSON_MAX_VMS)
		return CAISSON_INVALID;
	slot = slot_get(caller->x[3]);
	lock_acquire(&slot_manage_lock);
	if (slot->state == SLOT_FREE)
		status = CAISSON_STATE;
	else
		info(slot, caller);
	lock_release(&slot_manage_lock);
	return status;
}
