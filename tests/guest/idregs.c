// SPDX-License-Identifier: BSD-2-Clause
/* ID registers: readable, filtered under Caisson, the same on every CPU, and telling the truth. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gen.h"
#include "tests/guest/lib/smp.h"

#define ID(crm, op2) GEN_SYSREG(3, 0, 0, crm, op2)
#define PFR0         ID(4, 0)
#define PFR1         ID(4, 1)
#define ZFR0         ID(4, 4)
#define SMFR0        ID(4, 5)
#define DFR0         ID(5, 0)
#define ISAR0        ID(6, 0)
#define ISAR1        ID(6, 1)
#define ISAR2        ID(6, 2)
#define MMFR0        ID(7, 0)
#define MMFR1        ID(7, 1)
#define MMFR2        ID(7, 2)
#define SCTLR_ENIA   (UINT64_C(1) << 31)
#define APIAKEYLO    GEN_SYSREG(3, 0, 2, 1, 0)
#define RNDR         GEN_SYSREG(3, 3, 2, 4, 0)
#define DIT          GEN_SYSREG(3, 3, 4, 2, 5)
#define IDS          56 /* CRm 1 to 7 */

static uint64_t id_read(uint32_t sysreg)
{
	uint64_t value = 0;

	CHECK_EQ(gen_mrs(sysreg, &value).count, 0);
	return value;
}

/* A field of an unsigned ID register. */
static uint64_t field(uint32_t sysreg, unsigned int lo)
{
	return bits(id_read(sysreg), lo + 3, lo);
}

static void test_readable(void)
{
	uint32_t crm, op2;
	struct fault fault;

	for (crm = 1; crm < 8; crm++)
		for (op2 = 0; op2 < 8; op2++) {
			fault = gen_mrs(ID(crm, op2), NULL);
			CHECK_SHOW(fault.count == 0, crm << 4 | op2, fault.esr);
		}
}

/* Encodings without a register read as zero (Arm ARM DDI 0487, D24.2, reserved ID space). */
static void test_reserved_zero(void)
{
	static const uint8_t reserved[][2] = {{4, 6}, {5, 2}, {5, 3}, {5, 6}, {5, 7},
					      {6, 4}, {6, 5}, {6, 6}, {6, 7}, {7, 5},
					      {7, 6}, {7, 7}, {3, 3}, {3, 7}};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		CHECK_EQ(id_read(ID(reserved[i][0], reserved[i][1])), 0);
}

static void test_identity(void)
{
	uint64_t mpidr = sysreg_read(mpidr_el1), midr = sysreg_read(midr_el1);

	CHECK_EQ(bits(mpidr, 31, 31), 1);
	CHECK_EQ(bits(mpidr, 30, 30), 0);
	CHECK_EQ(bits(midr, 19, 16), 15); /* by ID registers */
	CHECK(bits(midr, 15, 4) != 0);
	CHECK_EQ(bits(sysreg_read(ctr_el0), 31, 31), 1);
	CHECK_EQ(bits(sysreg_read(CurrentEL), 3, 2), 1);
}

/* What Caisson hides, by name of the field. */
static const struct {
	const char *name;
	uint32_t sysreg;
	uint8_t hi, lo;
} hidden[] = {
	{"EL2", PFR0, 11, 8},        {"EL3", PFR0, 15, 12},         {"SVE", PFR0, 35, 32},
	{"SEL2", PFR0, 39, 36},      {"MPAM", PFR0, 43, 40},        {"AMU", PFR0, 47, 44},
	{"RME", PFR0, 55, 52},       {"MTE", PFR1, 11, 8},          {"SME", PFR1, 27, 24},
	{"NMI", PFR1, 39, 36},       {"GCS", PFR1, 47, 44},         {"ZFR0", ZFR0, 63, 0},
	{"SMFR0", SMFR0, 63, 0},     {"TraceVer", DFR0, 7, 4},      {"PMSVer", DFR0, 35, 32},
	{"TraceFilt", DFR0, 43, 40}, {"TraceBuffer", DFR0, 47, 44}, {"BRBE", DFR0, 55, 52},
	{"VH", MMFR1, 11, 8},        {"NV", MMFR2, 27, 24},         {"AFR0", ID(5, 4), 63, 0},
	{"AFR1", ID(5, 5), 63, 0},
};

static void test_hidden(void)
{
	unsigned int i;

	if (!dt_caisson()) {
		check_skip("not under Caisson");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		uint64_t value = bits(id_read(hidden[i].sysreg), hidden[i].hi, hidden[i].lo);

		if (!CHECK_EQ(value, 0))
			print("INFO %s is shown\n", hidden[i].name);
	}
}

static void test_shown(void)
{
	CHECK_SHOW(field(PFR0, 4) == 1 || field(PFR0, 4) == 2, 1, field(PFR0, 4)); /* EL1 */
	CHECK_SHOW(field(PFR0, 0) == 1 || field(PFR0, 0) == 2, 1, field(PFR0, 0)); /* EL0 */
	CHECK(field(PFR0, 24) >= 1);                                               /* GICv3 */
	CHECK(field(PFR0, 16) != 15 && field(PFR0, 20) != 15);                     /* FP, SIMD */
	CHECK(field(DFR0, 0) >= 6);                                                /* debug */
	CHECK(field(MMFR0, 28) != 15);                                             /* 4 KiB pages */
	CHECK(field(MMFR0, 0) >= 2);                                               /* 40-bit PA */
}

static uint64_t ids[MAX_CPUS][IDS + 3];

static void job_ids(void *arg)
{
	uint64_t *mine = ids[cpu_this()->index];
	uint32_t i;

	for (i = 0; i < IDS; i++)
		(void)gen_mrs(ID(1 + i / 8, i % 8), &mine[i]);
	mine[IDS] = sysreg_read(midr_el1);
	mine[IDS + 1] = sysreg_read(ctr_el0);
	mine[IDS + 2] = sysreg_read(dczid_el0);
	(void)arg;
}

static void test_same_everywhere(void)
{
	unsigned int cpu, i;

	CHECK_EQ(smp_start_all(), cpu_count);
	job_ids(NULL);
	for (cpu = 1; cpu < cpu_count; cpu++) {
		CHECK(smp_run(cpu, job_ids, NULL) && smp_wait(cpu, 5000));
		for (i = 0; i < ARRAY_SIZE(ids[0]); i++)
			CHECK_EQ(ids[cpu][i], ids[0][i]);
	}
}

static void test_writes(void)
{
	uint32_t crm, op2;

	for (crm = 0; crm < 8; crm++)
		for (op2 = 0; op2 < 8; op2++)
			CHECK_SHOW(gen_msr(ID(crm, op2), 0).count == 1, crm, op2);
}

static void test_fp(void)
{
	uint64_t sum;

	__asm__ volatile(".arch_extension fp\n\t"
			 "fmov d0, #1.5\n\tfmov d1, #2.25\n\tfadd d0, d0, d1\n\tfmov %0, d0"
			 : "=r"(sum)::"memory");
	CHECK_EQ(sum, 0x400e000000000000); /* 3.75 */
}

static void test_atomics(void)
{
	uint64_t word = 40, before = 0;
	struct fault fault;

	if (field(ISAR0, 20) == 0) {
		check_skip("no LSE");
		return;
	}
	/* ldaddal x1, x0, [x2] */
	fault = gen_run(0xf8e10040, 0, 2, (uint64_t)&word, &before);
	CHECK_EQ(fault.count, 0);
	CHECK_EQ(before, 40);
	CHECK_EQ(__atomic_load_n(&word, __ATOMIC_SEQ_CST), 42);
}

static void test_pauth(void)
{
	uint64_t pointer = 0x40201000, signed_pointer = 0, back = 0;

	if (!field(ISAR1, 4) && !field(ISAR1, 8) && !field(ISAR2, 12)) {
		check_skip("no PAuth");
		return;
	}
	CHECK_EQ(gen_msr(APIAKEYLO, 0x0123456789abcdef).count, 0);
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) | SCTLR_ENIA);
	isb();
	/* pacia x0, x1; autia x0, x1 */
	CHECK_EQ(gen_run(0xdac10020, pointer, 7, 0, &signed_pointer).count, 0);
	CHECK_EQ(gen_run(0xdac11020, signed_pointer, 7, 0, &back).count, 0);
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) & ~SCTLR_ENIA);
	isb();
	CHECK_SHOW(signed_pointer != pointer, pointer, signed_pointer);
	CHECK_EQ(back, pointer);
}

/* One instruction for each feature: works if it is advertised. */
static void test_samples(void)
{
	static uint64_t word __attribute__((aligned(64)));
	static const struct {
		uint32_t sysreg, lo, insn;
	} samples[] = {
		{ISAR0, 16, 0x1ac24020}, /* crc32b w0, w1, w2 */
		{ISAR0, 4, 0x4e284800},  /* aese v0.16b, v0.16b */
		{ISAR0, 8, 0x5e280800},  /* sha1h s0, s0 */
		{ISAR0, 12, 0x5e282800}, /* sha256su0 v0.4s, v0.4s */
		{ISAR0, 28, 0x2e808400}, /* sqrdmlah v0.2s, v0.2s, v0.2s */
		{ISAR0, 44, 0x2e809400}, /* udot v0.2s, v0.8b, v0.8b */
		{ISAR0, 60, 0xd53b2400}, /* mrs x0, rndr */
		{ISAR0, 52, 0xba000400}, /* rmif x0, #0, #0 */
		{ISAR1, 0, 0xd50b7c22},  /* dc cvap, x2 */
		{ISAR1, 12, 0x1e7e0000}, /* fjcvtzs w0, d0 */
		{ISAR1, 20, 0xf8bfc040}, /* ldapr x0, [x2] */
		{ISAR1, 36, 0xd50330ff}, /* sb */
		{PFR0, 48, 0xd53b42a0},  /* mrs x0, dit */
		{PFR1, 4, 0xd53b42c0},   /* mrs x0, ssbs */
		{MMFR1, 20, 0xd5384260}, /* mrs x0, pan */
		{MMFR2, 4, 0xd5384280},  /* mrs x0, uao */
		{ISAR2, 0, 0xd5031000},  /* wfet x0, its deadline past */
		{ISAR2, 52, 0xdac02020}, /* abs x0, x1 */
		{MMFR0, 60, 0xd53be0c0}, /* mrs x0, cntvctss_el0 */
	};
	unsigned int i;
	struct fault fault;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		if (!field(samples[i].sysreg, samples[i].lo))
			continue;
		fault = gen_run(samples[i].insn, 0, 1, (uint64_t)&word, NULL);
		CHECK_SHOW(fault.count == 0, samples[i].insn, fault.esr);
	}
}

static const struct test tests[] = {
	{"idregs-readable", test_readable}, {"idregs-reserved-zero", test_reserved_zero},
	{"idregs-identity", test_identity}, {"idregs-hidden", test_hidden},
	{"idregs-shown", test_shown},       {"idregs-same-everywhere", test_same_everywhere},
	{"idregs-writes", test_writes},     {"idregs-fp", test_fp},
	{"idregs-atomics", test_atomics},   {"idregs-pauth", test_pauth},
	{"idregs-samples", test_samples},
};

void payload_main(void)
{
	check_run(tests, ARRAY_SIZE(tests));
}
