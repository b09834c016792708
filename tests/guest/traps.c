// SPDX-License-Identifier: BSD-2-Clause
/* What a guest must not reach: registers, memory, odd accesses to devices. Life goes on after each.
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gen.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/sandbox.h"

#define R(op0, op1, crn, crm, op2) GEN_SYSREG(op0, op1, crn, crm, op2)
#define MAX_HIDDEN                 24
#define MDSCR_TDCC                 (1 << 12)
#define PAGE                       UINT64_C(4096)

/* UNDEFINED at EL1 on any machine: registers of EL2 and EL3. */
static const uint32_t higher[] = {
	R(3, 4, 1, 0, 0),   R(3, 4, 1, 0, 1),   R(3, 4, 1, 1, 0),   R(3, 4, 1, 1, 1),
	R(3, 4, 1, 1, 2),   R(3, 4, 2, 0, 0),   R(3, 4, 2, 0, 2),   R(3, 4, 2, 1, 0),
	R(3, 4, 2, 1, 2),   R(3, 4, 4, 0, 0),   R(3, 4, 4, 0, 1),   R(3, 4, 4, 1, 0),
	R(3, 4, 5, 2, 0),   R(3, 4, 6, 0, 0),   R(3, 4, 6, 0, 4),   R(3, 4, 10, 2, 0),
	R(3, 4, 12, 0, 0),  R(3, 4, 12, 8, 0),  R(3, 4, 12, 9, 5),  R(3, 4, 12, 11, 0),
	R(3, 4, 12, 11, 1), R(3, 4, 12, 11, 7), R(3, 4, 12, 12, 0), R(3, 4, 12, 13, 7),
	R(3, 4, 13, 0, 2),  R(3, 4, 14, 0, 3),  R(3, 4, 14, 1, 0),  R(3, 4, 14, 2, 0),
	R(3, 4, 14, 2, 1),  R(3, 4, 14, 2, 2),  R(3, 5, 1, 0, 0),   R(3, 5, 14, 3, 1),
	R(3, 6, 1, 0, 0),   R(3, 6, 1, 1, 0),   R(3, 6, 12, 0, 0),  R(3, 6, 4, 0, 0),
	R(3, 6, 12, 12, 5),
};

/* Registers of what Caisson hides, so UNDEFINED too. */
static const uint32_t hidden_features[] = {
	R(3, 0, 1, 2, 0),  R(3, 0, 1, 2, 6),   R(3, 0, 1, 2, 4),  R(3, 3, 13, 0, 5), /* SVE, SME */
	R(3, 0, 1, 0, 5),  R(3, 0, 1, 0, 6),   R(3, 0, 5, 6, 0),  R(3, 0, 5, 6, 1),  /* MTE */
	R(3, 0, 9, 9, 0),  R(3, 0, 9, 9, 2),   R(3, 0, 9, 9, 7),  R(3, 0, 9, 10, 0), /* SPE */
	R(3, 0, 9, 10, 7), R(3, 0, 9, 11, 0),  R(3, 0, 9, 11, 7), R(3, 0, 1, 2, 1),  /* trace */
	R(2, 1, 0, 0, 6),  R(2, 1, 0, 8, 7),   R(2, 1, 0, 1, 0),  R(2, 1, 9, 0, 0),
	R(3, 0, 10, 5, 0), R(3, 0, 10, 4, 4),  R(3, 0, 10, 5, 1),                    /* MPAM */
	R(3, 3, 13, 2, 0), R(3, 3, 13, 4, 0),  R(3, 3, 13, 2, 3),                    /* AMU */
	R(3, 0, 15, 0, 0), R(3, 0, 15, 1, 0),  R(3, 1, 15, 0, 0), R(3, 1, 11, 0, 2), /* impdef */
	R(3, 0, 11, 0, 0), R(3, 3, 15, 13, 7), R(3, 4, 15, 3, 0), R(3, 7, 15, 15, 7),
};

#define CPACR_ALL (3 << 16 | 3 << 20 | 3 << 24) /* SVE, FP, SME as far as there are such bits */

static void undef_check(const uint32_t *list, unsigned int count)
{
	unsigned int i;
	struct fault fault;

	for (i = 0; i < count; i++) {
		fault = gen_mrs(list[i], NULL);
		CHECK_SHOW(fault.count == 1 && ESR_EC(fault.esr) == EC_UNKNOWN, list[i], fault.esr);
		fault = gen_msr(list[i], 0);
		CHECK_SHOW(fault.count == 1 && ESR_EC(fault.esr) == EC_UNKNOWN, list[i], fault.esr);
	}
}

static void test_higher_registers(void)
{
	undef_check(higher, ARRAY_SIZE(higher));
}

static void test_hidden_registers(void)
{
	uint64_t cpacr;

	if (!dt_caisson()) {
		check_skip("not under Caisson");
		return;
	}
	/* Else SVE's registers would trap to this program itself where the CPU has SVE. */
	cpacr = sysreg_read(cpacr_el1);
	sysreg_write(cpacr_el1, CPACR_ALL);
	isb();
	undef_check(hidden_features, ARRAY_SIZE(hidden_features));
	sysreg_write(cpacr_el1, cpacr);
	isb();
}

/* SVE, SME and MTE instructions, access to them asked for first. */
static void test_hidden_instructions(void)
{
	static const uint32_t words[] = {
		0x04bf5020, /* rdvl x0, #1 */
		0x2518e3e0, /* ptrue p0.b */
		0xd503477f, /* smstart */
		0x04bf5820, /* rdsvl x0, #1 */
	};
	uint64_t cpacr = sysreg_read(cpacr_el1);
	unsigned int i;

	if (!dt_caisson()) {
		check_skip("not under Caisson");
		return;
	}
	sysreg_write(cpacr_el1, CPACR_ALL);
	isb();
	for (i = 0; i < ARRAY_SIZE(words); i++)
		CHECK_SHOW(gen_run(words[i], 0, 0, 0, NULL).count == 1, words[i], 0);
	sysreg_write(cpacr_el1, cpacr);
	isb();
	/* FP works all the same afterwards: fmov d0, x0; fmov x0, d0. */
	CHECK_EQ(gen_run(0x9e670000, 1, 0, 0, NULL).count, 0);
}

/* DC by set/way, AT and TLBI of EL1 are allowed, those of EL2 and EL3 UNDEFINED. */
static void test_system_instructions(void)
{
	static const uint32_t good[] = {
		0xd5087640, /* dc isw, x0 */
		0xd5087a40, /* dc csw, x0 */
		0xd508871f, /* tlbi vmalle1 */
		0xd5087800, /* at s1e1r, x0 */
		0xd508711f, /* ic ialluis */
	};
	static const uint32_t bad[] = {
		0xd50c871f, /* tlbi alle2 */
		0xd50c87df, /* tlbi vmalls12e1 */
		0xd50c8020, /* tlbi ipas2e1is, x0 */
		0xd50c7800, /* at s1e2r, x0 */
		0xd50c7880, /* at s12e1r, x0 */
		0xd50e871f, /* tlbi alle3 */
		0x00000000, /* udf */
		0xd4000000, /* reserved exception generation */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_SHOW(gen_run(good[i], 0, 0, 0, NULL).count == 0, good[i], 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fault fault = gen_run(bad[i], 0, 0, 0, NULL);

		CHECK_SHOW(fault.count == 1 && ESR_EC(fault.esr) == EC_UNKNOWN, bad[i], fault.esr);
	}
}

/*
 * Addresses that answer nothing: beyond the last memory, and under Caisson the memory that it
 * keeps. The runner says where the machine's memory is; what the tree leaves out of it is kept.
 */
static uint64_t hidden_addr[MAX_HIDDEN];
static unsigned int hidden_count;

static void hidden_add(uint64_t addr)
{
	if (hidden_count < MAX_HIDDEN)
		hidden_addr[hidden_count++] = addr;
}

static void hidden_hole(uint64_t base, uint64_t end)
{
	hidden_add(base);
	hidden_add(base + 0x808);
	hidden_add(base + ((end - base) / 2 & ~(PAGE - 1)) + 0x10);
	hidden_add(end - PAGE);
	hidden_add(end - 16);
}

static void hidden_find(void)
{
	uint64_t base = dt_bootarg("ram_base", 0), bytes = dt_bootarg("ram_bytes", 0), at = base;
	struct dt_range ram[DT_MAX_RAM];
	unsigned int count = dt_ram(ram, DT_MAX_RAM), i;

	for (i = 0; bytes && i < count; i++) {
		if (ram[i].base > at)
			hidden_hole(at, ram[i].base);
		at = ram[i].base + ram[i].bytes;
	}
	if (bytes && at < base + bytes)
		hidden_hole(at, base + bytes);
	if (bytes)
		print("INFO %u addresses that Caisson keeps\n", hidden_count);
	hidden_add(ram[count - 1].base + ram[count - 1].bytes + (UINT64_C(1) << 30));
}

static void test_hidden_found(void)
{
	if (!dt_caisson()) {
		check_skip("not under Caisson");
		return;
	}
	/* Without this the tests below would test nothing. */
	CHECK_SHOW(hidden_count >= 6, 6, hidden_count);
}

/* One instruction that touches memory: x0 is the address. */
struct access {
	uint32_t word;
	bool write;
	bool lse; /* needs FEAT_LSE */
};

static const struct access accesses[] = {
	{0xf9400001, false, false}, /* ldr x1, [x0] */
	{0xb9400001, false, false}, /* ldr w1, [x0] */
	{0x79400001, false, false}, /* ldrh w1, [x0] */
	{0x39400001, false, false}, /* ldrb w1, [x0] */
	{0x39800001, false, false}, /* ldrsb x1, [x0] */
	{0xb9800001, false, false}, /* ldrsw x1, [x0] */
	{0xf900001f, true, false},  /* str xzr, [x0] */
	{0xb9000001, true, false},  /* str w1, [x0] */
	{0x79000001, true, false},  /* strh w1, [x0] */
	{0x39000001, true, false},  /* strb w1, [x0] */
	{0xa9400801, false, false}, /* ldp x1, x2, [x0] */
	{0xa9000801, true, false},  /* stp x1, x2, [x0] */
	{0xf8408401, false, false}, /* ldr x1, [x0], #8 */
	{0xf8008c01, true, false},  /* str x1, [x0, #8]! */
	{0x3dc00001, false, false}, /* ldr q1, [x0] */
	{0x3d800001, true, false},  /* str q1, [x0] */
	{0x4c407001, false, false}, /* ld1 {v1.16b}, [x0] */
	{0x4c007001, true, false},  /* st1 {v1.16b}, [x0] */
	{0xc85f7c01, false, false}, /* ldxr x1, [x0] */
	{0xc8dffc01, false, false}, /* ldar x1, [x0] */
	{0xc89ffc01, true, false},  /* stlr x1, [x0] */
};

/* As access checks go, these may report a read or a write. */
static const uint32_t atomics[] = {
	0xf8210001, /* ldadd x1, x1, [x0] */
	0xf8218001, /* swp x1, x1, [x0] */
	0xc8a17c02, /* cas x1, x2, [x0] */
	0x48207c02, /* casp x0, x1, x2, x3, [x0] */
};

static void abort_check(uint64_t addr, uint32_t word, const struct fault *fault)
{
	if (!CHECK_SHOW(fault->count == 1, word, addr))
		return;
	CHECK_EQ(ESR_EC(fault->esr), EC_DABT_SAME);
	CHECK_SHOW(ESR_FSC(fault->esr) == FSC_EXTERNAL, word, fault->esr);
	CHECK_SHOW(fault->far >= addr && fault->far < addr + 16, addr, fault->far);
	CHECK_EQ(bits(fault->esr, 25, 25), 1); /* IL: a 32-bit instruction */
}

static void test_hidden_access(void)
{
	unsigned int h, i;
	struct fault fault;

	for (h = 0; h < hidden_count; h++) {
		for (i = 0; i < ARRAY_SIZE(accesses); i++) {
			fault = gen_run(accesses[i].word, hidden_addr[h], 0, 0, NULL);
			abort_check(hidden_addr[h], accesses[i].word, &fault);
			CHECK_SHOW(ESR_WNR(fault.esr) == accesses[i].write, accesses[i].word,
				   fault.esr);
		}
	}
}

static void test_hidden_atomics(void)
{
	unsigned int h, i;
	struct fault fault;

	if (!bits(sysreg_read(id_aa64isar0_el1), 23, 20)) {
		check_skip("no LSE");
		return;
	}
	for (h = 0; h < hidden_count; h++) {
		uint64_t addr = hidden_addr[h] & ~UINT64_C(15);

		for (i = 0; i < ARRAY_SIZE(atomics); i++) {
			fault = gen_run(atomics[i], addr, 0, 0, NULL);
			abort_check(addr, atomics[i], &fault);
		}
	}
}

static void test_hidden_fetch(void)
{
	unsigned int h;
	struct fault fault;

	for (h = 0; h < hidden_count; h++) {
		uint64_t addr = hidden_addr[h] & ~UINT64_C(3);

		mmu_executable(addr);
		fault = fault_of(((void (*)(void))addr)());
		if (!CHECK_SHOW(fault.count == 1, addr, fault.count))
			continue;
		CHECK_EQ(ESR_EC(fault.esr), EC_IABT_SAME);
		CHECK_SHOW(ESR_FSC(fault.esr) == FSC_EXTERNAL, addr, fault.esr);
		CHECK_EQ(fault.far, addr);
		CHECK_EQ(fault.elr, addr);
	}
}

/* Cache maintenance may abort or do nothing; DC ZVA writes and must abort. */
static void test_hidden_maintenance(void)
{
	static const uint32_t words[] = {
		0xd50b7e20, /* dc civac, x0 */
		0xd50b7a20, /* dc cvac, x0 */
		0xd50b7b20, /* dc cvau, x0 */
		0xd5087620, /* dc ivac, x0 */
		0xd50b7520, /* ic ivau, x0 */
		0xf9800000, /* prfm pldl1keep, [x0] */
		0xd5087800, /* at s1e1r, x0 */
		0xd5087820, /* at s1e1w, x0 */
	};
	unsigned int h, i;
	struct fault fault;

	for (h = 0; h < hidden_count; h++) {
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			fault = gen_run(words[i], hidden_addr[h], 0, 0, NULL);
			CHECK_SHOW(fault.count == 0 || ESR_EC(fault.esr) == EC_DABT_SAME, words[i],
				   fault.esr);
		}
		fault = gen_run(0xd50b7420, hidden_addr[h], 0, 0, NULL); /* dc zva, x0 */
		CHECK_SHOW(fault.count == 1 && ESR_EC(fault.esr) == EC_DABT_SAME, hidden_addr[h],
			   fault.esr);
	}
}

/* A table walk that starts in memory that is not the guest's ends in an abort, not in a leak. */
static void test_hidden_walk(void)
{
	uint64_t window = mmu_window_table(hidden_addr[0] & ~(PAGE - 1));
	struct fault fault = fault_of((void)mmio_read64(window));

	if (CHECK_EQ(fault.count, 1)) {
		CHECK_EQ(ESR_EC(fault.esr), EC_DABT_SAME);
		CHECK_SHOW(bits(fault.esr, 5, 2) == 5 || ESR_FSC(fault.esr) == FSC_EXTERNAL, 0x17,
			   fault.esr);
		CHECK_EQ(fault.far, window);
	}
	(void)mmu_window(NULL);
}

/* Traps from AArch32 at EL0 come to this program's own vectors, or the access works. */
static void test_aarch32(void)
{
	static const struct {
		uint32_t word;
		bool undefined;
	} words[] = {
		{0xe1a00000, false}, /* mov r0, r0 */
		{0xee100f10, true},  /* mrc p15, 0, r0, c0, c0, 0: MIDR is EL1's */
		{0xee1f0f10, true},  /* mrc p15, 0, r0, c15, c0, 0 */
		{0xee190f10, true},  /* mrc p15, 0, r0, c9, c0, 0 */
		{0xe1400070, true},  /* hvc #0 is undefined at EL0 */
		{0xe1600070, true},  /* smc #0 too */
		{0xe7f000f0, true},  /* udf #0 */
		{0xee1d0f70, false}, /* mrc p15, 0, r0, c13, c0, 3: TPIDRURO */
	};
	struct sandbox_regs regs = {0};
	unsigned int i;
	uint64_t esr;

	sandbox_init();
	if (!sandbox_has_a32()) {
		cpu_this()->sync_hook = NULL;
		check_skip("no AArch32 at EL0");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		esr = sandbox_run(words[i].word, &regs, SANDBOX_A32);
		if (words[i].undefined)
			CHECK_SHOW(ESR_EC(esr) == EC_UNKNOWN || ESR_EC(esr) == EC_CP15,
				   words[i].word, esr);
		else
			CHECK_SHOW(ESR_EC(esr) == EC_SVC32, words[i].word, esr);
	}
	/* mrc p14, 0, r0, c0, c1, 0: DBGDSCRint, which QEMU does not give to EL0. */
	sysreg_write(mdscr_el1, MDSCR_TDCC);
	isb();
	esr = sandbox_run(0xee100e11, &regs, SANDBOX_A32);
	CHECK_SHOW(ESR_EC(esr) == EC_CP14 || ESR_EC(esr) == EC_UNKNOWN, 0xee100e11, esr);
	esr = sandbox_run(0xd5330100, &regs, SANDBOX_EL0); /* mrs x0, mdccsr_el0 */
	CHECK_SHOW(ESR_EC(esr) == EC_SYSREG, 0xd5330100, esr);
	sysreg_write(mdscr_el1, 0);
	isb();
	esr = sandbox_run(0xd5330100, &regs, SANDBOX_EL0);
	CHECK_SHOW(ESR_EC(esr) == EC_SVC64, 0xd5330100, esr);
	cpu_this()->sync_hook = NULL;
}

/* A debugger's registers, as an operating system saves and restores them. */
static void test_debug_registers(void)
{
	static const uint32_t list[] = {
		R(2, 0, 0, 2, 2), /* MDSCR_EL1 */
		R(2, 0, 0, 0, 4), /* DBGBVR0_EL1 */
		R(2, 0, 0, 0, 5), /* DBGBCR0_EL1 */
		R(2, 0, 0, 0, 6), /* DBGWVR0_EL1 */
		R(2, 0, 0, 0, 7), /* DBGWCR0_EL1 */
	};
	unsigned int i;
	uint64_t value;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		CHECK_EQ(gen_msr(list[i], 0).count, 0);
		CHECK_EQ(gen_mrs(list[i], &value).count, 0);
		CHECK_EQ(value, 0);
	}
	CHECK_EQ(gen_msr(R(2, 0, 0, 0, 4), 0x40001000).count, 0);
	CHECK_EQ(gen_mrs(R(2, 0, 0, 0, 4), &value).count, 0);
	CHECK_EQ(value, 0x40001000);
	CHECK_EQ(gen_mrs(R(2, 3, 0, 1, 0), NULL).count, 0);   /* MDCCSR_EL0 */
	CHECK_EQ(gen_mrs(R(2, 0, 1, 1, 4), &value).count, 0); /* OSLSR_EL1 */
	CHECK_EQ(gen_msr(R(2, 0, 1, 0, 4), 0).count, 0);      /* OSLAR_EL1 */
}

/* The ITS is not shown: its frames answer nothing. */
static void test_its(void)
{
	struct dt_node node;
	uint64_t its = dt_bootarg("its_base", 0);
	struct fault fault;

	if (!dt_caisson() || !its) {
		check_skip("not under Caisson");
		return;
	}
	CHECK(!(dt_root(&node) && dt_find_compatible("arm,gic-v3-its", &node)));
	fault = fault_of((void)mmio_read32(its));
	abort_check(its, 0xb9400001, &fault);
	fault = fault_of(mmio_write32(its, 1));
	abort_check(its, 0xb9000001, &fault);
}

/* Loads from a device with every extension, into W and X registers and the zero register. */
static void test_mmio_extension(void)
{
	static const struct {
		uint32_t word; /* into x0 from [x1] */
		uint64_t want; /* of the bytes 0x80 0xf8 ... at an IPRIORITYR word 0x88a8f880 */
	} loads[] = {
		{0x39400020, 0x80},               /* ldrb w0, [x1] */
		{0x39800020, 0xffffffffffffff80}, /* ldrsb x0, [x1] */
		{0x39c00020, 0xffffff80},         /* ldrsb w0, [x1] */
		{0x39c00420, 0xfffffff8},         /* ldrsb w0, [x1, #1] */
		{0xb9400020, 0x88a8f880},         /* ldr w0, [x1] */
		{0xb9800020, 0xffffffff88a8f880}, /* ldrsw x0, [x1] */
	};
	uint64_t at = cpu_this()->gicr + GICR_SGI_BASE + GICD_IPRIORITYR, got;
	unsigned int i;
	struct fault fault;

	mmio_write32(at, 0x88a8f880);
	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		fault = gen_run(loads[i].word, ~UINT64_C(0), at, 0, &got);
		CHECK_SHOW(fault.count == 0, loads[i].word, fault.esr);
		CHECK_EQ(got, loads[i].want);
	}
	/* ldr wzr, [x1]; str wzr, [x1]: register 31 is zero, not the stack pointer. */
	CHECK_EQ(gen_run(0xb940003f, 7, at, 0, &got).count, 0);
	CHECK_EQ(got, 7);
	CHECK_EQ(gen_run(0xb900003f, 7, at, 0, NULL).count, 0);
	CHECK_EQ(mmio_read32(at), 0);
	/* strb w0, [x1, #2]: that byte only. */
	CHECK_EQ(gen_run(0x39000820, 0x5555555555555540, at, 0, NULL).count, 0);
	CHECK_EQ(mmio_read32(at), 0x00400000);
	gic_reset();
}

/* Forms that hardware does not decode for a hypervisor: the access is refused, or right. */
static void test_mmio_forms(void)
{
	static const uint32_t words[] = {
		0xb8404420, /* ldr w0, [x1], #4 */
		0xb8404c20, /* ldr w0, [x1, #4]! */
		0xb8004422, /* str w2, [x1], #4 */
		0x29400820, /* ldp w0, w2, [x1] */
		0xa9400820, /* ldp x0, x2, [x1] */
		0x29000822, /* stp w2, w2, [x1] */
		0xbd400020, /* ldr s0, [x1] */
		0x3dc00020, /* ldr q0, [x1] */
		0x3d800020, /* str q0, [x1] */
		0x4c407020, /* ld1 {v0.16b}, [x1] */
		0x885f7c20, /* ldxr w0, [x1] */
		0x88dffc20, /* ldar w0, [x1] */
		0x889ffc22, /* stlr w2, [x1] */
		0xb8220020, /* ldadd w2, w0, [x1] */
		0x88a27c20, /* cas w2, w0, [x1] */
		0xd50b7421, /* dc zva, x1 */
		0xd50b7e21, /* dc civac, x1 */
		0x79400020, /* ldrh w0, [x1] */
		0xf9400020, /* ldr x0, [x1] */
	};
	const uint64_t devices[] = {gicd_base + GICD_IPRIORITYR + 64, cpu_this()->gicr + 0x10400,
				    console_base + 0x024};
	unsigned int d, i;
	struct fault fault;

	for (d = 0; d < ARRAY_SIZE(devices); d++)
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			fault = gen_run(words[i], 0, devices[d], 0, NULL);
			CHECK_SHOW(fault.count <= 1, words[i], fault.count);
			if (fault.count && ESR_EC(fault.esr) != EC_UNKNOWN)
				CHECK_SHOW(ESR_EC(fault.esr) == EC_DABT_SAME, words[i], fault.esr);
		}
	console_init();
	print("\n"); /* a block of zeros may have gone to the data register */
	gic_reset();
}

/*
 * Misaligned accesses to Device memory fault before anybody emulates them; QEMU sees to it only
 * when it runs several CPUs in parallel. What comes through must be refused or harmless.
 */
static void test_mmio_unaligned(void)
{
	static const uint32_t words[] = {
		0xb9400020, /* ldr w0, [x1] */
		0xb9000020, /* str w0, [x1] */
		0x79400020, /* ldrh w0, [x1] */
		0xf9400020, /* ldr x0, [x1] */
	};
	struct fault fault;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		fault = gen_run(words[i], 0, gicd_base + GICD_IPRIORITYR + 0x43, 0, NULL);
		if (dt_caisson() || cpu_count > 1)
			CHECK_EQ(fault.count, 1);
		if (!fault.count)
			continue;
		CHECK_EQ(ESR_EC(fault.esr), EC_DABT_SAME);
		CHECK_SHOW(ESR_FSC(fault.esr) == FSC_ALIGNMENT ||
				   ESR_FSC(fault.esr) == FSC_EXTERNAL,
			   words[i], fault.esr);
		CHECK_EQ(fault.far, gicd_base + GICD_IPRIORITYR + 0x43);
	}
}

/* The last bytes of each frame, and the page behind it. */
static void test_mmio_edges(void)
{
	const uint64_t edges[] = {gicd_base + gicd_bytes - 4, gicr_base + gicr_bytes - 4,
				  console_base + PAGE - 4,    gicd_base + gicd_bytes - 8,
				  gicr_base + gicr_bytes - 8, console_base + PAGE};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		CHECK(gen_run(0xb9400020, 0, edges[i], 0, NULL).count <= 1);
		CHECK(gen_run(0xf9400020, 0, edges[i], 0, NULL).count <= 1);
		CHECK(gen_run(0x39400020, 0, edges[i] + 3, 0, NULL).count <= 1);
	}
}

/* After all that: the interrupts still work, and the console, which prints this test's line. */
static void test_alive(void)
{
	uint32_t intid = 0;

	gic_reset();
	gic_enable(3);
	gic_sgi_send(3, cpu_this()->mpidr);
	CHECK(wait_for((intid = gic_ack()) == 3, 1000));
	gic_eoi(intid);
	gic_enable(gic_timer_virt_intid);
	sysreg_write(cntv_tval_el0, 1000);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	CHECK(wait_for((intid = gic_ack()) == gic_timer_virt_intid, 1000));
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	gic_eoi(intid);
}

static const struct test tests[] = {
	{"traps-higher-registers", test_higher_registers},
	{"traps-hidden-registers", test_hidden_registers},
	{"traps-hidden-instructions", test_hidden_instructions},
	{"traps-system-instructions", test_system_instructions},
	{"traps-hidden-found", test_hidden_found},
	{"traps-hidden-access", test_hidden_access},
	{"traps-hidden-atomics", test_hidden_atomics},
	{"traps-hidden-fetch", test_hidden_fetch},
	{"traps-hidden-maintenance", test_hidden_maintenance},
	{"traps-hidden-walk", test_hidden_walk},
	{"traps-aarch32", test_aarch32},
	{"traps-debug-registers", test_debug_registers},
	{"traps-its", test_its},
	{"traps-mmio-extension", test_mmio_extension},
	{"traps-mmio-forms", test_mmio_forms},
	{"traps-mmio-unaligned", test_mmio_unaligned},
	{"traps-mmio-edges", test_mmio_edges},
	{"traps-alive", test_alive},
};

void payload_main(void)
{
	gic_reset();
	hidden_find();
	check_run(tests, ARRAY_SIZE(tests));
}
