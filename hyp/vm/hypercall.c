/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls of the service VM: who may call what, and how the answer gets into its registers.
 * What is done stands in hyp/vm/uvm.c.
 */
#include "hyp/vm/hypercall.h"

#include "abi/hypercall.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/uvm.h"

static uint64_t management_token[2];

void hypercall_init(const struct bootinfo *bi)
{
	management_token[0] = bi->management_token[0];
	management_token[1] = bi->management_token[1];
}

/* In the same time, whatever the token. */
static bool is_manager(const struct vcpu *vcpu)
{
	return ((vcpu->x[1] ^ management_token[0]) | (vcpu->x[2] ^ management_token[1])) == 0;
}

static enum caisson_status version(struct vcpu *vcpu)
{
	vcpu->x[1] = CAISSON_CALL_ABI;
	vcpu->x[2] = percpu_count();
	vcpu->x[3] = CAISSON_MAX_VMS;
	return CAISSON_OK;
}

/* Each looks at x3 and up, and leaves results in x1 to x3. */
static enum caisson_status (*const calls[])(struct vcpu *vcpu) = {
	[CAISSON_CALL_VERSION] = version,         [CAISSON_CALL_VM_CREATE] = uvm_create,
	[CAISSON_CALL_VM_DESTROY] = uvm_destroy,  [CAISSON_CALL_MEM_SHARE] = uvm_mem_share,
	[CAISSON_CALL_VCPU_INIT] = uvm_vcpu_init, [CAISSON_CALL_IRQ_SET] = uvm_irq_set,
	[CAISSON_CALL_VM_STAT] = uvm_stat,        [CAISSON_CALL_VCPU_GET] = uvm_vcpu_get,
	[CAISSON_CALL_VCPU_SET] = uvm_vcpu_set,
};

#define NEEDS_MANAGER                                                                              \
	(BIT(CAISSON_CALL_VM_CREATE) | BIT(CAISSON_CALL_VM_DESTROY) | BIT(CAISSON_CALL_MEM_SHARE))

enum exit_action hypercall(struct vcpu *vcpu)
{
	uint32_t number = (uint32_t)vcpu->x[0];

	if (number == CAISSON_CALL_VCPU_RUN)
		return uvm_vcpu_run(vcpu);
	if (number >= ARRAY_SIZE(calls) || !calls[number])
		vcpu->x[0] = CAISSON_UNKNOWN;
	else if ((NEEDS_MANAGER >> number & 1) && !is_manager(vcpu))
		vcpu->x[0] = CAISSON_DENIED;
	else
		vcpu->x[0] = calls[number](vcpu);
	return EXIT_ADVANCE;
}
