/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_USTAT_H
#define HYP_VM_USTAT_H

#include "abi/hypercall.h"
#include "lib/bits.h"

/*
 * What VM_STAT tells: one of these for each vCPU of a user VM, written by the CPU that runs it, and
 * one for the VM, for what calls of its managers cost it, written under slot_manage_lock. Each
 * word has one writer at a time, so an increment is a load and a store; readers need no lock.
 */
struct ustat {
	uint64_t count[CAISSON_STAT_COUNT]; /* by enum caisson_stat */
};

static inline void ustat_add(struct ustat *stat, enum caisson_stat what, uint64_t n)
{
	__atomic_store_n(&stat->count[what], stat->count[what] + n, __ATOMIC_RELAXED);
}

static inline uint64_t ustat_read(const struct ustat *stat, enum caisson_stat what)
{
	return __atomic_load_n(&stat->count[what], __ATOMIC_RELAXED);
}

#endif
