/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/idreg.h"

#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/vm/slot.h"
#include "lib/esr.h"
#include "lib/idreg.h"

#define SHOW(crm, op2)                                                                             \
	id_reg[IDREG(crm, op2)] = idreg_filter(IDREG(crm, op2), sysreg_read(S3_0_C0_C##crm##_##op2))

/* The whole of a CRm; encodings with no register read as zero (DDI 0487 D18.1). */
#define SHOW_CRM(crm)                                                                              \
	do {                                                                                       \
		SHOW(crm, 0);                                                                      \
		SHOW(crm, 1);                                                                      \
		SHOW(crm, 2);                                                                      \
		SHOW(crm, 3);                                                                      \
		SHOW(crm, 4);                                                                      \
		SHOW(crm, 5);                                                                      \
		SHOW(crm, 6);                                                                      \
		SHOW(crm, 7);                                                                      \
	} while (0)

#define PFR1_32 IDREG(1, 1) /* ID_PFR1_EL1 */
#define PFR0    IDREG(4, 0)
#define PFR1    IDREG(4, 1)
#define DFR0    IDREG(5, 0)

static void read_all(uint64_t id_reg[IDREG_COUNT])
{
	SHOW_CRM(1);
	SHOW_CRM(2);
	SHOW_CRM(3);
	SHOW_CRM(4);
	SHOW_CRM(5);
	SHOW_CRM(6);
	SHOW_CRM(7);
	if (gic_is_v2()) { /* what there may be of GICv3's registers is off: gicv2_init_cpu() */
		id_reg[PFR0] = bits_set(id_reg[PFR0], 27, 24, 0);
		id_reg[PFR1_32] = bits_set(id_reg[PFR1_32], 31, 28, 0);
	}
}

void idreg_init(struct vm *vm)
{
	read_all(vm->id_reg);
}

void idreg_check(const struct vm *vm)
{
	uint64_t id_reg[IDREG_COUNT];
	unsigned int i;

	read_all(id_reg);
	for (i = IDREG(1, 0); i < IDREG_COUNT; i++) {
		if (id_reg[i] != vm->id_reg[i])
			log_printf(LOG_WARN,
				   "CPU %u: ID register S3_0_C0_C%u_%u is 0x%lx, guests see the "
				   "boot CPU's, 0x%lx",
				   percpu_this()->index, i >> 3, i & 7, id_reg[i], vm->id_reg[i]);
	}
}

/* --- user VMs --- */

static uint64_t user_value(unsigned int index, bool has_tools)
{
	uint64_t value = idreg_scalable(index, uvm_service->id_reg[index]);

	/* CSV2: 1 is the branch predictor's part alone. */
	if (index == PFR0 && bits_get(value, 59, 56) > 1)
		value = bits_set(value, 59, 56, 1);
	if (index == PFR1)
		value = bits_set(value, 35, 32, 0);
	if (index == DFR0)
		value = bits_set(value, 11, 8, 0);
	return has_tools ? idreg_with_tools(index, value) : value;
}

void idreg_init_user(struct uvm *uvm)
{
	unsigned int i;

	for (i = 0; i < IDREG_COUNT; i++)
		uvm->vm.id_reg[i] = user_value(i, uvm->vm.has_tools);
	uvm->dczid = sysreg_read(dczid_el0);
	uvm->revidr = sysreg_read(revidr_el1);
}

uint64_t idreg_hcr(const struct vcpu *vcpu)
{
	const struct uvm *uvm = uvm_of(vcpu);

	return (uvm->dczid != sysreg_read(dczid_el0) ? HCR_TDZ : 0) |
	       (uvm->revidr != sysreg_read(revidr_el1) ? HCR_TID1 : 0);
}

bool idreg_read(const struct vcpu *vcpu, unsigned int key, uint64_t *value)
{
	if (key == ESR_SYSREG(3, 0, 0, 0, 6)) {
		*value = uvm_of(vcpu)->revidr;
		return true;
	}
	*value = 0; /* AIDR_EL1: who has no known REVIDR_EL1 has nothing to be told by it either */
	return key == ESR_SYSREG(3, 1, 0, 0, 7);
}

static enum caisson_status set(struct uvm *uvm, uint64_t reg, uint64_t value)
{
	uint64_t revidr = sysreg_read(revidr_el1), midr = sysreg_read(midr_el1);
	bool is_served = false;

	if (reg < IDREG_COUNT) {
		unsigned int index = (unsigned int)bounded_index(reg, IDREG_COUNT);

		is_served = idreg_may_show(index, value, user_value(index, uvm->vm.has_tools));
		if (is_served)
			uvm->vm.id_reg[index] = value;
	} else if (reg == CAISSON_HOST_DCZID) {
		is_served = dczid_may_show(value, sysreg_read(dczid_el0));
		if (is_served)
			uvm->dczid = value;
	} else if (reg == CAISSON_HOST_MIDR) {
		is_served = midr_may_show(value, midr);
		if (is_served)
			uvm->vm.midr = value == midr ? 0 : value;
	} else if (reg == CAISSON_HOST_REVIDR) {
		is_served = value == revidr || value == 0;
		if (is_served)
			uvm->revidr = value;
	}
	uvm->has_baseline |= is_served;
	return is_served ? CAISSON_OK : CAISSON_INVALID;
}

/* Was one of its vCPUs initialised? Under the slot's lock. */
static bool has_begun(const struct uvm *uvm)
{
	uint32_t i;

	for (i = 0; i < uvm->vm.vcpu_count; i++) {
		if (uvm->vcpu[i].page)
			return true;
	}
	return false;
}

enum caisson_status uvm_idreg_set(struct vcpu *caller) NO_THREAD_CHECK
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK && has_begun(slot->uvm))
		status = CAISSON_STATE;
	if (status == CAISSON_OK)
		status = set(slot->uvm, caller->x[3], caller->x[4]);
	lock_release(&slot->lock);
	return status;
}

static bool host_reg(uint64_t reg, uint64_t *value)
{
	if (reg < IDREG_COUNT) {
		*value = user_value((unsigned int)bounded_index(reg, IDREG_COUNT), false);
		return true;
	}
	switch (reg) {
	case CAISSON_HOST_CTR:
		*value = sysreg_read(ctr_el0);
		return true;
	case CAISSON_HOST_DCZID:
		*value = sysreg_read(dczid_el0);
		return true;
	case CAISSON_HOST_MIDR:
		*value = sysreg_read(midr_el1);
		return true;
	case CAISSON_HOST_REVIDR:
		*value = sysreg_read(revidr_el1);
		return true;
	case CAISSON_HOST_CNTFRQ:
		*value = sysreg_read(cntfrq_el0);
		return true;
	case CAISSON_HOST_FEATURES:
		*value = bits_get(sysreg_read(id_aa64mmfr0_el1), 63, 60) ? CAISSON_FEATURE_ECV : 0;
		*value |= (gic_is_v2() ? 2 : 3) << 8;
		return true;
	case CAISSON_HOST_IPA_BITS:
		*value = idreg_pa_bits(sysreg_read(id_aa64mmfr0_el1));
		return true;
	case CAISSON_HOST_CLIDR:
		*value = sysreg_read(clidr_el1);
		return true;
	default:
		return false;
	}
}

enum caisson_status uvm_host_reg(struct vcpu *caller)
{
	return host_reg(caller->x[3], &caller->x[1]) ? CAISSON_OK : CAISSON_INVALID;
}
