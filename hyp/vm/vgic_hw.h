/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VGIC_HW_H
#define HYP_VM_VGIC_HW_H

#include "hyp/core/gic.h"
#include "lib/vgic.h"

/*
 * The virtual CPU interface of this CPU: for the files of the vGIC only. v2 is gic_is_v2(); where
 * the time counts there is a copy of the function for either, and it is a constant. List registers
 * are as lib/vgic.h has them. HCR and VMCR are the hardware's own, of which these are alike: HCR's
 * enables and EOIcount, VMCR's EOImode and, for those who put it at its extremes, priority mask.
 */
#define VGIC_HW_INLINE static inline __attribute__((always_inline))

VGIC_HW_INLINE uint64_t vgic_hw_lr_read(bool v2, uint32_t n)
{
	return v2 ? vgic2_lr_unpack(mmio_read32(gicv2.gich + GICH_LR0 + n * 4)) : gicv3_lr_read(n);
}

VGIC_HW_INLINE void vgic_hw_lr_write(bool v2, uint32_t n, uint64_t lr)
{
	if (v2)
		mmio_write32(gicv2.gich + GICH_LR0 + n * 4, vgic2_lr_pack(lr));
	else
		gicv3_lr_write(n, lr);
}

/* Empty list registers, a bit each. A GICv2 can have more than are used. */
VGIC_HW_INLINE uint32_t vgic_hw_empty(bool v2)
{
	return v2 ? mmio_read32(gicv2.gich + GICH_ELRSR0) & MASK(VGIC_MAX_LRS - 1, 0)
		  : (uint32_t)sysreg_read(ICH_ELRSR_EL2);
}

VGIC_HW_INLINE uint64_t vgic_hw_hcr_read(bool v2)
{
	return v2 ? mmio_read32(gicv2.gich + GICH_HCR) : sysreg_read(ICH_HCR_EL2);
}

/* A GICv2 has no trap of the guest's DIR: it is always trapped, by way of stage 2. */
VGIC_HW_INLINE void vgic_hw_hcr_write(bool v2, uint64_t hcr)
{
	if (v2)
		mmio_write32(gicv2.gich + GICH_HCR, (uint32_t)hcr & GICH_HCR_MASK);
	else
		sysreg_write(ICH_HCR_EL2, hcr);
}

VGIC_HW_INLINE uint64_t vgic_hw_vmcr_read(bool v2)
{
	return v2 ? mmio_read32(gicv2.gich + GICH_VMCR) : sysreg_read(ICH_VMCR_EL2);
}

VGIC_HW_INLINE void vgic_hw_vmcr_write(bool v2, uint64_t vmcr)
{
	if (v2)
		mmio_write32(gicv2.gich + GICH_VMCR, (uint32_t)vmcr);
	else
		sysreg_write(ICH_VMCR_EL2, vmcr);
}

/* How many interrupts the guest ended that were in no list register. */
VGIC_HW_INLINE uint32_t vgic_hw_eoi_count(bool v2)
{
	return vgic_hw_hcr_read(v2) >> ICH_HCR_EOICOUNT_SHIFT & ICH_HCR_EOICOUNT_MASK;
}

#endif
