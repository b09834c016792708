/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/dtpower.h"

#include "loader/cpus.h"

#define PAGE_BYTES KIB(4)

/* Boards whose firmware may have no PSCI. The registers in use lie in the first page. */
static const struct {
	const char *compatible;
	uint32_t kind;
} controllers[] = {
	{"brcm,bcm2835-pm-wdt", BOOT_POWER_BCM2835},
	{"brcm,bcm2835-pm", BOOT_POWER_BCM2835},
	{"brcm,bcm2711-pm", BOOT_POWER_BCM2835},
};

static bool is_in(const struct boot_region *regions, uint32_t count, uint64_t page)
{
	for (uint32_t i = 0; i < count; i++) {
		if (bits_overlap(regions[i].base, regions[i].bytes, page, PAGE_BYTES))
			return true;
	}
	return false;
}

static bool is_free(const struct bootinfo *info, uint64_t page)
{
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		if (is_in(&info->uart[i].region, 1, page))
			return false;
	}
	return !is_in(info->ram, info->ram_count, page) && !is_in(&info->gicd, 1, page) &&
	       !is_in(info->gicr, info->gicr_count, page) && !is_in(&info->gicc, 1, page) &&
	       !is_in(&info->gich, 1, page) && !is_in(&info->gicv, 1, page);
}

static uint32_t kind_of(const struct machine *m, uint32_t node)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (fdt_is_compatible(&m->fdt, node, controllers[i].compatible))
			return controllers[i].kind;
	}
	return BOOT_POWER_NONE;
}

void dtpower_read(struct machine *m)
{
	struct bootinfo *info = &m->info;
	struct fdt_region reg;

	if (cpus_have_power(m))
		return;
	for (uint32_t i = 0; i < m->fdt.node_count; i++) {
		uint32_t kind = kind_of(m, i);

		if (kind == BOOT_POWER_NONE || !fdt_is_okay(&m->fdt, i) ||
		    fdt_reg(&m->fdt, i, 0, &reg) != ERR_OK ||
		    !bits_is_aligned(reg.base, PAGE_BYTES) || reg.base >= HYP_IMAGE_VA ||
		    !is_free(info, reg.base))
			continue;
		info->power_kind = kind;
		info->power = (struct boot_region){reg.base, PAGE_BYTES};
		return;
	}
}
