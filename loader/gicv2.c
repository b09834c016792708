/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tables do not say of a GICv2. On some machines every page of 4 KiB is there 16 times, so
 * that operating systems with pages of 64 KiB can map the frames one by one (Arm's BSA, DEN 0094,
 * appendix on GICv2). The CPU interface's second page, that of GICC_DIR, is then 64 KiB behind the
 * first; or 4 KiB, if the table says that the interface begins at the last copy of its first page.
 * The identification register (IHI 0048 4.4.14), which the second page does not have, tells which.
 */
#include "loader/gicv2.h"

#include "arch/aarch64/at.h"
#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/mmio.h"
#include "loader/svm.h"
#include "loader/uart.h"

#define PAGE_BYTES     KIB(4)
#define REPEATED_BYTES KIB(64) /* a page and its copies */
#define LAST_COPY      (REPEATED_BYTES - PAGE_BYTES)

/* Does the page at `offset` show what the first one does? GICV has the register, too (5.5.5). */
static bool is_copy(const struct boot_region *r, uint64_t offset)
{
	return mmio_read32(r->base + offset + GICC_IIDR) == mmio_read32(r->base + GICC_IIDR);
}

/* Where the second page is. */
static uint64_t find_second(const struct boot_region *r, const char *table, const char *name)
{
	if (r->bytes >= 2 * REPEATED_BYTES && is_copy(r, LAST_COPY))
		return REPEATED_BYTES;
	if (is_copy(r, PAGE_BYTES))
		uart_stop("%s: the GIC's %s at %#llx shows the first page of its registers again "
			  "where the second should be: the table is to name 128 KiB of it, or the "
			  "address of the last copy",
			  table, name, (unsigned long long)r->base);
	return PAGE_BYTES;
}

static bool is_mapped(const struct boot_region *r)
{
	return at_el2_is_writable(r->base) && at_el2_is_writable(r->base + PAGE_BYTES) &&
	       at_el2_is_writable(r->base + bits_align_down(r->bytes - 1, PAGE_BYTES));
}

void gicv2_check(struct machine *m, const char *table)
{
	struct bootinfo *info = &m->info;

	/* What the table names need not be an address that this CPU has. */
	info->gicc_second = PAGE_BYTES;
	if (!is_mapped(&info->gicc) || !is_mapped(&info->gicv))
		return;
	info->gicc_second = find_second(&info->gicc, table, "CPU interface");
	if (find_second(&info->gicv, table, "virtual CPU interface") != info->gicc_second)
		uart_stop("%s: the GIC's CPU interface has its second page %llu KiB behind the "
			  "first, the virtual one has not",
			  table, (unsigned long long)info->gicc_second >> 10);
}

/* Whole blocks of one page or its 16 copies, `pages` of those at least. */
static void hide(struct machine *m, struct boot_region r, uint64_t unit, uint64_t pages)
{
	uint64_t base = bits_align_down(r.base, unit);
	uint64_t end = base + pages * unit;

	svm_hide(m, base, (r.base + r.bytes > end ? r.base + r.bytes : end) - base);
}

/*
 * Behind the page of control registers that each CPU sees as its own is, on GIC-400 and its kin
 * (DDI 0471 3.2), one that has those of all CPUs.
 */
void gicv2_hide(struct machine *m)
{
	const struct bootinfo *info = &m->info;
	bool repeated = info->gicc_second == REPEATED_BYTES ||
			info->gicc.base % REPEATED_BYTES == LAST_COPY;
	uint64_t unit = repeated ? REPEATED_BYTES : PAGE_BYTES;

	hide(m, info->gicd, unit, 1);
	hide(m, info->gicc, unit, 2);
	hide(m, info->gich, unit, 2);
	hide(m, info->gicv, unit, 2);
}
