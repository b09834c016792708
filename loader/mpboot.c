/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/mpboot.h"

#include <string.h>

#include "arch/aarch64/cache.h"
#include "arch/aarch64/smccc.h"
#include "loader/uart.h"

#define PSCI_CPU_ON     0xc4000003 /* SMC64 */
#define PAGE_BYTES      KIB(4)
#define ARRIVAL_SECONDS 2
#define CURRENTEL_EL2   (2 << 2)
#define CPU_ID_NONE     0xffffffff

extern const char mpboot_wait_start[];
extern const char mpboot_wait_end[];

static volatile uint64_t *arrived(const struct boot_cpu *cpu)
{
	return (volatile uint64_t *)(cpu->mailbox + MPBOOT_ARRIVED);
}

static int32_t cpu_on(const struct machine *m, uint64_t mpidr, uint64_t entry, uint64_t x0)
{
	uint64_t function = m->psci_0_1 ? m->psci_cpu_on : PSCI_CPU_ON;

	return (int32_t)smccc_smc(function, mpidr, entry, x0);
}

/* Takes CPU i out; those after it move up. */
static void leave_out(struct machine *m, uint32_t i)
{
	struct bootinfo *info = &m->info;

	info->cpu_count--;
	info->cpus_left_out++;
	for (; i < info->cpu_count; i++) {
		info->cpu[i] = info->cpu[i + 1];
		m->cpu_node[i] = m->cpu_node[i + 1];
	}
}

static void mailbox_init(struct boot_cpu *cpu, uint64_t page)
{
	struct boot_mailbox *mailbox = (struct boot_mailbox *)page;

	cpu->mailbox = page;
	cache_clean_invalidate_poc(page, sizeof(*mailbox));
	cache_clean_invalidate_poc(page + MPBOOT_ARRIVED, sizeof(uint64_t));
	*mailbox = (struct boot_mailbox){.cpu_id = CPU_ID_NONE};
	*arrived(cpu) = 0;
}

void mpboot_start(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t code = info->kept.base + m->kept.wait_code;
	uint64_t page = info->kept.base + m->kept.mailboxes;
	uint64_t bytes = mpboot_wait_end - mpboot_wait_start;

	if (info->cpu_count == 1)
		return;
	cache_clean_invalidate_poc(code, bytes);
	memcpy((void *)code, mpboot_wait_start, bytes);
	cache_clean_invalidate_poc(code, bytes);
	for (uint32_t i = 1; i < info->cpu_count;) {
		struct boot_cpu *cpu = &info->cpu[i];
		int32_t answer;

		mailbox_init(cpu, page);
		dsb(sy);
		answer = cpu_on(m, cpu->mpidr, code, cpu->mailbox);
		if (answer == 0) {
			page += PAGE_BYTES;
			i++;
			continue;
		}
		uart_print("  CPU %#llx left out: CPU_ON answered %d\n",
			   (unsigned long long)cpu->mpidr, answer);
		leave_out(m, i);
	}
}

void mpboot_collect(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t hz = sysreg_read(cntfrq_el0);
	uint64_t wait = ARRIVAL_SECONDS * hz;

	for (uint32_t i = 1; i < info->cpu_count;) {
		const struct boot_cpu *cpu = &info->cpu[i];

		while (*arrived(cpu) == 0 && sysreg_read(cntpct_el0) - start < wait)
			;
		if (*arrived(cpu) == CURRENTEL_EL2) {
			i++;
			continue;
		}
		if (*arrived(cpu) == 0)
			uart_print("  CPU %#llx left out: it did not arrive within %d s%s\n",
				   (unsigned long long)cpu->mpidr, ARRIVAL_SECONDS,
				   hz == 0 ? " (of no length: firmware left CNTFRQ_EL0 at 0)" : "");
		else
			uart_print("  CPU %#llx left out: firmware started it at EL%u\n",
				   (unsigned long long)cpu->mpidr,
				   (unsigned int)(*arrived(cpu) >> 2));
		leave_out(m, i);
	}
}
