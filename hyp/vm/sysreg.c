/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trapped system registers and instructions: ID registers from the VM's table, a few others by
 * a handler each, all else UNDEFINED for the guest and logged once.
 */
#include "hyp/vm/exit.h"

#include "abi/hypercall.h"
#include "hyp/core/log.h"
#include "hyp/vm/dcc.h"
#include "hyp/vm/hypercall.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/ucache.h"
#include "hyp/vm/vgic.h"
#include "lib/esr.h"

/* What a handler gets: the register's number in the guest, and which way. */
typedef enum exit_action sysreg_fn(struct vcpu *vcpu, unsigned int rt, bool read);

static enum exit_action sgi1r(struct vcpu *vcpu, unsigned int rt, bool read)
{
	if (read)
		return EXIT_INJECT_UNDEF;
	vgic_sgi1r_write(vcpu, vcpu_reg_get(vcpu, rt));
	return EXIT_ADVANCE;
}

/* ICC_SGI0R_EL1 and, in a single security state, ICC_ASGI1R_EL1 (IHI 0069 12.2.1, 12.2.25). */
static enum exit_action sgi0r(struct vcpu *vcpu, unsigned int rt, bool read)
{
	if (read)
		return EXIT_INJECT_UNDEF;
	vgic_sgi0r_write(vcpu, vcpu_reg_get(vcpu, rt));
	return EXIT_ADVANCE;
}

static enum exit_action dir(struct vcpu *vcpu, unsigned int rt, bool read)
{
	if (read)
		return EXIT_INJECT_UNDEF;
	vgic_dir_write(vcpu, vcpu_reg_get(vcpu, rt));
	return EXIT_ADVANCE;
}

static enum exit_action raz_wi(struct vcpu *vcpu, unsigned int rt, bool read)
{
	if (read)
		vcpu_reg_set(vcpu, rt, 0);
	return EXIT_ADVANCE;
}

static const struct {
	uint16_t key;
	sysreg_fn *handle;
} table[] = {
	{ESR_SYSREG(3, 0, 12, 11, 5), sgi1r}, /* ICC_SGI1R_EL1 */
	{ESR_SYSREG(3, 0, 12, 11, 1), dir},   /* ICC_DIR_EL1 */
	{ESR_SYSREG(3, 0, 12, 11, 7), sgi0r}, /* ICC_SGI0R_EL1 */
	{ESR_SYSREG(3, 0, 12, 11, 6), sgi0r}, /* ICC_ASGI1R_EL1 */
	{ESR_SYSREG(3, 0, 1, 0, 1), raz_wi},  /* ACTLR_EL1 */
};

/* Logs a register the first time a guest tries it: one bit for each hash of its key. */
static void log_unknown(const struct vcpu *vcpu, unsigned int key, bool read)
{
	static uint64_t seen[16];
	unsigned int hash = (key ^ key >> 7) & 1023;

	if (!log_first(&seen[hash / 64], hash))
		return;
	log_printf(LOG_DEBUG, "%s: vCPU %u: %s of S%u_%u_C%u_C%u_%u at 0x%lx is UNDEFINED for it",
		   vcpu->vm->name, vcpu->index, read ? "read" : "write", key >> 14, key >> 11 & 7,
		   key >> 7 & 15, key >> 3 & 15, key & 7, sysreg_read(elr_el2));
}

/* S3_0_C0_C1_0 to S3_0_C0_C7_7: the ID registers that HCR_EL2.TID3 traps, and their space. */
static bool is_id_register(unsigned int key)
{
	return key >= ESR_SYSREG(3, 0, 0, 1, 0) && key <= ESR_SYSREG(3, 0, 0, 7, 7);
}

/* op0 2, op1 0 (EL1) or 3 (MDCCSR_EL0 and the channel's data). Trace registers have op1 1. */
static bool is_debug(unsigned int key)
{
	return key >> 14 == 2 && (key >> 11 & 7) != 1;
}

enum exit_action sysreg_exit(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int key = esr_sysreg(esr);
	unsigned int rt = esr_sysreg_rt(esr);
	bool read = esr_sysreg_is_read(esr);
	enum exit_action action;
	uint64_t value;
	size_t i;

	if (is_id_register(key) && read) {
		vcpu_reg_set(vcpu, rt, vcpu->vm->id_reg[key & 63]);
		return EXIT_ADVANCE;
	}
	if (is_debug(key))
		return dcc_access(vcpu, esr, key);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].key == key)
			return table[i].handle(vcpu, rt, read);
	}
	if (vcpu->vm->is_user && ucache_access(vcpu, key, rt, read, &action))
		return action;
	if (vcpu->vm->is_user && read && idreg_read(vcpu, key, &value)) {
		vcpu_reg_set(vcpu, rt, value);
		return EXIT_ADVANCE;
	}
	log_unknown(vcpu, key, read);
	return EXIT_INJECT_UNDEF;
}

enum exit_action sysreg_exit_service(struct vcpu *vcpu, uint64_t esr)
{
	if (dcc_is_status_read(esr) && vcpu->x[0] >> 32 == CAISSON_CALL_MAGIC)
		return hypercall(vcpu);
	return sysreg_exit(vcpu, esr);
}
