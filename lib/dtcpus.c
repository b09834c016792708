/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dtcpus.h"

#include "lib/fmt.h"
#include "lib/text.h"

#define PSCI_0_1 0x01
#define PSCI_0_2 0x02

#define NAME_BYTES 40

/* The latest version that a node is compatible with; 0: it is no PSCI node. */
static uint8_t psci_version(const struct fdt *fdt, uint32_t node)
{
	struct fdt_prop prop;
	uint8_t version = 0;

	if (!fdt_prop_compatible(fdt, node, &prop))
		return 0;
	for (const char *t = fdt_prop_string(&prop, 0); t != NULL;
	     t = fdt_prop_string_next(&prop, t)) {
		if (text_is(t, "arm,psci-0.2") || text_is(t, "arm,psci-1.0"))
			return PSCI_0_2;
		if (text_is(t, "arm,psci"))
			version = PSCI_0_1;
	}
	return version;
}

/* The first that is okay; 0.1 counts only where there is nothing later. */
static uint32_t find_psci(const struct fdt *fdt, uint8_t *version)
{
	uint32_t found = FDT_NONE;

	*version = 0;
	for (uint32_t i = 0; i < fdt->node_count; i++) {
		uint8_t v = psci_version(fdt, i);

		if (v <= *version || !fdt_is_okay(fdt, i))
			continue;
		*version = v;
		found = i;
	}
	return found;
}

static const char *first_string(const struct fdt *fdt, uint32_t node, const char *name)
{
	struct fdt_prop prop;

	return fdt_prop(fdt, node, name, &prop) ? fdt_prop_string(&prop, 0) : NULL;
}

static void read_psci(const struct fdt *fdt, struct bootcpu_psci *psci)
{
	uint8_t version;
	uint32_t node = find_psci(fdt, &version);
	uint64_t cpu_on = 0;

	*psci = (struct bootcpu_psci){.node = node, .present = node != FDT_NONE};
	if (node == FDT_NONE)
		return;

	const char *method = first_string(fdt, node, "method");

	psci->version = version;
	if (method != NULL && text_is(method, "smc"))
		psci->conduit = BOOTCPU_CONDUIT_SMC;
	else if (method != NULL && text_is(method, "hvc"))
		psci->conduit = BOOTCPU_CONDUIT_HVC;
	else
		psci->problem = "the PSCI node's method is neither smc nor hvc";
	if (version != PSCI_0_1)
		return;
	if (!fdt_prop_number(fdt, node, "cpu_on", &cpu_on) || cpu_on > UINT32_MAX)
		psci->problem = "the PSCI node is one of version 0.1 and does not tell cpu_on";
	psci->cpu_on = (uint32_t)cpu_on;
}

static bool is_cpu(const struct fdt *fdt, uint32_t node)
{
	const char *type = first_string(fdt, node, "device_type");

	return type != NULL ? text_is(type, "cpu") : fdt_name_is(fdt, node, "cpu");
}

static void read_release(const struct fdt *fdt, struct bootcpu *cpu)
{
	if (!fdt_prop_number(fdt, cpu->where, "cpu-release-addr", &cpu->address))
		cpu->problem = "its enable-method is spin-table, and it has no cpu-release-addr";
	else if (!bits_is_aligned(cpu->address, 8))
		cpu->problem = "its cpu-release-addr is not a multiple of 8";
}

/*
 * Boards' own: where CPU n's register is in the block of the node, for an entry address of 32 bits.
 */
static const struct board {
	const char *method;
	const char *node; /* what it is compatible with */
	uint32_t offset;
	uint32_t stride;
} boards[] = {
	/* Raspberry Pi 2 and 3: set bits of mailbox 3 (BCM2836 ARM-local peripherals, 4.8). */
	{"brcm,bcm2836-smp", "brcm,bcm2836-l1-intc", 0x8c, 0x10},
};

static void read_board(const struct fdt *fdt, struct bootcpu *cpu)
{
	for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
		const struct board *b = &boards[i];
		uint32_t node = fdt_compatible(fdt, 0, b->node);
		uint64_t offset = b->offset + (cpu->mpidr & 0xff) * b->stride;
		struct fdt_region reg;

		if (!text_is(cpu->method, b->method))
			continue;
		if (node == FDT_NONE || fdt_reg(fdt, node, 0, &reg) != ERR_OK ||
		    offset + 4 > reg.bytes || !bits_is_aligned(reg.base, 4))
			cpu->problem = "its enable-method needs a node that is missing";
		else
			cpu->address = reg.base + offset;
	}
}

static void choose_protocol(const struct fdt *fdt, const struct bootcpu_psci *psci,
			    struct bootcpu *cpu)
{
	if (text_is(cpu->method, "psci")) {
		cpu->protocol = BOOTCPU_PSCI;
		cpu->problem = psci->present
				       ? psci->problem
				       : "its enable-method is psci, and there is no PSCI node";
	} else if (text_is(cpu->method, "spin-table")) {
		cpu->protocol = BOOTCPU_SPIN_TABLE;
		read_release(fdt, cpu);
	} else if (cpu->method[0] != '\0') {
		cpu->protocol = BOOTCPU_BOARD;
		read_board(fdt, cpu);
	} else {
		cpu->problem = "it has no enable-method";
	}
}

static void read_cpu(const struct fdt *fdt, uint32_t node, const char *common, uint64_t own_mpidr,
		     struct bootcpu_list *list)
{
	const char *method = first_string(fdt, node, "enable-method");
	struct bootcpu cpu = {
		.mpidr = BOOTCPU_NO_MPIDR,
		.where = node,
		.method = method != NULL ? method : common,
	};
	bool has_reg = fdt_prop_number(fdt, node, "reg", &cpu.mpidr);

	if (!fdt_is_okay(fdt, node) && cpu.mpidr != own_mpidr) {
		list->disabled++;
		return;
	}
	choose_protocol(fdt, &list->psci, &cpu);
	if (!has_reg)
		cpu.problem = "its reg is missing, or has neither one nor two cells";
	else if (cpu.mpidr & ~BOOTCPU_AFFINITY)
		cpu.problem = "its reg has bits that are no affinity";
	bootcpu_add(list, &cpu, own_mpidr);
}

void dtcpus_read(const struct fdt *fdt, uint64_t own_mpidr, struct bootcpu_list *list)
{
	uint32_t cpus = fdt->node_count != 0 ? fdt_child(fdt, FDT_ROOT, "cpus") : FDT_NONE;

	read_psci(fdt, &list->psci);
	if (cpus == FDT_NONE)
		return;

	const char *common = first_string(fdt, cpus, "enable-method");

	for (uint32_t n = fdt_child_first(fdt, cpus); n != FDT_NONE; n = fdt_child_next(fdt, n)) {
		if (is_cpu(fdt, n))
			read_cpu(fdt, n, common != NULL ? common : "", own_mpidr, list);
	}
}

/* ---- writing ---- */

struct writer {
	const struct fdt *fdt;
	const struct dtcpus_change *change;
	struct fdtw w;
	uint32_t cpus;
	uint32_t reserved; /* the reserved-memory node */
	uint32_t chosen;   /* to be changed; FDT_NONE: not */
	bool removes;      /* at least one CPU */
};

/* What becomes of a CPU's node; NULL: it is not in the list. */
static const struct dtcpus_use *use_of(const struct writer *s, uint32_t node)
{
	const struct bootcpu_list *list = s->change->list;

	for (uint32_t i = 0; i < list->count; i++) {
		if (list->cpu[i].where == node)
			return &s->change->use[i];
	}
	return NULL;
}

static bool is_removed_cpu(const struct writer *s, uint32_t node)
{
	const struct dtcpus_use *use;

	if (s->cpus == FDT_NONE || s->fdt->node[node].parent != s->cpus || !is_cpu(s->fdt, node))
		return false;
	use = use_of(s, node);
	return use == NULL || !use->used;
}

static bool is_removed(const struct writer *s, uint32_t node)
{
	/* Whatever they may say that they are compatible with. */
	if (node == FDT_ROOT || node == s->cpus || node == s->reserved || node == s->chosen)
		return false;
	if (s->chosen != FDT_NONE && s->fdt->node[node].parent == s->chosen &&
	    fdt_is_module(s->fdt, node))
		return true;
	if (s->removes && s->cpus != FDT_NONE && s->fdt->node[node].parent == s->cpus &&
	    fdt_name_is(s->fdt, node, "cpu-map"))
		return true;
	return psci_version(s->fdt, node) != 0 || is_removed_cpu(s, node);
}

static bool has_psci_domain(const struct fdt *fdt, uint32_t node)
{
	struct fdt_prop prop;

	if (!fdt_prop(fdt, node, "power-domain-names", &prop))
		return false;
	for (const char *t = fdt_prop_string(&prop, 0); t != NULL;
	     t = fdt_prop_string_next(&prop, t)) {
		if (text_is(t, "psci"))
			return true;
	}
	return false;
}

/* The properties of a CPU that is used. Returns the offset of what follows them in the source. */
static uint32_t write_cpu(struct writer *s, uint32_t node, const struct dtcpus_use *use)
{
	const struct fdt *fdt = s->fdt;
	bool drops_domains = has_psci_domain(fdt, node);
	uint32_t cursor = fdt->node[node].props;
	struct fdt_prop prop;

	while (fdt_prop_next(fdt, &cursor, &prop)) {
		bool drop =
			text_is(prop.name, "enable-method") ||
			text_is(prop.name, "cpu-release-addr") ||
			(s->change->list->psci.present && text_is(prop.name, "cpu-idle-states")) ||
			(drops_domains && text_begins(prop.name, "power-domain"));

		if (!drop)
			fdtw_copy(&s->w, &prop);
	}
	if (use->release != 0) {
		fdtw_prop_string(&s->w, "enable-method", "spin-table");
		fdtw_prop_u64(&s->w, "cpu-release-addr", use->release);
	}
	return cursor;
}

static void hand_over(struct writer *s)
{
	const struct dtcpus_change *c = s->change;

	if (c->bootargs_bytes != 0)
		fdtw_prop_text(&s->w, "bootargs", c->bootargs, c->bootargs_bytes);
	if (c->initrd.bytes != 0) {
		fdtw_prop_u64(&s->w, "linux,initrd-start", c->initrd.base);
		fdtw_prop_u64(&s->w, "linux,initrd-end", c->initrd.base + c->initrd.bytes);
	}
}

/* As write_cpu(), of /chosen. */
static uint32_t write_chosen(struct writer *s)
{
	uint32_t cursor = s->fdt->node[s->chosen].props;
	struct fdt_prop prop;

	while (fdt_prop_next(s->fdt, &cursor, &prop)) {
		if (!text_is(prop.name, "bootargs") && !text_begins(prop.name, "linux,initrd-"))
			fdtw_copy(&s->w, &prop);
	}
	hand_over(s);
	return cursor;
}

/* Does an address fit into so many cells? More than two, nobody reads. */
static bool fits(uint64_t value, uint32_t cells)
{
	return cells == 2 || (cells == 1 && value <= UINT32_MAX);
}

/* The children of reserved-memory, whose addresses have so many cells. */
static void write_reserved(struct writer *s, uint32_t address, uint32_t size)
{
	char name[NAME_BYTES];

	for (uint32_t i = 0; i < s->change->reserve_count; i++) {
		const struct fdt_region *r = &s->change->reserve[i];

		if (s->w.err == ERR_OK && (!fits(r->base, address) || !fits(r->bytes, size)))
			s->w.err = ERR_RANGE;
		fmt_snprintf(name, sizeof(name), "mailboxes@%llx", (unsigned long long)r->base);
		fdtw_begin(&s->w, name);
		fdtw_prop_cells(&s->w, "reg", address + size);
		fdtw_cells(&s->w, r->base, address);
		fdtw_cells(&s->w, r->bytes, size);
		if (s->change->no_map)
			fdtw_prop(&s->w, "no-map", NULL, 0);
		fdtw_end(&s->w);
	}
}

/* A reserved-memory node of our own: its cells must be the root's. */
static void write_reserved_node(struct writer *s)
{
	uint32_t address = s->fdt->node[FDT_ROOT].address_cells;
	uint32_t size = s->fdt->node[FDT_ROOT].size_cells;

	fdtw_begin(&s->w, "reserved-memory");
	fdtw_prop_u32(&s->w, "#address-cells", address);
	fdtw_prop_u32(&s->w, "#size-cells", size);
	fdtw_prop(&s->w, "ranges", NULL, 0);
	write_reserved(s, address, size);
	fdtw_end(&s->w);
}

/* At the end of firmware's reserved-memory node; *from as in write_tree(). */
static void extend_reserved(struct writer *s, uint32_t *from)
{
	const struct fdt_node *node = &s->fdt->node[s->reserved];
	uint32_t end = node->end - 4;

	fdtw_copy_tokens(&s->w, *from, end);
	write_reserved(s, node->address_cells, node->size_cells);
	*from = end;
}

/*
 * In long runs of tokens: `from` is the first offset in the source that is neither copied nor
 * passed over yet.
 */
static void write_tree(struct writer *s)
{
	const struct fdt *fdt = s->fdt;
	uint32_t from = fdt->node[FDT_ROOT].name - 4;
	uint32_t after = s->reserved != FDT_NONE ? fdt->node[s->reserved].next : FDT_NONE;
	uint32_t next;

	for (uint32_t i = FDT_ROOT + 1; i < fdt->node_count; i = next) {
		bool cpu = s->cpus != FDT_NONE && fdt->node[i].parent == s->cpus;
		const struct dtcpus_use *use = cpu ? use_of(s, i) : NULL;

		next = i + 1;
		if (i == after)
			extend_reserved(s, &from);
		if (is_removed(s, i)) {
			fdtw_copy_tokens(&s->w, from, fdt->node[i].name - 4);
			from = fdt->node[i].end;
			next = fdt->node[i].next;
		} else if (use != NULL) {
			fdtw_copy_tokens(&s->w, from, fdt->node[i].props);
			from = write_cpu(s, i, use);
		} else if (i == s->chosen) {
			fdtw_copy_tokens(&s->w, from, fdt->node[i].props);
			from = write_chosen(s);
		}
	}
	if (after == fdt->node_count)
		extend_reserved(s, &from);
	fdtw_copy_tokens(&s->w, from, fdt->node[FDT_ROOT].end - 4);
	if (s->reserved == FDT_NONE && s->change->reserve_count != 0)
		write_reserved_node(s);
	if (s->change->hands_over && s->chosen == FDT_NONE) {
		fdtw_begin(&s->w, "chosen");
		hand_over(s);
		fdtw_end(&s->w);
	}
	fdtw_copy_tokens(&s->w, fdt->node[FDT_ROOT].end - 4, fdt->node[FDT_ROOT].end);
}

enum err dtcpus_write(const struct fdt *fdt, const struct dtcpus_change *change, void *out,
		      size_t bytes_max, size_t *bytes)
{
	struct writer s = {
		.fdt = fdt,
		.change = change,
		.cpus = fdt_child(fdt, FDT_ROOT, "cpus"),
		.reserved = fdt_child(fdt, FDT_ROOT, "reserved-memory"),
		.chosen = change->hands_over ? fdt_child(fdt, FDT_ROOT, "chosen") : FDT_NONE,
	};

	if (s.cpus != FDT_NONE) {
		for (uint32_t n = fdt_child_first(fdt, s.cpus); n != FDT_NONE;
		     n = fdt_child_next(fdt, n))
			s.removes |= is_removed_cpu(&s, n);
	}
	fdtw_init_reserving(&s.w, fdt, change->reserve, change->reserve_count, out, bytes_max);
	write_tree(&s);
	return fdtw_finish(&s.w, bytes);
}
