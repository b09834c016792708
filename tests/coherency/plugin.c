// SPDX-License-Identifier: BSD-2-Clause
/*
 * The incoherence checker: a plugin for QEMU's TCG that watches stores, fetches and cache
 * maintenance of an arm64 machine and tells model.c. docs/coherency.md says what it sees.
 *
 *	-plugin coherency.so[,report=FILE][,idc=on][,dic=on]
 *
 * One line for each finding goes into FILE (standard error), and one at the end.
 *
 * Fetches: a translation block asks, each time it is executed, about the lines it was translated
 * from. Where they are in physical memory follows from where QEMU has them in its own: the machine
 * has one piece of RAM, which the first block, executed with the MMU off, is in.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/bits.h"
#include "tests/coherency/decode.h"
#include "tests/coherency/model.h"
#include "tests/coherency/qemuplugin.h"
#include "tests/coherency/walk.h"

#define MAX_FINDINGS_SHOWN 100
#define TLB_ENTRIES        256
#define PAGE_SHIFT         12
#define ARENA_BYTES        (1 << 20)
#define MAX_BLOCK_LINES    68
#define ZERO_BYTES         64 /* what DC ZVA zeroes on the CPUs that QEMU's virt machine has */

#define SCTLR_M   BIT(0)
#define SCTLR_C   BIT(2)
#define SCTLR_I   BIT(12)
#define SCTLR_DZE BIT(14)
#define SCTLR_UCI BIT(26)
#define HCR_VM    BIT(0)
#define HCR_FB    BIT(9)
#define HCR_TSW   BIT(22)
#define HCR_TPCP  BIT(23)
#define HCR_TPU   BIT(24)
#define HCR_TDZ   BIT(28)
#define HCR_FWB   BIT(46)
#define HCR_TICAB BIT(50)
#define HCR_TOCU  BIT(52)

/* The registers that are read, by gdb's names; x0 to x30 come behind. */
enum reg {
	REG_CPSR,
	REG_SCTLR_EL1,
	REG_TCR_EL1,
	REG_TTBR0_EL1,
	REG_TTBR1_EL1,
	REG_SCTLR_EL2,
	REG_TCR_EL2,
	REG_TTBR0_EL2,
	REG_HCR_EL2,
	REG_VTCR_EL2,
	REG_VTTBR_EL2,
	REG_X0,
	REG_COUNT = REG_X0 + 31
};

static const char *const reg_names[REG_X0] = {
	"cpsr",    "SCTLR",     "TCR_EL1", "TTBR0_EL1", "TTBR1_EL1", "SCTLR_EL2",
	"TCR_EL2", "TTBR0_EL2", "HCR_EL2", "VTCR_EL2",  "VTTBR_EL2",
};

/* The part of a block that is in one line. */
struct piece {
	struct model_line *line;
	uint64_t pa, va; /* of the line */
	uint16_t words;
	uint16_t checked; /* those that must be coherent: not the ones that may be patched */
};

struct block {
	uint64_t va;
	const void *host;
	unsigned int el;
	unsigned int count;
	struct piece pieces[];
};

#define SCRATCH_BYTES (sizeof(struct block) + MAX_BLOCK_LINES * sizeof(struct piece))

struct tlb_entry {
	uint64_t tag; /* page's number << 1 | EL2, plus 1 so that 0 is none */
	uint64_t page;
};

struct cpu {
	bool stale;       /* what follows must be read again */
	bool tables_read; /* regs, the other members */
	unsigned int el;
	bool data_cached, fetch_cached;
	bool set_way_going; /* set/way operations since the last DSB */
	struct walk_registers regs;
	struct tlb_entry tlb[TLB_ENTRIES];
};

struct arena {
	struct arena *next;
	size_t used;
	char bytes[ARENA_BYTES];
};

static struct {
	pthread_mutex_t lock;
	struct model model;
	struct cpu cpu[MODEL_MAX_CPUS];
	struct qemu_plugin_register *regs[REG_COUNT];
	struct glib_array *buffer;
	char *ram; /* QEMU's mapping */
	uint64_t boot_va;
	const void *boot_host;
	unsigned int boot_el;
	bool booted;
	struct block *scratch; /* SCRATCH_BYTES: the block that is being translated */
	struct arena *arena;
	FILE *report;
	uint64_t findings, resets, unmapped, set_way, maintenance, translations;
} p = {.lock = PTHREAD_MUTEX_INITIALIZER};

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static void die(const char *why)
{
	fprintf(stderr, "coherency: %s\n", why);
	exit(1);
}

/* ---- registers, translation ---- */

/* Of the vCPU whose callback runs; 0: it has none of that name. */
static uint64_t reg_read(unsigned int reg)
{
	uint64_t value = 0;
	int bytes;

	if (!p.regs[reg])
		return 0;
	g_byte_array_set_size(p.buffer, 0);
	bytes = qemu_plugin_read_register(p.regs[reg], p.buffer);
	if (bytes > 0)
		memcpy(&value, p.buffer->data, bytes < 8 ? (size_t)bytes : 8);
	return value;
}

static void regs_find(void)
{
	struct glib_array *list = qemu_plugin_get_registers();
	const qemu_plugin_reg_descriptor *d = (const void *)list->data;
	unsigned int i, n;
	char name[8];

	for (i = 0; i < list->len; i++) {
		for (n = 0; n < REG_X0; n++)
			if (!strcmp(d[i].name, reg_names[n]))
				p.regs[n] = d[i].handle;
		for (n = 0; n < 31; n++) {
			snprintf(name, sizeof(name), "x%u", n);
			if (!strcmp(d[i].name, name))
				p.regs[REG_X0 + n] = d[i].handle;
		}
	}
	for (n = 0; n < REG_COUNT; n++)
		if (!p.regs[n] && (n <= REG_TTBR1_EL1 || n >= REG_X0))
			die("QEMU does not show a register that is needed: not an arm64 machine?");
	p.buffer = g_byte_array_new();
}

static void tlb_flush(struct cpu *c)
{
	memset(c->tlb, 0, sizeof(c->tlb));
}

/* What decides whether accesses go through caches. */
static void control_read(struct cpu *c, unsigned int el)
{
	uint64_t sctlr;
	bool forced;

	if (c->stale) {
		c->regs.sctlr_el1 = reg_read(REG_SCTLR_EL1);
		c->regs.sctlr_el2 = reg_read(REG_SCTLR_EL2);
		c->regs.hcr_el2 = reg_read(REG_HCR_EL2);
		c->stale = false;
	}
	c->el = el;
	sctlr = el == 2 ? c->regs.sctlr_el2 : c->regs.sctlr_el1;
	/* Stage 2 that says what the memory is has the last word; it is taken to say: write-back.
	 */
	forced = el < 2 && (c->regs.hcr_el2 & (HCR_VM | HCR_FWB)) == (HCR_VM | HCR_FWB);
	c->data_cached = forced || (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
	c->fetch_cached = forced || sctlr & SCTLR_I;
}

static bool ram_read(void *arg, uint64_t pa, uint64_t *value)
{
	if (!model_line_at(&p.model, pa))
		return false;
	memcpy(value, p.ram + (pa - p.model.base), sizeof(*value));
	return true;
}

/* A TLB of our own: an entry goes when the guest's instructions say so, as the hardware's may. */
static bool translate(struct cpu *c, uint64_t va, uint64_t *pa)
{
	uint64_t tag = ((va >> PAGE_SHIFT) << 1 | (c->el == 2)) + 1;
	struct tlb_entry *entry = &c->tlb[(tag ^ tag >> 9) % TLB_ENTRIES];

	if (entry->tag != tag) {
		if (!c->tables_read) {
			c->regs.tcr_el1 = reg_read(REG_TCR_EL1);
			c->regs.ttbr0_el1 = reg_read(REG_TTBR0_EL1);
			c->regs.ttbr1_el1 = reg_read(REG_TTBR1_EL1);
			c->regs.tcr_el2 = reg_read(REG_TCR_EL2);
			c->regs.ttbr0_el2 = reg_read(REG_TTBR0_EL2);
			c->regs.vtcr_el2 = reg_read(REG_VTCR_EL2);
			c->regs.vttbr_el2 = reg_read(REG_VTTBR_EL2);
			c->tables_read = true;
		}
		if (!walk(&c->regs, c->el, va, ram_read, NULL, pa))
			return false;
		entry->tag = tag;
		entry->page = *pa >> PAGE_SHIFT;
	}
	*pa = entry->page << PAGE_SHIFT | (va & MASK(PAGE_SHIFT - 1, 0));
	return true;
}

/* ---- findings ---- */

static void found(enum model_kind kind, unsigned int cpu, const char *does, uint64_t va,
		  uint64_t pa, bool is_insn)
{
	const struct model_line *line = model_line_at(&p.model, pa);
	uint32_t insn;

	if (p.findings++ >= MAX_FINDINGS_SHOWN)
		return;
	fprintf(p.report, "coherency: %s: CPU %u at EL%u %s 0x%llx, physical 0x%llx",
		model_kind_name(kind), cpu, p.cpu[cpu].el, does, (unsigned long long)va,
		(unsigned long long)pa);
	if (is_insn) {
		memcpy(&insn, p.ram + (pa - p.model.base), sizeof(insn));
		fprintf(p.report, ", instruction %08x", insn);
	}
	fprintf(p.report, "; newest write by 0x%llx\n", (unsigned long long)line->writer);
	fflush(p.report);
}

/* ---- callbacks at execution ---- */

static void machine_reset(void)
{
	uint64_t lines = p.model.bytes >> MODEL_LINE_SHIFT;
	unsigned int i;

	madvise(p.model.lines, lines * sizeof(struct model_line), MADV_DONTNEED);
	memset(p.model.touched, 0, p.model.bytes >> MODEL_CHUNK_SHIFT);
	model_reset(&p.model);
	memset(p.cpu, 0, sizeof(p.cpu));
	for (i = 0; i < MODEL_MAX_CPUS; i++)
		p.cpu[i].stale = true;
}

/* The machine's first block again, with the MMU off: QEMU has loaded memory anew. */
static void boot_block(struct cpu *c, const struct block *b)
{
	c->stale = true;
	control_read(c, b->el);
	if ((b->el == 2 ? c->regs.sctlr_el2 : c->regs.sctlr_el1) & SCTLR_M)
		return;
	machine_reset();
	if (p.booted)
		p.resets++;
	p.booted = true;
}

static void fetch(unsigned int index, const struct piece *piece)
{
	struct cpu *c = &p.cpu[index];
	enum model_kind kind;
	unsigned int word;
	uint16_t stale;

	kind = model_fetch(&p.model, index, piece->pa,
			   c->fetch_cached ? piece->checked : piece->words, c->fetch_cached,
			   &stale);
	if (kind == MODEL_FINE)
		return;
	word = (unsigned int)__builtin_ctz(stale);
	found(kind, index, "fetches", piece->va + 4 * word, piece->pa + 4 * word, true);
}

static void block_slow(unsigned int index, const struct block *b)
{
	struct cpu *c = &p.cpu[index];
	unsigned int i;

	pthread_mutex_lock(&p.lock);
	if (c->el != b->el)
		model_sync(&p.model, index);
	if (index == 0 && b->va == p.boot_va && b->host == p.boot_host && b->el == p.boot_el)
		boot_block(c, b);
	if (c->stale || c->el != b->el)
		control_read(c, b->el);
	for (i = 0; i < b->count; i++)
		fetch(index, &b->pieces[i]);
	pthread_mutex_unlock(&p.lock);
}

static void block_executed(unsigned int index, void *data)
{
	const struct block *b = data;
	struct cpu *c = &p.cpu[index];
	const struct model_line *line;
	unsigned int i;

	if (c->stale || c->el != b->el || b->va == p.boot_va) {
		block_slow(index, b);
		return;
	}
	for (i = 0; i < b->count; i++) {
		line = b->pieces[i].line;
		if (c->fetch_cached ? (line->pou | line->ic | line->unsynced) & b->pieces[i].checked
				    : line->poc & b->pieces[i].words) {
			block_slow(index, b);
			return;
		}
	}
}

/* Data accesses; data is the instruction's address. */
static void accessed(unsigned int index, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
	struct cpu *c = &p.cpu[index];
	bool store = qemu_plugin_mem_is_store(info);
	const struct qemu_plugin_hwaddr *hwaddr;
	enum model_kind kind;
	uint64_t pa, bytes;

	if (!store && c->data_cached)
		return;
	hwaddr = qemu_plugin_get_hwaddr(info, va);
	if (!hwaddr || qemu_plugin_hwaddr_is_io(hwaddr))
		return;
	pa = qemu_plugin_hwaddr_phys_addr(hwaddr);
	bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
	if (bytes > (MASK(PAGE_SHIFT - 1, 0) & -va) && (-va & MASK(PAGE_SHIFT - 1, 0)))
		bytes = -va & MASK(PAGE_SHIFT - 1, 0); /* the next page may be anywhere */
	if (store && c->data_cached && model_write_again(&p.model, pa, bytes, (uintptr_t)data))
		return;
	pthread_mutex_lock(&p.lock);
	if (store) {
		kind = model_write(&p.model, index, pa, bytes, c->data_cached, (uintptr_t)data);
		if (kind != MODEL_FINE)
			found(kind, index, "writes past the caches", va, pa, false);
	} else {
		kind = model_read_uncached(&p.model, pa, bytes);
		if (kind != MODEL_FINE)
			found(kind, index, "reads past the caches", va, pa, false);
	}
	pthread_mutex_unlock(&p.lock);
}

/* Does this maintenance instruction trap, so that nothing is done yet? */
static bool traps(const struct cpu *c, enum decode_op op)
{
	uint64_t hcr = c->regs.hcr_el2;

	if (c->el == 0 && !(c->regs.sctlr_el1 & (op == OP_DC_ZERO ? SCTLR_DZE : SCTLR_UCI)))
		return true;
	if (c->el == 2)
		return false;
	switch (op) {
	case OP_DC_CLEAN_POU:
	case OP_IC_ADDRESS:
	case OP_IC_ALL:
		return hcr & (HCR_TPU | HCR_TOCU);
	case OP_IC_ALL_CPUS:
		return hcr & (HCR_TPU | HCR_TICAB);
	case OP_DC_CLEAN_POC:
	case OP_DC_DISCARD:
		return hcr & HCR_TPCP;
	case OP_DC_SET_WAY:
		return hcr & HCR_TSW;
	case OP_DC_ZERO:
		return hcr & HCR_TDZ;
	default:
		return false;
	}
}

static void zero(unsigned int index, uint64_t va, uint64_t pa)
{
	pa = bits_align_down(pa, ZERO_BYTES);
	if (model_write(&p.model, index, pa, ZERO_BYTES, p.cpu[index].data_cached, va) !=
	    MODEL_FINE)
		found(MODEL_WRITE_PAST_CACHES, index, "zeroes past the caches", va, pa, false);
}

static void by_address(unsigned int index, enum decode_op op, unsigned int rt)
{
	struct cpu *c = &p.cpu[index];
	uint64_t va = rt == 31 ? 0 : reg_read(REG_X0 + rt), pa;

	if (!translate(c, va, &pa)) {
		p.unmapped++;
		return;
	}
	switch (op) {
	case OP_DC_CLEAN_POU:
	case OP_DC_CLEAN_POC:
		model_clean(&p.model, index, pa, op == OP_DC_CLEAN_POC);
		break;
	case OP_DC_DISCARD:
		/* Under a hypervisor it cleans too (Arm ARM D7.5.9, "DC IVAC"). */
		if (c->el == 1 && c->regs.hcr_el2 & HCR_VM)
			model_clean(&p.model, index, pa, true);
		else if (model_discard(&p.model, index, pa) != MODEL_FINE)
			found(MODEL_DISCARDED, index, "invalidates", va, pa, false);
		break;
	case OP_DC_ZERO:
		zero(index, va, pa);
		break;
	default:
		model_invalidate(&p.model, index, pa);
	}
}

static void tables_changed(struct cpu *c)
{
	c->tables_read = false;
	tlb_flush(c);
}

/* data: operation and register, as packed below. */
static void maintained(unsigned int index, void *data)
{
	enum decode_op op = (uintptr_t)data & 0xff;
	struct cpu *c = &p.cpu[index];
	unsigned int i;

	pthread_mutex_lock(&p.lock);
	switch (op) {
	case OP_DSB:
		model_dsb(&p.model, index);
		if (c->set_way_going)
			model_clean_all(&p.model, index);
		c->set_way_going = false;
		break;
	case OP_SYNC:
		model_sync(&p.model, index);
		break;
	case OP_TLBI:
		for (i = 0; i < MODEL_MAX_CPUS; i++)
			tlb_flush(&p.cpu[i]);
		break;
	case OP_CONTROL:
	case OP_LEAVES:
		c->stale = true;
		tables_changed(c);
		break;
	case OP_TABLES:
		tables_changed(c);
		break;
	default:
		if (traps(c, op))
			break;
		p.maintenance++;
		if (op == OP_IC_ALL || op == OP_IC_ALL_CPUS) {
			model_invalidate_all(&p.model, index,
					     op == OP_IC_ALL_CPUS ||
						     (c->el < 2 && c->regs.hcr_el2 & HCR_FB));
		} else if (op == OP_DC_SET_WAY) {
			p.set_way++;
			c->set_way_going = true;
		} else {
			by_address(index, op, (unsigned int)((uintptr_t)data >> 8));
		}
	}
	pthread_mutex_unlock(&p.lock);
}

/* ---- translation ---- */

/* The mapping of this process that holds host. */
static void ram_map(const char *host, uint64_t pa)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start = 0, end = 0;
	bool known = false;
	char line[512];

	while (!known && maps && fgets(line, sizeof(line), maps))
		known = sscanf(line, "%lx-%lx", &start, &end) == 2 && (uintptr_t)host >= start &&
			(uintptr_t)host < end;
	if (maps)
		fclose(maps);
	if (!known)
		die("the machine's memory was not found");
	p.ram = (char *)start;
	p.model.bytes = (end - start) & ~MASK(MODEL_CHUNK_SHIFT - 1, 0);
	p.model.base = pa - ((uintptr_t)host - start);
	p.model.lines =
		mmap(NULL, (p.model.bytes >> MODEL_LINE_SHIFT) * sizeof(struct model_line),
		     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	p.model.touched = calloc(p.model.bytes >> MODEL_CHUNK_SHIFT, 1);
	if (p.model.lines == MAP_FAILED || !p.model.touched || p.model.base & 0xfff)
		die("no memory for the model, or the machine's is not where it should be");
}

static void calibrate(const char *host, uint64_t va, unsigned int el)
{
	if (reg_read(el == 2 ? REG_SCTLR_EL2 : REG_SCTLR_EL1) & SCTLR_M || !host)
		die("the machine does not start in RAM with its MMU off");
	ram_map(host, va);
	p.boot_va = va;
	p.boot_host = host;
	p.boot_el = el;
}

static void *arena_take(size_t bytes)
{
	struct arena *a = p.arena;

	if (!a || a->used + bytes > sizeof(a->bytes)) {
		a = malloc(sizeof(*a));
		if (!a)
			die("no memory");
		a->next = p.arena;
		a->used = 0;
		p.arena = a;
	}
	a->used += (bytes + 15) & ~(size_t)15;
	return a->bytes + a->used - ((bytes + 15) & ~(size_t)15);
}

/* QEMU has thrown all blocks away. */
static void flushed(qemu_plugin_id_t id)
{
	struct arena *a;

	pthread_mutex_lock(&p.lock);
	while ((a = p.arena)) {
		p.arena = a->next;
		free(a);
	}
	pthread_mutex_unlock(&p.lock);
}

static void add_word(struct block *b, uint64_t va, const char *host, uint32_t insn)
{
	struct model_line *line;
	struct piece *piece;
	uint16_t word;
	uint64_t pa;

	if (!host || host < p.ram || host >= p.ram + p.model.bytes)
		return;
	pa = p.model.base + (uint64_t)(host - p.ram);
	line = model_line_at(&p.model, pa);
	word = (uint16_t)(1u << (pa % MODEL_LINE_BYTES / 4));
	piece = b->count ? &b->pieces[b->count - 1] : NULL;
	if (!piece || piece->line != line) {
		if (b->count == MAX_BLOCK_LINES)
			return;
		piece = &b->pieces[b->count++];
		*piece = (struct piece){.line = line,
					.pa = bits_align_down(pa, MODEL_LINE_BYTES),
					.va = bits_align_down(va, MODEL_LINE_BYTES)};
	}
	piece->words |= word;
	if (!decode_is_patchable(insn))
		piece->checked |= word;
}

static void instrument(struct qemu_plugin_insn *insn, uint32_t word, uint64_t va, unsigned int el)
{
	unsigned int rt;
	enum decode_op op = decode(word, &rt);

	if (op != OP_NONE)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, maintained, QEMU_PLUGIN_CB_R_REGS,
						       (void *)((uintptr_t)op | rt << 8));
	if (!decode_is_load_store(word))
		return;
	/*
	 * Loads matter with the MMU off only, and they are many: they are asked for where code may
	 * run so, which is not in the upper half of the address space and not at EL0.
	 */
	qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
					 el && !bits_get(va, 55, 55) ? QEMU_PLUGIN_MEM_RW
								     : QEMU_PLUGIN_MEM_W,
					 (void *)(uintptr_t)va);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *b;
	struct qemu_plugin_insn *insn;
	size_t i, bytes;
	uint32_t word;

	pthread_mutex_lock(&p.lock);
	p.translations++;
	b = memset(p.scratch, 0, SCRATCH_BYTES);
	b->el = (unsigned int)bits_get(reg_read(REG_CPSR), 3, 2);
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		word = 0;
		qemu_plugin_insn_data(insn, &word, sizeof(word));
		if (i == 0) {
			b->va = qemu_plugin_insn_vaddr(insn);
			b->host = qemu_plugin_insn_haddr(insn);
			if (!p.ram)
				calibrate(b->host, b->va, b->el);
		}
		add_word(b, qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_haddr(insn), word);
		instrument(insn, word, qemu_plugin_insn_vaddr(insn), b->el);
	}
	bytes = sizeof(*b) + b->count * sizeof(b->pieces[0]);
	b = memcpy(arena_take(bytes), b, bytes);
	pthread_mutex_unlock(&p.lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_R_REGS, b);
}

/* ---- start and end ---- */

static void vcpu_made(qemu_plugin_id_t id, unsigned int index)
{
	pthread_mutex_lock(&p.lock);
	if (!p.buffer) {
		regs_find();
		p.scratch = malloc(SCRATCH_BYTES);
		if (!p.scratch)
			die("no memory");
	}
	p.cpu[index].stale = true;
	pthread_mutex_unlock(&p.lock);
}

static void vcpu_resumed(qemu_plugin_id_t id, unsigned int index)
{
	p.cpu[index].stale = true;
}

static void ended(qemu_plugin_id_t id, void *data)
{
	fprintf(p.report,
		"coherency: end: %llu found; %llu maintenance instructions, %llu of them at "
		"unmapped addresses, %llu by set/way; %llu blocks translated, %llu machine resets, "
		"%llu overflows\n",
		(unsigned long long)p.findings, (unsigned long long)p.maintenance,
		(unsigned long long)p.unmapped, (unsigned long long)p.set_way,
		(unsigned long long)p.translations, (unsigned long long)p.resets,
		(unsigned long long)p.model.overflows);
	fflush(p.report);
}

static bool option(const char *text)
{
	if (!strncmp(text, "report=", 7)) {
		p.report = fopen(text + 7, "w");
		if (!p.report)
			perror(text + 7);
		return p.report;
	}
	if (!strcmp(text, "idc=on")) {
		p.model.idc = true;
		return true;
	}
	if (!strcmp(text, "dic=on")) {
		p.model.dic = true;
		return true;
	}
	fprintf(stderr, "coherency: there is no option %s: report=FILE, idc=on, dic=on\n", text);
	return false;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	int i;

	p.report = stderr;
	for (i = 0; i < argc; i++)
		if (!option(argv[i]))
			return 1;
	if (info->version.min > QEMU_PLUGIN_VERSION || info->version.cur < QEMU_PLUGIN_VERSION ||
	    !info->system_emulation || strcmp(info->target_name, "aarch64") != 0 ||
	    info->system.max_vcpus < 1) {
		fprintf(stderr, "coherency: made for qemu-system-aarch64, plugin interface %d\n",
			QEMU_PLUGIN_VERSION);
		return 1;
	}
	if (info->system.smp_vcpus > MODEL_MAX_CPUS) {
		fprintf(stderr, "coherency: at most %d CPUs\n", MODEL_MAX_CPUS);
		return 1;
	}
	qemu_plugin_register_vcpu_init_cb(id, vcpu_made);
	qemu_plugin_register_vcpu_resume_cb(id, vcpu_resumed);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_flush_cb(id, flushed);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
