/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maintenance by set and way reaches one CPU's caches, so it means nothing to a guest whose vCPUs
 * move, and would hit what others have there. It is taken as what it is used for: a guest that is
 * about to switch its caches off or on and wants none of its data left in them. The first of a
 * vCPU cleans and invalidates all the memory that the VM has had mapped; from then on writes of
 * registers of virtual memory trap for that vCPU, the rest of the loop over sets and ways does
 * nothing, and when MMU and data cache together are switched off or on, it is all cleaned and
 * invalidated again. On: the traps go.
 *
 * The vCPU stands before its instruction until that is done, also over interrupts. Whoever lets
 * interrupts of his own in between has to know what they write; guests that do this mask them.
 *
 * With FEAT_S2FWB no access of a guest gets past its caches, and there is nothing to do.
 */
#include "hyp/vm/ucache.h"

#include "hyp/vm/slot.h"
#include "lib/ctr.h"
#include "lib/idreg.h"

/* FEAT_CCIDX: the format of CCSIDR_EL1. */
static bool shows_wide(const struct vm *vm)
{
	return bits_get(vm->id_reg[IDREG(7, 2)], 23, 20) != 0;
}

uint64_t ucache_hcr(const struct vcpu *vcpu)
{
	const struct uvm *uvm = uvm_of(vcpu);
	uint64_t clidr = sysreg_read(clidr_el1);

	if (uvm->ctr != sysreg_read(ctr_el0) || shows_wide(uvm_service) != shows_wide(&uvm->vm) ||
	    (uvm->has_baseline && ctr_clidr(clidr, uvm->ctr) != clidr))
		return HCR_TID2;
	return 0;
}

/* All of the VM's memory. False: not all yet, and there is an interrupt to be taken. */
static bool flush(struct vcpu *vcpu)
{
	struct uvcpu *u = uvcpu_of(vcpu);
	uint64_t pc = sysreg_read(elr_el2);

	if (u->flush_pc != pc)
		u->flush_ipa = 0; /* the rest of another one is of no use here */
	u->flush_pc = pc;
	return umem_flush(vcpu, &u->flush_ipa);
}

static enum exit_action set_way(struct vcpu *vcpu)
{
	uint64_t hcr = sysreg_read(hcr_el2);

	if (hcr & (HCR_FWB | HCR_TVM))
		return EXIT_ADVANCE;
	if (!flush(vcpu))
		return EXIT_RESUME;
	sysreg_write(hcr_el2, hcr | HCR_TVM);
	return EXIT_ADVANCE;
}

static bool caches_are_on(uint64_t sctlr)
{
	return (sctlr & SCTLR_EL1_M) && (sctlr & SCTLR_EL1_C);
}

static enum exit_action sctlr_write(struct vcpu *vcpu, uint64_t value)
{
	bool on = caches_are_on(value);

	if (on != caches_are_on(sysreg_read(sctlr_el1)) && !flush(vcpu))
		return EXIT_RESUME;
	sysreg_write(sctlr_el1, value);
	if (on)
		sysreg_write(hcr_el2, sysreg_read(hcr_el2) & ~HCR_TVM);
	return EXIT_ADVANCE;
}

/* What HCR_EL2.TVM traps (DDI 0487 D24.2.49), but for SCTLR_EL1. */
#define EACH_VM_REGISTER(DO)                                                                       \
	DO(ttbr0_el1, ESR_SYSREG(3, 0, 2, 0, 0))                                                   \
	DO(ttbr1_el1, ESR_SYSREG(3, 0, 2, 0, 1))                                                   \
	DO(tcr_el1, ESR_SYSREG(3, 0, 2, 0, 2))                                                     \
	DO(afsr0_el1, ESR_SYSREG(3, 0, 5, 1, 0))                                                   \
	DO(afsr1_el1, ESR_SYSREG(3, 0, 5, 1, 1))                                                   \
	DO(esr_el1, ESR_SYSREG(3, 0, 5, 2, 0))                                                     \
	DO(far_el1, ESR_SYSREG(3, 0, 6, 0, 0))                                                     \
	DO(mair_el1, ESR_SYSREG(3, 0, 10, 2, 0))                                                   \
	DO(amair_el1, ESR_SYSREG(3, 0, 10, 3, 0))                                                  \
	DO(contextidr_el1, ESR_SYSREG(3, 0, 13, 0, 1))

#define WRITE_CASE(name, key)                                                                      \
	case key:                                                                                  \
		sysreg_write(name, value);                                                         \
		return true;

static bool vm_register_write(unsigned int key, uint64_t value)
{
	switch (key) {
		EACH_VM_REGISTER(WRITE_CASE)
	default:
		return false;
	}
}

static bool write_access(struct vcpu *vcpu, unsigned int key, uint64_t value,
			 enum exit_action *action)
{
	*action = EXIT_ADVANCE;
	switch (key) {
	case ESR_SYSREG(1, 0, 7, 6, 2):  /* DC ISW */
	case ESR_SYSREG(1, 0, 7, 10, 2): /* DC CSW */
	case ESR_SYSREG(1, 0, 7, 14, 2): /* DC CISW */
		*action = set_way(vcpu);
		return true;
	case ESR_SYSREG(3, 0, 1, 0, 0):
		*action = sctlr_write(vcpu, value);
		return true;
	case ESR_SYSREG(3, 2, 0, 0, 0):
		sysreg_write(csselr_el1, value);
		return true;
	default:
		return vm_register_write(key, value);
	}
}

/* What HCR_EL2.TID2 traps. Caches' sizes are the host's. */
static bool read_access(const struct vcpu *vcpu, unsigned int key, uint64_t *value)
{
	switch (key) {
	case ESR_SYSREG(3, 3, 0, 0, 1):
		*value = uvm_of(vcpu)->ctr;
		return true;
	case ESR_SYSREG(3, 1, 0, 0, 1):
		*value = ctr_clidr(sysreg_read(clidr_el1), uvm_of(vcpu)->ctr);
		return true;
	case ESR_SYSREG(3, 1, 0, 0, 0):
		*value = ctr_ccsidr(sysreg_read(ccsidr_el1), shows_wide(uvm_service),
				    shows_wide(vcpu->vm));
		return true;
	case ESR_SYSREG(3, 2, 0, 0, 0):
		*value = sysreg_read(csselr_el1);
		return true;
	default:
		return false;
	}
}

bool ucache_access(struct vcpu *vcpu, unsigned int key, unsigned int rt, bool read,
		   enum exit_action *action)
{
	uint64_t value;

	if (!read)
		return write_access(vcpu, key, vcpu_reg_get(vcpu, rt), action);
	if (!read_access(vcpu, key, &value))
		return false;
	vcpu_reg_set(vcpu, rt, value);
	*action = EXIT_ADVANCE;
	return true;
}
