/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_SVMACPI_H
#define LOADER_SVMACPI_H

#include "loader/machine.h"

/*
 * svmdt_write() on a machine that ACPI tables describe: chooses the console's and the event line's
 * place and interrupt, what is hidden from the service VM and where its address space ends, then
 * writes its ACPI tables (lib/guestacpi.h), UEFI's tables without services (lib/guestefi.h), and
 * the device tree with just /chosen that leads Linux to them. Fills the svm_ and hidden members of
 * m->info. To be called once.
 */
void svmacpi_write(struct machine *m);

#endif
