// SPDX-License-Identifier: BSD-2-Clause
#include "tests/firmware/firmware.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"

/* QEMU's virt board, as hw/arm/virt.c lays it out. */
#define UART      0x09000000
#define GPIO      0x090b0000 /* a PL061 that is the secure world's; pin 0 powers off, 1 resets */
#define GPIO_DATA 0x3fc
#define GPIO_DIR  0x400
#define GICD      0x08000000
#define GICR      0x080a0000
#define GICR_STEP 0x20000

/* The secure world's view (IHI 0069 12.9.4, 12.11.42). */
#define GICD_CTLR_ARE_BOTH (3 << 4)
#define GICR_WAKER_SLEEP   2
#define GICR_WAKER_ASLEEP  4

#define ICC_SRE_EL2   S3_4_C12_C9_5
#define ICC_SRE_EL3   S3_6_C12_C12_5
#define ICC_SRE_ALL   0xf
#define SCTLR_EL2_OFF 0x30c50830
#define SCTLR_EL1_OFF 0x30d00800
#define HCR_EL2_RW    (UINT64_C(1) << 31)
#define CPTR_EL3_ALL  (1 << 12 | 1 << 8) /* ESM, EZ: nothing is trapped */
/*
 * NS, RES1, HCE, RW, and all that EL2 may use only if EL3 lets it: APK, API, EnSCXT, ATA, FGTEn,
 * ECVEn, HXEn, GCSEn, EnTP2, TCR2En, SCTLR2En, PIEn, AIEn. A CPU without a feature ignores its bit.
 * FIQ: interrupts of group 0 are EL3's, as in any system with a secure world.
 */
#define SCR_EL3_NS                                                                                 \
	(1 | 1 << 2 | 3 << 4 | 1 << 8 | 1 << 10 | 3 << 16 | UINT64_C(0xf) << 25 |                  \
	 UINT64_C(3) << 38 | UINT64_C(1) << 41 | UINT64_C(0xf) << 43)
#define SPSR_MASKED 0x3c0
#define SPSR_EL(n)  (SPSR_MASKED | (n) << 2 | 1) /* ELnh */

/* PSCI (DEN 0022, 5). */
#define SMC64              0x40000000
#define PSCI_VERSION       0x84000000
#define PSCI_CPU_ON        0x84000003
#define PSCI_AFFINITY_INFO 0x84000004
#define PSCI_SYSTEM_OFF    0x84000008
#define PSCI_FEATURES      0x8400000a
#define NOT_SUPPORTED      (-1)
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON         (-4)
#define ON_PENDING         (-5)

/* Of a CPU; the values of AFFINITY_INFO (DEN 0022 5.7). */
enum state { ON = 0, OFF = 1, PENDING = 2 };

/* A copy in the secure world's memory: that of FW_CONFIG is whose the image gives it to. */
static union {
	struct fw_config fields;
	volatile uint64_t words[sizeof(struct fw_config) / 8];
} copy;
static const struct fw_config *const config = &copy.fields;
static volatile uint32_t copied;

extern uint8_t fw_stacks[]; /* start.S */
uint8_t fw_stacks[FW_MAX_CPUS << FW_STACK_SHIFT] __attribute__((aligned(16)));

static struct {
	volatile uint32_t ready; /* it can be started */
	volatile uint32_t state; /* enum state */
	volatile uint64_t pc, x0;
} secondary[FW_MAX_CPUS];

static volatile uint32_t *reg(uint64_t address)
{
	return (volatile uint32_t *)address;
}

static void say(const char *text)
{
	for (; *text; text++)
		*reg(UART) = (uint8_t)*text;
}

static void say_hex(uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*reg(UART) = (uint8_t) "0123456789abcdef"[value >> shift & 15];
}

static void __attribute__((noreturn)) sleep_for_ever(void)
{
	for (;;)
		wfi();
}

void fw_exception(uint64_t esr, uint64_t elr, uint64_t far)
{
	say("\nfirmware: unexpected exception, ESR ");
	say_hex(esr);
	say(" ELR ");
	say_hex(elr);
	say(" FAR ");
	say_hex(far);
	say("\n");
	sleep_for_ever();
}

/* All interrupts become the non-secure world's (IHI 0069 4.6). */
static void init_distributor(void)
{
	uint32_t words = (*reg(GICD + GICD_TYPER) & 31) + 1;

	*reg(GICD + GICD_CTLR) = GICD_CTLR_ARE_BOTH;
	for (uint32_t i = 1; i < words; i++)
		*reg(GICD + GICD_IGROUPR + 4 * i) = 0xffffffff;
}

/* Of this CPU: its registers that only EL3 can set. */
static void init_cpu(uint64_t cpu)
{
	uint64_t gicr = GICR + cpu * GICR_STEP;

	*reg(gicr + GICR_WAKER) &= ~(uint32_t)GICR_WAKER_SLEEP;
	while (*reg(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP)
		;
	*reg(gicr + GICR_SGI_BASE + GICD_IGROUPR) = 0xffffffff;
	sysreg_write(cptr_el3, CPTR_EL3_ALL);
	sysreg_write(mdcr_el3, 0);
	sysreg_write(cntfrq_el0, config->cntfrq);
	sysreg_write(ICC_SRE_EL3, ICC_SRE_ALL);
	isb();
	sysreg_write(ICC_PMR_EL1, 0xff); /* from a priority of EL3's, others cannot change it */
	sysreg_write(scr_el3, SCR_EL3_NS);
	isb();
	sysreg_write(ICC_SRE_EL2, ICC_SRE_ALL);
	sysreg_write(sctlr_el2, SCTLR_EL2_OFF);
	sysreg_write(sctlr_el1, SCTLR_EL1_OFF);
	sysreg_write(hcr_el2, HCR_EL2_RW);
	isb();
}

static void __attribute__((noreturn)) leave(uint64_t pc, uint64_t x0, uint32_t el)
{
	struct fw_context context = {pc, x0, SPSR_EL(el)};

	fw_leave(&context);
}

static void delay(uint32_t ms)
{
	uint64_t start = sysreg_read(cntpct_el0);

	while (sysreg_read(cntpct_el0) - start < config->cntfrq / 1000 * ms)
		relax();
}

static void __attribute__((noreturn)) start_secondary(uint64_t cpu)
{
	const struct fw_cpu *how = &config->cpu[cpu];

	secondary[cpu].state = how->way == FW_SPIN ? ON : OFF;
	dsb();
	secondary[cpu].ready = 1;
	if (how->way == FW_SPIN) {
		delay(how->delay_ms);
		leave(FW_SPIN_CODE, how->release, how->el);
	}
	if (how->way != FW_PSCI || how->answer != 0)
		sleep_for_ever();
	while (secondary[cpu].state != PENDING)
		wfe();
	delay(how->delay_ms);
	secondary[cpu].state = ON;
	leave(secondary[cpu].pc, secondary[cpu].x0, how->el);
}

static void copy_config(void)
{
	const volatile uint64_t *from = (const volatile uint64_t *)FW_CONFIG;

	for (uint32_t i = 0; i < ARRAY_SIZE(copy.words); i++)
		copy.words[i] = from[i];
	dsb();
	copied = 1;
}

void fw_cpu_main(uint64_t cpu)
{
	volatile uint32_t *spin = (volatile uint32_t *)FW_SPIN_CODE;

	if (cpu == 0)
		copy_config();
	while (!copied)
		relax();
	if (config->magic != FW_MAGIC || cpu >= config->cpus)
		sleep_for_ever();
	if (cpu != 0) {
		init_cpu(cpu);
		start_secondary(cpu);
	}
	init_distributor();
	init_cpu(cpu);
	for (const uint32_t *from = fw_spin; from < fw_spin_end; from++)
		*spin++ = *from;
	dsb();
	isb();
	secondary[0].ready = 1;
	for (uint32_t i = 0; i < config->cpus; i++) {
		while (!secondary[i].ready)
			relax();
	}
	leave(config->image, config->x0, 2);
}

/* The CPU with these affinity fields: on this board they are its number. */
static bool find_cpu(uint64_t mpidr, uint32_t *cpu)
{
	*cpu = (uint32_t)mpidr;
	return mpidr < config->cpus;
}

static int64_t cpu_on(uint64_t mpidr, uint64_t pc, uint64_t x0)
{
	uint32_t cpu;

	if (!find_cpu(mpidr, &cpu))
		return INVALID_PARAMETERS;
	if (config->cpu[cpu].answer != 0)
		return config->cpu[cpu].answer;
	cpu = config->cpu[cpu].starts;
	if (secondary[cpu].state != OFF)
		return secondary[cpu].state == ON ? ALREADY_ON : ON_PENDING;
	secondary[cpu].pc = pc;
	secondary[cpu].x0 = x0;
	dsb();
	secondary[cpu].state = PENDING;
	sev();
	return 0;
}

static int64_t affinity_info(uint64_t mpidr)
{
	uint32_t cpu;

	return find_cpu(mpidr, &cpu) ? (int64_t)secondary[cpu].state : INVALID_PARAMETERS;
}

/* PSCI_FEATURES. */
static int64_t features(uint32_t function)
{
	switch (function & ~SMC64) {
	case PSCI_VERSION:
	case PSCI_CPU_ON:
	case PSCI_AFFINITY_INFO:
	case PSCI_SYSTEM_OFF:
	case PSCI_FEATURES:
		return 0;
	default:
		return NOT_SUPPORTED;
	}
}

static void __attribute__((noreturn)) power_off(void)
{
	*reg(GPIO + GPIO_DIR) = 1;
	*reg(GPIO + GPIO_DATA) = 1;
	sleep_for_ever();
}

int64_t fw_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	uint32_t id = (uint32_t)function;

	if (config->cpu_on != 0 && id == config->cpu_on)
		return cpu_on(a1, a2, a3);
	if (config->psci_version == 0)
		return NOT_SUPPORTED;
	switch (id & ~SMC64) {
	case PSCI_VERSION:
		return config->psci_version;
	case PSCI_CPU_ON:
		return cpu_on(a1, a2, a3);
	case PSCI_AFFINITY_INFO:
		return affinity_info(a1);
	case PSCI_SYSTEM_OFF:
		power_off();
	case PSCI_FEATURES:
		return config->psci_version >= 0x10000 ? features((uint32_t)a1) : NOT_SUPPORTED;
	default:
		return NOT_SUPPORTED;
	}
}
