// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vm.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/client.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vcpu.h"

_Static_assert(sizeof(struct run_page) <= MEMORY_RUN_PAGE_BYTES, "a run page is a page");

static enum err start_in_el2(struct vm *vm, const struct board *board, uint64_t ctr)
{
	struct client_region region[1 + BOARD_FLASH_PARTS_MAX] = {
		{.offset = MEMORY_RAM_OFFSET, .ipa = MACHINE_RAM, .bytes = vm->memory->ram_bytes}};
	struct board_part part[BOARD_FLASH_PARTS_MAX];
	uint64_t offset = memory_flash_offset(vm->memory->ram_bytes);
	uint32_t regions = 1;
	enum err err;

	(void)board_flash_bytes(board, part);
	for (uint32_t i = 0; i < ARRAY_SIZE(part); i++) {
		if (part[i].bytes != 0)
			region[regions++] = (struct client_region){.offset = offset,
								   .ipa = part[i].ipa,
								   .bytes = part[i].bytes,
								   .rights = CAISSON_MEM_READ_ONLY};
		offset += part[i].bytes;
	}
	err = client_start(vm->client, region, regions, vm->tools != NULL, ctr, &vm->number);
	vm->token = vm->client->token;
	return err;
}

enum err vm_create(struct vm *vm, struct client *client, struct memory *memory,
		   const struct board *board, uint32_t cpus, struct tools *tools, uint64_t ctr,
		   struct hub *hub, int event)
{
	struct dirty dirty = vm->dirty;

	memset(vm, 0, sizeof(*vm));
	vm->dirty = dirty;
	vm->client = client;
	vm->memory = memory;
	vm->cpus = cpus;
	vm->tools = tools;
	vm->event = event;
	(void)pthread_mutex_init(&vm->power_lock, NULL);
	(void)pthread_cond_init(&vm->power_changed, NULL);
	for (uint32_t i = 0; i < cpus; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].index = i;
		vm->vcpu[i].page = (void *)(memory->run_pages + (size_t)i * MEMORY_RUN_PAGE_BYTES);
	}
	dirty_init(&vm->dirty, memory);
	vm->guestmem = (struct guestmem){.ram = memory->ram,
					 .ram_bytes = memory->ram_bytes,
					 .dirty = &vm->dirty,
					 .file = memory->file,
					 .file_offset = MEMORY_RAM_OFFSET};
	console_init(&vm->console, vm, hub, event);
	if (bus_add(&vm->bus, &vm->console.device) != ERR_OK)
		return ERR_INVALID;
	return start_in_el2(vm, board, ctr);
}

enum err vm_destroy(struct vm *vm)
{
	return client_end(vm->client);
}

enum err vm_start(struct vm *vm, const struct load_result *guest)
{
	enum err err = vcpu_turn_on(&vm->vcpu[0], guest->entry, guest->dtb);

	if (err == ERR_OK)
		return vm_go_on(vm);
	vm_end(vm, VM_FAILED);
	return err;
}

enum err vm_go_on(struct vm *vm)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < vm->cpus; i++)
		err = vcpu_start_thread(&vm->vcpu[i]);
	if (err != ERR_OK)
		vm_end(vm, VM_FAILED);
	return err;
}

void vm_join(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->cpus; i++) {
		if (vm->vcpu[i].thread != 0)
			(void)pthread_join(vm->vcpu[i].thread, NULL);
	}
}

bool vm_has_ended(struct vm *vm)
{
	return atomic_load(&vm->end) != VM_RUNS;
}

void vm_end(struct vm *vm, enum vm_end how)
{
	int runs = VM_RUNS;

	if (!atomic_compare_exchange_strong(&vm->end, &runs, how))
		return;
	(void)pthread_mutex_lock(&vm->power_lock);
	atomic_store(&vm->held, true);
	(void)pthread_cond_broadcast(&vm->power_changed);
	(void)pthread_mutex_unlock(&vm->power_lock);
	for (uint32_t i = 0; i < vm->cpus; i++)
		vcpu_interrupt(&vm->vcpu[i]);
	kick_eventfd(vm->event);
}

/* Under the lock. */
static bool all_parked(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->cpus; i++) {
		if (vm->vcpu[i].on && !vm->vcpu[i].parked)
			return false;
	}
	return true;
}

void vm_pause(struct vm *vm)
{
	(void)pthread_mutex_lock(&vm->power_lock);
	vm->paused = true;
	atomic_store(&vm->held, true);
	(void)pthread_mutex_unlock(&vm->power_lock);
	for (uint32_t i = 0; i < vm->cpus; i++)
		vcpu_interrupt(&vm->vcpu[i]);
	(void)pthread_mutex_lock(&vm->power_lock);
	while (!all_parked(vm) && !vm_has_ended(vm))
		(void)pthread_cond_wait(&vm->power_changed, &vm->power_lock);
	(void)pthread_mutex_unlock(&vm->power_lock);
}

void vm_resume(struct vm *vm)
{
	(void)pthread_mutex_lock(&vm->power_lock);
	vm->paused = false;
	atomic_store(&vm->held, vm_has_ended(vm));
	(void)pthread_cond_broadcast(&vm->power_changed);
	(void)pthread_mutex_unlock(&vm->power_lock);
}

bool vm_holds(const struct vcpu *v)
{
	const struct vcpu *alone = atomic_load(&v->vm->alone);

	return atomic_load(&v->vm->held) || (alone != NULL && alone != v);
}

/* Under the lock. */
static bool others_parked(const struct vcpu *v)
{
	for (uint32_t i = 0; i < v->vm->cpus; i++) {
		const struct vcpu *other = &v->vm->vcpu[i];

		if (other != v && other->on && !other->parked)
			return false;
	}
	return true;
}

void vm_stop_others(struct vcpu *v)
{
	struct vm *vm = v->vm;

	(void)pthread_mutex_lock(&vm->power_lock);
	/* Whoever else wants it, or the pause, first. */
	v->parked = true;
	v->unserved = true;
	(void)pthread_cond_broadcast(&vm->power_changed);
	while ((atomic_load(&vm->alone) != NULL || vm->paused) && !vm_has_ended(vm))
		(void)pthread_cond_wait(&vm->power_changed, &vm->power_lock);
	v->parked = false;
	v->unserved = false;
	if (!vm_has_ended(vm)) {
		atomic_store(&vm->alone, v);
		/* What wanted it to stand still meanwhile is over. */
		__atomic_store_n(&v->page->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	(void)pthread_mutex_unlock(&vm->power_lock);
	for (uint32_t i = 0; i < vm->cpus; i++) {
		if (&vm->vcpu[i] != v)
			vcpu_interrupt(&vm->vcpu[i]);
	}
	(void)pthread_mutex_lock(&vm->power_lock);
	while (!others_parked(v) && !vm_has_ended(vm))
		(void)pthread_cond_wait(&vm->power_changed, &vm->power_lock);
	(void)pthread_mutex_unlock(&vm->power_lock);
}

void vm_let_others(struct vcpu *v)
{
	struct vm *vm = v->vm;

	(void)pthread_mutex_lock(&vm->power_lock);
	if (atomic_load(&vm->alone) == v) {
		atomic_store(&vm->alone, NULL);
		(void)pthread_cond_broadcast(&vm->power_changed);
	}
	(void)pthread_mutex_unlock(&vm->power_lock);
}

bool vm_is_paused(struct vm *vm)
{
	(void)pthread_mutex_lock(&vm->power_lock);

	bool paused = vm->paused;

	(void)pthread_mutex_unlock(&vm->power_lock);
	return paused;
}

void vm_wake(struct vm *vm, uint32_t set)
{
	for (uint32_t i = 0; set != 0 && i < vm->cpus; i++) {
		if ((set & BIT(i)) == 0)
			continue;
		__atomic_store_n(&vm->vcpu[i].page->wake, 1, __ATOMIC_RELEASE);
		(void)syscall(SYS_futex, &vm->vcpu[i].page->wake, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
			      0);
	}
}

void vm_set_irq(struct vm *vm, uint32_t intid, bool level)
{
	uint32_t wake;
	enum caisson_status status = hyp_irq_set(&vm->token, intid, level, &wake);

	if (status == CAISSON_OK) {
		vm_wake(vm, wake);
	} else if (!vm_has_ended(vm)) {
		say("cannot set an interrupt: %s", hyp_status_text(status));
		vm_end(vm, VM_FAILED);
	}
}

void vm_show_memory(struct vm *vm, uint64_t ipa, uint64_t bytes, bool show)
{
	uint64_t blocks = bytes / CAISSON_BLOCK_BYTES;
	enum caisson_status status =
		show ? hyp_mem_map(&vm->token, ipa, blocks, CAISSON_MEM_READ_ONLY)
		     : hyp_mem_unmap(&vm->token, ipa, blocks);

	if (status != CAISSON_OK && !vm_has_ended(vm)) {
		say("cannot change the virtual machine's memory: %s", hyp_status_text(status));
		vm_end(vm, VM_FAILED);
	}
}
