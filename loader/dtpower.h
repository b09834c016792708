/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_DTPOWER_H
#define LOADER_DTPOWER_H

#include "loader/machine.h"

/*
 * What switches a board without PSCI off and resets it, where a device tree names something that
 * the hypervisor knows: fills m->info.power. After memory, GIC and serial ports are known; what
 * overlaps them is left alone.
 */
void dtpower_read(struct machine *m);

#endif
