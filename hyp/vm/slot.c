/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/slot.h"

#include "arch/aarch64/at.h"
#include "hyp/vm/stage2.h"

struct spinlock slot_manage_lock = SPINLOCK_INIT(LOCK_MANAGE);
struct owner slot_owner;
struct slot slots[CAISSON_MAX_VMS];

void slot_init(void)
{
	uint32_t i;

	for (i = 0; i < CAISSON_MAX_VMS; i++)
		lock_init(&slots[i].lock, LOCK_SLOT);
}

struct uvm *slot_living(uint64_t number)
{
	const struct slot *slot;

	if (number >= CAISSON_MAX_VMS)
		return NULL;
	slot = slot_get(number);
	return slot->state == SLOT_LIVE ? slot->uvm : NULL;
}

enum caisson_status slot_check_vcpu(const struct slot *slot, const struct vcpu *caller)
{
	enum caisson_status status = slot_check(slot, caller);

	if (status == CAISSON_OK && caller->x[3] >= slot->uvm->vm.vcpu_count)
		return CAISSON_INVALID;
	return status;
}

enum caisson_status slot_status(enum err err)
{
	switch (err) {
	case ERR_OK:
		return CAISSON_OK;
	case ERR_RANGE:
		return CAISSON_FAULT;
	case ERR_INVALID:
		return CAISSON_INVALID;
	case ERR_NO_MEMORY:
		return CAISSON_NO_MEMORY;
	default:
		return CAISSON_STATE;
	}
}

bool slot_resolve(uint64_t va, uint64_t *pa)
{
	bool el0 = exit_is_from_el0();

	if (at_translate_write(va, el0, pa))
		return true;
	stage2_settle();
	return at_translate_write(va, el0, pa);
}

bool slot_resolve_run(const struct slot *slot, uint64_t va, uint64_t *pa)
{
	return slot_resolve(va, pa) &&
	       bits_align_down(*pa, CAISSON_BLOCK_BYTES) == slot->uvm->run_block;
}

bool slot_is_running(const struct slot *slot)
{
	uint32_t i;

	for (i = 0; i < slot->uvm->vm.vcpu_count; i++) {
		if (uvcpu_is_running(&slot->uvm->vcpu[i]))
			return true;
	}
	return false;
}
