// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/smp.h"

#define SPIS_BELOW_ARE_PCI 64 /* INTIDs to leave alone: PCI's are in an interrupt-map */
#define NONE_US            2000

struct irqlog irqlogs[MAX_CPUS];

static void irqlog_hook(bool fiq)
{
	struct irqlog *log = &irqlogs[cpu_this()->index];
	uint32_t intid = fiq ? (uint32_t)sysreg_read(ICC_IAR0_EL1) : gic_ack();

	dsb();
	if (intid >= 1020) {
		log->spurious++;
		return;
	}
	if (smp_wake_sgi && intid == SMP_WAKE_SGI) {
		gic_eoi(intid);
		return;
	}
	if (log->count < IRQLOG_ENTRIES)
		log->entry[log->count] = intid | (fiq ? IRQLOG_FIQ : 0);
	__atomic_store_n(&log->count, log->count + 1, __ATOMIC_RELEASE);
	if (log->action)
		log->action(intid);
	dsb();
	if (fiq)
		sysreg_write(ICC_EOIR0_EL1, intid);
	else
		gic_eoi(intid);
	isb();
}

void irqlog_start(void (*action)(uint32_t intid))
{
	struct irqlog *log = &irqlogs[cpu_this()->index];

	log->count = 0;
	log->spurious = 0;
	log->action = action;
	cpu_this()->irq_hook = irqlog_hook;
}

void irqlog_stop(void)
{
	irq_disable();
	cpu_this()->irq_hook = NULL;
}

static bool spi_used(uint32_t intid)
{
	struct dt_node node;
	unsigned int i;
	uint32_t used;

	if (!dt_root(&node))
		return true;
	while (dt_next(&node))
		for (i = 0; (used = dt_intid(&node, i, NULL)) != 0; i++)
			if (used == intid)
				return true;
	return false;
}

uint32_t irqlog_spare_spi(unsigned int index)
{
	static uint32_t spare[64];
	static unsigned int count;
	uint32_t intid;

	if (!count)
		for (intid = gic_intids() - 1; intid >= SPIS_BELOW_ARE_PCI && count < 64; intid--)
			if (!spi_used(intid))
				spare[count++] = intid;
	return index < count ? spare[index] : 0;
}

uint32_t irqlog_ack(uint64_t ms)
{
	uint32_t intid;

	do {
		(void)wait_for((intid = gic_ack()) < 1020, ms);
		if (!smp_wake_sgi || intid != SMP_WAKE_SGI)
			return intid;
		gic_eoi(intid);
	} while (true);
}

uint32_t irqlog_ack_none(void)
{
	time_delay_us(NONE_US);
	return gic_ack();
}

void irqlog_look(void)
{
	uint32_t other = irqlog_spare_spi(63);

	if (!gicc_base || other == 0)
		return;
	gic_enable(other);
	gic_disable(other);
}
