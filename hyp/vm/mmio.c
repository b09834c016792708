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

/* For an aligned access, which cannot reach over a device's last page. */
static const struct vdev *vdev_find(const struct vm *vm, uint64_t ipa)
{
	const struct vdev *vdev = vm->vdev;
	const struct vdev *end = vdev + vm->vdev_count;

	for (; vdev < end; vdev++) {
		if (ipa - vdev->base < vdev->bytes)
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

/* A translation fault on the access itself, decoded by the hardware. */
#define EMULATED_MASK (ESR_ABORT_ISV | ESR_ABORT_S1PTW | 0x3c)
#define EMULATED      (ESR_ABORT_ISV | ESR_FAULT_TRANSLATION << 2)

enum exit_action mmio_exit(struct vcpu *vcpu, uint64_t esr)
{
	/* HPFAR_EL2.FIPA holds IPA bits 47:12 (51:12 with LPA) from bit 4 on. */
	uint64_t ipa = (bits_get(sysreg_read(hpfar_el2), 43, 4) << 12) |
		       (sysreg_read(far_el2) & 0xfff);
	struct esr_access abort = esr_access(esr);
	const struct vdev *vdev = vdev_find(vcpu->vm, ipa);
	struct vdev_access access;

	if ((esr & EMULATED_MASK) != EMULATED || !vdev || (ipa & (abort.bytes - 1)))
		return refuse(vcpu, esr, ipa);
	access.offset = ipa - vdev->base;
	access.bytes = abort.bytes;
	access.write = abort.write;
	access.retry = false;
	if (abort.write)
		access.value = vcpu_reg_get(vcpu, abort.reg) & (~UINT64_C(0) >> (64 - 8 * abort.bytes));
	if (!vdev->access(vdev->dev, vcpu, &access))
		return refuse(vcpu, esr, ipa);
	if (access.retry)
		return EXIT_RESUME;
	if (!abort.write && abort.sign_extend)
		access.value = esr_access_extend(&abort, access.value);
	if (!abort.write)
		vcpu_reg_set(vcpu, abort.reg, access.value);
	return EXIT_ADVANCE;
}
