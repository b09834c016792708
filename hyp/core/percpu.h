/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_PERCPU_H
#define HYP_CORE_PERCPU_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

struct vcpu;

/* What one physical CPU owns; only that CPU touches it unless a member says otherwise. */
struct percpu {
	uint32_t index; /* in bootinfo.cpu[] */
	uint64_t mpidr; /* affinity fields */
	uint64_t stack_top;
	struct vcpu *current; /* the vCPU loaded on this CPU, running or idle */
	uint64_t gicr;	      /* base of this CPU's redistributor */
	uint32_t locks_held;  /* bit per enum lock_order, debug builds */
};

/* This CPU's, from TPIDR_EL2. Interrupts are always masked at EL2, so it cannot change. */
static inline struct percpu *percpu_this(void)
{
	struct percpu *p;

	__asm__("mrs %0, tpidr_el2" : "=r"(p));
	return p;
}

/* CPU i's, i < bootinfo.cpu_count. */
struct percpu *percpu_get(uint32_t index);

#endif
