/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/svmdt.h"

#include <string.h>

#include "abi/hypercall.h"
#include "arch/aarch64/cache.h"
#include "lib/fdtw.h"
#include "lib/fmt.h"
#include "lib/text.h"
#include "loader/svm.h"
#include "loader/uart.h"

/*
 * Two passes over firmware's tree. The survey notes which addresses and SPIs are taken, so that
 * the event line, and a console that does not stand in for a PL011, get ones that are not, and how
 * far up addresses go. The copy then goes from
 * front to back, node by node, and leaves out, changes or adds on the way.
 */

#define PAGE_BYTES         KIB(4)
#define PATH_BYTES         256
#define ROOM_FOR_ADDITIONS KIB(4)
#define WINDOW_PAGES       64
#define WINDOW_TRIES       16

#define SPI_BASE             32
#define INTERRUPT_SPI        0
#define INTERRUPT_LEVEL_HIGH 4

#define SERIAL_ALIAS "serial"

struct svmdt {
	struct machine *m;
	struct fdtw w;
	uint32_t gic_phandle; /* 0: it has none */
	/* The survey. */
	uint64_t top;                              /* end of the highest address in use */
	uint64_t window;                           /* candidates for the event line begin here */
	uint64_t window_taken;                     /* bit per page */
	uint64_t window_next;                      /* the highest end of what is in the window */
	uint64_t spi_used[SVM_INTID_END / 64 + 1]; /* bit per INTID */
	uint64_t edited[FDT_NONE / 64 + 1]; /* bit per node that is not copied as it stands */
	uint64_t taken[FDT_NONE / 64 + 1];  /* bit per node that is to be disabled */
	bool console_is_node;               /* the console stands in for a PL011's node */
	char console_path[PATH_BYTES];
	char event_path[PATH_BYTES];
};

static struct svmdt svmdt;

static void survey_region(struct svmdt *s, const struct fdt_region *r)
{
	uint64_t end = r->base + r->bytes;
	uint64_t first;
	uint64_t last;

	if (end > s->top)
		s->top = end;
	if (!bits_overlap(s->window, WINDOW_PAGES * PAGE_BYTES, r->base, r->bytes))
		return;
	first = r->base < s->window ? 0 : (r->base - s->window) / PAGE_BYTES;
	last = (end - 1 - s->window) / PAGE_BYTES;
	s->window_taken |= MASK(last < WINDOW_PAGES ? last : WINDOW_PAGES - 1, first);
	if (end > s->window_next)
		s->window_next = end;
}

/* The windows of a PCI host bridge: entries of child address (3 cells), CPU address, size. */
static void survey_pci(struct svmdt *s, uint32_t node, const struct fdt_prop *ranges)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t parent = fdt->node[node].parent;
	uint32_t address = fdt->node[parent].address_cells;
	uint32_t size = fdt->node[node].size_cells;
	uint32_t entry = 3 + address + size;

	if (address > 2 || size > 2)
		return;
	for (uint32_t i = 0; (i + 1) * entry <= ranges->bytes / 4; i++) {
		struct fdt_region r = {
			.base = fdt_prop_cells(ranges, i * entry + 3, address),
			.bytes = fdt_prop_cells(ranges, i * entry + 3 + address, size),
		};

		if (fdt_translate(fdt, parent, &r) == ERR_OK)
			survey_region(s, &r);
	}
}

static void spi_mark(struct svmdt *s, uint32_t type, uint32_t number)
{
	if (type == INTERRUPT_SPI && number < SVM_INTID_END - SPI_BASE)
		s->spi_used[(SPI_BASE + number) / 64] |= BIT((SPI_BASE + number) % 64);
}

/*
 * Errs on the safe side: `interrupts` is read as the GIC's whoever the parent is, and in
 * interrupt-map and interrupts-extended each cell that looks like the GIC's phandle is taken for
 * it. skip: cells between phandle and specifier.
 */
static void survey_interrupts(struct svmdt *s, const struct fdt_prop *prop, bool phandles,
			      uint32_t skip)
{
	uint32_t cells = prop->bytes / 4;

	if (!phandles) {
		for (uint32_t i = 0; i + 1 < cells; i += s->m->gic_cells)
			spi_mark(s, fdt_prop_cell(prop, i), fdt_prop_cell(prop, i + 1));
		return;
	}
	for (uint32_t i = 0; i + skip + 2 < cells; i++) {
		if (fdt_prop_cell(prop, i) == s->gic_phandle)
			spi_mark(s, fdt_prop_cell(prop, i + skip + 1),
				 fdt_prop_cell(prop, i + skip + 2));
	}
}

static bool is_msi(const char *name)
{
	return name[0] == 'm' && text_begins(name, "msi-");
}

static void node_edit(struct svmdt *s, uint32_t node)
{
	s->edited[node / 64] |= BIT(node % 64);
}

static bool is_console(const struct svmdt *s, uint32_t node)
{
	return s->console_is_node && node == s->m->uart_node[0];
}

static bool is_taken(const struct svmdt *s, uint32_t node)
{
	return s->taken[node / 64] & BIT(node % 64);
}

/*
 * Caisson's ports, and whatever small thing lies in the same page as one: the service VM cannot
 * reach it.
 */
static void survey_port(struct svmdt *s, uint32_t node, const struct fdt_region *reg)
{
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		const struct boot_region *r = &s->m->info.uart[i].region;

		if (is_console(s, node) || reg->bytes == 0 ||
		    !bits_contains(r->base, r->bytes, reg->base, reg->bytes))
			continue;
		node_edit(s, node);
		s->taken[node / 64] |= BIT(node % 64);
	}
}

static void survey_node(struct svmdt *s, uint32_t node)
{
	const struct fdt *fdt = &s->m->fdt;
	struct fdt_region reg;
	struct fdt_prop prop;

	for (uint32_t cursor = fdt->node[node].props; fdt_prop_next(fdt, &cursor, &prop);) {
		if (is_msi(prop.name)) {
			node_edit(s, node);
		} else if (prop.name[0] == 'i') {
			if (text_is(prop.name, "interrupts"))
				survey_interrupts(s, &prop, false, 0);
			else if (text_is(prop.name, "interrupts-extended"))
				survey_interrupts(s, &prop, true, 0);
			else if (text_is(prop.name, "interrupt-map"))
				survey_interrupts(s, &prop, true,
						  fdt->node[s->m->gic_node].address_cells);
		} else if (text_is(prop.name, "reg")) {
			for (uint32_t i = 0; fdt_reg_entry(fdt, node, &prop, i, &reg) == ERR_OK;
			     i++) {
				survey_region(s, &reg);
				survey_port(s, node, &reg);
			}
		} else if (fdt->node[node].address_cells == 3 && text_is(prop.name, "ranges")) {
			survey_pci(s, node, &prop);
		}
	}
}

static void survey(struct svmdt *s)
{
	for (uint32_t i = 0; i < s->m->fdt.node_count; i++)
		survey_node(s, i);
	for (uint32_t i = 0; i < s->m->info.ram_count; i++) {
		struct fdt_region r = {s->m->info.ram[i].base, s->m->info.ram[i].bytes};

		survey_region(s, &r);
	}
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		struct fdt_region r = {s->m->info.uart[i].region.base,
				       s->m->info.uart[i].region.bytes};

		if (r.bytes != 0)
			survey_region(s, &r);
	}
}

/* Is there a free page, and a second one if that is needed? */
static bool has_pages(const struct svmdt *s)
{
	uint64_t unused = ~s->window_taken;

	return s->console_is_node ? unused != 0 : (unused & (unused - 1)) != 0;
}

static uint64_t take_page(struct svmdt *s)
{
	unsigned int page = __builtin_ctzll(~s->window_taken);
	uint64_t base = s->window + page * PAGE_BYTES;

	s->window_taken |= BIT(page);
	if (base >= HYP_IMAGE_VA)
		uart_stop("no free page of addresses for the event line");
	if (base + PAGE_BYTES > s->top)
		s->top = base + PAGE_BYTES;
	return base;
}

/*
 * From the console's page upward: the first pages that are nobody's, for the event line and maybe
 * the console. One survey tells of WINDOW_PAGES pages; if too few of them are left, the next window
 * begins where the last of what is in it ends.
 */
static void choose_pages(struct svmdt *s)
{
	struct bootinfo *info = &s->m->info;
	uint32_t tries = WINDOW_TRIES;

	s->window = s->console_is_node ? info->uart[0].base + PAGE_BYTES
				       : info->gicd.base + info->gicd.bytes;
	for (;;) {
		s->window_taken = 0;
		s->window_next = 0;
		survey(s);
		if (has_pages(s))
			break;
		if (--tries == 0 || s->window_next > HYP_IMAGE_VA)
			uart_stop("no free page of addresses for the event line");
		s->window = bits_align_up(s->window_next, PAGE_BYTES);
	}
	info->svm_console = s->console_is_node ? info->uart[0].base : take_page(s);
	info->svm_event_line = take_page(s);
}

/* The ports' own are taken, though the device tree may not say so. */
static void choose_intids(struct svmdt *s)
{
	struct bootinfo *info = &s->m->info;

	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++)
		s->spi_used[info->uart[i].intid / 64] |= BIT(info->uart[i].intid % 64);
	info->svm_event_line_intid = svm_take_intid(s->m, s->spi_used);
	info->svm_console_intid =
		s->console_is_node ? info->uart[0].intid : svm_take_intid(s->m, s->spi_used);
}

/* No ITS is shown, and so none may be reached. */
static void hide_its(struct svmdt *s)
{
	struct fdt_region reg;

	for (uint32_t k = 0; k < s->m->its_count; k++) {
		for (uint32_t i = 0; fdt_reg(&s->m->fdt, s->m->its_node[k], i, &reg) == ERR_OK; i++)
			svm_hide(s->m, reg.base, reg.bytes);
	}
}

/* The node's full path. */
static void path_of(const struct machine *m, uint32_t node, char *path)
{
	uint16_t up[FDT_MAX_DEPTH];
	uint32_t depth = 0;
	size_t length = 0;

	for (; node != FDT_ROOT; node = m->fdt.node[node].parent)
		up[depth++] = node;
	while (depth != 0 && length < PATH_BYTES)
		length += fmt_snprintf(path + length, PATH_BYTES - length, "/%s",
				       fdt_name(&m->fdt, up[--depth]));
	if (length >= PATH_BYTES)
		uart_stop("the console's path in the device tree is too long");
}

static bool is_used_cpu(const struct machine *m, uint32_t node)
{
	for (uint32_t i = 0; i < m->info.cpu_count; i++) {
		if (m->cpu[m->cpu_listed[i]].where == node)
			return true;
	}
	return false;
}

static bool is_left_out_cpu(const struct machine *m, uint32_t node)
{
	struct fdt_prop prop;
	const char *type = NULL;

	/* It refers to every CPU; Linux does without. */
	if (fdt_name_is(&m->fdt, node, "cpu-map"))
		return m->info.cpus_left_out != 0;
	if (fdt_prop(&m->fdt, node, "device_type", &prop))
		type = fdt_prop_string(&prop, 0);
	if (type == NULL || !text_is(type, "cpu"))
		return false;
	return !is_used_cpu(m, node);
}

static bool is_memory(const struct machine *m, uint32_t node)
{
	for (uint32_t i = 0; i < m->memory_node_count; i++) {
		if (m->memory_node[i] == node)
			return true;
	}
	return false;
}

static bool is_dropped(const struct svmdt *s, uint32_t node)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t parent = fdt->node[node].parent;

	for (uint32_t i = 0; i < s->m->its_count; i++) {
		if (s->m->its_node[i] == node)
			return true;
	}
	if (s->m->firmware->uefi && is_memory(s->m, node))
		return true;
	if (parent == FDT_ROOT)
		return fdt_name_is(fdt, node, "aliases") || fdt_name_is(fdt, node, "caisson");
	if (parent == s->m->chosen)
		return fdt_is_module(fdt, node);
	return parent == s->m->cpus_node && is_left_out_cpu(s->m, node);
}

static bool is_one_of(const char *name, const char *first, const char *const *others)
{
	if (text_is(name, first))
		return true;
	for (; *others != NULL; others++) {
		if (text_is(name, *others))
			return true;
	}
	return false;
}

/* Properties that are not copied from firmware's tree; some come again with another value. */
static bool is_prop_dropped(const struct svmdt *s, uint32_t node, const struct fdt_prop *prop)
{
	static const char *const chosen[] = {"linux,initrd-start", "linux,initrd-end",
					     "stdout-path", "linux,stdout-path", NULL};
	static const char *const gic[] = {"interrupts-extended", "msi-controller", "#msi-cells",
					  "mbi-ranges",          "mbi-alias",      NULL};
	static const char *const dma[] = {"dma-names", NULL};
	/* Idle states name arguments of CPU_SUSPEND that firmware takes, and Caisson does not. */
	static const char *const cpu[] = {"cpu-release-addr", "cpu-idle-states", NULL};
	const char *name = prop->name;

	if (is_msi(name))
		return true;
	if (is_taken(s, node) && text_is(name, "status"))
		return true;
	/* The emulated console takes part in no DMA. */
	if (is_console(s, node))
		return is_one_of(name, "dmas", dma);
	if (node == s->m->chosen)
		return is_one_of(name, "bootargs", chosen);
	if (node == s->m->gic_node)
		return is_one_of(name, "interrupts", gic);
	/* Function identifiers of PSCI 0.1 and all else that describes firmware's. */
	if (node == s->m->cpus.psci.node)
		return !text_is(name, "phandle") && !text_is(name, "linux,phandle");
	return is_used_cpu(s->m, node) && is_one_of(name, "enable-method", cpu);
}

/* Region i of a memory node; FDT_NONE stands for UEFI's memory map. */
static bool memory_region(const struct svmdt *s, uint32_t node, uint32_t i, struct fdt_region *reg)
{
	const struct bootinfo *info = &s->m->info;

	if (node != FDT_NONE)
		return fdt_reg(&s->m->fdt, node, i, reg) == ERR_OK;
	if (i >= info->ram_count)
		return false;
	*reg = (struct fdt_region){info->ram[i].base, info->ram[i].bytes};
	return true;
}

/* The reg of a memory node, without the kept region. */
static void write_memory_reg(struct svmdt *s, uint32_t node)
{
	const struct fdt *fdt = &s->m->fdt;
	const struct boot_region *kept = &s->m->info.kept;
	uint64_t kept_end = kept->base + kept->bytes;
	uint32_t address = fdt->node[FDT_ROOT].address_cells;
	uint32_t size = fdt->node[FDT_ROOT].size_cells;
	struct fdt_region piece[2 * BOOT_MAX_REGIONS];
	struct fdt_region reg;
	uint32_t count = 0;

	for (uint32_t i = 0; memory_region(s, node, i, &reg); i++) {
		uint64_t end = reg.base + reg.bytes;

		if (count + 2 > ARRAY_SIZE(piece))
			uart_stop("memory in more than %d pieces", BOOT_MAX_REGIONS);
		if (!bits_overlap(reg.base, reg.bytes, kept->base, kept->bytes)) {
			piece[count++] = reg;
			continue;
		}
		if (reg.base < kept->base)
			piece[count++] = (struct fdt_region){reg.base, kept->base - reg.base};
		if (end > kept_end)
			piece[count++] = (struct fdt_region){kept_end, end - kept_end};
	}
	fdtw_prop_cells(&s->w, "reg", count * (address + size));
	for (uint32_t i = 0; i < count; i++) {
		fdtw_cells(&s->w, piece[i].base, address);
		fdtw_cells(&s->w, piece[i].bytes, size);
	}
}

/* Of a GICv2 the service VM has no GICH and GICV: the first half of the four regions. */
static void write_gic_reg(struct svmdt *s, const struct fdt_prop *reg)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t parent = fdt->node[s->m->gic_node].parent;
	size_t bytes = reg->bytes;

	if (s->m->info.gic_version == 2)
		bytes = 4 * 2 * (fdt->node[parent].address_cells + fdt->node[parent].size_cells);
	fdtw_prop(&s->w, "reg", reg->data, bytes);
}

static void write_chosen(struct svmdt *s)
{
	const struct machine *m = s->m;

	if (m->bootargs_bytes != 0)
		fdtw_prop_text(&s->w, "bootargs", m->bootargs, m->bootargs_bytes);
	if (m->initrd.bytes != 0) {
		fdtw_prop_u64(&s->w, "linux,initrd-start", m->initrd.base);
		fdtw_prop_u64(&s->w, "linux,initrd-end", m->initrd.base + m->initrd.bytes);
	}
	fdtw_prop_string(&s->w, "stdout-path", s->console_path);
}

static void write_psci(struct svmdt *s)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	fdtw_prop(&s->w, "compatible", compatible, sizeof(compatible));
	fdtw_prop_string(&s->w, "method", "hvc");
}

/* The properties of an edited node. Returns the offset of what follows them in the source. */
static uint32_t write_props(struct svmdt *s, uint32_t node)
{
	const struct fdt *fdt = &s->m->fdt;
	bool memory = is_memory(s->m, node);
	uint32_t cursor = fdt->node[node].props;
	struct fdt_prop prop;

	while (fdt_prop_next(fdt, &cursor, &prop)) {
		if (memory && text_is(prop.name, "reg"))
			write_memory_reg(s, node);
		else if (node == s->m->gic_node && text_is(prop.name, "reg"))
			write_gic_reg(s, &prop);
		else if (!is_prop_dropped(s, node, &prop))
			fdtw_copy(&s->w, &prop);
	}
	if (node == s->m->chosen)
		write_chosen(s);
	if (node == s->m->cpus.psci.node)
		write_psci(s);
	if (is_used_cpu(s->m, node))
		fdtw_prop_string(&s->w, "enable-method", "psci");
	if (is_taken(s, node))
		fdtw_prop_string(&s->w, "status", "disabled");
	return cursor;
}

/* Is it something that is left to the service VM as it is? */
static bool is_left(const struct svmdt *s, const char *path)
{
	uint32_t node = fdt_path(&s->m->fdt, path, text_length(path));

	return node == FDT_NONE || (!is_taken(s, node) && !is_console(s, node));
}

/*
 * Linux numbers PL011s by their aliases: the console is ttyAMA0 and the event line ttyAMA1, and
 * what had a serial alias before comes after them.
 */
static void write_aliases(struct svmdt *s)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t aliases = fdt_child(fdt, FDT_ROOT, "aliases");
	struct fdt_prop prop;
	uint32_t number = 2;
	char name[sizeof(SERIAL_ALIAS) + 10];

	fdtw_begin(&s->w, "aliases");
	fdtw_prop_string(&s->w, SERIAL_ALIAS "0", s->console_path);
	fdtw_prop_string(&s->w, SERIAL_ALIAS "1", s->event_path);
	for (uint32_t cursor = aliases == FDT_NONE ? 0 : fdt->node[aliases].props;
	     aliases != FDT_NONE && fdt_prop_next(fdt, &cursor, &prop);) {
		const char *path = fdt_prop_string(&prop, 0);

		if (!text_begins(prop.name, SERIAL_ALIAS)) {
			fdtw_copy(&s->w, &prop);
		} else if (path != NULL && is_left(s, path) && number < 16) {
			fmt_snprintf(name, sizeof(name), SERIAL_ALIAS "%u", number++);
			fdtw_prop_string(&s->w, name, path);
		}
	}
	fdtw_end(&s->w);
}

/*
 * An emulated PL011 that firmware's tree has no node for. "arm,sbsa-uart" stands for that part of
 * a PL011 which Linux drives without knowing its clocks.
 */
static void write_uart(struct svmdt *s, const char *path, uint64_t base, uint32_t intid)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t address = fdt->node[FDT_ROOT].address_cells;
	uint32_t size = fdt->node[FDT_ROOT].size_cells;

	fdtw_begin(&s->w, path + 1);
	fdtw_prop_string(&s->w, "compatible", "arm,sbsa-uart");
	fdtw_prop_cells(&s->w, "reg", address + size);
	fdtw_cells(&s->w, base, address);
	fdtw_cells(&s->w, PAGE_BYTES, size);
	if (s->gic_phandle != 0)
		fdtw_prop_u32(&s->w, "interrupt-parent", s->gic_phandle);
	fdtw_prop_cells(&s->w, "interrupts", s->m->gic_cells);
	fdtw_cell(&s->w, INTERRUPT_SPI);
	fdtw_cell(&s->w, intid - SPI_BASE);
	fdtw_cell(&s->w, INTERRUPT_LEVEL_HIGH);
	for (uint32_t i = 3; i < s->m->gic_cells; i++)
		fdtw_cell(&s->w, 0);
	fdtw_prop_u32(&s->w, "current-speed", 115200);
	fdtw_end(&s->w);
}

/* Firmware's own memory nodes are left out: they do not tell what UEFI keeps. */
static void write_memory(struct svmdt *s)
{
	char name[sizeof("memory@") + 16];

	fmt_snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)s->m->info.ram[0].base);
	fdtw_begin(&s->w, name);
	fdtw_prop_string(&s->w, "device_type", "memory");
	write_memory_reg(s, FDT_NONE);
	fdtw_end(&s->w);
}

static void write_additions(struct svmdt *s)
{
	write_aliases(s);
	if (s->m->firmware->uefi)
		write_memory(s);
	if (s->m->chosen == FDT_NONE) {
		fdtw_begin(&s->w, "chosen");
		write_chosen(s);
		fdtw_end(&s->w);
	}
	if (!s->console_is_node)
		write_uart(s, s->console_path, s->m->info.svm_console,
			   s->m->info.svm_console_intid);
	write_uart(s, s->event_path, s->m->info.svm_event_line, s->m->info.svm_event_line_intid);
	if (s->m->cpus.psci.node == FDT_NONE) {
		fdtw_begin(&s->w, "psci");
		write_psci(s);
		fdtw_end(&s->w);
	}
	fdtw_begin(&s->w, "caisson");
	fdtw_prop_string(&s->w, "compatible", "caisson,hypervisor");
	fdtw_prop_string(&s->w, "version", CAISSON_VERSION);
	fdtw_prop_string(&s->w, "event-line", s->event_path);
	fdtw_prop(&s->w, CAISSON_TOKEN_PROPERTY, s->m->info.management_token,
		  sizeof(s->m->info.management_token));
	fdtw_end(&s->w);
}

/*
 * What is to stay as it is goes over in long runs of tokens: `from` is the first offset in the
 * source that is neither copied nor passed over yet.
 */
static void write_tree(struct svmdt *s)
{
	const struct fdt *fdt = &s->m->fdt;
	uint32_t from = fdt->node[FDT_ROOT].name - 4;
	uint32_t i = FDT_ROOT + 1;

	while (i < fdt->node_count) {
		if (is_dropped(s, i)) {
			fdtw_copy_tokens(&s->w, from, fdt->node[i].name - 4);
			from = fdt->node[i].end;
			i = fdt->node[i].next;
			continue;
		}
		if (s->edited[i / 64] & BIT(i % 64)) {
			fdtw_copy_tokens(&s->w, from, fdt->node[i].props);
			from = write_props(s, i);
		}
		i++;
	}
	fdtw_copy_tokens(&s->w, from, fdt->node[FDT_ROOT].end - 4);
	write_additions(s);
	fdtw_copy_tokens(&s->w, fdt->node[FDT_ROOT].end - 4, fdt->node[FDT_ROOT].end);
}

/* Besides those that the survey found. */
static void mark_edited(struct svmdt *s)
{
	for (uint32_t i = 0; i < s->m->memory_node_count; i++)
		node_edit(s, s->m->memory_node[i]);
	if (s->m->chosen != FDT_NONE)
		node_edit(s, s->m->chosen);
	node_edit(s, s->m->gic_node);
	if (s->m->cpus.psci.node != FDT_NONE)
		node_edit(s, s->m->cpus.psci.node);
	for (uint32_t i = 0; i < s->m->info.cpu_count; i++)
		node_edit(s, s->m->cpu[s->m->cpu_listed[i]].where);
	if (s->console_is_node)
		node_edit(s, s->m->uart_node[0]);
}

/* In a PL011's node of its own page the console can stand, with all that the node says. */
static bool can_stand_in(const struct machine *m)
{
	const struct boot_uart *port = &m->info.uart[0];
	uint32_t node = m->uart_node[0];

	return node != FDT_NONE && port->intid != 0 && bits_is_aligned(port->base, PAGE_BYTES) &&
	       (port->kind == BOOT_UART_PL011 || port->kind == BOOT_UART_SBSA) &&
	       (fdt_is_compatible(&m->fdt, node, "arm,pl011") ||
		fdt_is_compatible(&m->fdt, node, "arm,sbsa-uart")) &&
	       fdt_is_okay(&m->fdt, node);
}

void svmdt_write(struct machine *m)
{
	struct svmdt *s = &svmdt;
	struct bootinfo *info = &m->info;
	size_t room = m->fdt.bytes + ROOM_FOR_ADDITIONS + m->bootargs_bytes;
	enum err err;
	size_t bytes;
	uint64_t phandle;

	s->m = m;
	room = room < FDT_BYTES_MAX ? room : FDT_BYTES_MAX;
	if (fdt_prop_number(&m->fdt, m->gic_node, "phandle", &phandle) ||
	    fdt_prop_number(&m->fdt, m->gic_node, "linux,phandle", &phandle))
		s->gic_phandle = phandle;
	s->console_is_node = can_stand_in(m);
	choose_pages(s);
	choose_intids(s);
	hide_its(s);
	svm_hide_all(m);
	svm_limit(m, s->top);
	if (s->console_is_node)
		path_of(m, m->uart_node[0], s->console_path);
	else
		fmt_snprintf(s->console_path, PATH_BYTES, "/pl011@%llx",
			     (unsigned long long)info->svm_console);
	fmt_snprintf(s->event_path, PATH_BYTES, "/pl011@%llx",
		     (unsigned long long)info->svm_event_line);
	if (layout_lowest(info->ram, info->ram_count, &m->busy, room, PAGE_BYTES, HYP_IMAGE_VA,
			  &info->svm_dtb) != ERR_OK)
		uart_stop("no room in memory for the service VM's device tree");
	cache_clean_invalidate_poc(info->svm_dtb, room);
	fdtw_init(&s->w, &m->fdt, (void *)info->svm_dtb, room);
	mark_edited(s);
	write_tree(s);
	err = fdtw_finish(&s->w, &bytes);
	if (err != ERR_OK)
		uart_stop("the service VM's device tree does not fit into %zu bytes%s", room,
			  err == ERR_RANGE ? ": names of its properties" : "");
	cache_clean_invalidate_poc(info->svm_dtb, bytes);
}
