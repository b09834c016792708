/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efimachine.h"

#include "arch/aarch64/sysreg.h"
#include "loader/acpiread.h"
#include "loader/dt.h"
#include "loader/eficon.h"
#include "loader/efimem.h"
#include "loader/uart.h"

static const struct efi *uefi; /* for what stops */
static struct machine machine;

static void print_line(const char *line)
{
	eficon_print(uefi, "%s", line);
}

/* What is read once more later is told of then. */
static void drop_line(const char *line)
{
}

static void stop(const char *why)
{
	(void)eficon_refuse(uefi, EFI_UNSUPPORTED, "%s", why);
	efimem_release(uefi);
	(void)uefi->boot->Exit(uefi->image, EFI_UNSUPPORTED, 0, NULL);
}

static void read_machine(const struct efi *efi, void (*text)(const char *line))
{
	struct machine *m = &machine;
	uint64_t own_mpidr = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

	uefi = efi;
	uart_redirect(text, stop);
	*m = (struct machine){.firmware = &firmware};
	if (firmware.dtb != 0) {
		dt_open(m, firmware.dtb);
		dt_read(m, own_mpidr);
	} else {
		acpiread_open(m);
		acpiread_machine(m, own_mpidr);
	}
}

struct machine *efimachine_read(const struct efi *efi)
{
	read_machine(efi, print_line);
	return &machine;
}

void efimachine_check(const struct efi *efi)
{
	if (firmware.dtb != 0)
		return;
	read_machine(efi, drop_line);
	/* A GICv2 itself is asked, and firmware need not have mapped all of it. */
	if (machine.acpi.madt.gic_version >= 3)
		acpiread_devices(&machine);
}
