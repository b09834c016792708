// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "arch/aarch64/cache.h"
#include "lib/acpi.h"
#include "lib/fadt.h"
#include "lib/madt.h"
#include "loader/eficon.h"
#include "tests/firmware/acpifw.h"

/* As an operating system: it knows its tables, and nothing of who made them. */

#define SECONDS 10
#define OWN_CPU 0

const struct efi_guid efi_loaded_image_guid = {
	0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
const struct efi_guid efi_acpi_guid = {
	0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};

volatile uint64_t acpifw_came[FW_MAX_CPUS];

static struct bootcpu cpus[FW_MAX_CPUS];
static struct acpi acpi;

static const char *read_tables(const struct efi *efi, struct bootcpu_list *list)
{
	const struct acpi_window all = {.base = 1, .bytes = INT64_MAX, .data = acpifw_at(1)};
	const struct acpi_table *table;
	struct fadt fadt;
	struct madt madt;
	const char *why;

	bootcpu_init(list, cpus, FW_MAX_CPUS);
	if (acpi_open(&acpi, &all, 1, acpifw_rsdp(efi), &why) != ERR_OK)
		return why;
	if (acpi_find(&acpi, "FACP", &table) != ERR_OK ||
	    fadt_read(table->data, table->bytes, &fadt) != ERR_OK || fadt.psci)
		return "the FADT is bad, or tells of PSCI";
	if (acpi_find(&acpi, "APIC", &table) != ERR_OK)
		return "the MADT is bad";
	return madt_read(&madt, table, OWN_CPU, list, &why) == ERR_OK ? NULL : why;
}

/* Linux wants to read no number there yet. */
static bool wake(const struct bootcpu *cpu)
{
	volatile uint32_t *id = (volatile uint32_t *)(cpu->address + PARK_ID);

	if (cpu->problem != NULL || cpu->protocol != BOOTCPU_PARKING)
		return false;
	cache_clean_invalidate_poc(cpu->address, 16);
	if (*id != 0xffffffff)
		return false;
	*(volatile uint64_t *)(cpu->address + PARK_ENTRY) = (uint64_t)acpifw_counted;
	*id = (uint8_t)cpu->interface;
	cache_clean_invalidate_poc(cpu->address, 16);
	return true;
}

static bool has_come(const struct bootcpu *cpu)
{
	uint64_t start = sysreg_read(cntpct_el0);
	uint64_t wait = SECONDS * sysreg_read(cntfrq_el0);
	const volatile uint64_t *came = &acpifw_came[cpu->mpidr % FW_MAX_CPUS];

	do {
		cache_clean_invalidate_poc((uint64_t)acpifw_came, sizeof(acpifw_came));
	} while (*came == 0 && sysreg_read(cntpct_el0) - start < wait);
	return *came != 0;
}

efi_status acpicount_run(const struct efi *efi)
{
	struct bootcpu_list list;
	const char *why = read_tables(efi, &list);
	bool woken[FW_MAX_CPUS] = {false};
	uint32_t count = 1;

	if (why != NULL) {
		eficon_print(efi, "COUNT: %s\n", why);
		return EFI_UNSUPPORTED;
	}
	cache_clean_invalidate_poc((uint64_t)acpifw_came, sizeof(acpifw_came));
	for (uint32_t i = 0; i < list.count; i++)
		woken[i] = i != list.boot && wake(&list.cpu[i]);
	for (uint32_t i = 0; i < list.count; i++)
		count += woken[i] && has_come(&list.cpu[i]);
	eficon_print(efi, "COUNT %u of %u CPUs at %llu\n", count, list.count,
		     (unsigned long long)sysreg_read(cntpct_el0));
	return EFI_SUCCESS;
}
