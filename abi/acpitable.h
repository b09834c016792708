/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_ACPITABLE_H
#define ABI_ACPITABLE_H

/*
 * The ACPI table that Caisson adds for the service VM where there is no device tree with a node
 * /caisson: Linux shows it, to root only, as /sys/firmware/acpi/tables/CAIS. Behind the header (of
 * ACPI 6.5, 5.2.6; revision 1) stand the management token (abi/hypercall.h, 16 bytes) and the
 * address of the event line's PL011 (abi/event.h, 8 bytes, little-endian).
 */
#define CAISSON_TABLE            "CAIS"
#define CAISSON_TABLE_REVISION   1
#define CAISSON_TABLE_TOKEN      36
#define CAISSON_TABLE_EVENT_LINE 52
#define CAISSON_TABLE_BYTES      60

#endif
