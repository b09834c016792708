/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_HYPERCALL_H
#define HYP_VM_HYPERCALL_H

#include "abi/bootinfo.h"
#include "hyp/vm/exit.h"

/* Takes the management token over. Boot CPU, once. */
void hypercall_init(const struct bootinfo *bi);

/* A call of the service VM (abi/hypercall.h). */
enum exit_action hypercall(struct vcpu *vcpu);

#endif
