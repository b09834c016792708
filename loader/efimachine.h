/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFIMACHINE_H
#define LOADER_EFIMACHINE_H

#include "loader/efi.h"
#include "loader/machine.h"

/*
 * Firmware's tables, read while boot services are up: text goes to firmware's console, and what
 * would stop Caisson (uart_stop()) leads back to firmware instead.
 */

/* What is needed to start a kernel in the hypervisor's place. */
struct machine *efimachine_read(const struct efi *efi);

/*
 * Would the hypervisor's start end at ACPI tables? When boot services have been left, only the port
 * that just those tables name could tell.
 */
void efimachine_check(const struct efi *efi);

#endif
