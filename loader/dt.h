/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_DT_H
#define LOADER_DT_H

#include "loader/machine.h"

/*
 * Reads firmware's device tree. Each function stops the machine with a message when what it
 * looks for is missing or makes no sense; what it reads, nothing else relies on being sane.
 */

/* Checks the blob and starts the console. */
void dt_open(struct machine *m, uint64_t blob);
/* Instead, on a machine of ACPI tables, with the console open: for boot modules in /chosen. */
void dt_open_modules(struct machine *m, uint64_t blob);
/* Fills m and m->info with memory and CPUs; reserved memory becomes busy. */
void dt_read(struct machine *m, uint64_t own_mpidr);
/* What the hypervisor needs besides: GIC, timers, the consoles' interrupts. */
void dt_read_devices(struct machine *m);

/* A node's name, for messages. */
const char *dt_name(const struct machine *m, uint32_t node);

#endif
