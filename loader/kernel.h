/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_KERNEL_H
#define LOADER_KERNEL_H

#include "loader/machine.h"

/*
 * `payload=kernel`: the kernel that was found is not the service VM's, it gets the machine, at EL2,
 * with a device tree, or ACPI tables, by which every CPU is started by its mailbox.
 */
bool kernel_is_payload(const char *cmdline);

/*
 * Chooses memory for the mailboxes and the code that waits there, all that is kept: its base. 0:
 * there is one CPU, and nothing is kept.
 */
uint64_t kernel_place(struct machine *m);

/* What the mailboxes and their code take: whole pages of the largest size that kernels have. */
#define KERNEL_MAILBOXES_ALIGN KIB(64)
uint64_t kernel_mailboxes_bytes(const struct machine *m);

/*
 * The kernel's device tree, when the CPUs have come to their mailboxes in m->info.kept: all are
 * started by their release words; one alone needs none. Bytes it takes, at most the room.
 */
size_t kernel_tree_room(const struct machine *m);
size_t kernel_write_tree(struct machine *m, uint64_t tree, size_t room);

/*
 * The same by ACPI, by the parking protocol: the address of a new RSDP. What is neither MADT nor
 * FADT stays where firmware has it.
 */
size_t kernel_tables_room(const struct machine *m);
uint64_t kernel_write_tables(struct machine *m, uint64_t base, size_t room);

/* After the CPUs have come and payload_place(). */
void kernel_start(struct machine *m) __attribute__((noreturn));

#endif
