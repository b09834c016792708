/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/power.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"

/*
 * The power manager of the Raspberry Pis (BCM2835 to BCM2711). There is no public document of these
 * registers; this is what Linux' drivers/watchdog/bcm2835_wdt.c does. Its watchdog resets the
 * board, and the boot loader halts when the partition to boot is 63: each bit of that number is
 * every other one of the status register.
 */
#define PM_RSTC          0x1c
#define PM_RSTS          0x20
#define PM_WDOG          0x24
#define PM_PASSWORD      0x5a000000
#define PM_RSTC_KIND     0x30
#define PM_RSTC_FULL     0x20
#define PM_RSTS_HALT     0x555
#define PM_WDOG_TICKS    10 /* of 15 us */
#define PM_PASSWORD_BITS MASK(31, 24)

static uint32_t kind;
static uint64_t base;

void power_init(const struct bootinfo *bi)
{
	kind = bi->power_kind;
	base = bi->power.base;
}

static uint32_t pm_read(uint32_t offset)
{
	return mmio_read32(base + offset) & (uint32_t)~PM_PASSWORD_BITS;
}

static void pm_write(uint32_t offset, uint32_t value)
{
	mmio_write32(base + offset, PM_PASSWORD | value);
}

void power_end(bool reset)
{
	uint64_t start;

	if (kind != BOOT_POWER_BCM2835)
		return;
	pm_write(PM_RSTS,
		 (pm_read(PM_RSTS) & (uint32_t)~PM_RSTS_HALT) | (reset ? 0 : PM_RSTS_HALT));
	pm_write(PM_WDOG, PM_WDOG_TICKS);
	pm_write(PM_RSTC, (pm_read(PM_RSTC) & (uint32_t)~PM_RSTC_KIND) | PM_RSTC_FULL);
	dsb(sy);
	start = sysreg_read(cntpct_el0);
	while (sysreg_read(cntpct_el0) - start < sysreg_read(cntfrq_el0))
		isb();
}
