/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_RUN_H
#define HYP_VM_RUN_H

#include "hyp/vm/vcpu.h"

/* EL2's controls for this CPU as the service VM needs them. Every CPU, once, after gic_init_cpu().
 */
void run_cpu_init(struct vm *vm);

/*
 * The vCPU of the service VM is off: waits, serving interrupts, until it is switched on, and makes
 * its state that of a reset, or until a dedicated vCPU is to run here. Returns which to enter.
 */
struct vcpu *run_idle(struct vcpu *vcpu);

/* Runs the vCPU on this CPU from reset, whenever it is on. Does not return. */
void run_vcpu(struct vcpu *vcpu) __attribute__((noreturn));

#endif
