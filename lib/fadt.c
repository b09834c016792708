/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fadt.h"

#define FADT_DSDT     40 /* 32 bits */
#define FADT_FLAGS    112
#define FADT_BYTES    116
#define FADT_ARM_BOOT 129 /* 16 bits */
#define FADT_X_DSDT   140 /* 64 bits */

#define FLAG_HEADLESS   BIT(12)
#define FLAG_HW_REDUCED BIT(20)

#define ARM_BOOT_PSCI BIT(0)
#define ARM_BOOT_HVC  BIT(1)

static bool has_arm_boot(uint32_t length)
{
	return length >= FADT_ARM_BOOT + 2;
}

enum err fadt_read(const uint8_t *table, size_t bytes, struct fadt *fadt)
{
	uint32_t length;
	enum err err = acpi_check(table, bytes, "FACP", FADT_BYTES, &length);

	*fadt = (struct fadt){0};
	if (err != ERR_OK)
		return err;

	uint64_t flags = acpi_field(table + FADT_FLAGS, 4);
	uint64_t arm = has_arm_boot(length) ? acpi_field(table + FADT_ARM_BOOT, 2) : 0;

	fadt->headless = flags & FLAG_HEADLESS;
	fadt->hw_reduced = flags & FLAG_HW_REDUCED;
	fadt->psci = arm & ARM_BOOT_PSCI;
	fadt->hvc = arm & ARM_BOOT_HVC;
	if (length >= FADT_X_DSDT + 8)
		fadt->dsdt = acpi_field(table + FADT_X_DSDT, 8);
	if (fadt->dsdt == 0)
		fadt->dsdt = acpi_field(table + FADT_DSDT, 4);
	return ERR_OK;
}

void fadt_psci(const struct fadt *fadt, struct bootcpu_psci *psci)
{
	*psci = (struct bootcpu_psci){.node = BOOTCPU_NOWHERE, .present = fadt->psci};
	if (!fadt->psci)
		return;
	psci->version = 0x02;
	psci->conduit = fadt->hvc ? BOOTCPU_CONDUIT_HVC : BOOTCPU_CONDUIT_SMC;
}

uint64_t fadt_write(struct acpiw *w, const struct acpi_table *table, bool psci, bool hvc)
{
	uint64_t flags = 0;

	if (has_arm_boot(table->bytes))
		flags = acpi_field(table->data + FADT_ARM_BOOT, 2);
	else if (psci)
		w->err = w->err == ERR_OK ? ERR_UNSUPPORTED : w->err;
	flags &= ~(ARM_BOOT_PSCI | ARM_BOOT_HVC);
	flags |= (psci ? ARM_BOOT_PSCI : 0) | (psci && hvc ? ARM_BOOT_HVC : 0);
	acpiw_copy(w, table);
	if (has_arm_boot(table->bytes))
		acpiw_patch(w, FADT_ARM_BOOT, flags, 2);
	return acpiw_end(w);
}
