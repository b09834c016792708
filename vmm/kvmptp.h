/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_KVMPTP_H
#define VMM_KVMPTP_H

#include "vmm/vm.h"

/*
 * The host's clock for guests: what Linux's driver ptp_kvm asks a hypervisor for, if the VM is to
 * have it. It takes any that gives KVM's identifier to the vendor hypervisor service (SMCCC, DEN
 * 0028, 6.2) for one; there are no other functions of KVM's here, and the answer to "features" says
 * so. Linux: Documentation/virt/kvm/arm/ptp_kvm.rst, hypercalls.rst.
 *
 * Answers the HVC or SMC that a vCPU left its run for. False: it is not one of these. By the vCPU's
 * thread.
 */
bool kvmptp_handle(struct vcpu *v);

#endif
