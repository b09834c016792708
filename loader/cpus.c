/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/cpus.h"

#include <stdarg.h>

#include "arch/aarch64/at.h"
#include "lib/fmt.h"
#include "lib/text.h"
#include "loader/parked.h"
#include "loader/uart.h"

#define GICV2_CPUS 8 /* that it can serve (IHI 0048) */

/* Why PSCI cannot be called; NULL. */
static const char *psci_problem(const struct bootcpu_psci *psci)
{
	if (!psci->present)
		return "firmware's tables have none";
	if (psci->problem != NULL)
		return psci->problem;
	return psci->conduit != BOOTCPU_CONDUIT_SMC
		       ? "its method is hvc, and an HVC at EL2 stays at EL2"
		       : NULL;
}

/* Why there is no SYSTEM_OFF and SYSTEM_RESET, which came with 0.2; NULL. */
static const char *power_problem(const struct machine *m)
{
	const char *problem = psci_problem(&m->cpus.psci);

	return problem == NULL && m->cpus.psci.version < 2 ? "version 0.1 cannot do that" : problem;
}

bool cpus_have_power(const struct machine *m)
{
	return power_problem(m) == NULL;
}

void cpus_tell_power(const struct machine *m)
{
	const char *problem = power_problem(m);

	if (problem != NULL && m->info.power_kind == BOOT_POWER_NONE)
		uart_print("  no PSCI to switch the machine off or reset it with: %s\n", problem);
}

static void name_protocol(const struct machine *m, const struct bootcpu *cpu, char *name)
{
	static const char *const names[] = {
		[BOOTCPU_NONE] = "",
		[BOOTCPU_PSCI] = "PSCI",
		[BOOTCPU_SPIN_TABLE] = "spin-table",
		[BOOTCPU_PARKING] = "parking protocol",
	};

	if (cpu->protocol == BOOTCPU_PSCI && m->cpus.psci.version == 1)
		fmt_snprintf(name, BOOT_NAME_BYTES, "PSCI 0.1");
	else
		fmt_snprintf(name, BOOT_NAME_BYTES, "%s",
			     cpu->protocol == BOOTCPU_BOARD ? cpu->method : names[cpu->protocol]);
	/* A board's own is a text of firmware's: it must not steer a terminal. */
	for (; *name != '\0'; name++)
		*name = *name >= ' ' && *name <= '~' ? *name : '?';
}

static void tell(struct machine *m, struct boot_start *start, const char *fmt, va_list args)
{
	fmt_vsnprintf(start->why, sizeof(start->why), fmt, args);
	start->state = BOOT_START_LEFT_OUT;
	m->info.cpus_left_out++;
	if (start->mpidr == BOOTCPU_NO_MPIDR)
		uart_print("  a CPU is left out: %s\n", start->why);
	else if (start->protocol[0] == '\0')
		uart_print("  CPU %#llx left out: %s\n", (unsigned long long)start->mpidr,
			   start->why);
	else
		uart_print("  CPU %#llx left out: %s: %s\n", (unsigned long long)start->mpidr,
			   start->protocol, start->why);
}

static void leave_out_listed(struct machine *m, struct boot_start *start, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void leave_out_listed(struct machine *m, struct boot_start *start, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(m, start, fmt, args);
	va_end(args);
}

void cpus_leave_out(struct machine *m, uint32_t i, const char *fmt, ...)
{
	struct bootinfo *info = &m->info;
	va_list args;

	va_start(args, fmt);
	tell(m, cpus_start(m, i), fmt, args);
	va_end(args);
	info->cpu_count--;
	for (; i < info->cpu_count; i++) {
		info->cpu[i] = info->cpu[i + 1];
		m->cpu_listed[i] = m->cpu_listed[i + 1];
	}
}

/*
 * A CPU may be started by a store: not into what the loader itself runs and reads, nor where there
 * is nothing to write to, by firmware's tables under UEFI.
 */
static const char *store_problem(const struct machine *m, uint64_t address)
{
	static const struct {
		const char *busy;
		const char *problem;
	} own[] = {
		{"Caisson's own image", "what it waits for is in Caisson's own image"},
		{"firmware's device tree", "what it waits for is in firmware's device tree"},
		{"UEFI's memory map", "what it waits for is in UEFI's memory map"},
	};
	const char *other = layout_busy_at(&m->busy, address, 8);

	for (uint32_t i = 0; other != NULL && i < ARRAY_SIZE(own); i++) {
		if (text_is(other, own[i].busy))
			return own[i].problem;
	}
	return at_el2_is_writable(address) ? NULL : "what it waits for cannot be written";
}

/*
 * A release word lies in memory, in a part that firmware has reserved (booting.rst of the arm64
 * port); a store to anywhere else could do anything, and one to a hole would end the loader.
 */
static const char *word_problem(const struct machine *m, uint64_t address)
{
	const struct bootinfo *info = &m->info;
	const char *other = layout_busy_at(&m->busy, address, 8);

	if (address >= HYP_IMAGE_VA)
		return "its cpu-release-addr is beyond what Caisson maps";
	if (layout_in(info->ram, info->ram_count, address, 8))
		return store_problem(m, address);
	/* What is not to be mapped is not in the list of RAM. */
	return other != NULL && text_is(other, "reserved-memory node")
		       ? store_problem(m, address)
		       : "its cpu-release-addr is not in memory";
}

/* Nothing is to be put where the CPU looks, and spins meanwhile, if nobody has told of it. */
static void spare_word(struct machine *m, const struct bootcpu *cpu)
{
	uint64_t page = bits_align_down(cpu->address, KIB(4));

	if (cpu->protocol == BOOTCPU_SPIN_TABLE && cpu->problem == NULL &&
	    layout_busy_at(&m->busy, cpu->address, 8) == NULL &&
	    layout_busy_add(&m->busy, page, KIB(4), "a CPU's release word") != ERR_OK)
		uart_stop("more than %d reservations", LAYOUT_MAX_BUSY);
}

static void take(struct machine *m, uint32_t listed)
{
	struct bootinfo *info = &m->info;

	info->cpu[info->cpu_count].mpidr = m->cpu[listed].mpidr;
	m->cpu_listed[info->cpu_count++] = listed;
}

static void consider(struct machine *m, uint32_t listed)
{
	const struct bootcpu *cpu = &m->cpu[listed];
	const char *problem = cpu->problem;
	uint32_t most = m->info.gic_version == 2 ? GICV2_CPUS : BOOT_MAX_CPUS;

	if (problem == NULL && cpu->protocol == BOOTCPU_PSCI)
		problem = psci_problem(&m->cpus.psci);
	if (problem == NULL && cpu->protocol == BOOTCPU_BOARD)
		problem = cpu->address == 0 ? "Caisson does not know this way"
					    : store_problem(m, cpu->address);
	if (problem == NULL && cpu->protocol == BOOTCPU_PARKING)
		problem = parked_problem(m, cpu->address);
	if (problem != NULL)
		leave_out_listed(m, &m->info.start[listed], "%s", problem);
	else if (m->info.cpu_count == most)
		leave_out_listed(m, &m->info.start[listed], "Caisson uses %u CPUs%s", most,
				 most == GICV2_CPUS ? " of a GICv2" : "");
	else
		take(m, listed);
}

void cpus_choose(struct machine *m)
{
	struct bootinfo *info = &m->info;

	info->psci_conduit = cpus_have_power(m) ? BOOT_CONDUIT_SMC : BOOT_CONDUIT_NONE;
	info->cpus_left_out = m->cpus.disabled + m->cpus.beyond;
	info->start_count = m->cpus.count;
	for (uint32_t i = 0; i < m->cpus.count; i++) {
		info->start[i] =
			(struct boot_start){.mpidr = m->cpu[i].mpidr, .address = m->cpu[i].address};
		name_protocol(m, &m->cpu[i], info->start[i].protocol);
	}
	take(m, m->cpus.boot);
	info->start[m->cpus.boot].state = BOOT_START_RAN;
	info->start[m->cpus.boot].protocol[0] = '\0';
	for (uint32_t i = 0; i < m->cpus.count; i++) {
		struct bootcpu *cpu = &m->cpu[i];

		if (cpu->problem == NULL && cpu->protocol == BOOTCPU_SPIN_TABLE)
			cpu->problem = word_problem(m, cpu->address);
		spare_word(m, cpu);
		if (i != m->cpus.boot)
			consider(m, i);
	}
}
