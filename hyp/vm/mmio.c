/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data aborts from stage 2: either an access to an emulated device, or to something the VM does
 * not have, which ends in an external abort as on a bus where nothing answers.
 */
#include "hyp/vm/exit.h"

#include "hyp/core/log.h"
#include "hyp/vm/stage2.h"
#include "lib/esr.h"

enum err vdev_register(struct vm *vm, const struct vdev *vdev)
{
	uint32_t i;

	if (!bits_is_aligned(vdev->base | vdev->bytes, 4096) || vdev->bytes == 0)
		return ERR_INVALID;
	for (i = 0; i < vm->vdev_count; i++) {
		if (bits_overlap(vm->vdev[i].base, vm->vdev[i].bytes, vdev->base, vdev->bytes))
			return ERR_OVERLAP;
	}
	if (vm->vdev_count == VM_MAX_VDEVS)
		return ERR_NO_MEMORY;
	vm->vdev[vm->vdev_count++] = *vdev;
	return ERR_OK;
}

static __attribute__((noinline)) enum exit_action refuse(struct vcpu *vcpu, uint64_t esr)
{
	static uint64_t seen;

	if (!vcpu->vm->is_user && esr_fault(esr) == ESR_FAULT_TRANSLATION &&
	    stage2_has(vcpu->vm, mmio_fault_ipa()))
		return EXIT_RESUME;
	if (log_first(&seen, (unsigned int)(mmio_fault_ipa() >> 12)))
		log_printf(LOG_WARN, "%s: vCPU %u: %s IPA 0x%lx refused (ESR 0x%lx, pc 0x%lx)",
			   vcpu->vm->name, vcpu->index,
			   esr & ESR_ABORT_WNR ? "write to" : "read of", mmio_fault_ipa(), esr,
			   sysreg_read(elr_el2));
	return EXIT_INJECT_ABORT;
}

/* Apart, being rare. */
static __attribute__((noinline)) uint64_t sign_extend(uint64_t esr, uint64_t value)
{
	struct esr_access abort = esr_access(esr);

	return esr_access_extend(&abort, value);
}

static __attribute__((noinline)) enum exit_action load(struct vcpu *vcpu, uint64_t esr,
						       const struct vdev *vdev, uint64_t offset)
{
	struct esr_access abort = esr_access(esr);
	struct vdev_access access;

	access.offset = offset;
	access.bytes = abort.bytes;
	access.write = false;
	access.retry = false;
	if (!vdev->access(vdev->dev, vcpu, &access))
		return refuse(vcpu, esr);
	if (access.retry)
		return EXIT_RESUME;
	if (abort.sign_extend)
		access.value = sign_extend(esr, access.value);
	vcpu_reg_set(vcpu, abort.reg, access.value);
	return EXIT_ADVANCE;
}

static __attribute__((noinline)) enum exit_action store(struct vcpu *vcpu, uint64_t esr,
							const struct vdev *vdev, uint64_t offset)
{
	struct esr_access abort = esr_access(esr);
	struct vdev_access access;

	access.offset = offset;
	access.bytes = abort.bytes;
	access.write = true;
	access.value = vcpu_reg_get(vcpu, abort.reg) & (~UINT64_C(0) >> (64 - 8 * abort.bytes));
	return vdev->access(vdev->dev, vcpu, &access) ? EXIT_ADVANCE : refuse(vcpu, esr);
}

static inline __attribute__((always_inline)) enum exit_action
serve(struct vcpu *vcpu, uint64_t esr, const struct vdev *vdev, uint64_t ipa)
{
	if (ipa & ~(~UINT64_C(0) << bits_get(esr, 23, 22))) /* SAS: not aligned */
		return refuse(vcpu, esr);
	return esr & ESR_ABORT_WNR ? store(vcpu, esr, vdev, ipa - vdev->base)
				   : load(vcpu, esr, vdev, ipa - vdev->base);
}

enum exit_action mmio_serve(struct vcpu *vcpu, uint64_t esr, const struct vdev *vdev, uint64_t ipa)
{
	return serve(vcpu, esr, vdev, ipa);
}

enum exit_action mmio_exit(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t ipa = mmio_fault_ipa();
	const struct vdev *vdev = mmio_find(vcpu->vm, ipa);

	if (!mmio_is_emulated(esr) || !vdev)
		return refuse(vcpu, esr);
	return serve(vcpu, esr, vdev, ipa);
}
