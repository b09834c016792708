/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/parked.h"

#include "arch/aarch64/at.h"
#include "arch/aarch64/cache.h"
#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/gicv3.h"
#include "arch/aarch64/mmio.h"
#include "lib/efimap.h"
#include "loader/acpiread.h"
#include "loader/cpus.h"
#include "loader/uart.h"

/*
 * What can be relied on of the GIC: a parked CPU's own part (redistributor, CPU interface) is as
 * the CPU needs it to be woken, as it is for an operating system, which cannot reach all of that
 * either. The distributor may be off: UEFI turns it off when boot services are left. It is on
 * while they are up, so that turning it on changes nothing for firmware. Whoever comes next sets
 * the distributor up from the beginning, and drops SGIs that are still pending.
 *
 * The number of the SGI means nothing to a parked CPU: 0, as from newer kernels.
 */
#define WAKE_SGI 0

/* What the UEFI memory map calls memory that is firmware's for ever. */
static bool is_firmwares(uint32_t type)
{
	return type == EFIMAP_RESERVED || type == EFIMAP_ACPI_NVS ||
	       type == EFIMAP_RUNTIME_SERVICES_DATA;
}

const char *parked_problem(const struct machine *m, uint64_t address)
{
	const struct firmware *f = m->firmware;
	struct efimap_entry entry;

	for (size_t i = 0;
	     efimap_entry((const void *)f->map, f->map_bytes, f->map_stride, i, &entry) == ERR_OK;
	     i++) {
		if (!bits_contains(entry.base, entry.bytes, address, sizeof(struct boot_mailbox)))
			continue;
		if (!is_firmwares(entry.type))
			break;
		return at_el2_is_writable(address) ? NULL : "its mailbox cannot be written";
	}
	return "its mailbox is not in memory that firmware has reserved";
}

/* The order of Linux' writes: the CPU looks at the address when it finds its number. */
void parked_release(const struct bootcpu *cpu, uint64_t code)
{
	volatile struct boot_mailbox *mailbox = (volatile struct boot_mailbox *)cpu->address;

	cache_clean_invalidate_poc(cpu->address, BOOT_MAILBOX_ENTRY + sizeof(code));
	mailbox->entry = code;
	dsb(sy);
	mailbox->cpu_id = cpu->interface;
	cache_clean_invalidate_poc(cpu->address, BOOT_MAILBOX_ENTRY + sizeof(code));
}

bool parked_is_gone(const struct bootcpu *cpu)
{
	const volatile struct boot_mailbox *mailbox =
		(const volatile struct boot_mailbox *)cpu->address;

	cache_clean_invalidate_poc(cpu->address, BOOT_MAILBOX_ENTRY + sizeof(mailbox->entry));
	return mailbox->entry == 0;
}

/* IHI 0069 12.9.4; the groups that are off are turned on. */
static void open_distributor(uint64_t gicd, uint32_t enable, uint32_t more)
{
	uint32_t ctlr = mmio_read32(gicd + GICD_CTLR);

	if ((ctlr & enable) == 0)
		mmio_write32(gicd + GICD_CTLR, ctlr | enable | more);
	dsb(sy);
}

/* To one CPU (12.2.20). Aff0 beyond 15 needs a range, which a GIC with such CPUs has. */
static void send(uint64_t mpidr)
{
	uint64_t aff0 = bits_get(mpidr, 7, 0);

	sysreg_write(ICC_SGI1R_EL1, bits_get(mpidr, 39, 32) << 48 | aff0 / 16 << 44 |
					    bits_get(mpidr, 23, 16) << 32 |
					    (uint64_t)WAKE_SGI << 24 |
					    bits_get(mpidr, 15, 8) << 16 | BIT(aff0 % 16));
	isb();
}

/* Turning on a distributor that is none would change firmware's memory, or Caisson's. */
static bool is_distributor(const struct machine *m, uint64_t gicd)
{
	const struct firmware *f = m->firmware;

	return gicd != 0 && bits_is_aligned(gicd, KIB(4)) && at_el2_is_writable(gicd) &&
	       !efimap_is_memory((const void *)f->map, f->map_bytes, f->map_stride, gicd, KIB(4));
}

static void wake_gicv3(struct machine *m, uint64_t gicd)
{
	const struct bootinfo *info = &m->info;

	open_distributor(gicd, GICD_CTLR_ENABLE_GRP1A, GICD_CTLR_ARE_NS);
	if (!(sysreg_read(ICC_SRE_EL2) & ICC_SRE_SRE)) {
		sysreg_write(ICC_SRE_EL2, ICC_SRE_SRE | ICC_SRE_ENABLE);
		isb();
	}
	for (uint32_t i = 1; i < info->cpu_count; i++) {
		if (cpus_listed(m, i)->protocol == BOOTCPU_PARKING)
			send(info->cpu[i].mpidr);
	}
}

/*
 * To all but this CPU (IHI 0048 4.3.15), as Linux does before it knows which interface is whose:
 * one that finds nothing in its mailbox goes on sleeping.
 */
static void wake_gicv2(uint64_t gicd)
{
	open_distributor(gicd, GICD_CTLR_ENABLE, 0);
	mmio_write32(gicd + GICD_SGIR, GICD_SGIR_ALL_BUT_SELF | WAKE_SGI);
}

static bool has_parked(struct machine *m)
{
	for (uint32_t i = 1; i < m->info.cpu_count; i++) {
		if (cpus_listed(m, i)->protocol == BOOTCPU_PARKING)
			return true;
	}
	return false;
}

void parked_wake(struct machine *m)
{
	const struct madt *madt = &m->acpi.madt;

	if (!has_parked(m))
		return;
	if (!is_distributor(m, madt->gicd))
		uart_print("  parked CPUs cannot be woken by interrupt: the MADT's distributor at "
			   "%#llx makes no sense\n",
			   (unsigned long long)madt->gicd);
	else if (acpiread_is_gicv2(m))
		wake_gicv2(madt->gicd);
	else
		wake_gicv3(m, madt->gicd);
}
