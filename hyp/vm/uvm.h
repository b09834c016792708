/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UVM_H
#define HYP_VM_UVM_H

#include "abi/bootinfo.h"
#include "abi/hypercall.h"
#include "abi/runpage.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/ustat.h"

/* User VMs: their life, and the calls of abi/hypercall.h, with arguments in the caller's x3.. */

/* What the next VCPU_RUN has to do for the guest before it goes on. */
enum uvcpu_pending { UVCPU_NOTHING, UVCPU_MMIO, UVCPU_SMCCC };

struct uvcpu {
	struct vcpu vcpu;
	struct run_page *page; /* NULL: never initialised */
	enum uvcpu_pending pending;
	uint64_t pending_esr; /* UVCPU_MMIO: ESR_EL2 and FAR_EL2 of the access */
	uint64_t pending_far;
	/* The CPU that runs it, or VCPU_NOWHERE; under the slot's lock. */
	uint32_t runs_on;
	/* A flush of the VM's memory that an interrupt broke off: hyp/vm/ucache.c. */
	uint64_t flush_pc;
	uint64_t flush_ipa;
	struct ustat stat;
};

/* Boot CPU, once, while memory can be allocated; the service VM is complete. */
void uvm_init(const struct bootinfo *bi, struct vm *service);

enum caisson_status uvm_create(struct vcpu *caller);
enum caisson_status uvm_destroy(struct vcpu *caller);
enum caisson_status uvm_vcpu_init(struct vcpu *caller);
enum caisson_status uvm_vcpu_get(struct vcpu *caller);
enum caisson_status uvm_vcpu_set(struct vcpu *caller);
enum caisson_status uvm_irq_set(struct vcpu *caller);
enum caisson_status uvm_stat(struct vcpu *caller);
/* hyp/vm/uexit.c. EXIT_SWITCHED, or EXIT_ADVANCE with a status in the caller's x0. */
enum exit_action uvm_vcpu_run(struct vcpu *caller);

/*
 * The vCPU that the caller's VCPU_RUN names is to run on this CPU, and is nobody else's until
 * uvm_release(). *flush: what the CPU has cached may be another vCPU's of the same VM. A status
 * other than OK: nothing was done.
 */
enum caisson_status uvm_claim(const struct vcpu *caller, struct uvcpu **claimed, bool *flush);
void uvm_release(struct uvcpu *u);

/* The service VM's vCPU of CPU `cpu`. */
struct vcpu *uvm_service_vcpu(uint32_t cpu);

/* Is its VM to end? Any CPU, no lock. */
bool uvm_is_ending(const struct vcpu *vcpu);

/* vcpu->vm->is_user */
static inline struct uvcpu *uvcpu_of(struct vcpu *vcpu)
{
	return (struct uvcpu *)vcpu; /* its first member */
}

#endif
