/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_MACHINE_H
#define LOADER_MACHINE_H

#include "abi/bootinfo.h"
#include "lib/bootcpu.h"
#include "lib/fadt.h"
#include "lib/fdt.h"
#include "lib/layout.h"
#include "lib/madt.h"
#include "lib/uartdesc.h"
#include "loader/firmware.h"

#define MACHINE_MAX_ITS     16
#define MACHINE_MAX_WINDOWS 64

/* acpiread.c: a machine that ACPI tables describe, not a device tree. */
struct machine_acpi {
	bool used;
	uint32_t window_count;
	struct acpi_window window[MACHINE_MAX_WINDOWS]; /* memory that tables may lie in */
	struct acpi tables;
	const struct acpi_table *fadt_table;
	struct acpi_table dsdt; /* data NULL: it cannot be read */
	struct fadt fadt;
	struct madt madt;
	struct uart_desc spcr; /* kind BOOT_UART_NONE: there is none */
};

/* What the steps of the loader know so far; each fills its part. */
struct machine {
	const struct firmware *firmware;

	/* dt.c */
	struct fdt fdt;
	/* Nodes; FDT_NONE when there is none. */
	uint32_t chosen;
	uint32_t pl011_node;                /* the first */
	uint32_t uart_node[BOOT_MAX_UARTS]; /* console.c; of bootinfo.uart[] */
	uint32_t gic_node;
	uint32_t timer_node;
	uint32_t cpus_node;
	uint32_t memory_node_count;
	uint32_t memory_node[BOOT_MAX_REGIONS];
	uint32_t its_count;
	uint32_t its_node[MACHINE_MAX_ITS];
	uint32_t gic_cells; /* #interrupt-cells */
	uint64_t ram_bytes;
	/* What the table says of CPUs: all that the loader knows of it from then on. */
	struct bootcpu_list cpus;
	struct bootcpu cpu[BOOT_MAX_STARTS];

	struct machine_acpi acpi;

	/* cpus.c */
	uint32_t cpu_listed[BOOT_MAX_CPUS]; /* of bootinfo.cpu[]: which of cpus.cpu[] it is */

	/* payload.c: the service VM's kernel and initrd (bytes 0: none) as they were loaded. */
	const char *payload_kind; /* for messages: "module" or "bundle" */
	struct boot_region kernel;
	struct boot_region initrd;
	const char *bootargs; /* not NUL-terminated */
	size_t bootargs_bytes;
	uint64_t kernel_bytes; /* memory it needs, from where it runs */
	uint64_t text_offset;

	/* seed.c: for a service VM that firmware has no rng-seed for. */
	uint64_t svm_seed[8];

	struct layout_busy busy;
	struct layout_kept kept;
	struct bootinfo info;
};

#endif
