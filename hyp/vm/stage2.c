/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/stage2.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/tlb.h"
#include "hyp/core/lock.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"

/*
 * Guards the service VM's table once it is in use. Blocks of 1 GiB are split when a part of one
 * is donated; the pages for that are set aside while there is memory to allocate: at most one
 * for each GiB that holds RAM, since what was split stays so.
 */
static struct spinlock lock = SPINLOCK_INIT(LOCK_STAGE2);
static uint64_t spare_next GUARDED_BY(lock);
static uint64_t spare_end GUARDED_BY(lock);
static uint64_t splits_made GUARDED_BY(lock);

static uint64_t page_alloc(void *ctx)
{
	return (uint64_t)mem_pages(1);
}

static uint64_t spare_alloc(void *ctx) REQUIRES(lock)
{
	uint64_t page = spare_next;

	if (page == spare_end)
		return 0;
	spare_next += 4096;
	dsb(ishst); /* its zeroes, before a table walk sees it */
	return page;
}

static void spare_init(const struct bootinfo *bi) NO_THREAD_CHECK
{
	uint64_t pages = 0;
	uint32_t i;

	for (i = 0; i < bi->ram_count; i++)
		pages += (bi->ram[i].base + bi->ram[i].bytes - 1) / GIB(1) -
			 bi->ram[i].base / GIB(1) + 1;
	spare_next = (uint64_t)mem_pages(pages);
	spare_end = spare_next + pages * 4096;
}

/* A block is about to be replaced by a table; see lib/pgtable.h. */
static void broken(void *ctx, uint64_t ipa, uint64_t bytes) REQUIRES(lock)
{
	splits_made++;
	tlb_flush_vm();
}

/* EL2 sees RAM at its physical address. */
static uint64_t *page_va(void *ctx, uint64_t pa)
{
	return (uint64_t *)pa;
}

static const struct pgtable_ops ops = {.page_alloc = page_alloc, .page_va = page_va};
static const struct pgtable_ops live_ops = {
	.page_alloc = spare_alloc, .page_va = page_va, .broken = broken};

static unsigned int bits_for(uint64_t limit)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(limit - 1);

	return bits < 32 ? 32 : bits;
}

/* Aligned to its size, which is a page or a few. */
static uint64_t root_alloc(unsigned int bits)
{
	uint64_t bytes = pgtable_root_bytes(PGTABLE_STAGE2, bits);

	return bits_align_up((uint64_t)mem_pages(2 * bytes / 4096 - 1), bytes);
}

/* The first region to leave out that ends above `from`: kept or hidden; false: none. */
static bool next_hole(const struct bootinfo *bi, uint64_t from, struct boot_region *hole)
{
	bool found = false;
	uint32_t i;

	for (i = 0; i <= bi->hidden_count; i++) {
		struct boot_region r = i < bi->hidden_count ? bi->hidden[i] : bi->kept;

		if (r.base + r.bytes <= from || (found && r.base >= hole->base))
			continue;
		*hole = r;
		found = true;
	}
	return found;
}

static void map_identity(struct vm *vm, uint64_t from, uint64_t to)
{
	if (from < to && pgtable_map(&vm->stage2, from, from, to - from,
				     PGTABLE_R | PGTABLE_W | PGTABLE_X) != ERR_OK)
		panic("stage 2: cannot map 0x%lx to 0x%lx", from, to);
}

/* A GICv2's virtual CPU interface, where the guest expects a CPU interface: see hyp/vm/vgic_vm.c.
 */
static void map_interface(struct vm *vm, const struct bootinfo *bi)
{
	if (pgtable_map(&vm->stage2, bi->gicc.base, bi->gicv.base, bi->gicc_second,
			PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE) != ERR_OK)
		panic("stage 2: cannot map the CPU interface at 0x%lx", bi->gicc.base);
}

void stage2_init(struct vm *vm, const struct bootinfo *bi)
{
	unsigned int pa_range = (unsigned int)bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0);
	unsigned int bits = bits_for(bi->svm_ipa_limit);
	struct boot_region hole = {0};
	uint64_t at = 0;

	if (pgtable_init(&vm->stage2, PGTABLE_STAGE2, bits, &ops, NULL, root_alloc(bits)) != ERR_OK)
		panic("stage 2: no table for addresses up to 0x%lx", bi->svm_ipa_limit);
	while (next_hole(bi, at, &hole)) {
		map_identity(vm, at, hole.base < bi->svm_ipa_limit ? hole.base : bi->svm_ipa_limit);
		at = hole.base + hole.bytes;
	}
	map_identity(vm, at, bi->svm_ipa_limit);
	if (bi->gic_version == 2)
		map_interface(vm, bi);
	vm->vtcr = pgtable_tcr(&vm->stage2, pa_range);
	vm->vttbr = vm->stage2.root | (uint64_t)STAGE2_VMID_SERVICE << 48;
	spare_init(bi);
	vm->stage2.ops = &live_ops;
}

enum err stage2_take(struct vm *vm, uint64_t pa, uint64_t *splits)
{
	enum err err;

	lock_acquire(&lock);
	splits_made = 0;
	err = pgtable_unmap(&vm->stage2, pa, STAGE2_BLOCK_BYTES);
	if (err == ERR_OK)
		tlb_flush_vm();
	*splits += splits_made;
	lock_release(&lock);
	return err;
}

enum err stage2_give(struct vm *vm, uint64_t pa)
{
	enum err err;

	lock_acquire(&lock);
	err = pgtable_map(&vm->stage2, pa, pa, STAGE2_BLOCK_BYTES,
			  PGTABLE_R | PGTABLE_W | PGTABLE_X);
	dsb(ishst);
	lock_release(&lock);
	return err;
}

void stage2_settle(void)
{
	lock_acquire(&lock);
	lock_release(&lock);
}

bool stage2_has(struct vm *vm, uint64_t ipa)
{
	bool mapped;

	lock_acquire(&lock);
	mapped = pgtable_walk(&vm->stage2, ipa).mapped;
	lock_release(&lock);
	return mapped;
}
