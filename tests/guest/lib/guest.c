// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"

#define MAIR_VALUE 0xff00 /* 0: Device-nGnRnE, 1: Normal write-back */
/* 39-bit VA, 4 KiB granule, inner shareable write-back walks, no TTBR1, 40-bit PA */
#define TCR_VALUE     (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32)
#define SCTLR_MMU     0x30d01805 /* M, C, I over the RES1 bits */
#define PTE_BLOCK     0x1
#define PTE_TABLE     0x3
#define PTE_NORMAL    (1 << 2)
#define PTE_INNER     (3 << 8)
#define PTE_AF        (1 << 10)
#define PTE_EL0       (1 << 6)
#define PTE_READ_ONLY (1 << 7)
#define PTE_PXN       (UINT64_C(1) << 53)
#define PTE_UXN       (UINT64_C(1) << 54)
#define PTE_DEVICE_XN (UINT64_C(3) << 53)
/* Of EL1 alone: not even executable at EL0. */
#define RAM_BLOCK     (PTE_BLOCK | PTE_AF | PTE_NORMAL | PTE_INNER | PTE_UXN)
#define TABLE_ENTRIES 512
#define GIB_SHIFT     30

struct cpu cpus[MAX_CPUS];
unsigned int cpu_count;
uint64_t guest_entry_cntvct;
uint64_t guest_image_base;
uint64_t guest_dtb;
/* Used by start.S. */
extern uint8_t cpu_stacks[];
uint8_t cpu_stacks[MAX_CPUS * CPU_STACK_BYTES] __attribute__((aligned(4096)));

static uint64_t table[TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t window_gib;
static uint64_t window_tables[2][TABLE_ENTRIES] __attribute__((aligned(4096)));

void guest_main(const void *dtb, uint64_t base, uint64_t entry_cntvct);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

void *memcpy(void *to, const void *from, size_t bytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (bytes--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	uint8_t *t = to;

	while (bytes--)
		*t++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void cache_flush(const void *addr, size_t bytes)
{
	uint64_t line = UINT64_C(4) << bits(sysreg_read(ctr_el0), 19, 16);
	uint64_t at = (uint64_t)addr & ~(line - 1);

	for (; at < (uint64_t)addr + bytes; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb();
}

void mmu_build(void)
{
	struct dt_range ram[DT_MAX_RAM];
	unsigned int count = dt_ram(ram, DT_MAX_RAM), i;
	uint64_t gib;

	for (gib = 0; gib < TABLE_ENTRIES; gib++)
		table[gib] = gib << GIB_SHIFT | PTE_BLOCK | PTE_AF | PTE_DEVICE_XN;
	for (i = 0; i < count; i++)
		for (gib = ram[i].base >> GIB_SHIFT;
		     gib <= (ram[i].base + ram[i].bytes - 1) >> GIB_SHIFT && gib < TABLE_ENTRIES;
		     gib++)
			table[gib] = gib << GIB_SHIFT | RAM_BLOCK;
	/* The window: below 4 GiB, for AArch32, if memory leaves room. */
	for (window_gib = 3; window_gib > 0 && table[window_gib] & PTE_NORMAL; window_gib--)
		;
	if (window_gib == 0)
		window_gib = TABLE_ENTRIES - 1;
	cache_flush(table, sizeof(table));
}

void mmu_enable(void)
{
	sysreg_write(mair_el1, MAIR_VALUE);
	sysreg_write(tcr_el1, TCR_VALUE);
	sysreg_write(ttbr0_el1, (uint64_t)table);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
	sysreg_write(sctlr_el1, SCTLR_MMU);
	isb();
}

void mmu_disable(void)
{
	sysreg_write(sctlr_el1, SCTLR_MMU & ~UINT64_C(5));
	isb();
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

/* Break before make, for every CPU. */
static void entry_set(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

static uint64_t window_set(uint64_t table_address, uint64_t pte)
{
	window_tables[1][0] = pte;
	window_tables[0][0] = table_address | PTE_TABLE;
	entry_set(&table[window_gib], (uint64_t)window_tables[0] | PTE_TABLE);
	return window_gib << GIB_SHIFT;
}

uint64_t mmu_window(const void *page)
{
	return window_set((uint64_t)window_tables[1],
			  page ? (uint64_t)page | PTE_TABLE | PTE_AF | PTE_NORMAL | PTE_INNER : 0);
}

uint64_t mmu_window_table(uint64_t address)
{
	return window_set(address, 0);
}

uint64_t mmu_window_el0(unsigned int cpu, const void *code, const void *data)
{
	uint64_t attributes = PTE_TABLE | PTE_AF | PTE_NORMAL | PTE_INNER | PTE_EL0 | PTE_PXN;
	unsigned int at = 2 + 4 * cpu;

	window_tables[1][at] = (uint64_t)code | attributes | PTE_READ_ONLY;
	window_tables[1][at + 1] = (uint64_t)data | attributes | PTE_UXN;
	return window_set((uint64_t)window_tables[1], 0) + at * UINT64_C(4096);
}

void mmu_executable(uint64_t addr)
{
	uint64_t gib = addr >> GIB_SHIFT;
	uint64_t want = gib << GIB_SHIFT | RAM_BLOCK;

	if (gib < TABLE_ENTRIES && gib != window_gib && table[gib] != want)
		entry_set(&table[gib], want);
}

static bool string_is(const char *a, const char *b)
{
	while (a && *a && *a == *b) {
		a++;
		b++;
	}
	return a && *a == *b;
}

/* Fills cpus[] from the tree; the boot CPU comes first. */
static void cpus_find(void)
{
	uint64_t boot = sysreg_read(mpidr_el1) & MPIDR_AFFINITY, mpidr, bytes;
	struct dt_node node;

	cpus[0].mpidr = boot;
	cpu_count = 1;
	if (!dt_find_path("/cpus", &node))
		return;
	while (dt_next(&node) && node.depth > 1 && cpu_count < MAX_CPUS) {
		if (!string_is(dt_prop_string(&node, "device_type"), "cpu") ||
		    !dt_reg(&node, 0, &mpidr, &bytes) || mpidr == boot)
			continue;
		cpus[cpu_count].index = cpu_count;
		cpus[cpu_count].mpidr = mpidr;
		cpu_count++;
	}
}

void guest_main(const void *dtb, uint64_t base, uint64_t entry_cntvct)
{
	sysreg_write(tpidr_el1, (uint64_t)&cpus[0]);
	guest_image_base = base;
	guest_entry_cntvct = entry_cntvct;
	guest_dtb = (uint64_t)dtb;
	cpus[0].online = true;
	(void)dt_init(dtb);
	psci_init();
	cpus_find();
	mmu_build();
	mmu_enable();
	console_init();
	(void)gic_init();
	payload_main();
	check_done();
}
