/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "tests/guest/lib/cpu.h"

/* Secondary CPUs: started by PSCI CPU_ON, then each waits for jobs, interrupts masked. */

/*
 * CPUs without a job poll, which takes an emulated machine's time from the others. After this
 * they sleep in WFI, and an SGI wakes them, which tests then leave alone. Boot CPU, after
 * gic_reset(), before others are started.
 */
#define SMP_WAKE_SGI 15
extern bool smp_wake_sgi; /* so it is */
void smp_sleep_idle(void);

/* Where CPU_ON starts a secondary; the context ID is its struct cpu. */
void secondary_start(void);

/* Starts CPU index and waits for it; true if it runs. Already running: true. */
bool smp_start(unsigned int index);
/* Starts all; returns how many run, the boot CPU included. */
unsigned int smp_start_all(void);
/* Has a running CPU other than this one execute fn(arg); waits until an earlier job ended. */
bool smp_run(unsigned int index, void (*fn)(void *arg), void *arg);
/* Waits for the end of its job. */
bool smp_wait(unsigned int index, uint64_t ms);
/* Has all CPUs execute fn(arg), this one too. False: another one does not start it, or end. */
bool smp_run_all(void (*fn)(void *arg), void *arg);
/* A job that calls CPU_OFF, and the wait until AFFINITY_INFO says OFF. */
bool smp_stop(unsigned int index);

#endif
