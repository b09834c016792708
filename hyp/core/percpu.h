/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_PERCPU_H
#define HYP_CORE_PERCPU_H

#include "abi/bootinfo.h"
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/sysreg.h"
#include "hyp/core/timer.h"
#include "lib/bits.h"

#define PERCPU_PANIC_STACK_BYTES 2048

struct vcpu;

/* What one physical CPU owns; only that CPU touches it unless a member says otherwise. */
struct percpu {
	uint32_t index;       /* in bootinfo.cpu[]; constant after percpu_init() */
	uint32_t locks_held;  /* bit per enum lock_order; debug builds only */
	uint64_t mpidr;       /* affinity fields; constant after percpu_init() */
	uint64_t stack_top;   /* of the stack EL2's C code runs on */
	struct vcpu *current; /* the vCPU loaded on this CPU, running or idle */
	uint32_t wake_set;    /* vCPUs of a user VM whose waiting threads are to be woken */
	bool timer_guest_due; /* this and the next two: hyp/core/timer.c */
	uint64_t timer_guest;
	uint64_t timer_call[TIMER_CALLS];
	uint64_t mdcr; /* MDCR_EL2 for the service VM: hyp/vm/world.c */
	uint64_t gicr; /* base of this CPU's redistributor; set by gic_init_cpu() */
	/* In ticks of CNTPCT_EL0: user VMs had it so long, less waits; EL2 slept. All may read. */
	uint64_t user_ticks;
	uint64_t slept_ticks;
	/* Last: see arch/aarch64/vectors.S. */
	uint8_t panic_stack[PERCPU_PANIC_STACK_BYTES] __attribute__((aligned(16)));
};

/* Fills in every CPU's entry. Boot CPU, first of all, before anything that can fail. */
void percpu_init(const struct bootinfo *bi);

/* This CPU's, from TPIDR_EL2, which arch/aarch64/entry.S has set. Interrupts are always masked at
 * EL2, so it cannot change. */
static inline struct percpu *percpu_this(void)
{
	return (struct percpu *)sysreg_read(tpidr_el2);
}

/* Until an interrupt is pending, masked ones too. */
static inline void percpu_sleep(struct percpu *p)
{
	uint64_t since = sysreg_read(cntpct_el0);

	wfi();
	__atomic_store_n(&p->slept_ticks, p->slept_ticks + sysreg_read(cntpct_el0) - since,
			 __ATOMIC_RELAXED);
}

/* CPU i's, i < percpu_count(). */
struct percpu *percpu_get(uint32_t index);

/* How many CPUs Caisson uses. */
uint32_t percpu_count(void);

#endif
