/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/dtgic.h"

#include "lib/text.h"
#include "loader/dt.h"
#include "loader/gicv2.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)
#define GICD_BYTES KIB(64)
#define GICR_BYTES KIB(128) /* RD_base and SGI_base */

#define INTERRUPT_SPI 0
#define INTERRUPT_PPI 1
#define SPI_BASE      32
#define SPI_END       1020
#define PPI_BASE      16
#define PPI_END       32

/* The INTID of interrupt `index` of a node; 0: it has none that is an SPI or a PPI. */
static uint32_t read_intid(const struct machine *m, uint32_t node, uint32_t index)
{
	struct fdt_prop prop;
	uint32_t cell = index * m->gic_cells;
	uint32_t number;

	if (!fdt_prop(&m->fdt, node, "interrupts", &prop)) {
		if (!fdt_prop(&m->fdt, node, "interrupts-extended", &prop))
			return 0;
		cell = index * (m->gic_cells + 1) + 1;
	}
	if (prop.bytes / 4 < cell + m->gic_cells)
		return 0;
	number = fdt_prop_cell(&prop, cell + 1);
	switch (fdt_prop_cell(&prop, cell)) {
	case INTERRUPT_SPI:
		return number < SPI_END - SPI_BASE ? SPI_BASE + number : 0;
	case INTERRUPT_PPI:
		return number < PPI_END - PPI_BASE ? PPI_BASE + number : 0;
	default:
		return 0;
	}
}

/* Is the GIC what the node's interrupts are for? */
static bool is_of_gic(const struct machine *m, uint32_t node)
{
	struct fdt_prop prop;
	uint64_t gic;

	if (!fdt_prop_number(&m->fdt, m->gic_node, "phandle", &gic))
		return true;
	if (!fdt_prop(&m->fdt, node, "interrupts", &prop) &&
	    fdt_prop(&m->fdt, node, "interrupts-extended", &prop))
		return fdt_prop_cell(&prop, 0) == gic;
	for (; node != FDT_NONE; node = m->fdt.node[node].parent) {
		if (fdt_prop(&m->fdt, node, "interrupt-parent", &prop))
			return fdt_prop_cell(&prop, 0) == gic;
	}
	return true;
}

uint32_t dtgic_spi(const struct machine *m, uint32_t node)
{
	uint32_t intid = read_intid(m, node, 0);

	return intid >= SPI_BASE && is_of_gic(m, node) ? intid : 0;
}

uint32_t dtgic_ppi(const struct machine *m, uint32_t node, uint32_t index)
{
	uint32_t intid = read_intid(m, node, index);

	return intid < PPI_END ? intid : 0;
}

/* Those with virtualisation extensions. Linux's bindings, arm,gic. */
static const char *const versions2[] = {"gic-400", "cortex-a15-gic", "cortex-a7-gic"};

static bool is_version2(const char *text)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(versions2); i++) {
		if (text_is(text, versions2[i]))
			return true;
	}
	return false;
}

bool dtgic_is_known(const char *text)
{
	return text_is(text, "gic-v3") || is_version2(text);
}

/* None that is known: says what there is instead. */
static void stop_no_gic(const struct machine *m)
{
	struct fdt_prop prop;

	for (uint32_t i = 0; i < m->fdt.node_count; i++) {
		const char *compatible;

		if (!fdt_prop(&m->fdt, i, "interrupt-controller", &prop) ||
		    !fdt_is_okay(&m->fdt, i) || !fdt_prop(&m->fdt, i, "compatible", &prop))
			continue;
		compatible = fdt_prop_string(&prop, 0);
		uart_stop("interrupt controller %s is a \"%s\", Caisson needs a GICv3 "
			  "(\"arm,gic-v3\") or a GIC-400 (\"arm,gic-400\")",
			  dt_name(m, i), compatible != NULL ? compatible : "?");
	}
	uart_stop("the device tree has no interrupt controller, Caisson needs a GICv3 "
		  "(\"arm,gic-v3\") or a GIC-400 (\"arm,gic-400\")");
}

/* With room for at least one of its kind of frames: those of IHI 0069 12.7. */
static struct boot_region gic_frame(const struct machine *m, uint32_t index, uint64_t bytes_min)
{
	struct fdt_region reg;

	if (fdt_reg(&m->fdt, m->gic_node, index, &reg) != ERR_OK || reg.bytes < bytes_min ||
	    !bits_is_aligned(reg.base | reg.bytes, PAGE_BYTES) ||
	    reg.base + reg.bytes > HYP_IMAGE_VA)
		uart_stop("GIC node %s: reg entry %u makes no sense, or is smaller than %llu KiB",
			  dt_name(m, m->gic_node), index, (unsigned long long)bytes_min >> 10);
	return (struct boot_region){reg.base, reg.bytes};
}

static void read_stride(struct machine *m)
{
	uint64_t stride;

	if (!fdt_prop_number(&m->fdt, m->gic_node, "redistributor-stride", &stride) || stride == 0)
		return;
	if (stride < GICR_BYTES || stride > UINT32_MAX || (stride & (stride - 1)) != 0)
		uart_stop("GIC node %s: redistributor-stride %#llx is not a power of two from %#x "
			  "to 0x80000000",
			  dt_name(m, m->gic_node), (unsigned long long)stride,
			  (unsigned int)GICR_BYTES);
	m->info.gicr_stride = stride;
}

static void read_version3(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t number = 1;

	info->gicd = gic_frame(m, 0, GICD_BYTES);
	if (fdt_prop_number(&m->fdt, m->gic_node, "#redistributor-regions", &number) &&
	    (number == 0 || number > ARRAY_SIZE(info->gicr)))
		uart_stop("GIC node %s has %llu redistributor regions, Caisson handles 1 to %u",
			  dt_name(m, m->gic_node), (unsigned long long)number,
			  (unsigned int)ARRAY_SIZE(info->gicr));
	info->gicr_count = number;
	for (uint32_t i = 0; i < info->gicr_count; i++)
		info->gicr[i] = gic_frame(m, 1 + i, GICR_BYTES);
	read_stride(m);
}

static void read_version2(struct machine *m)
{
	struct bootinfo *info = &m->info;

	info->gicd = gic_frame(m, 0, GICV2_BYTES);
	info->gicc = gic_frame(m, 1, GICV2_CPU_BYTES);
	info->gich = gic_frame(m, 2, GICV2_BYTES);
	info->gicv = gic_frame(m, 3, GICV2_CPU_BYTES);
	gicv2_check(m, dt_name(m, m->gic_node));
}

/* "arm,gic-v3" first: one that says both can do both. */
static uint32_t version_of(const struct machine *m)
{
	return fdt_is_compatible(&m->fdt, m->gic_node, "arm,gic-v3") ? 3 : 2;
}

void dtgic_read(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t number;

	if (m->gic_node == FDT_NONE)
		stop_no_gic(m);
	info->gic_version = version_of(m);
	if (info->gic_version == 3)
		read_version3(m);
	else
		read_version2(m);
	m->gic_cells = 3;
	if (fdt_prop_number(&m->fdt, m->gic_node, "#interrupt-cells", &number) && number >= 3 &&
	    number <= 8)
		m->gic_cells = number;
	info->gic_maintenance_intid = dtgic_ppi(m, m->gic_node, 0);
	if (info->gic_maintenance_intid == 0)
		uart_stop("GIC node %s: its maintenance interrupt is missing or no PPI",
			  dt_name(m, m->gic_node));
}
