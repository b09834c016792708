// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/psci.h"

#include "abi/psci.h"
#include "vmm/guestdt.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

/* The vCPU with these affinity fields; NULL. */
static struct vcpu *find_vcpu(struct vm *vm, uint64_t mpidr)
{
	for (uint32_t i = 0; i < vm->cpus; i++) {
		if (guestdt_mpidr(i) == mpidr)
			return &vm->vcpu[i];
	}
	return NULL;
}

static int64_t cpu_on(struct vcpu *v, const uint64_t *arg)
{
	struct vm *vm = v->vm;
	struct vcpu *target = find_vcpu(vm, arg[0]);

	if (target == NULL)
		return PSCI_INVALID_PARAMETERS;
	if (vcpu_is_on(target))
		return PSCI_ALREADY_ON;
	if (!bits_contains(MACHINE_RAM, vm->memory->ram_bytes, arg[1], 4))
		return PSCI_INVALID_ADDRESS;
	switch (vcpu_turn_on(target, arg[1], arg[2])) {
	case ERR_OK:
		return PSCI_SUCCESS;
	case ERR_BUSY:
		return PSCI_ALREADY_ON;
	default:
		return PSCI_DENIED;
	}
}

static int64_t cpu_off(struct vcpu *v, const uint64_t *arg)
{
	vcpu_turn_off(v);
	return PSCI_SUCCESS;
}

static int64_t affinity_info(struct vcpu *v, const uint64_t *arg)
{
	struct vcpu *target = find_vcpu(v->vm, arg[0]);

	/* Level 0 only, as PSCI 1.0 allows (5.7). */
	if (target == NULL || arg[1] != 0)
		return PSCI_INVALID_PARAMETERS;
	return vcpu_is_on(target) ? PSCI_AFFINITY_ON : PSCI_AFFINITY_OFF;
}

static int64_t migrate_info_type(struct vcpu *v, const uint64_t *arg)
{
	return PSCI_TOS_NOT_PRESENT;
}

static int64_t system_off(struct vcpu *v, const uint64_t *arg)
{
	vm_end(v->vm, VM_OFF);
	return PSCI_SUCCESS;
}

static int64_t system_reset(struct vcpu *v, const uint64_t *arg)
{
	vm_end(v->vm, VM_RESET);
	return PSCI_SUCCESS;
}

static const struct {
	uint32_t function;
	int64_t (*handle)(struct vcpu *v, const uint64_t *arg);
} table[] = {
	{PSCI_CPU_ON, cpu_on},
	{PSCI_64(PSCI_CPU_ON), cpu_on},
	{PSCI_CPU_OFF, cpu_off},
	{PSCI_AFFINITY_INFO, affinity_info},
	{PSCI_64(PSCI_AFFINITY_INFO), affinity_info},
	{PSCI_MIGRATE_INFO_TYPE, migrate_info_type},
	{PSCI_SYSTEM_OFF, system_off},
	{PSCI_SYSTEM_RESET, system_reset},
};

void psci_handle(struct vcpu *v)
{
	struct run_page *page = v->page;
	uint32_t function = page->args[0]; /* W0 */
	uint64_t arg[3];
	int64_t result = SMCCC_NOT_SUPPORTED;

	/* A 32-bit function has 32-bit arguments (DEN 0028, 2.3). */
	for (uint32_t i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = function & SMCCC_64 ? page->args[i + 1] : (uint32_t)page->args[i + 1];
	for (uint32_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].function == function)
			result = table[i].handle(v, arg);
	}
	page->result[0] = result;
	for (uint32_t i = 1; i < ARRAY_SIZE(page->result); i++)
		page->result[i] = page->args[i];
}
