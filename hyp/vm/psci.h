/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_PSCI_H
#define HYP_VM_PSCI_H

#include "abi/bootinfo.h"
#include "hyp/vm/exit.h"

/*
 * A PSCI call of the service VM (DEN 0022): id is a function identifier of the standard secure
 * range, 32- or 64-bit; arguments in vcpu->x[1..3], the result goes to vcpu->x[0].
 */
enum exit_action psci_call(struct vcpu *vcpu, uint32_t id);

/*
 * Is this a PSCI function that psci_call() carries out? For PSCI_FEATURES and SMCCC.
 */
bool psci_is_supported(uint32_t id);

/*
 * The vCPU of the service VM is off, and its CPU is not to be switched on until psci_return();
 * CPU_ON answers DENIED. False: it is not off. Takes power_lock.
 */
bool psci_dedicate(struct vcpu *vcpu) MUST_CHECK;
void psci_return(struct vcpu *vcpu);

/*
 * SYSTEM_OFF and SYSTEM_RESET, by the firmware or the board's power manager; who wants it is for
 * the log. Comes back only if they do not do it. Any CPU, no lock held.
 */
void psci_system_end(const char *who, uint32_t id);

/*
 * Boot CPU, once. flush is called before the machine is switched off or reset, to get the last
 * words out; bounded.
 */
typedef void psci_flush_fn(void);
void psci_init(const struct bootinfo *bi, psci_flush_fn *flush);

#endif
