/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/dcc.h"

#include "lib/aarch32.h"

#define MDSCR_SS   BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)

#define MDCCSR_EL0  ESR_SYSREG(2, 3, 0, 1, 0)
#define MDSCR_EL1   ESR_SYSREG(2, 0, 0, 2, 2)
#define OSLAR_EL1   ESR_SYSREG(2, 0, 1, 0, 4)
#define OSLAR_OSLK  BIT(0)
#define OSLSR_EL1   ESR_SYSREG(2, 0, 1, 1, 4)
#define OSLSR_OSLK  BIT(1)
#define OSLSR_OSLM1 BIT(3) /* there is an OS lock */

#define DBGCLAIMSET_EL1   ESR_SYSREG(2, 0, 7, 8, 6)
#define CLAIM_TAGS        0xff
#define DBGAUTHSTATUS_EL1 ESR_SYSREG(2, 0, 7, 14, 6)

/* AArch32's at EL0 (DDI 0487 G8.3); the last two also by MRRC, where CRm tells them apart. */
#define DBGDIDR     AARCH32_REG(0, 0, 0, 0)
#define DBGDSCRINT  AARCH32_REG(0, 0, 1, 0)
#define DBGDTRINT   AARCH32_REG(0, 0, 5, 0) /* DBGDTRRXint read, DBGDTRTXint written */
#define DBGDRAR     AARCH32_REG(0, 1, 0, 0)
#define DBGDSAR     AARCH32_REG(0, 2, 0, 0)
#define DBGDIDR_RES BIT(15) /* RES1 */

/* In trapped MRC and MRRC: APSR_nzcv as destination, 31, or 15 where that is UNPREDICTABLE. */
#define RT_APSR 15

#define DFR0 (5 << 3) /* ID_AA64DFR0_EL1 in vm->id_reg[] */

/* HDFGRTR_EL2, HDFGWTR_EL2: accesses to MDSCR_EL1 trap. */
#define HDFG_MDSCR BIT(4)

uint64_t dcc_traps_init(void)
{
	uint64_t always = MDCR_TDRA | MDCR_TDOSA;

	debug_init_cpu();
	/* Without FEAT_FGT all debug registers trap. */
	if (bits_get(sysreg_read(id_aa64mmfr0_el1), 59, 56) == 0)
		return always | MDCR_TDA;
	sysreg_write(HDFGRTR_EL2, HDFG_MDSCR);
	sysreg_write(HDFGWTR_EL2, HDFG_MDSCR);
	return always | MDCR_TDCC;
}

/* Is it one of DBGBVR<n>_EL1 to DBGWCR<n>_EL1, with n in CRm and the kind in op2? */
static bool is_point(unsigned int key)
{
	return key >= ESR_SYSREG(2, 0, 0, 0, 0) && key <= ESR_SYSREG(2, 0, 0, 15, 7) && (key & 4);
}

/*
 * The others: the channel's data registers and its interrupt are always empty and off, there is
 * no external debugger. Claim tags are not kept, and there is no double lock.
 */
static uint64_t rest_read(const struct vcpu *vcpu, unsigned int key)
{
	switch (key) {
	case MDSCR_EL1:
		return vcpu->debug.mdscr;
	case OSLSR_EL1:
		return OSLSR_OSLM1 | (vcpu->debug.is_locked ? OSLSR_OSLK : 0);
	case DBGCLAIMSET_EL1:
		return CLAIM_TAGS;
	case DBGAUTHSTATUS_EL1:
		return vcpu->vm->is_user ? 0 : sysreg_read(dbgauthstatus_el1);
	default:
		return 0;
	}
}

static void rest_write(struct vcpu *vcpu, unsigned int key, uint64_t value)
{
	/* Its other bits are read-only, or an external debugger's. */
	if (key == MDSCR_EL1)
		debug_set_mdscr(vcpu, value & (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE));
	else if (key == OSLAR_EL1)
		debug_set_locked(vcpu, value & OSLAR_OSLK);
}

static __attribute__((noinline)) enum exit_action access(struct vcpu *vcpu, uint64_t esr,
							 unsigned int key)
{
	bool read = esr_sysreg_is_read(esr);
	unsigned int rt = esr_sysreg_rt(esr);
	uint64_t value = read ? 0 : vcpu_reg_get(vcpu, rt);

	if (is_point(key)) {
		if (!debug_access(vcpu, (enum debug_point)(key & 3), key >> 3 & 15, read, &value))
			return EXIT_INJECT_UNDEF;
	} else if (read) {
		value = rest_read(vcpu, key);
	} else {
		rest_write(vcpu, key, value);
	}
	if (read)
		vcpu_reg_set(vcpu, rt, value);
	return EXIT_ADVANCE;
}

/* Does the guest have accesses from EL0 sent to its EL1? */
static bool is_wanted(const struct vcpu *vcpu)
{
	return vcpu->debug.mdscr & MDSCR_TDCC;
}

enum exit_action dcc_access(struct vcpu *vcpu, uint64_t esr, unsigned int key)
{
	if (is_wanted(vcpu) && exit_is_from_el0())
		return EXIT_INJECT_TRAP;
	if (key == MDCCSR_EL0) {
		vcpu_reg_set(vcpu, esr_sysreg_rt(esr), 0);
		return EXIT_ADVANCE;
	}
	return access(vcpu, esr, key);
}

/* The processor's breakpoints as the shown ID_AA64DFR0_EL1 has them; no EL3. */
static uint64_t dbgdidr(const struct vcpu *vcpu)
{
	uint64_t dfr0 = vcpu->vm->id_reg[DFR0];

	return bits_get(dfr0, 23, 20) << 28 | bits_get(dfr0, 15, 12) << 24 |
	       bits_get(dfr0, 31, 28) << 20 | bits_get(dfr0, 3, 0) << 16 | DBGDIDR_RES;
}

static bool is_el0_register(unsigned int reg, bool read)
{
	if (!read)
		return reg == DBGDTRINT;
	return reg == DBGDIDR || reg == DBGDSCRINT || reg == DBGDTRINT || reg == DBGDRAR ||
	       reg == DBGDSAR;
}

/* MRC, MCR: never a hypercall, which needs 64-bit registers. */
enum exit_action dcc_exit_cp14(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int rt = esr_sysreg_rt(esr), reg = aarch32_reg(esr);
	uint64_t spsr = sysreg_read(spsr_el2), value = 0;

	if (!aarch32_condition_holds(esr, spsr))
		return EXIT_ADVANCE;
	if (!is_el0_register(reg, esr_sysreg_is_read(esr)))
		return EXIT_INJECT_UNDEF;
	if (is_wanted(vcpu))
		return EXIT_INJECT_TRAP;
	if (!esr_sysreg_is_read(esr))
		return EXIT_ADVANCE;
	if (reg == DBGDIDR)
		value = dbgdidr(vcpu);
	if (rt < RT_APSR)
		vcpu_reg_set(vcpu, rt, value);
	else if (reg == DBGDSCRINT)
		sysreg_write(spsr_el2, aarch32_set_flags(spsr, value));
	return EXIT_ADVANCE;
}

/* MRRC: DBGDRAR and DBGDSAR, without an address. */
enum exit_action dcc_exit_cp14_pair(struct vcpu *vcpu, uint64_t esr)
{
	unsigned int rt = esr_sysreg_rt(esr), rt2 = (unsigned int)bits_get(esr, 14, 10);
	uint64_t opc1 = bits_get(esr, 19, 16), crm = bits_get(esr, 4, 1);

	if (!aarch32_condition_holds(esr, sysreg_read(spsr_el2)))
		return EXIT_ADVANCE;
	if (opc1 != 0 || (crm != 1 && crm != 2) || !esr_sysreg_is_read(esr))
		return EXIT_INJECT_UNDEF;
	if (is_wanted(vcpu))
		return EXIT_INJECT_TRAP;
	if (rt < RT_APSR)
		vcpu_reg_set(vcpu, rt, 0);
	if (rt2 < RT_APSR)
		vcpu_reg_set(vcpu, rt2, 0);
	return EXIT_ADVANCE;
}

/*
 * LDC and STC move the channel's data from and to memory. Nobody is at the other end, and a store
 * would have to be made with the guest's rights for a value that means nothing: UNDEFINED.
 */
enum exit_action dcc_exit_cp14_memory(struct vcpu *vcpu, uint64_t esr)
{
	if (!aarch32_condition_holds(esr, sysreg_read(spsr_el2)))
		return EXIT_ADVANCE;
	return is_wanted(vcpu) ? EXIT_INJECT_TRAP : EXIT_INJECT_UNDEF;
}
