/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_LOCK_H
#define HYP_CORE_LOCK_H

#include "check.h"
#include "lib/attr.h"
#include "lib/bits.h"

/*
 * Ticket spinlocks: fair, so the wait is bounded by the number of CPUs times the longest
 * section. EL2 runs with interrupts masked, so a CPU never meets a lock of its own in an
 * interrupt.
 *
 * The one lock order: a CPU takes locks with rising numbers only, so at most one of each kind.
 * Debug builds panic on a violation (hyp/variant/debug/check.h).
 */
enum lock_order {
	LOCK_MANAGE,      /* what makes, changes and ends user VMs */
	LOCK_GDB,         /* the debugger's session */
	LOCK_DEBUGGER,    /* which VM is debugged, and how: hyp/vm/dbgaccess.c */
	LOCK_SLOT,        /* a user VM's slot */
	LOCK_VM_MEMORY,   /* the states of a user VM's memory: hyp/vm/umem.c */
	LOCK_STAGE2,      /* the service VM's stage 2 */
	LOCK_VM_POWER,    /* struct vm's power_lock */
	LOCK_REPORT,      /* what caissond told the host UI */
	LOCK_CONSOLE,     /* an emulated UART's state */
	LOCK_TIMER_FRAME, /* a user VM's memory-mapped timer: hyp/vm/uframe.c */
	LOCK_VGIC_DIST,   /* struct vm's vgic_lock */
	LOCK_VGIC_CPU,    /* struct vcpu's vgic_lock */
	LOCK_GIC,         /* the physical distributor's read-modify-write registers */
	LOCK_LOG,         /* the log ring */
	LOCK_LINE,        /* what the serial ports show */
	LOCK_SCREEN,      /* a console: its screen and input */
	LOCK_UART,        /* a physical UART and its transmit ring */
};

struct CAPABILITY("spinlock") spinlock {
	union {
		uint32_t both;
		struct {
			uint16_t owner; /* the ticket being served */
			uint16_t next;  /* the ticket the next to come gets */
		};
	};
	uint8_t order; /* enum lock_order */
};

#define SPINLOCK_INIT(order_of_it)                                                                 \
	{                                                                                          \
		.both = 0, .order = (order_of_it)                                                  \
	}

static inline void lock_init(struct spinlock *lock, enum lock_order order)
{
	lock->both = 0;
	lock->order = order;
}

static inline void lock_acquire(struct spinlock *lock) ACQUIRES(*lock) NO_THREAD_CHECK
{
	uint32_t both;

	check_lock_order(lock->order);
	/* The ticket, and in the same access whether it is being served already. */
	both = __atomic_fetch_add(&lock->both, UINT32_C(1) << 16, __ATOMIC_ACQUIRE);
	if (__builtin_expect((uint16_t)both != both >> 16, 0)) {
		while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != both >> 16)
			;
	}
	check_lock_taken(lock->order);
}

static inline void lock_release(struct spinlock *lock) RELEASES(*lock) NO_THREAD_CHECK
{
	check_lock_dropped(lock->order);
	__atomic_store_n(&lock->owner, (uint16_t)(lock->owner + 1), __ATOMIC_RELEASE);
}

#endif
