/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efi.h"

#include <string.h>

#include "arch/aarch64/sysreg.h"
#include "lib/fdt.h"
#include "loader/eficfg.h"
#include "loader/eficon.h"
#include "loader/efikernel.h"
#include "loader/efimachine.h"
#include "loader/efimem.h"
#include "loader/firmware.h"
#include "loader/kernel.h"

#define NODES_MAX   4096
#define NODES_BYTES (NODES_MAX * sizeof(struct fdt_node))

/*
 * The way in by UEFI: everything that can be wrong and told of on firmware's console is looked at
 * here, while boot services are up, so that a mistake leads back to firmware and not to a machine
 * that stands still. What was found goes into `firmware`; then head_leave() takes the common path.
 */

/* Called by head.S. */
efi_status efi_main(efi_handle image, struct efi_system_table *table);

const struct efi_guid efi_loaded_image_guid = {
	0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
const struct efi_guid efi_dtb_guid = {
	0xb1b621d5, 0xf19c, 0x41a5, {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
const struct efi_guid efi_acpi_guid = {
	0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
static const struct efi_guid smbios_guid = {
	0xeb9d2d31, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const struct efi_guid smbios3_guid = {
	0xf2fd1544, 0x9794, 0x4a2c, {0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94}};
static const struct efi_guid rng_guid = {
	0x3152bca5, 0xeade, 0x433d, {0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};

/* Tables that firmware may have (UEFI 2.10 4.6), and where their addresses go. */
static const struct table {
	const struct efi_guid *guid;
	uint64_t *address;
} tables[] = {
	{&efi_dtb_guid, &firmware.dtb},
	{&efi_acpi_guid, &firmware.rsdp},
	{&smbios_guid, &firmware.smbios},
	{&smbios3_guid, &firmware.smbios3},
};

static void find_tables(const struct efi *efi)
{
	for (uint64_t i = 0; i < efi->table->NumberOfTableEntries; i++) {
		const struct efi_configuration_table *t = &efi->table->ConfigurationTable[i];

		for (uint32_t k = 0; k < ARRAY_SIZE(tables); k++) {
			if (memcmp(&t->VendorGuid, tables[k].guid, sizeof(t->VendorGuid)) == 0)
				*tables[k].address = (uint64_t)t->VendorTable;
		}
	}
}

static void take_seed(const struct efi *efi)
{
	struct efi_rng *rng;

	if (efi->boot->LocateProtocol(&rng_guid, NULL, (void **)&rng) == EFI_SUCCESS &&
	    rng->GetRNG(rng, NULL, sizeof(firmware.seed), firmware.seed) == EFI_SUCCESS)
		firmware.seed_bytes = sizeof(firmware.seed);
}

static bool has_modules(const struct fdt *fdt)
{
	uint32_t chosen = fdt_child(fdt, FDT_ROOT, "chosen");

	if (chosen == FDT_NONE)
		return false;
	for (uint32_t n = fdt_child_first(fdt, chosen); n != FDT_NONE; n = fdt_child_next(fdt, n)) {
		if (fdt_is_module(fdt, n))
			return true;
	}
	return false;
}

/*
 * Has a boot loader put modules into the device tree (GRUB's xen_hypervisor and xen_module)? Then
 * caisson.cfg does not count. Where there is none, GRUB makes a tree for them: it is not the
 * machine's.
 */
static efi_status look_at_tree(const struct efi *efi, bool *found)
{
	struct fdt fdt;
	uint64_t nodes;

	*found = false;
	if (firmware.dtb == 0)
		return EFI_SUCCESS;
	if (!efimem_take(efi, NODES_BYTES, KIB(4), &nodes))
		return eficon_refuse(efi, EFI_OUT_OF_RESOURCES, "memory is used up");
	if (fdt_init(&fdt, (const void *)firmware.dtb, FDT_BYTES_MAX, (struct fdt_node *)nodes,
		     NODES_MAX) != ERR_OK) {
		eficon_print(efi, "caisson: firmware's device tree is malformed, and not used\n");
		firmware.dtb = 0;
		return EFI_SUCCESS;
	}
	*found = has_modules(&fdt);
	if (firmware.rsdp != 0 && fdt_child(&fdt, FDT_ROOT, "cpus") == FDT_NONE) {
		firmware.modules = *found ? firmware.dtb : 0;
		firmware.dtb = 0;
	}
	return EFI_SUCCESS;
}

/* All that is to be there when boot services are left. */
static efi_status prepare(struct efi *efi)
{
	efi_status status;
	bool modules = false;

	find_tables(efi);
	status = efimem_check(efi);
	if (status == EFI_SUCCESS)
		status = look_at_tree(efi, &modules);
	if (status == EFI_SUCCESS && !modules)
		status = eficfg_load(efi);
	if (status == EFI_SUCCESS)
		status = eficfg_add_options(efi);
	if (status == EFI_SUCCESS && firmware.dtb == 0 && firmware.rsdp == 0)
		status = eficon_refuse(efi, EFI_UNSUPPORTED,
				       "firmware gives neither ACPI tables nor a device tree: name "
				       "a device tree in caisson.cfg");
	return status;
}

efi_status efi_main(efi_handle image, struct efi_system_table *table)
{
	static struct efi efi;
	uint64_t el = bits_get(sysreg_read(CurrentEL), 3, 2);
	efi_status status;

	/* Firmware may start what is in memory a second time. */
	efi = (struct efi){.image = image, .table = table, .boot = table->BootServices};
	memset(&firmware, 0, sizeof(firmware));
	firmware.uefi = true;
	if (el != 2)
		return eficon_refuse(&efi, EFI_UNSUPPORTED,
				     "started at EL%u, Caisson needs EL2: firmware must run at EL2 "
				     "(QEMU: -M virt,virtualization=on)",
				     (unsigned int)el);
	if (efi.boot->HandleProtocol(image, &efi_loaded_image_guid, (void **)&efi.loaded) !=
	    EFI_SUCCESS)
		return eficon_refuse(&efi, EFI_UNSUPPORTED,
				     "firmware does not tell where Caisson was loaded from");
	status = prepare(&efi);
	if (status == EFI_SUCCESS && kernel_is_payload(firmware.cmdline)) {
		status = efikernel_start(&efi);
	} else if (status == EFI_SUCCESS) {
		efimachine_check(&efi);
		take_seed(&efi);
		status = efimem_leave(&efi);
	}
	/* Firmware that did not let go can be asked for nothing but to take memory back. */
	efimem_release(&efi);
	return status;
}
