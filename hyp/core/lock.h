/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_LOCK_H
#define HYP_CORE_LOCK_H

#include "lib/attr.h"
#include "lib/bits.h"

/*
 * Ticket spinlocks. EL2 runs with interrupts masked, so a lock is never contended by its own
 * CPU. The one lock order: a CPU takes locks with rising numbers only, at most one of each.
 * Debug builds panic on a violation.
 */
enum lock_order {
	LOCK_VM_POWER,
	LOCK_CONSOLE,
	LOCK_VGIC_DIST, /* struct vm's vgic_lock */
	LOCK_VGIC_CPU,	/* struct vcpu's vgic_lock */
	LOCK_GIC,	/* the physical distributor's read-modify-write registers */
	LOCK_UART,
	LOCK_LOG,
};

struct CAPABILITY("spinlock") spinlock {
	uint16_t next;	/* ticket of the next to come */
	uint16_t owner; /* ticket being served */
	uint8_t order;	/* enum lock_order */
};

#define SPINLOCK_INIT(lock_order_of_it)                                                            \
	{                                                                                          \
		.order = (lock_order_of_it)                                                        \
	}

void lock_acquire(struct spinlock *lock) ACQUIRES(*lock);
void lock_release(struct spinlock *lock) RELEASES(*lock);

#endif
