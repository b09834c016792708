/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_KERNEL_H
#define LOADER_KERNEL_H

#include "loader/machine.h"

/*
 * `payload=kernel`: the kernel that was found is not the service VM's, it gets the machine, at EL2,
 * with a device tree in which every CPU is started by its mailbox.
 */
bool kernel_is_payload(const struct machine *m);

/*
 * Chooses memory for the mailboxes and the code that waits there, all that is kept: its base. 0:
 * there is one CPU, and nothing is kept.
 */
uint64_t kernel_place(struct machine *m);

/* After the CPUs have come and payload_place(). */
void kernel_start(struct machine *m) __attribute__((noreturn));

#endif
