// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vgicstate.h"

#include <string.h>

#include "vmm/say.h"

static void *page(const struct vm *vm)
{
	return vm->memory->run_pages + MEMORY_VGIC_OFFSET;
}

static enum err get_one(struct vm *vm, uint32_t which, void *state, size_t bytes)
{
	uint32_t set;
	enum caisson_status status = hyp_vgic_get(&vm->token, which, page(vm), &set);

	if (status != CAISSON_OK) {
		say("cannot get the interrupt controller's state: %s", hyp_status_text(status));
		return ERR_DENIED;
	}
	memcpy(state, page(vm), bytes);
	vm_wake(vm, set);
	return ERR_OK;
}

enum err vgicstate_get(struct vm *vm, struct vgic_state_dist *dist, struct vgic_state_cpu cpu[])
{
	enum err err = get_one(vm, CAISSON_VGIC_DIST, dist, sizeof(*dist));

	for (uint32_t i = 0; i < vm->cpus && err == ERR_OK; i++)
		err = get_one(vm, i, &cpu[i], sizeof(cpu[i]));
	return err;
}

const char *vgicstate_reason(uint32_t fault)
{
	switch (fault) {
	case CAISSON_VGIC_OTHER_VERSION:
		return "it is from another version of Caisson";
	case CAISSON_VGIC_OTHER_GIC:
		return "it has an interrupt controller of another version (GICv2, GICv3)";
	case CAISSON_VGIC_OTHER_VCPUS:
		return "it has another number of vCPUs";
	case CAISSON_VGIC_OTHER_INTIDS:
		return "it has another number of interrupts";
	case CAISSON_VGIC_OTHER_PRIORITY_BITS:
		return "its interrupts have another number of priority bits";
	case CAISSON_VGIC_BAD_HEADER:
		return "it is of another part of the interrupt controller";
	case CAISSON_VGIC_BAD_INTERFACE:
		return "a control register has a value that it cannot have";
	case CAISSON_VGIC_BAD_IRQ:
		return "an interrupt is in a state that it cannot be in";
	default:
		return "it was not taken";
	}
}

static enum err set_one(struct vm *vm, uint32_t which, const void *state, size_t bytes)
{
	struct hyp_vgic_fault fault;
	enum caisson_status status;
	uint32_t set;

	memcpy(page(vm), state, bytes);
	status = hyp_vgic_set(&vm->token, which, page(vm), &set, &fault);
	if (status == CAISSON_OK) {
		vm_wake(vm, set);
		return ERR_OK;
	}
	if (fault.reason == CAISSON_VGIC_BAD_IRQ)
		say("the interrupt controller's state: interrupt %u: %s", fault.intid,
		    vgicstate_reason(fault.reason));
	else
		say("the interrupt controller's state: %s",
		    fault.reason ? vgicstate_reason(fault.reason) : hyp_status_text(status));
	return status == CAISSON_UNSUPPORTED ? ERR_UNSUPPORTED : ERR_INVALID;
}

enum err vgicstate_set(struct vm *vm, const struct vgic_state_dist *dist,
		       const struct vgic_state_cpu cpu[])
{
	enum err err = set_one(vm, CAISSON_VGIC_DIST, dist, sizeof(*dist));

	for (uint32_t i = 0; i < vm->cpus && err == ERR_OK; i++)
		err = set_one(vm, i, &cpu[i], sizeof(cpu[i]));
	return err;
}
