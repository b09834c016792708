/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_IRQLOG_H
#define GUEST_IRQLOG_H

#include "tests/guest/lib/gic.h"

/* Takes interrupts on any CPU and keeps what came, in order. */

#define IRQLOG_ENTRIES 128
#define IRQLOG_FIQ     0x10000 /* set in an entry that came as FIQ (Group 0) */

struct irqlog {
	uint32_t count;    /* interrupts taken; the first IRQLOG_ENTRIES of them are in entry[] */
	uint32_t spurious; /* acknowledged as 1020 to 1023 */
	uint32_t entry[IRQLOG_ENTRIES];
	/* Called after the acknowledge, before the EOI: quiets a level source. May be NULL. */
	void (*action)(uint32_t intid);
};

extern struct irqlog irqlogs[MAX_CPUS];

/* Empties this CPU's log and makes it take interrupts; PSTATE is not changed. */
void irqlog_start(void (*action)(uint32_t intid));
void irqlog_stop(void);

static inline uint32_t irqlog_count(unsigned int cpu)
{
	return __atomic_load_n(&irqlogs[cpu].count, __ATOMIC_ACQUIRE);
}

/* An INTID of an SPI that no device of the tree uses, the index-th from the top; 0: none. */
uint32_t irqlog_spare_spi(unsigned int index);

/*
 * QEMU's GICv2 does not look at what else is pending physically when a virtual EOI ends a
 * hardware-linked interrupt: this is a change of its distributor, with which it does.
 */
void irqlog_look(void);

/* Acknowledges Group 1 by polling, for at most ms; GIC_SPURIOUS if nothing comes. */
uint32_t irqlog_ack(uint64_t ms);
/* Nothing may come: polls for a while and returns what came. */
uint32_t irqlog_ack_none(void);

#endif
