/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_STAGE2_H
#define HYP_VM_STAGE2_H

#include "abi/bootinfo.h"
#include "hyp/vm/vcpu.h"

/*
 * Makes the service VM's stage 2: everything below bi->svm_ipa_limit at IPA = PA, in the largest
 * blocks that fit, but for the kept region and bi->hidden[]. Memory types are left to its
 * stage 1: devices are devices because its page tables say so, as without a hypervisor. Boot
 * CPU, once.
 */
void stage2_init(struct vm *vm, const struct bootinfo *bi);

#endif
