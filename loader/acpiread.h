/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_ACPIREAD_H
#define LOADER_ACPIREAD_H

#include "loader/machine.h"

/*
 * Reads firmware's ACPI tables, where there is no device tree: m->firmware has the RSDP's address
 * and UEFI's memory map. Each function stops the machine with a message when what it looks for is
 * missing or makes no sense.
 */

/* Memory, the list of tables, the SPCR; starts the console. */
void acpiread_open(struct machine *m);
/* CPUs and PSCI. */
void acpiread_machine(struct machine *m, uint64_t own_mpidr);
/*
 * After that. Version 0 in the MADT is for the reader to find out (ACPI 6.5 5.2.12.15):
 * redistributors came with GICv3.
 */
bool acpiread_is_gicv2(const struct machine *m);
/* What the hypervisor needs besides: GIC, timers, the ports' interrupts. */
void acpiread_devices(struct machine *m);

#endif
