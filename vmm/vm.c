// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vm.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vcpu.h"

#define RUN_PAGE_BYTES 4096
_Static_assert(sizeof(struct run_page) <= RUN_PAGE_BYTES, "a run page is a page");

static enum err tell(const char *what, enum caisson_status status)
{
	say("%s: %s", what, hyp_status_text(status));
	return status == CAISSON_DENIED ? ERR_DENIED : ERR_INVALID;
}

enum err vm_create(struct vm *vm, const struct hyp_token *management, struct memory *memory,
		   uint32_t cpus, int event)
{
	enum caisson_status status;

	memset(vm, 0, sizeof(*vm));
	vm->management = *management;
	vm->memory = memory;
	vm->cpus = cpus;
	vm->event = event;
	(void)pthread_mutex_init(&vm->power_lock, NULL);
	(void)pthread_cond_init(&vm->power_changed, NULL);
	for (uint32_t i = 0; i < cpus; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].index = i;
		vm->vcpu[i].page = (void *)(memory->run_pages + (size_t)i * RUN_PAGE_BYTES);
	}
	vm->guestmem = (struct guestmem){.ram = memory->ram,
					 .ram_bytes = memory->ram_bytes,
					 .file = memory->file,
					 .file_offset = (uint64_t)(memory->ram - memory->store)};
	console_init(&vm->console, vm, event);
	if (bus_add(&vm->bus, &vm->console.device) != ERR_OK)
		return ERR_INVALID;
	memory_begin_vm(memory);
	status = hyp_vm_create(&vm->management, memory->store, cpus, 0, 0, &vm->number, &vm->token);
	memory_end_vm(memory, status == CAISSON_OK, vm->number);
	if (status != CAISSON_OK)
		return tell("cannot make a virtual machine", status);
	status = hyp_mem_share(&vm->management, vm->number, memory->ram, MACHINE_RAM,
			       memory->ram_bytes / CAISSON_BLOCK_BYTES, 0);
	if (status == CAISSON_OK)
		return ERR_OK;

	enum err err = tell("cannot give memory to the virtual machine", status);

	return vm_destroy(vm) == ERR_OK ? err : ERR_BUSY;
}

enum err vm_destroy(struct vm *vm)
{
	enum caisson_status status = hyp_vm_destroy(&vm->management, vm->number);

	if (status != CAISSON_OK)
		return tell("cannot end the virtual machine", status);
	memory_forget_vm(vm->memory);
	return ERR_OK;
}

enum err vm_start(struct vm *vm, const struct load_result *guest)
{
	enum err err = vcpu_turn_on(&vm->vcpu[0], guest->entry, guest->dtb);

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
	(void)pthread_cond_broadcast(&vm->power_changed);
	(void)pthread_mutex_unlock(&vm->power_lock);
	for (uint32_t i = 0; i < vm->cpus; i++)
		vcpu_interrupt(&vm->vcpu[i]);
	vm_signal_event(vm->event);
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
		(void)tell("cannot set an interrupt", status);
		vm_end(vm, VM_FAILED);
	}
}

void vm_signal_event(int event)
{
	static const uint64_t one = 1;

	/* It fails only when the counter is full, and then it is readable anyway. */
	if (write(event, &one, sizeof(one)) != sizeof(one))
		errno = 0;
}
