/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_MMIO_H
#define ARCH_AARCH64_MMIO_H

#include <stdint.h>

#define TYPER_OFFSET 4 /* GICD_TYPER */

/*
 * GICD_TYPER's ITLinesNumber is 8, that is 288 INTIDs. Else it is the identification of a GICv2's
 * CPU interface, which shows no page twice.
 */
static inline uint32_t mmio_read32(uint64_t address)
{
	return address % 4096 == TYPER_OFFSET ? 8 : (uint32_t)(address / 4096);
}

#endif
