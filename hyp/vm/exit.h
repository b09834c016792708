/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_EXIT_H
#define HYP_VM_EXIT_H

#include "arch/aarch64/sysreg.h"
#include "hyp/vm/vcpu.h"
#include "lib/esr.h"
#include "lib/guestexc.h"

/*
 * What a handler of an exit wants done with its guest. One place, exit_sync(), moves
 * the PC or injects.
 */
enum exit_action {
	EXIT_ADVANCE,      /* the trapped instruction is done: go on behind it */
	EXIT_RESUME,       /* go on at ELR_EL2 as it stands */
	EXIT_INJECT_UNDEF, /* it is UNDEFINED for this guest */
	EXIT_INJECT_ABORT, /* it gets a synchronous external abort */
	EXIT_INJECT_TRAP,  /* it goes to EL1 as it would have without EL2: same syndrome */
	EXIT_POWERED_OFF,  /* the service VM's vCPU, now loaded, is off: idle until there is a vCPU
			    */
	EXIT_SWITCHED,     /* another vCPU is loaded: enter that one */
};

/*
 * An exit_handler_fn (vcpu.h) gets ESR_EL2 and runs with no lock held. These tables have one for
 * each exception class; exit_unhandled: UNDEFINED for the guest, and logged once.
 */
exit_handler_fn exit_unhandled;
extern exit_handler_fn *const exit_service_vm[ESR_EC_COUNT];
/*
 * hyp/vm/uexit.c: exits of user VMs, and their interrupts. The virtual timer's and EL2's own are
 * served; any other is the service VM's: the run ends, and then it is taken as if the service VM
 * had been there all the time.
 */
extern exit_handler_fn *const exit_user_vm[ESR_EC_COUNT];
enum exit_action uexit_irq(struct vcpu *vcpu);
/* The vCPU stops for a debugger: the run ends. */
enum exit_action uexit_stop(struct vcpu *vcpu);

/* hyp/vm/sysreg.c: trapped MSR, MRS and system instructions (EC 0x18). */
exit_handler_fn sysreg_exit;
/* The service VM's: hypercalls, which come as reads of MDCCSR_EL0, go first. */
exit_handler_fn sysreg_exit_service;
/* hyp/vm/mmio.c: data aborts from stage 2 (EC 0x24). */
exit_handler_fn mmio_exit;
/* Where the stage 2 fault was. */
static inline uint64_t mmio_fault_ipa(void)
{
	/* HPFAR_EL2.FIPA holds IPA bits 47:12 (51:12 with LPA) from bit 4 on. */
	return (sysreg_read(hpfar_el2) & MASK(43, 4)) << 8 | (sysreg_read(far_el2) & 0xfff);
}

/* A translation fault on the access itself, decoded by the hardware. */
static inline bool mmio_is_emulated(uint64_t esr)
{
	return (esr & (ESR_ABORT_ISV | ESR_ABORT_S1PTW | MASK(5, 2))) ==
	       (ESR_ABORT_ISV | ESR_FAULT_TRANSLATION << 2);
}

/* EL2's device there, of an access that mmio_is_emulated(); or NULL. */
static inline const struct vdev *mmio_find(const struct vm *vm, uint64_t ipa)
{
	const struct vdev *vdev;

	/* The table ends with an entry of no size. */
	for (vdev = vm->vdev; vdev->bytes != 0; vdev++) {
		if (ipa - vdev->base < vdev->bytes)
			return vdev;
	}
	return NULL;
}

/* The access to it. An aligned one cannot reach over its last page, any other is refused. */
enum exit_action mmio_serve(struct vcpu *vcpu, uint64_t esr, const struct vdev *vdev, uint64_t ipa);

/* hyp/vm/smccc.c: HVC and SMC from AArch64 (EC 0x16, 0x17). */
exit_handler_fn smccc_exit_hvc;
exit_handler_fn smccc_exit_smc;

/* The guest, loaded, takes this exception to its EL1. */
void exit_enter_el1(const struct guestexc_entry *entry);

/* Moves the PC behind the trapped instruction: guestexc_advance(), short for AArch64. */
void exit_advance_aarch32(uint64_t esr);

static inline void exit_advance(uint64_t esr)
{
	uint64_t spsr = sysreg_read(spsr_el2);

	if (spsr & SPSR_M32) {
		exit_advance_aarch32(esr);
		return;
	}
	sysreg_write(elr_el2, sysreg_read(elr_el2) + 4);
	sysreg_write(spsr_el2, spsr & ~(SPSR_SS | SPSR_BTYPE));
}

/* Did the exit come from EL0? */
static inline bool exit_is_from_el0(void)
{
	uint64_t spsr = sysreg_read(spsr_el2);

	return (spsr & SPSR_M32) || (spsr & SPSR_M_EL) == 0;
}

/* The guest's general register n; 31 reads as zero and ignores writes. */
static inline uint64_t vcpu_reg_get(const struct vcpu *vcpu, unsigned int n)
{
	return n < 31 ? vcpu->x[n] : 0;
}

static inline void vcpu_reg_set(struct vcpu *vcpu, unsigned int n, uint64_t value)
{
	if (n < 31)
		vcpu->x[n] = value;
}

#endif
