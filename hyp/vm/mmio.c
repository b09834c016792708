/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data aborts from stage 2: either an access to an emulated device, or to something the VM does
 * not have, which ends in an external abort as on a bus where nothing answers.
 */
#include "hyp/vm/exit.h"

#include "hyp/core/log.h"
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

static const struct vdev *vdev_find(const struct vm *vm, uint64_t ipa, unsigned int bytes)
{
	const struct vdev *vdev = vm->vdev;
	const struct vdev *end = vdev + vm->vdev_count;

	for (; vdev < end; vdev++) {
		if (bits_contains(vdev->base, vdev->bytes, ipa, bytes))
			return vdev;
	}
	return NULL;
}

static enum exit_action refuse(const struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
	static uint64_t seen;

	if (!(__atomic_fetch_or(&seen, BIT(vcpu->index), __ATOMIC_RELAXED) & BIT(vcpu->index)))
		log_printf(LOG_WARN, "%s: vCPU %u: %s IPA 0x%lx refused (ESR 0x%lx, pc 0x%lx)",
			   vcpu->vm->name, vcpu->index,
			   esr & ESR_ABORT_WNR ? "write to" : "read of", ipa, esr,
			   sysreg_read(elr_el2));
	return EXIT_INJECT_ABORT;
}

enum exit_action mmio_exit(struct vcpu *vcpu, uint64_t esr)
{
	/* HPFAR_EL2.FIPA holds IPA bits 47:12 (51:12 with LPA) from bit 4 on. */
	uint64_t ipa = (bits_get(sysreg_read(hpfar_el2), 43, 4) << 12) |
		       (sysreg_read(far_el2) & 0xfff);
	struct esr_access abort = esr_access(esr);
	const struct vdev *vdev;
	struct vdev_access access;

	if (!abort.valid || (esr & ESR_ABORT_S1PTW) || esr_fault(esr) != ESR_FAULT_TRANSLATION)
		return refuse(vcpu, esr, ipa);
	vdev = vdev_find(vcpu->vm, ipa, abort.bytes);
	if (!vdev || !bits_is_aligned(ipa, abort.bytes))
		return refuse(vcpu, esr, ipa);
	access = (struct vdev_access){
		.offset = ipa - vdev->base,
		.bytes = abort.bytes,
		.write = abort.write,
		.value = abort.write ? vcpu_reg_get(vcpu, abort.reg) : 0,
	};
	if (abort.write && abort.bytes < 8)
		access.value &= BIT(8 * abort.bytes) - 1;
	if (!vdev->access(vdev->dev, vcpu, &access))
		return refuse(vcpu, esr, ipa);
	if (!abort.write)
		vcpu_reg_set(vcpu, abort.reg, esr_access_extend(&abort, access.value));
	return EXIT_ADVANCE;
}
