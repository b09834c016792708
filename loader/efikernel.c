/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efikernel.h"

#include <string.h>

#include "arch/aarch64/sysreg.h"
#include "lib/efimap.h"
#include "loader/cpus.h"
#include "loader/eficon.h"
#include "loader/efiinitrd.h"
#include "loader/efimachine.h"
#include "loader/efimem.h"
#include "loader/firmware.h"
#include "loader/kernel.h"
#include "loader/mpboot.h"
#include "loader/payload.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)

/* What tells where in memory the kernel was loaded from (UEFI 2.10 10.3.2.3), and the end. */
struct memory_path {
	uint8_t type, subtype, length[2];
	uint32_t memory_type;
	uint64_t start;
	uint64_t end;
	uint8_t last[4];
} __attribute__((packed, aligned(8)));

/* Its command line as the options of an application. */
static void give_options(const struct machine *m, struct efi_loaded_image *loaded)
{
	static uint16_t options[FIRMWARE_BOOTARGS_BYTES];
	size_t chars = m->bootargs_bytes < ARRAY_SIZE(options) ? m->bootargs_bytes
							       : ARRAY_SIZE(options) - 1;

	for (size_t i = 0; i < chars; i++)
		options[i] = (uint8_t)m->bootargs[i];
	options[chars] = 0;
	loaded->LoadOptions = options;
	loaded->LoadOptionsSize = (uint32_t)((chars + 1) * sizeof(options[0]));
}

static efi_status load(const struct efi *efi, const struct machine *m, efi_handle *image)
{
	static struct memory_path path = {
		.type = 1,
		.subtype = 3,
		.length = {24},
		.memory_type = EFIMAP_LOADER_DATA,
		.last = {0x7f, 0xff, 4},
	};
	struct efi_loaded_image *loaded;
	efi_status status;

	path.start = m->kernel.base;
	path.end = m->kernel.base + m->kernel.bytes;
	status = efi->boot->LoadImage(false, efi->image, (struct efi_device_path *)&path,
				      (void *)m->kernel.base, m->kernel.bytes, image);
	if (status == EFI_SUCCESS)
		status =
			efi->boot->HandleProtocol(*image, &efi_loaded_image_guid, (void **)&loaded);
	if (status != EFI_SUCCESS)
		return eficon_refuse(
			efi, status,
			"firmware does not load the kernel (error %#llx): payload=kernel "
			"under UEFI needs one that is a UEFI application, too",
			(unsigned long long)(status & ~BIT(63)));
	give_options(m, loaded);
	return EFI_SUCCESS;
}

/* Mailboxes are nobody's memory: no kernel maps them as its own. */
static void start_cpus(const struct efi *efi, struct machine *m)
{
	uint64_t bytes = kernel_mailboxes_bytes(m);
	uint64_t base = 0;

	if (m->info.cpu_count > 1) {
		if (!efimem_keep(efi, EFIMAP_RESERVED, bytes, KERNEL_MAILBOXES_ALIGN, &base))
			uart_stop("no memory for mailboxes, %llu KiB",
				  (unsigned long long)bytes >> 10);
		m->info.kept = (struct boot_region){base, bytes};
	}
	mpboot_start(m, base);
	mpboot_collect(m);
}

/* The tables that the kernel is to find in the place of firmware's. */
static efi_status install_tables(const struct efi *efi, struct machine *m)
{
	size_t room = m->acpi.used ? kernel_tables_room(m) : kernel_tree_room(m);
	uint64_t base;

	if (!efimem_keep(efi, EFIMAP_ACPI_RECLAIM, room, PAGE_BYTES, &base))
		uart_stop("no memory for the kernel's tables, %zu bytes", room);
	if (m->acpi.used)
		return efi->boot->InstallConfigurationTable(
			&efi_acpi_guid, (void *)kernel_write_tables(m, base, room));
	(void)kernel_write_tree(m, base, room);
	return efi->boot->InstallConfigurationTable(&efi_dtb_guid, (void *)base);
}

/* A device tree has the RAM disk in it; ACPI tables have no place for one. */
static efi_status start(const struct efi *efi, const struct machine *m, efi_handle image)
{
	bool offer = m->acpi.used && m->initrd.bytes != 0;
	efi_status status = EFI_SUCCESS;

	if (offer)
		status = efiinitrd_offer(efi, m->initrd);
	if (status != EFI_SUCCESS)
		return eficon_refuse(efi, status,
				     "firmware does not take the initial RAM disk (error %#llx)",
				     (unsigned long long)(status & ~BIT(63)));
	status = efi->boot->StartImage(image, NULL, NULL);
	if (offer)
		efiinitrd_withdraw(efi);
	return status;
}

efi_status efikernel_start(const struct efi *efi)
{
	uint64_t start_cntpct = sysreg_read(cntpct_el0); /* what the benchmark counts from */
	struct machine *m = efimachine_read(efi);
	efi_handle image;
	efi_status status;

	cpus_choose(m);
	payload_find(m);
	status = load(efi, m, &image);
	if (status != EFI_SUCCESS)
		return status;
	start_cpus(efi, m);
	status = install_tables(efi, m);
	if (status != EFI_SUCCESS)
		return eficon_refuse(efi, status, "firmware does not take the kernel's tables");
	eficon_print(efi, "  payload=kernel: %u CPU%s, mailboxes at %#llx; began at tick %llu\n",
		     m->info.cpu_count, m->info.cpu_count == 1 ? "" : "s",
		     (unsigned long long)m->info.kept.base, (unsigned long long)start_cntpct);
	return start(efi, m, image);
}
