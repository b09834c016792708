// SPDX-License-Identifier: BSD-2-Clause
/* PSCI (DEN 0022) and SMCCC (DEN 0028) as a guest sees them. */
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/smp.h"

#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_RESET2     0x84000012
#define SUSPEND_POWERDOWN      (1 << 16)
#define GARBAGE                UINT64_C(0xdead000000000000)
#define ONOFF_ROUNDS           40
#define CURRENTEL_EL1          4
#define DAIF_ALL               0x3c0
#define REGISTER_FILL          UINT64_C(0x1111111111111111)

static const uint32_t mandatory[] = {PSCI_VERSION,          PSCI_CPU_SUSPEND_32, PSCI_CPU_SUSPEND,
				     PSCI_CPU_OFF,          PSCI_CPU_ON_32,      PSCI_CPU_ON,
				     PSCI_AFFINITY_INFO_32, PSCI_AFFINITY_INFO,  PSCI_SYSTEM_OFF,
				     PSCI_SYSTEM_RESET,     PSCI_FEATURES};

static void test_version(void)
{
	int64_t version = psci_call(PSCI_VERSION, 0, 0, 0);

	CHECK_SHOW(version >= 0x10001 && version < 0x20000, 0x10001, version);
}

static void test_features(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mandatory); i++)
		CHECK_SHOW(psci_call(PSCI_FEATURES, mandatory[i], 0, 0) >= 0, 0, mandatory[i]);
	CHECK_EQ(psci_call(PSCI_FEATURES, 0x8400001f, 0, 0), PSCI_NOT_SUPPORTED);
	CHECK_EQ(psci_call(PSCI_FEATURES, 0xc600ff00, 0, 0), PSCI_NOT_SUPPORTED);
	CHECK_EQ(psci_call(PSCI_FEATURES, 0, 0, 0), PSCI_NOT_SUPPORTED);
	/* Bits other than the power state format are reserved. */
	CHECK_EQ(psci_call(PSCI_FEATURES, PSCI_CPU_SUSPEND, 0, 0) & ~INT64_C(3), 0);
	CHECK_EQ(psci_call(PSCI_FEATURES, PSCI_CPU_OFF, 0, 0), 0);
}

static void test_migrate_info(void)
{
	int64_t type = psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);

	CHECK_SHOW(type == 2 || type == PSCI_NOT_SUPPORTED, 2, type);
}

static void test_cpu_on_entry(void)
{
	unsigned int i;

	for (i = 1; i < cpu_count; i++) {
		if (!CHECK_SHOW(smp_start(i), cpu_count, i))
			continue;
		/* The context ID arrived, or the CPU could not have marked this as online. */
		CHECK_EQ(cpus[i].entry_currentel, CURRENTEL_EL1);
		CHECK_EQ(cpus[i].entry_sctlr & 0x1005, 0);
		CHECK_EQ(cpus[i].entry_daif, DAIF_ALL);
	}
}

static void job_mpidr(void *arg)
{
	*(uint64_t *)arg = sysreg_read(mpidr_el1);
}

static void test_cpu_on_mpidr(void)
{
	unsigned int i;
	uint64_t mpidr = 0;

	for (i = 1; i < cpu_count; i++) {
		CHECK(smp_run(i, job_mpidr, &mpidr));
		CHECK(smp_wait(i, 2000));
		CHECK_EQ(mpidr & MPIDR_AFFINITY, cpus[i].mpidr);
		CHECK_EQ(bits(mpidr, 31, 30), 2);
	}
}

static int64_t cpu_on(uint64_t mpidr)
{
	return psci_call(PSCI_CPU_ON, mpidr, (uint64_t)secondary_start, (uint64_t)&cpus[1]);
}

static void test_cpu_on_already(void)
{
	unsigned int i;

	for (i = 0; i < cpu_count; i++) {
		CHECK_EQ(cpu_on(cpus[i].mpidr), PSCI_ALREADY_ON);
		CHECK_EQ(psci_call(PSCI_CPU_ON_32, cpus[i].mpidr, 0x1000, 0), PSCI_ALREADY_ON);
	}
}

static void test_cpu_on_invalid_mpidr(void)
{
	static const uint64_t wrong[] = {
		0x7f,      0xff00,        0xff0000,           0xff00000000, 0x80000000, 0x40000000,
		0x1000000, 0x10000000000, 0x8000000000000000, ~UINT64_C(0), 0xffffffff};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_EQ(cpu_on(wrong[i]), PSCI_INVALID_PARAMS);
	/* Bits outside the affinity fields are not ignored, even with a right CPU below them. */
	for (i = 1; i < cpu_count; i++)
		CHECK_EQ(cpu_on(cpus[i].mpidr | 0x80000000), PSCI_INVALID_PARAMS);
}

static void test_cpu_on_invalid_address(void)
{
	struct dt_range ram[DT_MAX_RAM];
	unsigned int count = dt_ram(ram, DT_MAX_RAM), i;
	int64_t error;

	if (cpu_count < 2 || !dt_caisson()) {
		check_skip("plain QEMU starts a CPU anywhere");
		return;
	}
	CHECK(smp_start(1) && smp_stop(1));
	error = psci_call(PSCI_CPU_ON, cpus[1].mpidr, (uint64_t)secondary_start + 2, 0);
	CHECK_SHOW(error == PSCI_INVALID_ADDRESS || error == PSCI_INVALID_PARAMS,
		   PSCI_INVALID_ADDRESS, error);
	CHECK_EQ(psci_call(PSCI_CPU_ON, cpus[1].mpidr, UINT64_C(1) << 52, 0), PSCI_INVALID_ADDRESS);
	CHECK_EQ(psci_call(PSCI_CPU_ON, cpus[1].mpidr, ~UINT64_C(3), 0), PSCI_INVALID_ADDRESS);
	CHECK_EQ(psci_call(PSCI_CPU_ON, cpus[1].mpidr, gicd_base, 0), PSCI_INVALID_ADDRESS);
	/* What lies between two ranges of memory is Caisson's. */
	for (i = 1; i < count; i++)
		CHECK_EQ(psci_call(PSCI_CPU_ON, cpus[1].mpidr, ram[i].base - 4096, 0),
			 PSCI_INVALID_ADDRESS);
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, cpus[1].mpidr, 0, 0), PSCI_AFFINITY_OFF);
	CHECK(smp_start(1));
}

static void test_affinity_info(void)
{
	unsigned int i;
	int64_t info;

	for (i = 0; i < cpu_count; i++) {
		CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, cpus[i].mpidr, 0, 0), PSCI_AFFINITY_ON);
		CHECK_EQ(psci_call(PSCI_AFFINITY_INFO_32, cpus[i].mpidr, 0, 0), PSCI_AFFINITY_ON);
	}
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, 0xff00, 0, 0), PSCI_INVALID_PARAMS);
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, 0x80000000, 0, 0), PSCI_INVALID_PARAMS);
	info = psci_call(PSCI_AFFINITY_INFO, cpus[0].mpidr, 1, 0);
	CHECK_SHOW(info == PSCI_AFFINITY_ON || info == PSCI_INVALID_PARAMS, 0, info);
	if (cpu_count < 2)
		return;
	CHECK(smp_stop(1));
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, cpus[1].mpidr, 0, 0), PSCI_AFFINITY_OFF);
	CHECK(smp_start(1));
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, cpus[1].mpidr, 0, 0), PSCI_AFFINITY_ON);
}

static void test_cpu_off_on(void)
{
	unsigned int round, i;

	if (cpu_count < 2) {
		check_skip("one CPU");
		return;
	}
	for (round = 0; round < ONOFF_ROUNDS; round++)
		for (i = 1; i < cpu_count; i++)
			if (!CHECK_SHOW(smp_stop(i), round, i) ||
			    !CHECK_SHOW(smp_start(i), round, i))
				return;
}

static void test_cpu_off_all_on(void)
{
	unsigned int i;

	for (i = 1; i < cpu_count; i++)
		CHECK(smp_stop(i));
	CHECK_EQ(smp_start_all(), cpu_count);
}

struct race {
	uint32_t go;
	uint32_t won;
	uint32_t other; /* results that a race must not yield */
};

static void job_race(void *arg)
{
	struct race *race = arg;
	uint64_t target = cpu_count - 1;
	int64_t result;

	if (!wait_for(__atomic_load_n(&race->go, __ATOMIC_ACQUIRE), 2000))
		return;
	result = psci_call(PSCI_CPU_ON, cpus[target].mpidr, (uint64_t)secondary_start,
			   (uint64_t)&cpus[target]);
	if (result == PSCI_SUCCESS)
		__atomic_fetch_add(&race->won, 1, __ATOMIC_SEQ_CST);
	else if (result != PSCI_ALREADY_ON && result != PSCI_ON_PENDING)
		__atomic_fetch_add(&race->other, 1, __ATOMIC_SEQ_CST);
}

/* Several CPUs start the same one at once: exactly one may succeed. */
static void test_cpu_on_race(void)
{
	unsigned int round, i, target = cpu_count - 1;

	if (cpu_count < 3) {
		check_skip("needs 3 CPUs");
		return;
	}
	for (round = 0; round < 10; round++) {
		struct race race = {0};

		if (!CHECK(smp_stop(target)))
			return;
		cpus[target].job = NULL;
		for (i = 1; i < target; i++)
			CHECK(smp_run(i, job_race, &race));
		__atomic_store_n(&race.go, 1, __ATOMIC_RELEASE);
		job_race(&race);
		for (i = 1; i < target; i++)
			CHECK(smp_wait(i, 5000));
		/* QEMU's own PSCI has no pending state: there more than one may win. */
		CHECK_SHOW(dt_caisson() ? race.won == 1 : race.won >= 1, 1, race.won);
		CHECK_EQ(race.other, 0);
		CHECK(wait_for(__atomic_load_n(&cpus[target].online, __ATOMIC_ACQUIRE), 5000));
	}
}

/* The virtual timer, masked in PSTATE, pending soon: wakes a suspended CPU. */
static void wake_soon(void)
{
	gic_reset();
	gic_enable(gic_timer_virt_intid);
	sysreg_write(cntv_cval_el0, time_now() + time_ticks_us(2000));
	sysreg_write(cntv_ctl_el0, 1);
	isb();
}

static void wake_end(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	gic_reset();
}

/* Like WFI, a standby state may end early, as a hypervisor's caller does that is interrupted. */
static void test_suspend_standby(void)
{
	uint64_t start = time_now();

	wake_soon();
	do {
		CHECK_EQ(psci_call(PSCI_CPU_SUSPEND, 0, (uint64_t)secondary_start, 0),
			 PSCI_SUCCESS);
	} while (time_now() - start < time_ticks_us(5000000) &&
		 !bits(sysreg_read(cntv_ctl_el0), 2, 2));
	CHECK(time_now() - start >= time_ticks_us(2000));
	CHECK_EQ(bits(sysreg_read(cntv_ctl_el0), 2, 2), 1);
	wake_end();
	wake_soon();
	CHECK_EQ(psci_call(PSCI_CPU_SUSPEND_32, 0, 0, 0), PSCI_SUCCESS);
	wake_end();
}

/* A power-down state may be carried out as standby, or refused, or resume at the address. */
static void test_suspend_powerdown(void)
{
	int64_t result;

	wake_soon();
	result = psci_suspend(cpu_this(), PSCI_CPU_SUSPEND, SUSPEND_POWERDOWN);
	if (result == 1)
		mmu_enable();
	wake_end();
	CHECK_SHOW(result == 1 || result == PSCI_SUCCESS || result == PSCI_INVALID_PARAMS, 1,
		   result);
}

static void test_smccc_version(void)
{
	int64_t version = psci_call(SMCCC_VERSION, 0, 0, 0), result;
	static const uint32_t workarounds[] = {SMCCC_ARCH_WA_1, SMCCC_ARCH_WA_2, SMCCC_ARCH_WA_3};
	unsigned int i;

	if (version == PSCI_NOT_SUPPORTED && !dt_caisson()) {
		check_skip("QEMU's PSCI has no SMCCC_VERSION");
		return;
	}
	CHECK_SHOW(version >= 0x10002 && version < 0x20000, 0x10002, version);
	CHECK(psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0);
	CHECK(psci_call(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0) >= 0);
	CHECK(psci_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0) >= 0);
	CHECK_EQ(psci_call(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0), PSCI_NOT_SUPPORTED);
	for (i = 0; i < ARRAY_SIZE(workarounds); i++) {
		result = psci_call(SMCCC_ARCH_FEATURES, workarounds[i], 0, 0);
		CHECK_SHOW(result >= -2 && result <= 1, workarounds[i], result);
		if (result >= 0)
			(void)psci_call(workarounds[i], 0, 0, 0); /* has no result; must return */
	}
}

static const uint64_t unknown_ids[] = {
	0x00000000, 0x8400001f, 0xc400ffff, 0x80000077, 0xc0000077, 0x81000000, 0x82000000,
	0x83000000, 0x85000000, 0x86000000, 0xc6000000, 0x87000000, 0xb0000000, 0xbf00ff01,
	0xb2000000, 0xf2000000, 0x02000000, 0x7fffffff, 0xffffffff, 0xc4000002, 0xc4000008};

/* SMCCC: x4 to x17 come back unchanged, x0 says NOT_SUPPORTED. */
static void unknown_check(void (*conduit)(struct smccc_regs *))
{
	unsigned int i, r;

	for (i = 0; i < ARRAY_SIZE(unknown_ids); i++) {
		struct smccc_regs regs;

		for (r = 0; r < ARRAY_SIZE(regs.x); r++)
			regs.x[r] = REGISTER_FILL * r;
		regs.x[0] = unknown_ids[i];
		conduit(&regs);
		CHECK_SHOW((int64_t)regs.x[0] == PSCI_NOT_SUPPORTED, unknown_ids[i], regs.x[0]);
		for (r = 4; r < ARRAY_SIZE(regs.x); r++)
			CHECK_EQ(regs.x[r], REGISTER_FILL * r);
	}
}

static void test_unknown_hvc(void)
{
	struct fault fault = fault_of(unknown_check(smccc_hvc));

	CHECK_EQ(fault.count, 0);
}

static void test_smc(void)
{
	struct fault fault;

	if (!dt_caisson()) {
		check_skip("no EL3 and no EL2: SMC is undefined");
		return;
	}
	fault = fault_of(unknown_check(smccc_smc));
	CHECK_EQ(fault.count, 0);
}

static void test_garbage_above(void)
{
	struct smccc_regs regs = {.x = {GARBAGE | PSCI_VERSION}};

	if (!dt_caisson()) {
		check_skip("QEMU compares all 64 bits of the function ID");
		return;
	}
	smccc_hvc(&regs);
	CHECK_EQ(regs.x[0], psci_call(PSCI_VERSION, 0, 0, 0));
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO_32, GARBAGE | cpus[0].mpidr, GARBAGE, 0),
		 PSCI_AFFINITY_ON);
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO, GARBAGE | cpus[0].mpidr, 0, 0), PSCI_INVALID_PARAMS);
	CHECK_EQ(psci_call(PSCI_FEATURES, GARBAGE | PSCI_CPU_ON, 0, 0), 0);
}

/* SMCCC reserves HVC with other immediates: an answer or UNDEF, and life goes on. */
static void test_hvc_immediate(void)
{
	uint64_t x0 = 0x8400001f;
	struct fault fault;

	fault = fault_of(__asm__ volatile("mov x0, %0\n\thvc #0x1234\n\tmov %0, x0"
					  : "+r"(x0)::"x0", "x1", "x2", "x3", "memory"));
	if (fault.count == 0)
		CHECK_EQ(x0, PSCI_NOT_SUPPORTED);
	else
		CHECK_EQ(ESR_EC(fault.esr), EC_UNKNOWN);
	fault = fault_of(__asm__ volatile("mov x0, %0\n\thvc #0xffff\n\tmov %0, x0"
					  : "+r"(x0)::"x0", "x1", "x2", "x3", "memory"));
	CHECK(fault.count <= 1);
}

static const struct test tests[] = {
	{"psci-version", test_version},
	{"psci-features", test_features},
	{"psci-migrate-info", test_migrate_info},
	{"psci-cpu-on-entry", test_cpu_on_entry},
	{"psci-cpu-on-mpidr", test_cpu_on_mpidr},
	{"psci-cpu-on-already", test_cpu_on_already},
	{"psci-cpu-on-invalid-mpidr", test_cpu_on_invalid_mpidr},
	{"psci-affinity-info", test_affinity_info},
	{"psci-cpu-off-on", test_cpu_off_on},
	{"psci-cpu-off-all-on", test_cpu_off_all_on},
	{"psci-cpu-on-race", test_cpu_on_race},
	{"psci-suspend-standby", test_suspend_standby},
	{"psci-suspend-powerdown", test_suspend_powerdown},
	{"smccc-version", test_smccc_version},
	{"smccc-unknown-hvc", test_unknown_hvc},
	{"smccc-unknown-smc", test_smc},
	{"smccc-upper-bits", test_garbage_above},
	{"smccc-hvc-immediate", test_hvc_immediate},
	/* Last: a CPU that starts nowhere is lost for the others. */
	{"psci-cpu-on-invalid-address", test_cpu_on_invalid_address},
};

void payload_main(void)
{
	gic_reset();
	smp_sleep_idle();
	check_run(tests, ARRAY_SIZE(tests));
}
