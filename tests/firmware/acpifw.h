/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_ACPIFW_H
#define TESTS_ACPIFW_H

/*
 * acpifw.efi: plays firmware with other ACPI tables than QEMU's `virt` has. An application of UEFI:
 * what its options name is done to copies of the tables, which then stand in the configuration
 * table; an operating system is started after it. With the option `count` it is such a system
 * itself: it wakes all CPUs by the parking protocol, and counts them.
 *
 * CPUs that it parks run acpifw_park, each with a mailbox page, as firmware that has no PSCI would
 * have it. (They are started by QEMU's PSCI, and switched off by it.)
 */

/* A mailbox page: what ACPI's parking protocol has, then this program's own. */
#define PARK_ID    0x000
#define PARK_ENTRY 0x008
#define PARK_OWN   0x800 /* the number that it waits for */
#define PARK_GICR  0x808 /* its redistributor: it sleeps until an SGI comes; 0: it polls */
#define PARK_READY 0x810 /* it waits */

#define FW_MAX_CPUS 8

#define FW_CPU_OFF 0x84000002

#ifndef __ASSEMBLER__

#include "loader/efi.h"

/* acpipark.S: runs anywhere, MMU off; x0: the page. acpifw_off switches the CPU off. */
extern const char acpifw_park[], acpifw_park_end[], acpifw_off[];
/* acpipark.S: where a CPU that was counted comes out: notes that. */
extern const char acpifw_counted[];
extern volatile uint64_t acpifw_came[FW_MAX_CPUS];

/* acpicount.c */
efi_status acpicount_run(const struct efi *efi);

/* A word of the options, as far as it goes. */
bool acpifw_has_option(const struct efi *efi, const char *word);
/* Firmware's RSDP; 0: there is none. */
uint64_t acpifw_rsdp(const struct efi *efi);
/* An SGI to a CPU of the virt board. */
void acpifw_send(uint64_t cpu);

static inline uint8_t *acpifw_at(uint64_t address)
{
	return (uint8_t *)address;
}

#endif
#endif
