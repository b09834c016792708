/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls about consoles. Text passes through a buffer on the stack, so that no lock of the VM's
 * is held while it is drawn; slot.running keeps the VM, and so its console, there meanwhile.
 */
#include "hyp/vm/uconsole.h"

#include "hyp/vm/event.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/uvm.h"

#include <string.h>

static const struct uconsole_ops *console; /* NULL: this Caisson shows no consoles */

void uconsole_init(const struct uconsole_ops *ops)
{
	console = ops;
}

void uconsole_tell(uint32_t vm)
{
	event_post(EVENT_CONSOLE, vm, 1);
}

void uconsole_end(struct slot *slot) NO_THREAD_CHECK
{
	bool had;

	lock_acquire(&slot->lock);
	had = slot->has_console;
	slot->has_console = false;
	lock_release(&slot->lock);
	if (had)
		console->detach(slot_number(slot));
}

/* ---- attach -------------------------------------------------------------------------------- */

/* False: it is empty, too long, or has what is not printable. */
static bool take_name(const struct vcpu *caller, char name[CAISSON_CONSOLE_NAME_BYTES])
{
	size_t length = 0, i;

	memcpy(name, &caller->x[5], CAISSON_CONSOLE_NAME_BYTES);
	while (length < CAISSON_CONSOLE_NAME_BYTES && name[length] > ' ' && name[length] <= '~')
		length++;
	for (i = length; i < CAISSON_CONSOLE_NAME_BYTES; i++) {
		if (name[i] != '\0')
			return false;
	}
	return length > 0 && length < CAISSON_CONSOLE_NAME_BYTES;
}

static enum caisson_status attach(struct slot *slot, uint64_t va, const char *name)
	REQUIRES(slot_manage_lock) NO_THREAD_CHECK
{
	enum caisson_status status;
	uint64_t pa, splits = 0;

	if (slot->state != SLOT_LIVE || slot->has_console)
		return CAISSON_STATE;
	if (!console)
		return CAISSON_BUSY;
	status = umem_resolve_block(va, &pa);
	if (status == CAISSON_OK)
		status = umem_store_take(pa, slot_number(slot), &splits);
	if (status != CAISSON_OK)
		return status;
	ustat_add(&slot->uvm->stat, CAISSON_STAT_BLOCKS_SPLIT, splits);
	if (!console->attach(slot_number(slot), name, (void *)pa, CAISSON_BLOCK_BYTES))
		return CAISSON_BUSY;
	lock_acquire(&slot->lock);
	slot->has_console = true;
	memcpy(slot->uvm->name, name, CAISSON_CONSOLE_NAME_BYTES);
	slot->uvm->vm.name = slot->uvm->name;
	lock_release(&slot->lock);
	return CAISSON_OK;
}

enum caisson_status uvm_console_attach(struct vcpu *caller)
{
	char name[CAISSON_CONSOLE_NAME_BYTES];
	enum caisson_status status;

	if (caller->x[3] >= CAISSON_MAX_VMS || !take_name(caller, name))
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	status = attach(slot_get(caller->x[3]), caller->x[4], name);
	lock_release(&slot_manage_lock);
	return status;
}

/* ---- write and read ------------------------------------------------------------------------ */

/* Under the slot's lock: where the caller's bytes are, in the block that stays where it is. */
static enum caisson_status find_buffer(const struct slot *slot, const struct vcpu *caller,
				       uint8_t **buffer)
{
	uint64_t va = caller->x[3], bytes = caller->x[4], pa;
	enum caisson_status status = slot_check(slot, caller);

	if (status != CAISSON_OK)
		return status;
	if (bytes > CAISSON_CONSOLE_BYTES || (va & 4095) + bytes > 4096)
		return CAISSON_INVALID;
	if (!slot->has_console)
		return CAISSON_STATE;
	if (!slot_resolve_run(slot, va, &pa))
		return CAISSON_FAULT;
	*buffer = (uint8_t *)pa;
	return CAISSON_OK;
}

enum caisson_status uvm_console_write(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	uint8_t text[CAISSON_CONSOLE_BYTES], *from;
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = find_buffer(slot, caller, &from);
	if (status == CAISSON_OK) {
		memcpy(text, from, caller->x[4]);
		slot->running++;
	}
	lock_release(&slot->lock);
	if (status != CAISSON_OK)
		return status;
	console->write(slot_number(slot), text, caller->x[4]);
	lock_acquire(&slot->lock);
	slot->running--;
	lock_release(&slot->lock);
	return CAISSON_OK;
}

enum caisson_status uvm_console_read(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;
	uint8_t *to;

	lock_acquire(&slot->lock);
	status = find_buffer(slot, caller, &to);
	if (status == CAISSON_OK) {
		caller->x[1] = console->read(slot_number(slot), to, caller->x[4]);
		caller->x[2] = console->size(slot_number(slot));
	}
	lock_release(&slot->lock);
	return status;
}
