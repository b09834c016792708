/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UCACHE_H
#define HYP_VM_UCACHE_H

#include "hyp/vm/exit.h"

/*
 * What user VMs see of caches by system registers: CTR_EL0 and what goes with it, if they see
 * another than the host's; maintenance by set and way; and registers of virtual memory, while a
 * guest may be switching its caches on or off.
 */

/* Of HCR_EL2, from the vCPU's reset on. */
uint64_t ucache_hcr(const struct vcpu *vcpu);

/* A trapped register or instruction (ESR_SYSREG()) of a user VM. False: none of these. */
bool ucache_access(struct vcpu *vcpu, unsigned int key, unsigned int rt, bool read,
		   enum exit_action *action);

#endif
