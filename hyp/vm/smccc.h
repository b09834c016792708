/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_SMCCC_H
#define HYP_VM_SMCCC_H

#include "abi/bootinfo.h"
#include "hyp/vm/vcpu.h"

/* Asks the firmware what it offers of what guests may have of it. Boot CPU, once. */
void smccc_init(const struct bootinfo *bi);

/* What spectre_switch_call() says for this machine; constant after smccc_init(). */
extern uint32_t smccc_switch_call;
void smccc_switch_now(const struct vcpu *from, const struct vcpu *to);

/*
 * The service VM's vCPU and a user VM's follow each other on this CPU: calls the firmware's
 * workarounds that keep one from steering the other's speculation, where the CPU needs any.
 */
static inline void smccc_switch_worlds(const struct vcpu *from, const struct vcpu *to)
{
	if (smccc_switch_call || from->bypasses_stores != to->bypasses_stores)
		smccc_switch_now(from, to);
}

#endif
