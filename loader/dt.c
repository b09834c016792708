/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/dt.h"

#include <string.h>

#include "arch/aarch64/sysreg.h"
#include "lib/dtcpus.h"
#include "lib/text.h"
#include "loader/console.h"
#include "loader/dtgic.h"
#include "loader/dtpower.h"
#include "loader/uart.h"

/* What Linux accepts as a device tree, too (booting.rst). */
#define MAX_NODES     4096
#define RAM_BYTES_MIN MIB(256)
#define PAGE_BYTES    KIB(4)

static struct fdt_node nodes[MAX_NODES] __attribute__((section(".bss.noinit")));

const char *dt_name(const struct machine *m, uint32_t node)
{
	return node == FDT_ROOT ? "/" : fdt_name(&m->fdt, node);
}

static void its_found(struct machine *m, uint32_t node)
{
	if (m->its_count == MACHINE_MAX_ITS)
		uart_stop("more than %d ITS nodes", MACHINE_MAX_ITS);
	m->its_node[m->its_count++] = node;
}

/* The first of its kind counts, as everywhere; one that is disabled does not. */
static void first_found(const struct machine *m, uint32_t *which, uint32_t node)
{
	if (*which == FDT_NONE && fdt_is_okay(&m->fdt, node))
		*which = node;
}

/* One of a node's compatible strings: what follows "arm,". */
static void match_compatible(struct machine *m, uint32_t node, const char *text)
{
	if (text_is(text, "pl011"))
		first_found(m, &m->pl011_node, node);
	else if (dtgic_is_known(text))
		first_found(m, &m->gic_node, node);
	else if (text_is(text, "gic-v3-its") || text_is(text, "gic-v2m-frame"))
		its_found(m, node); /* kept from the service VM in any case */
	else if (text_is(text, "armv8-timer"))
		first_found(m, &m->timer_node, node);
}

/* Goes through the tree once and notes the nodes that matter by their compatible strings. */
static void find_nodes(struct machine *m)
{
	struct fdt_prop prop;

	for (uint32_t i = 0; i < m->fdt.node_count; i++) {
		const char *text;

		if (!fdt_prop_compatible(&m->fdt, i, &prop))
			continue;
		text = fdt_prop_string(&prop, 0);
		for (; text != NULL; text = fdt_prop_string_next(&prop, text)) {
			if (text_begins(text, "arm,"))
				match_compatible(m, i, text + 4);
		}
	}
}

void dt_open(struct machine *m, uint64_t blob)
{
	enum err err = fdt_init(&m->fdt, (const void *)blob, FDT_BYTES_MAX, nodes, MAX_NODES);

	m->chosen = m->pl011_node = m->gic_node = FDT_NONE;
	m->timer_node = m->cpus_node = FDT_NONE;
	if (m->fdt.node_count != 0) {
		m->chosen = fdt_child(&m->fdt, FDT_ROOT, "chosen");
		m->cpus_node = fdt_child(&m->fdt, FDT_ROOT, "cpus");
		find_nodes(m);
	}
	console_open(m);
	if (err != ERR_OK)
		uart_stop("the device tree at %#llx is broken (%s)", (unsigned long long)blob,
			  err == ERR_TRUNCATED     ? "it ends early"
			  : err == ERR_NO_MEMORY   ? "more than 4096 nodes"
			  : err == ERR_UNSUPPORTED ? "version or depth"
						   : "malformed");
}

static void busy_add(struct machine *m, uint64_t base, uint64_t bytes, const char *name)
{
	if (layout_busy_add(&m->busy, base, bytes, name) != ERR_OK)
		uart_stop("%s at %#llx: wraps around, or there are more than %d reservations", name,
			  (unsigned long long)base, LAYOUT_MAX_BUSY);
}

void dt_open_modules(struct machine *m, uint64_t blob)
{
	if (fdt_init(&m->fdt, (const void *)blob, FDT_BYTES_MAX, nodes, MAX_NODES) != ERR_OK)
		uart_stop("the boot loader's device tree at %#llx is broken",
			  (unsigned long long)blob);
	m->chosen = fdt_child(&m->fdt, FDT_ROOT, "chosen");
	busy_add(m, blob, m->fdt.bytes, "the boot loader's device tree");
}

static void read_memory_node(struct machine *m, uint32_t node)
{
	struct bootinfo *info = &m->info;
	struct fdt_region reg;
	enum err err;

	for (uint32_t i = 0; (err = fdt_reg(&m->fdt, node, i, &reg)) == ERR_OK; i++) {
		uint64_t base = bits_align_up(reg.base, PAGE_BYTES);
		uint64_t end = bits_align_down(reg.base + reg.bytes, PAGE_BYTES);

		if (base >= end)
			continue;
		if (end > HYP_IMAGE_VA)
			uart_stop("memory at %#llx is beyond %#llx, the end of what Caisson maps",
				  (unsigned long long)end - 1, (unsigned long long)HYP_IMAGE_VA);
		if (layout_merge(info->ram, &info->ram_count, BOOT_MAX_REGIONS, base, end - base) !=
		    ERR_OK)
			uart_stop("memory in more than %d pieces", BOOT_MAX_REGIONS);
	}
	if (err != ERR_NOT_FOUND)
		uart_stop("the reg property of memory node %s makes no sense", dt_name(m, node));
}

/* UEFI's memory map says it better: there may be no memory node. */
static void take_memory(struct machine *m)
{
	const struct firmware *f = m->firmware;

	memcpy(m->info.ram, f->ram, f->ram_count * sizeof(f->ram[0]));
	m->info.ram_count = f->ram_count;
	busy_add(m, f->map, f->map_bytes, "UEFI's memory map");
}

static void read_memory(struct machine *m)
{
	struct fdt_prop type;

	for (uint32_t n = fdt_child_first(&m->fdt, FDT_ROOT); n != FDT_NONE;
	     n = fdt_child_next(&m->fdt, n)) {
		const char *text;

		if (!fdt_prop(&m->fdt, n, "device_type", &type) || !fdt_is_okay(&m->fdt, n))
			continue;
		text = fdt_prop_string(&type, 0);
		if (text == NULL || !text_is(text, "memory"))
			continue;
		if (m->memory_node_count == BOOT_MAX_REGIONS)
			uart_stop("more than %d memory nodes", BOOT_MAX_REGIONS);
		m->memory_node[m->memory_node_count++] = n;
		if (!m->firmware->uefi)
			read_memory_node(m, n);
	}
	if (m->firmware->uefi)
		take_memory(m);
	for (uint32_t i = 0; i < m->info.ram_count; i++)
		m->ram_bytes += m->info.ram[i].bytes;
	if (m->ram_bytes == 0)
		uart_stop("%s", m->firmware->uefi
					? "UEFI's memory map makes no sense"
					: "the device tree has no memory node with memory in it");
	if (m->ram_bytes < RAM_BYTES_MIN)
		uart_stop("this machine has %llu MiB of memory, Caisson needs %llu MiB",
			  (unsigned long long)m->ram_bytes >> 20,
			  (unsigned long long)RAM_BYTES_MIN >> 20);
}

/*
 * What is not to be mapped may be the secure world's: EL2 does not map it either, as a CPU may
 * read ahead from Normal memory. There is no RAM from HYP_IMAGE_VA on.
 */
static void not_ram(struct machine *m, struct fdt_region reg)
{
	uint64_t base = bits_align_down(reg.base, PAGE_BYTES);
	uint64_t end = reg.base + reg.bytes;

	end = bits_align_up(end < HYP_IMAGE_VA ? end : HYP_IMAGE_VA, PAGE_BYTES);
	if (base < end && layout_cut(m->info.ram, &m->info.ram_count, BOOT_MAX_REGIONS, base,
				     end - base) != ERR_OK)
		uart_stop("reserved-memory at %#llx leaves memory in more than %d pieces",
			  (unsigned long long)reg.base, BOOT_MAX_REGIONS);
}

/*
 * Some boot loaders (U-Boot's booti) reserve what they put into the initrd's slot: it is not in its
 * own way.
 */
static bool is_initrd(const struct machine *m, const struct fdt_region *reg)
{
	uint64_t start;
	uint64_t end;

	return m->chosen != FDT_NONE &&
	       fdt_prop_number(&m->fdt, m->chosen, "linux,initrd-start", &start) &&
	       fdt_prop_number(&m->fdt, m->chosen, "linux,initrd-end", &end) && start < end &&
	       bits_align_down(start, PAGE_BYTES) == bits_align_down(reg->base, PAGE_BYTES) &&
	       (end - 1) / PAGE_BYTES == (reg->base + reg->bytes - 1) / PAGE_BYTES;
}

static void read_reserved(struct machine *m)
{
	uint32_t parent = fdt_child(&m->fdt, FDT_ROOT, "reserved-memory");
	struct fdt_region reg;
	struct fdt_prop prop;

	for (uint32_t i = 0; i < m->fdt.reserve_count; i++) {
		reg = fdt_reserved(&m->fdt, i);
		if (!is_initrd(m, &reg))
			busy_add(m, reg.base, reg.bytes, "memory reservation");
	}
	if (parent == FDT_NONE)
		return;
	for (uint32_t n = fdt_child_first(&m->fdt, parent); n != FDT_NONE;
	     n = fdt_child_next(&m->fdt, n)) {
		for (uint32_t i = 0; fdt_reg(&m->fdt, n, i, &reg) == ERR_OK; i++) {
			busy_add(m, reg.base, reg.bytes, "reserved-memory node");
			if (fdt_prop(&m->fdt, n, "no-map", &prop))
				not_ram(m, reg);
		}
	}
}

static void read_cpus(struct machine *m, uint64_t own_mpidr)
{
	bootcpu_init(&m->cpus, m->cpu, ARRAY_SIZE(m->cpu));
	dtcpus_read(&m->fdt, own_mpidr, &m->cpus);
	if (m->cpus.boot == BOOTCPU_NOWHERE)
		uart_stop("the device tree has no node of the CPU this runs on (MPIDR %#llx)",
			  (unsigned long long)own_mpidr);
}

/* The timer's interrupts come in this order, secure ones first, unless they are named. */
static uint32_t timer_intid(const struct machine *m, uint32_t node, const char *name,
			    uint32_t index)
{
	struct fdt_prop prop;
	const char *text;

	if (!fdt_prop(&m->fdt, node, "interrupt-names", &prop))
		return dtgic_ppi(m, node, index);
	for (uint32_t i = 0; (text = fdt_prop_string(&prop, i)) != NULL; i++) {
		if (text_is(text, name))
			return dtgic_ppi(m, node, i);
	}
	return 0;
}

static void read_timer(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint32_t node = m->timer_node;

	if (node == FDT_NONE)
		uart_stop("the device tree has no node of the generic timer (arm,armv8-timer)");
	info->timer_phys_intid = timer_intid(m, node, "phys", 1);
	info->timer_virt_intid = timer_intid(m, node, "virt", 2);
	info->timer_hyp_intid = timer_intid(m, node, "hyp-phys", 3);
	if (info->timer_phys_intid == 0 || info->timer_virt_intid == 0 ||
	    info->timer_hyp_intid == 0)
		uart_stop("timer node %s lacks one of the interrupts phys, virt, hyp-phys, or "
			  "one is no PPI",
			  dt_name(m, node));
}

void dt_read(struct machine *m, uint64_t own_mpidr)
{
	busy_add(m, (uint64_t)m->fdt.blob, m->fdt.bytes, "firmware's device tree");
	/* A kernel or a tree at address 0 would look like none. */
	busy_add(m, 0, PAGE_BYTES, "address 0");
	read_memory(m);
	read_reserved(m);
	read_cpus(m, own_mpidr);
}

void dt_read_devices(struct machine *m)
{
	dtgic_read(m);
	read_timer(m);
	console_finish(m);
	dtpower_read(m);
}
