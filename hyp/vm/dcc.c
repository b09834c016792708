/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/dcc.h"

#include "abi/hypercall.h"
#include "hyp/vm/hypercall.h"

#define MDSCR_TDCC BIT(12)

#define MDCCSR_EL0  ESR_SYSREG(2, 3, 0, 1, 0)
#define MDSCR_EL1   ESR_SYSREG(2, 0, 0, 2, 2)
#define OSLSR_EL1   ESR_SYSREG(2, 0, 1, 1, 4)
#define OSLSR_VALUE 8 /* OSLM: there is an OS lock; not locked */

#define DBGCLAIMSET_EL1   ESR_SYSREG(2, 0, 7, 8, 6)
#define CLAIM_TAGS        0xff
#define DBGAUTHSTATUS_EL1 ESR_SYSREG(2, 0, 7, 14, 6)

#define DFR0 (5 << 3) /* ID_AA64DFR0_EL1 in vm->id_reg[] */

/* HDFGRTR_EL2, HDFGWTR_EL2: accesses to MDSCR_EL1 trap. */
#define HDFG_MDSCR BIT(4)

uint64_t dcc_traps_init(void)
{
	/* Without FEAT_FGT all debug registers trap. */
	if (bits_get(sysreg_read(id_aa64mmfr0_el1), 59, 56) == 0)
		return MDCR_TDA;
	sysreg_write(HDFGRTR_EL2, HDFG_MDSCR);
	sysreg_write(HDFGWTR_EL2, HDFG_MDSCR);
	return MDCR_TDCC;
}

/* A user VM's breakpoints are not kept in the hardware, so nothing may be enabled there. */
uint64_t dcc_hardware_mdscr(const struct vcpu *vcpu)
{
	return vcpu->vm->is_user ? 0 : vcpu->mdscr & ~MDSCR_TDCC;
}

#define ACCESS(reg)                                                                                \
	do {                                                                                       \
		if (read)                                                                          \
			*value = sysreg_read(reg);                                                 \
		else                                                                               \
			sysreg_write(reg, *value);                                                 \
		return;                                                                            \
	} while (0)

/* CRm is n, op2 says which. */
#define POINT_CASES(n)                                                                             \
	case (n) << 3 | 4:                                                                         \
		ACCESS(dbgbvr##n##_el1);                                                           \
	case (n) << 3 | 5:                                                                         \
		ACCESS(dbgbcr##n##_el1);                                                           \
	case (n) << 3 | 6:                                                                         \
		ACCESS(dbgwvr##n##_el1);                                                           \
	case (n) << 3 | 7:                                                                         \
		ACCESS(dbgwcr##n##_el1)

/* A breakpoint or watchpoint register that the CPU has: the service VM has them for itself. */
static void access_point(unsigned int key, bool read, uint64_t *value)
{
	switch (key & 0x7f) {
		POINT_CASES(0);
		POINT_CASES(1);
		POINT_CASES(2);
		POINT_CASES(3);
		POINT_CASES(4);
		POINT_CASES(5);
		POINT_CASES(6);
		POINT_CASES(7);
		POINT_CASES(8);
		POINT_CASES(9);
		POINT_CASES(10);
		POINT_CASES(11);
		POINT_CASES(12);
		POINT_CASES(13);
		POINT_CASES(14);
		POINT_CASES(15);
	default:
		return;
	}
}

/* Is it one of DBGBVR<n>_EL1 to DBGWCR<n>_EL1? Then there must be so many. */
static bool is_point(unsigned int key)
{
	return key >= ESR_SYSREG(2, 0, 0, 0, 0) && key <= ESR_SYSREG(2, 0, 0, 15, 7) && (key & 4);
}

static bool has_point(const struct vcpu *vcpu, unsigned int key)
{
	uint64_t dfr0 = vcpu->vm->id_reg[DFR0];
	unsigned int n = key >> 3 & 15;

	return n <= (key & 2 ? bits_get(dfr0, 23, 20) : bits_get(dfr0, 15, 12));
}

/*
 * The others: the channel's data registers and its interrupt are always empty and off, there is
 * no external debugger. Claim tags and the OS lock of a user VM are not kept.
 */
static uint64_t rest_read(const struct vcpu *vcpu, unsigned int key)
{
	switch (key) {
	case OSLSR_EL1:
		return OSLSR_VALUE;
	case DBGCLAIMSET_EL1:
		return CLAIM_TAGS;
	case DBGAUTHSTATUS_EL1:
		return vcpu->vm->is_user ? 0 : sysreg_read(dbgauthstatus_el1);
	default:
		return 0;
	}
}

static void mdscr_write(struct vcpu *vcpu, uint64_t value)
{
	vcpu->mdscr = value;
	sysreg_write(mdscr_el1, dcc_hardware_mdscr(vcpu));
}

static __attribute__((noinline)) enum exit_action access(struct vcpu *vcpu, uint64_t esr,
							 unsigned int key)
{
	bool read = esr_sysreg_is_read(esr);
	unsigned int rt = esr_sysreg_rt(esr);
	uint64_t value = read ? vcpu->mdscr : vcpu_reg_get(vcpu, rt);

	if (key == MDSCR_EL1) {
		if (!read)
			mdscr_write(vcpu, value);
	} else if (is_point(key)) {
		if (!has_point(vcpu, key))
			return EXIT_INJECT_UNDEF;
		value = read ? 0 : value;
		if (!vcpu->vm->is_user)
			access_point(key, read, &value);
	} else if (read) {
		value = rest_read(vcpu, key);
	}
	if (read)
		vcpu_reg_set(vcpu, rt, value);
	return EXIT_ADVANCE;
}

enum exit_action dcc_access(struct vcpu *vcpu, uint64_t esr, unsigned int key)
{
	if (key == MDCCSR_EL0 && vcpu->x[0] >> 32 == CAISSON_CALL_MAGIC && !vcpu->vm->is_user)
		return hypercall(vcpu);
	if ((vcpu->mdscr & MDSCR_TDCC) && exit_is_from_el0())
		return EXIT_INJECT_TRAP;
	if (key == MDCCSR_EL0) {
		vcpu_reg_set(vcpu, esr_sysreg_rt(esr), 0);
		return EXIT_ADVANCE;
	}
	return access(vcpu, esr, key);
}

/* Nothing reads the channel from AArch32; a debugger without one is what it may expect. */
enum exit_action dcc_exit_aarch32(struct vcpu *vcpu, uint64_t esr)
{
	return vcpu->mdscr & MDSCR_TDCC ? EXIT_INJECT_TRAP : EXIT_INJECT_UNDEF;
}
