/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HVC and SMC of guests by the SMC Calling Convention (DEN 0028 1.2). By owner: Arm architecture
 * calls and PSCI are answered here; everything else is not supported. Nothing reaches the
 * firmware but the speculation workarounds, when it has them.
 */
#include "hyp/vm/smccc.h"

#include "abi/psci.h"
#include "arch/aarch64/smccc.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/psci.h"
#include "lib/esr.h"
#include "lib/spectre.h"

uint32_t smccc_switch_call;

enum { WORKAROUND_1, WORKAROUND_2, WORKAROUND_3 };

/* Calls that go to the firmware with their arguments, if it said at boot that it has them. */
static struct {
	uint32_t id;
	int32_t features; /* the firmware's answer to SMCCC_ARCH_FEATURES */
} forwarded[] = {
	[WORKAROUND_1] = {SMCCC_ARCH_WORKAROUND_1, SMCCC_NOT_SUPPORTED},
	[WORKAROUND_2] = {SMCCC_ARCH_WORKAROUND_2, SMCCC_NOT_SUPPORTED},
	[WORKAROUND_3] = {SMCCC_ARCH_WORKAROUND_3, SMCCC_NOT_SUPPORTED},
};

/* SMCCC 1.1 is there if PSCI is 1.0 or later and its PSCI_FEATURES knows SMCCC_VERSION. */
static bool firmware_has_smccc_1_1(void)
{
	if ((int32_t)smccc_smc(PSCI_VERSION, 0, 0, 0) < 0x10000)
		return false;
	if ((int32_t)smccc_smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0)
		return false;
	return (int32_t)smccc_smc(SMCCC_VERSION, 0, 0, 0) >= 0x10001;
}

void smccc_init(const struct bootinfo *bi)
{
	size_t i;

	if (bi->psci_conduit != BOOT_CONDUIT_SMC || !firmware_has_smccc_1_1())
		return;
	for (i = 0; i < ARRAY_SIZE(forwarded); i++)
		forwarded[i].features =
			(int32_t)smccc_smc(SMCCC_ARCH_FEATURES, forwarded[i].id, 0, 0);
	smccc_switch_call = spectre_switch_call(
		sysreg_read(id_aa64pfr0_el1), sysreg_read(id_aa64mmfr1_el1),
		forwarded[WORKAROUND_1].features, forwarded[WORKAROUND_3].features);
}

/* Both keep all registers but x0 to x3. */
void smccc_switch_now(const struct vcpu *from, const struct vcpu *to)
{
	if (smccc_switch_call)
		smccc_smc(smccc_switch_call, 0, 0, 0);
	if (from->bypasses_stores != to->bypasses_stores)
		smccc_smc(SMCCC_ARCH_WORKAROUND_2, !to->bypasses_stores, 0, 0);
}

static int64_t arch_features(const struct vcpu *vcpu, uint32_t asked)
{
	size_t i;

	if (asked == SMCCC_VERSION || asked == SMCCC_ARCH_FEATURES)
		return SMCCC_SUCCESS;
	for (i = 0; i < ARRAY_SIZE(forwarded); i++) {
		if (forwarded[i].id != asked)
			continue;
		/* A user VM cannot switch it off, so it need not switch it on. */
		if (i == WORKAROUND_2 && forwarded[i].features >= 0 && vcpu->vm->is_user)
			return SMCCC_NOT_REQUIRED;
		return forwarded[i].features;
	}
	return SMCCC_NOT_SUPPORTED;
}

static void forward(struct vcpu *vcpu, uint32_t id)
{
	if (id == SMCCC_ARCH_WORKAROUND_2) {
		if (vcpu->vm->is_user)
			return;
		vcpu->bypasses_stores = (uint32_t)vcpu->x[1] == 0;
	}
	smccc_smc(id, (uint32_t)vcpu->x[1], 0, 0);
}

static enum exit_action arch_call(struct vcpu *vcpu, uint32_t id)
{
	size_t i;

	if (id == SMCCC_VERSION) {
		vcpu->x[0] = SMCCC_VERSION_1_2;
		return EXIT_RESUME;
	}
	if (id == SMCCC_ARCH_FEATURES) {
		vcpu->x[0] = (uint64_t)arch_features(vcpu, (uint32_t)vcpu->x[1]);
		return EXIT_RESUME;
	}
	for (i = 0; i < ARRAY_SIZE(forwarded); i++) {
		/* They return nothing: x0 to x3 keep what the guest had (DEN 0028, 7.5). */
		if (forwarded[i].id == id && forwarded[i].features >= 0) {
			forward(vcpu, id);
			return EXIT_RESUME;
		}
	}
	vcpu->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	return EXIT_RESUME;
}

static enum exit_action not_supported(struct vcpu *vcpu, uint32_t id)
{
	vcpu->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	return EXIT_RESUME;
}

/* By bits 29:24 of the function identifier, the owner. NULL: not_supported(). */
static enum exit_action (*const owners[64])(struct vcpu *vcpu, uint32_t id) = {
	[SMCCC_OWNER_ARCH] = arch_call,
	[SMCCC_OWNER_STANDARD_SECURE] = psci_call,
};

enum exit_action smccc_exit_hvc(struct vcpu *vcpu, uint64_t esr)
{
	uint32_t id = (uint32_t)vcpu->x[0];
	unsigned int owner = (unsigned int)bits_get(id, 29, 24);

	if (esr_imm16(esr) != 0 || !(id & SMCCC_FAST) || !owners[owner])
		return not_supported(vcpu, id);
	return owners[owner](vcpu, id);
}

/* A trapped SMC has not been executed yet: ELR_EL2 points at it. */
enum exit_action smccc_exit_smc(struct vcpu *vcpu, uint64_t esr)
{
	enum exit_action action = smccc_exit_hvc(vcpu, esr);

	return action == EXIT_RESUME ? EXIT_ADVANCE : action;
}
