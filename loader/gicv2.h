/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_GICV2_H
#define LOADER_GICV2_H

#include "loader/machine.h"

/* Bytes of registers (IHI 0048): in GICD and GICH, in GICC and GICV. */
#define GICV2_BYTES     KIB(4)
#define GICV2_CPU_BYTES KIB(8)

/*
 * With gicc and gicv in m->info as firmware's table has them, looks at the hardware and sets
 * gicc_second. Stops the machine with a message that begins with `table` where the regions are not
 * what is there.
 */
void gicv2_check(struct machine *m, const char *table);

/* None of it is in the service VM's identity map, copies of its pages that no table names neither.
 */
void gicv2_hide(struct machine *m);

#endif
