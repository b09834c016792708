/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_DTGIC_H
#define LOADER_DTGIC_H

#include "loader/machine.h"

/* The interrupt controller of a device tree, and interrupts as its nodes name them. */

/* Is it a GIC that Caisson can use? text: of a compatible string, behind "arm,". */
bool dtgic_is_known(const char *text);

/*
 * Fills the GIC's part of m->info, and m->gic_cells, from m->gic_node; stops the machine with a
 * message when there is none that Caisson can use.
 */
void dtgic_read(struct machine *m);

/* The INTID of a node's interrupt `index` after dtgic_read(); 0: it has none, or not a PPI. */
uint32_t dtgic_ppi(const struct machine *m, uint32_t node, uint32_t index);
/* The INTID of a node's first interrupt if that is an SPI of the GIC; else 0. */
uint32_t dtgic_spi(const struct machine *m, uint32_t node);

#endif
