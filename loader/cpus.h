/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_CPUS_H
#define LOADER_CPUS_H

#include "loader/machine.h"

/*
 * Which CPUs of firmware's list (m->cpus) are to be used: fills m->info's CPUs, whose mailboxes are
 * not there yet, and m->cpu_listed. Tells of those that cannot be started, and notes why.
 */
void cpus_choose(struct machine *m);

/* Can PSCI switch the machine off and reset it? */
bool cpus_have_power(const struct machine *m);
/* Tells when the machine cannot be switched off or reset. */
void cpus_tell_power(const struct machine *m);

/* Takes CPU i of m->info out after all, and tells why; those after it move up. */
void cpus_leave_out(struct machine *m, uint32_t i, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Of CPU i of m->info. */
static inline struct bootcpu *cpus_listed(struct machine *m, uint32_t i)
{
	return &m->cpu[m->cpu_listed[i]];
}

static inline struct boot_start *cpus_start(struct machine *m, uint32_t i)
{
	return &m->info.start[m->cpu_listed[i]];
}

#endif
