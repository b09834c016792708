/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_STAGE2_H
#define HYP_VM_STAGE2_H

#include "abi/bootinfo.h"
#include "hyp/vm/vcpu.h"

/*
 * Makes the service VM's stage 2: everything below bi->svm_ipa_limit at IPA = PA, in the largest
 * blocks that fit, but for the kept region and bi->hidden[]. Memory types are left to its
 * stage 1: devices are devices because its page tables say so, as without a hypervisor. At a
 * GICv2's CPU interface (GICC) it has the virtual one (GICV), but for its second page. Boot CPU,
 * once.
 */
void stage2_init(struct vm *vm, const struct bootinfo *bi);

#define STAGE2_BLOCK_BYTES  MIB(2)
#define STAGE2_VMID_SERVICE 1
#define STAGE2_VMID_USER    2 /* and up */

/*
 * Takes a block of RAM out of the service VM's stage 2, in a TLB of no CPU any more when it
 * returns, and gives it back. On a CPU where the service VM is loaded. *splits counts the larger
 * blocks that had to be split. ERR_NO_MEMORY.
 */
enum err stage2_take(struct vm *vm, uint64_t pa, uint64_t *splits) MUST_CHECK;
enum err stage2_give(struct vm *vm, uint64_t pa) MUST_CHECK;

/*
 * Has the service VM something there? A fault that says otherwise came while another CPU was
 * splitting a block, and is gone.
 */
bool stage2_has(struct vm *vm, uint64_t ipa);

/*
 * Waits until no block is being split: a translation of the service VM's that failed before, or the
 * walk of its tables, may only have met that. No lock from LOCK_STAGE2 on is held.
 */
void stage2_settle(void);

#endif
