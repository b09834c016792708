/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/idreg.h"

/*
 * A row per field that is shown: the hardware's value, but at most `cap`. In signed fields
 * (0xf: not there) and in fields where larger values are no supersets the cap is 15, which
 * shows what the hardware has. Fields without a row read as 0.
 * Rows are in the order of their registers.
 */
struct field {
	uint8_t index;
	uint8_t lo; /* lowest bit; every field is 4 bits wide */
	uint8_t cap;
};

#define PFR0  IDREG(4, 0)
#define PFR1  IDREG(4, 1)
#define DFR0  IDREG(5, 0)
#define ISAR0 IDREG(6, 0)
#define ISAR1 IDREG(6, 1)
#define ISAR2 IDREG(6, 2)
#define MMFR0 IDREG(7, 0)
#define MMFR1 IDREG(7, 1)
#define MMFR2 IDREG(7, 2)

static const struct field fields[] = {
	/* ID_AA64PFR0_EL1; hidden: EL2, EL3, RAS, SVE, SEL2, MPAM, AMU, RME */
	{PFR0, 0, 2},   /* EL0: AArch32 too */
	{PFR0, 4, 1},   /* EL1: AArch64 only */
	{PFR0, 16, 15}, /* FP */
	{PFR0, 20, 15}, /* AdvSIMD */
	{PFR0, 24, 1},  /* GIC: system registers of GICv3, not v4.1 */
	{PFR0, 48, 1},  /* DIT */
	{PFR0, 56, 3},  /* CSV2 */
	{PFR0, 60, 1},  /* CSV3 */
	/* ID_AA64PFR1_EL1; hidden: MTE, SME, RNDR_trap, NMI, GCS, THE, PFAR, DF2 */
	{PFR1, 0, 1},  /* BT */
	{PFR1, 4, 2},  /* SSBS */
	{PFR1, 32, 2}, /* CSV2_frac */
	/* ID_AA64DFR0_EL1; hidden: trace, SPE, trace filter and buffer, BRBE, MTPMU */
	{DFR0, 0, 9},   /* DebugVer: gdb 13 knows no more than v8.4, and 8.8 adds nothing here */
	{DFR0, 8, 7},   /* PMUVer, 0xf shown as none: see idreg_filter() */
	{DFR0, 12, 15}, /* BRPs */
	{DFR0, 20, 15}, /* WRPs */
	{DFR0, 28, 15}, /* CTX_CMPs */
	{DFR0, 36, 15}, /* DoubleLock: signed */
	/* ID_AA64ISAR0_EL1; hidden: TME */
	{ISAR0, 4, 2},  /* AES */
	{ISAR0, 8, 1},  /* SHA1 */
	{ISAR0, 12, 2}, /* SHA2 */
	{ISAR0, 16, 1}, /* CRC32 */
	{ISAR0, 20, 2}, /* Atomic */
	{ISAR0, 28, 1}, /* RDM */
	{ISAR0, 32, 1}, /* SHA3 */
	{ISAR0, 36, 1}, /* SM3 */
	{ISAR0, 40, 1}, /* SM4 */
	{ISAR0, 44, 1}, /* DP */
	{ISAR0, 48, 1}, /* FHM */
	{ISAR0, 52, 2}, /* TS */
	{ISAR0, 56, 2}, /* TLB */
	{ISAR0, 60, 1}, /* RNDR */
	/* ID_AA64ISAR1_EL1; hidden: LS64, XS (both need HCRX_EL2) */
	{ISAR1, 0, 2},  /* DPB */
	{ISAR1, 4, 15}, /* APA */
	{ISAR1, 8, 15}, /* API */
	{ISAR1, 12, 1}, /* JSCVT */
	{ISAR1, 16, 1}, /* FCMA */
	{ISAR1, 20, 3}, /* LRCPC */
	{ISAR1, 24, 1}, /* GPA */
	{ISAR1, 28, 1}, /* GPI */
	{ISAR1, 32, 1}, /* FRINTTS */
	{ISAR1, 36, 1}, /* SB */
	{ISAR1, 40, 2}, /* SPECRES */
	{ISAR1, 44, 2}, /* BF16 */
	{ISAR1, 48, 1}, /* DGH */
	{ISAR1, 52, 1}, /* I8MM */
	/* ID_AA64ISAR2_EL1; hidden: MOPS (needs HCRX_EL2) and all later ones */
	{ISAR2, 0, 2},   /* WFxT */
	{ISAR2, 4, 1},   /* RPRES */
	{ISAR2, 8, 1},   /* GPA3 */
	{ISAR2, 12, 15}, /* APA3 */
	{ISAR2, 20, 1},  /* BC */
	{ISAR2, 24, 1},  /* PAC_frac */
	{ISAR2, 28, 1},  /* CLRBHB */
	{ISAR2, 52, 1},  /* CSSC */
	/* ID_AA64MMFR0_EL1; hidden: BigEnd (emulated devices are little-endian), SNSMem, TGran*_2,
	   ExS, FGT */
	{MMFR0, 0, 5},   /* PARange: stage 2 has 48 bits */
	{MMFR0, 4, 2},   /* ASIDBits */
	{MMFR0, 20, 15}, /* TGran16: 1 is there, 2 with 52 bits */
	{MMFR0, 24, 15}, /* TGran64: signed */
	{MMFR0, 28, 15}, /* TGran4: signed */
	{MMFR0, 60, 1},  /* ECV: the self-synchronising counter views */
	/* ID_AA64MMFR1_EL1; hidden: VMIDBits, VH, LO, XNX, TWED, HCX, TIDCP1, CMOW */
	{MMFR1, 0, 2},  /* HAFDBS */
	{MMFR1, 12, 2}, /* HPDS */
	{MMFR1, 20, 3}, /* PAN */
	{MMFR1, 24, 1}, /* SpecSEI */
	{MMFR1, 36, 3}, /* ETS */
	{MMFR1, 44, 1}, /* AFP */
	{MMFR1, 48, 1}, /* nTLBPA */
	{MMFR1, 60, 1}, /* ECBHB */
	/* ID_AA64MMFR2_EL1; hidden: IESB, NV, FWB, EVT */
	{MMFR2, 0, 1},  /* CnP */
	{MMFR2, 4, 1},  /* UAO */
	{MMFR2, 8, 1},  /* LSM */
	{MMFR2, 16, 1}, /* VARange */
	{MMFR2, 20, 1}, /* CCIDX */
	{MMFR2, 28, 1}, /* ST */
	{MMFR2, 32, 1}, /* AT */
	{MMFR2, 36, 1}, /* IDS */
	{MMFR2, 48, 2}, /* TTL */
	{MMFR2, 52, 2}, /* BBM */
	{MMFR2, 60, 1}, /* E0PD */
};

/*
 * The AArch32 ID registers (CRm 1 to 3), for 32-bit programs at EL0: shown as they are but for
 * these bits.
 */
static const struct {
	uint8_t index;
	uint64_t hidden;
} aarch32[] = {
	{IDREG(1, 0), MASK(23, 20) | MASK(31, 28)},              /* ID_PFR0: AMU, RAS */
	{IDREG(1, 1), MASK(7, 4) | MASK(15, 12) | MASK(27, 24)}, /* ID_PFR1: Security, Virt* */
	{IDREG(1, 2), MASK(23, 12) | MASK(31, 28)},              /* ID_DFR0: trace, trace filter */
	{IDREG(3, 4), MASK(11, 8)},                              /* ID_PFR2: RAS_frac */
};

static uint64_t filter_aarch32(unsigned int index, uint64_t hardware)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(aarch32); i++) {
		if (aarch32[i].index == index)
			return hardware & ~aarch32[i].hidden;
	}
	return (uint32_t)hardware;
}

uint64_t idreg_filter(unsigned int index, uint64_t hardware)
{
	uint64_t shown = 0;
	size_t i;

	if (index < IDREG(4, 0))
		return filter_aarch32(index, hardware);
	/* An implementation defined PMU (0xf) is not shown: nothing is known of its registers. */
	if (index == DFR0 && bits_get(hardware, 11, 8) == 15)
		hardware = bits_set(hardware, 11, 8, 0);
	for (i = 0; i < ARRAY_SIZE(fields) && fields[i].index < index; i++)
		;
	for (; i < ARRAY_SIZE(fields) && fields[i].index == index; i++) {
		unsigned int lo = fields[i].lo;
		uint64_t value = bits_get(hardware, lo + 3, lo);

		if (value > fields[i].cap)
			value = fields[i].cap;
		shown = bits_set(shown, lo + 3, lo, value);
	}
	return shown;
}

/* --- unlike hosts --- */

enum rule {
	LOWER,        /* smaller values promise less */
	LOWER_SIGNED, /* the same, and 0xf is -1 */
	HIGHER,       /* larger values promise less */
	SAME,         /* no value is right for two hosts that differ */
	SAME_OR_NONE, /* the same value, or 0: not there */
};

/* Fields whose rule is not LOWER. */
static const struct {
	uint8_t index;
	uint8_t lo;
	uint8_t rule;
} rules[] = {
	{IDREG(1, 2), 24, LOWER_SIGNED}, /* ID_DFR0: PerfMon */
	{IDREG(1, 4), 8, LOWER_SIGNED},  /* ID_MMFR0: OuterShr, InnerShr: 0xf is "ignored" */
	{IDREG(1, 4), 28, LOWER_SIGNED},
	{IDREG(2, 6), 0, HIGHER}, /* ID_MMFR4: SpecSEI */
	{PFR0, 16, LOWER_SIGNED}, /* FP */
	{PFR0, 20, LOWER_SIGNED}, /* AdvSIMD */
	/*
	 * Breakpoints that match contexts are the last ones, and EL2 gives a guest the hardware's
	 * by their numbers.
	 */
	{DFR0, 12, SAME},         /* BRPs */
	{DFR0, 20, SAME},         /* WRPs */
	{DFR0, 28, SAME},         /* CTX_CMPs */
	{DFR0, 36, LOWER_SIGNED}, /* DoubleLock */
	/* A pointer that was signed by one algorithm is not to be checked by another. */
	{ISAR1, 4, SAME_OR_NONE},  /* APA */
	{ISAR1, 8, SAME_OR_NONE},  /* API */
	{ISAR2, 12, SAME_OR_NONE}, /* APA3 */
	{ISAR2, 24, SAME_OR_NONE}, /* PAC_frac */
	{MMFR0, 24, LOWER_SIGNED}, /* TGran64 */
	{MMFR0, 28, LOWER_SIGNED}, /* TGran4 */
	{MMFR1, 24, HIGHER},       /* SpecSEI: 1 is "may be" */
};

static enum rule rule_of(unsigned int index, unsigned int lo)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].index == index && rules[i].lo == lo)
			return (enum rule)rules[i].rule;
	}
	return LOWER;
}

/* Numbers in the order of what they promise: a smaller one is right wherever a larger one is. */
static int promise(enum rule rule, uint64_t value)
{
	if (rule == HIGHER)
		return -(int)value;
	return rule == LOWER_SIGNED && value >= 8 ? (int)value - 16 : (int)value;
}

static bool field_may_show(enum rule rule, uint64_t wanted, uint64_t host)
{
	if (rule == SAME || rule == SAME_OR_NONE)
		return wanted == host || (rule == SAME_OR_NONE && wanted == 0);
	return promise(rule, wanted) <= promise(rule, host);
}

/* Of values that differ. */
static uint64_t field_meet(enum rule rule, uint64_t a, uint64_t b)
{
	if (rule == SAME_OR_NONE)
		return 0;
	return promise(rule, a) < promise(rule, b) ? a : b;
}

unsigned int idreg_lacks(unsigned int index, uint64_t wanted, uint64_t host)
{
	unsigned int lo;

	if (wanted == host)
		return IDREG_NO_FIELD;
	for (lo = 0; lo < 64; lo += 4) {
		if (!field_may_show(rule_of(index, lo), bits_get(wanted, lo + 3, lo),
				    bits_get(host, lo + 3, lo)))
			return lo;
	}
	return IDREG_NO_FIELD;
}

bool idreg_may_show(unsigned int index, uint64_t wanted, uint64_t host)
{
	return idreg_lacks(index, wanted, host) == IDREG_NO_FIELD;
}

unsigned int idreg_clash(unsigned int index, uint64_t a, uint64_t b)
{
	unsigned int lo;

	for (lo = 0; lo < 64; lo += 4) {
		if (rule_of(index, lo) == SAME && bits_get(a ^ b, lo + 3, lo) != 0)
			return lo;
	}
	return IDREG_NO_FIELD;
}

bool idreg_meet(unsigned int index, uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t meet = a;
	unsigned int lo;

	if (idreg_clash(index, a, b) != IDREG_NO_FIELD)
		return false;
	for (lo = 0; lo < 64; lo += 4) {
		uint64_t of_a = bits_get(a, lo + 3, lo), of_b = bits_get(b, lo + 3, lo);

		if (of_a != of_b)
			meet = bits_set(meet, lo + 3, lo,
					field_meet(rule_of(index, lo), of_a, of_b));
	}
	*out = meet;
	return true;
}

uint64_t idreg_scalable(unsigned int index, uint64_t value)
{
	if (index == ISAR2)
		return bits_set(value, 3, 0, 0); /* WFxT */
	if (index == MMFR0)
		return bits_set(value, 63, 60, 0); /* ECV */
	return value;
}

uint64_t idreg_with_tools(unsigned int index, uint64_t value)
{
	if (index == MMFR1 && bits_get(value, 3, 0) > 1)
		return bits_set(value, 3, 0, 1);
	return value;
}

unsigned int idreg_pa_bits(uint64_t mmfr0)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44};
	uint64_t range = bits_get(mmfr0, 3, 0);

	return range < ARRAY_SIZE(bits) ? bits[range] : 48;
}

const char *idreg_name(unsigned int index)
{
	static const char *const name[IDREG_COUNT] = {
		[IDREG(1, 0)] = "ID_PFR0_EL1",     [IDREG(1, 1)] = "ID_PFR1_EL1",
		[IDREG(1, 2)] = "ID_DFR0_EL1",     [IDREG(1, 3)] = "ID_AFR0_EL1",
		[IDREG(1, 4)] = "ID_MMFR0_EL1",    [IDREG(1, 5)] = "ID_MMFR1_EL1",
		[IDREG(1, 6)] = "ID_MMFR2_EL1",    [IDREG(1, 7)] = "ID_MMFR3_EL1",
		[IDREG(2, 0)] = "ID_ISAR0_EL1",    [IDREG(2, 1)] = "ID_ISAR1_EL1",
		[IDREG(2, 2)] = "ID_ISAR2_EL1",    [IDREG(2, 3)] = "ID_ISAR3_EL1",
		[IDREG(2, 4)] = "ID_ISAR4_EL1",    [IDREG(2, 5)] = "ID_ISAR5_EL1",
		[IDREG(2, 6)] = "ID_MMFR4_EL1",    [IDREG(2, 7)] = "ID_ISAR6_EL1",
		[IDREG(3, 0)] = "MVFR0_EL1",       [IDREG(3, 1)] = "MVFR1_EL1",
		[IDREG(3, 2)] = "MVFR2_EL1",       [IDREG(3, 4)] = "ID_PFR2_EL1",
		[IDREG(3, 5)] = "ID_DFR1_EL1",     [IDREG(3, 6)] = "ID_MMFR5_EL1",
		[IDREG(4, 0)] = "ID_AA64PFR0_EL1", [IDREG(4, 1)] = "ID_AA64PFR1_EL1",
		[IDREG(5, 0)] = "ID_AA64DFR0_EL1", [IDREG(6, 0)] = "ID_AA64ISAR0_EL1",
		[ISAR1] = "ID_AA64ISAR1_EL1",      [ISAR2] = "ID_AA64ISAR2_EL1",
		[MMFR0] = "ID_AA64MMFR0_EL1",      [MMFR1] = "ID_AA64MMFR1_EL1",
		[MMFR2] = "ID_AA64MMFR2_EL1",
	};

	return index < IDREG_COUNT ? name[index] : NULL;
}

uint64_t dczid_meet(uint64_t a, uint64_t b)
{
	return a == b ? a : CAISSON_DCZID_NONE;
}

bool dczid_may_show(uint64_t wanted, uint64_t host)
{
	return wanted == CAISSON_DCZID_NONE || wanted == host;
}

/* Variant and revision. */
#define MIDR_REVISION (MASK(23, 20) | MASK(3, 0))

uint64_t midr_meet(uint64_t a, uint64_t b)
{
	if ((a ^ b) & ~MIDR_REVISION)
		return CAISSON_MIDR_ANY;
	return a < b ? a : b; /* the variant counts more, and stands higher */
}

bool midr_may_show(uint64_t wanted, uint64_t host)
{
	return wanted == CAISSON_MIDR_ANY ||
	       (((wanted ^ host) & ~MIDR_REVISION) == 0 && wanted <= host);
}
