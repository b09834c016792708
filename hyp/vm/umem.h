/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UMEM_H
#define HYP_VM_UMEM_H

#include "abi/bootinfo.h"
#include "abi/hypercall.h"
#include "hyp/vm/vcpu.h"
#include "lib/err.h"
#include "lib/esr.h"
#include "lib/ublock.h"

/* Memory of user VMs: who owns each block, what VMs have in stage 2, and their faults there. */

struct uvm;

/* Boot CPU, once, while memory can be allocated; the service VM is complete. */
void umem_init(const struct bootinfo *bi, struct vm *service);

/* Of HCR_EL2 for user VMs: FWB with FEAT_S2FWB, so that all their memory is Normal write-back. */
uint64_t umem_hcr(void);

/* --- for hyp/vm/uvm.c; all under slot_manage_lock --- */

/* A block of the caller's, by its virtual address: one huge page. CAISSON_INVALID, _FAULT. */
enum caisson_status umem_resolve_block(uint64_t va, uint64_t *pa);

/*
 * The block becomes store of VM `number`, out of the service VM's reach; what is in it stays.
 * *splits as for stage2_take().
 */
enum caisson_status umem_store_take(uint64_t pa, uint32_t number, uint64_t *splits);

/* Empty stage 2 of a VM in whose store [next_page, end) is free. */
enum err umem_make(struct uvm *uvm) MUST_CHECK;

/* How far the end of a VM has come; zeroes at first. */
struct umem_end {
	uint64_t cursor; /* in the table of owners */
	uint64_t pa;     /* a block that is being zeroed, or 0 */
	uint64_t zeroed; /* bytes of it */
};

/*
 * A bounded part of giving back what VM `number`, which cannot run any more, has: zeroed, but for
 * what is shared. umem_end_memory() leaves out the block `store`, which umem_end_store() gives
 * back. True: that was all.
 */
bool umem_end_memory(struct umem_end *end, uint32_t number, uint64_t store);
bool umem_end_store(struct umem_end *end, uint32_t number, uint64_t store);

/* Blocks that are a VM's to have: of 2 MiB, within its address space, at least one. */
bool umem_is_range(uint64_t ipa, uint64_t blocks);

/* --- calls of abi/hypercall.h --- */

enum caisson_status umem_share(struct vcpu *caller);
enum caisson_status umem_lend(struct vcpu *caller);
enum caisson_status umem_reclaim(struct vcpu *caller);
enum caisson_status umem_map(struct vcpu *caller);
enum caisson_status umem_unmap(struct vcpu *caller);
enum caisson_status umem_unexec(struct vcpu *caller);

/* --- the guest --- */

enum umem_fault {
	UMEM_RETRY, /* the guest makes the access again */
	UMEM_SKIP,  /* cache maintenance of what is no memory: done */
	UMEM_MMIO,  /* an access that the VMM answers, decoded by the hardware (ISV) */
	UMEM_FAULT, /* nothing that can be served */
};

/*
 * Of an access that mmio_is_emulated(): was not even a table of the VM's stage 2 there? Then it is
 * the VMM's, which umem_fault() would find by a walk. Not so cache maintenance, which is skipped.
 */
static inline bool umem_is_hole(uint64_t esr)
{
	return !(esr & ESR_ABORT_CM) && (esr & MASK(1, 0)) < UBLOCK_LEVEL;
}

/*
 * An abort from stage 2, data or instruction, with the VM loaded; *ipa as mmio_fault_ipa() has it,
 * which is made right where the hardware does not tell it (permission faults).
 */
enum umem_fault umem_fault(struct vcpu *vcpu, uint64_t esr, uint64_t *ipa);

/*
 * A debugger's access to memory of the VM, none of whose vCPUs runs: reads (to), writes (from) or
 * looks whether it could be written (neither), within a page. False: it is not the VM's, or not to
 * be written.
 */
bool umem_access(struct vm *vm, uint64_t ipa, uint8_t *to, const uint8_t *from, size_t count);

/*
 * Cleans and invalidates all that caches can hold of the VM's memory, from *ipa on. False: an
 * interrupt came; *ipa says where to go on. True: *ipa is 0 again.
 */
bool umem_flush(struct vcpu *vcpu, uint64_t *ipa);

#endif
