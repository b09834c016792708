/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_PSCI_H
#define VMM_PSCI_H

#include "vmm/vm.h"

/*
 * Answers the HVC or SMC that a vCPU left its run for: PSCI (DEN 0022), as far as EL2 leaves it
 * to the VMM. By the vCPU's thread.
 */
void psci_handle(struct vcpu *v);

#endif
