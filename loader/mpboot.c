/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/mpboot.h"

#include <string.h>

#include "abi/psci.h"
#include "arch/aarch64/cache.h"
#include "arch/aarch64/mmio.h"
#include "arch/aarch64/smccc.h"
#include "loader/cpus.h"
#include "loader/parked.h"
#include "loader/uart.h"

#define PAGE_BYTES      KIB(4)
#define ARRIVAL_SECONDS 5
#define CURRENTEL_EL2   (2 << 2)

/* What a CPU that came finds its mailbox by. */
struct place {
	uint64_t mpidr;
	uint64_t mailbox;
};

_Static_assert(MPBOOT_TABLE + BOOT_MAX_CPUS * sizeof(struct place) <= PAGE_BYTES, "in one page");
_Static_assert(offsetof(struct boot_mailbox, entry) == BOOT_MAILBOX_ENTRY, "");
_Static_assert(offsetof(struct boot_mailbox, own_id) == BOOT_MAILBOX_OWN_ID, "");
_Static_assert(offsetof(struct boot_mailbox, release) == BOOT_MAILBOX_RELEASE, "");
_Static_assert(offsetof(struct boot_mailbox, time) == BOOT_MAILBOX_TIME, "");
_Static_assert(offsetof(struct boot_mailbox, arrived) == BOOT_MAILBOX_ARRIVED, "");

extern const char mpboot_wait_start[];
extern const char mpboot_wait_end[];

static uint64_t started; /* CNTPCT_EL0 when CPUs were set going */

static const volatile struct boot_mailbox *mailbox_of(const struct boot_cpu *cpu)
{
	return (const volatile struct boot_mailbox *)cpu->mailbox;
}

/*
 * The waiting code, the table of who waits where, and the mailboxes. All is written with caches
 * off: a dirty line that somebody left there must not be written back over it later.
 */
static void prepare(struct machine *m, uint64_t base)
{
	struct bootinfo *info = &m->info;
	struct place *place = (struct place *)(base + MPBOOT_TABLE);

	cache_clean_invalidate_poc(base, mpboot_bytes(info->cpu_count));
	memset((void *)base, 0, mpboot_bytes(info->cpu_count));
	memcpy((void *)base, mpboot_wait_start, mpboot_wait_end - mpboot_wait_start);
	for (uint32_t i = 1; i < info->cpu_count; i++) {
		uint64_t page = base + i * PAGE_BYTES;
		struct boot_mailbox *mailbox = (struct boot_mailbox *)page;

		mailbox->cpu_id = BOOT_MAILBOX_NO_ID;
		mailbox->own_id = cpus_listed(m, i)->interface;
		*place++ = (struct place){info->cpu[i].mpidr, page};
		info->cpu[i].mailbox = page;
		cpus_start(m, i)->mailbox = page;
	}
	/* Lines that were fetched meanwhile hold what was there before. */
	cache_clean_invalidate_poc(base, mpboot_bytes(info->cpu_count));
	cache_invalidate_instructions();
	isb();
}

/* PSCI_VERSION is there from 0.2 on (DEN 0022, 5.1.1). */
static void ask_version(struct machine *m)
{
	struct bootinfo *info = &m->info;
	int32_t version;

	if (info->psci_conduit != BOOT_CONDUIT_SMC)
		return;
	version = (int32_t)smccc_smc(PSCI_VERSION, 0, 0, 0);
	info->psci_version = version > 0 ? version : 0;
}

/* CPU_ON; of version 0.1 the table tells its number (Linux's bindings arm/psci.yaml). */
static void start_psci(struct machine *m, const struct bootcpu *cpu, uint64_t code,
		       struct boot_start *start)
{
	const struct bootcpu_psci *psci = &m->cpus.psci;
	uint64_t function = psci->version == 1 ? psci->cpu_on : PSCI_CPU_ON | SMCCC_64;

	start->answer = (int32_t)smccc_smc(function, cpu->mpidr, code, 0);
	start->was_asked = 1;
}

/* booting.rst of the arm64 port: 64 bits, little-endian, and an event. */
static void start_spin_table(const struct bootcpu *cpu, uint64_t code)
{
	cache_clean_invalidate_poc(cpu->address, sizeof(code));
	*(volatile uint64_t *)cpu->address = code;
	cache_clean_invalidate_poc(cpu->address, sizeof(code));
}

/* A register that takes 32 bits; the CPU waits for them, or for the event. */
static void start_board(struct machine *m, uint32_t i, uint64_t code)
{
	if (code <= UINT32_MAX)
		mmio_write32(cpus_listed(m, i)->address, (uint32_t)code);
}

static void start_one(struct machine *m, uint32_t i, uint64_t code)
{
	const struct bootcpu *cpu = cpus_listed(m, i);

	switch (cpu->protocol) {
	case BOOTCPU_PSCI:
		start_psci(m, cpu, code, cpus_start(m, i));
		break;
	case BOOTCPU_SPIN_TABLE:
		start_spin_table(cpu, code);
		break;
	case BOOTCPU_BOARD:
		start_board(m, i, code);
		break;
	case BOOTCPU_PARKING:
		parked_release(cpu, code);
		break;
	default:
		break;
	}
}

static const char *answer_name(int32_t answer)
{
	static const char *const names[] = {
		[-PSCI_NOT_SUPPORTED] = " (not supported)",
		[-PSCI_INVALID_PARAMETERS] = " (invalid parameters)",
		[-PSCI_DENIED] = " (denied)",
		[-PSCI_ALREADY_ON] = " (already on)",
		[-PSCI_ON_PENDING] = " (on pending)",
		[-PSCI_INTERNAL_FAILURE] = " (internal failure)",
		[-PSCI_INVALID_ADDRESS] = " (invalid address)",
	};

	return answer < 0 && answer > -(int32_t)ARRAY_SIZE(names) && names[-answer] != NULL
		       ? names[-answer]
		       : "";
}

void mpboot_start(struct machine *m, uint64_t base)
{
	struct bootinfo *info = &m->info;

	ask_version(m);
	if (info->cpu_count == 1)
		return;
	prepare(m, base);
	started = sysreg_read(cntpct_el0);
	for (uint32_t i = 1; i < info->cpu_count; i++)
		start_one(m, i, base);
	dsb(sy);
	sev();
	parked_wake(m);
	for (uint32_t i = 1; i < info->cpu_count;) {
		const struct boot_start *start = cpus_start(m, i);

		if (start->was_asked && start->answer != PSCI_SUCCESS)
			cpus_leave_out(m, i, "CPU_ON answered %d%s", start->answer,
				       answer_name(start->answer));
		else
			i++;
	}
}

/* What more is known of a CPU that did not come. */
static const char *silence(struct machine *m, uint32_t i)
{
	const struct bootcpu *cpu = cpus_listed(m, i);

	if (sysreg_read(cntfrq_el0) == 0)
		return " (of no length: CNTFRQ_EL0 is 0)";
	if (cpu->protocol == BOOTCPU_PARKING && !parked_is_gone(cpu))
		return ": it did not look into its mailbox";
	return "";
}

void mpboot_collect(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t wait = ARRIVAL_SECONDS * sysreg_read(cntfrq_el0);

	for (uint32_t i = 1; i < info->cpu_count;) {
		const volatile struct boot_mailbox *mailbox = mailbox_of(&info->cpu[i]);
		uint64_t arrived;

		/*
		 * Under UEFI the caches are on, and it is written past them. It may come when the
		 * time is just over: one look decides.
		 */
		do {
			cache_clean_invalidate_poc(info->cpu[i].mailbox, sizeof(*mailbox));
			arrived = mailbox->arrived;
		} while (arrived == 0 && sysreg_read(cntpct_el0) - start < wait);
		if (arrived == CURRENTEL_EL2) {
			cpus_start(m, i)->ticks = mailbox->time - started;
			cpus_start(m, i)->state = BOOT_START_ARRIVED;
			i++;
		} else if (arrived == 0) {
			cpus_leave_out(m, i, "it did not arrive within %d s%s", ARRIVAL_SECONDS,
				       silence(m, i));
		} else {
			cpus_leave_out(m, i, "firmware started it at EL%u",
				       (unsigned int)(arrived >> 2));
		}
	}
}
