/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/stage2.h"

#include "hyp/core/mem.h"
#include "hyp/core/panic.h"

#define SVM_VMID 1

static uint64_t page_alloc(void *ctx)
{
	return (uint64_t)mem_pages(1);
}

/* EL2 sees RAM at its physical address. */
static uint64_t *page_va(void *ctx, uint64_t pa)
{
	return (uint64_t *)pa;
}

static const struct pgtable_ops ops = {.page_alloc = page_alloc, .page_va = page_va};

static unsigned int bits_for(uint64_t limit)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(limit - 1);

	return bits < 32 ? 32 : bits;
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

void stage2_init(struct vm *vm, const struct bootinfo *bi)
{
	unsigned int pa_range = (unsigned int)bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0);
	struct boot_region hole = {0};
	uint64_t at = 0;

	if (pgtable_init(&vm->stage2, PGTABLE_STAGE2, bits_for(bi->svm_ipa_limit), &ops, NULL) !=
	    ERR_OK)
		panic("stage 2: no table for addresses up to 0x%lx", bi->svm_ipa_limit);
	while (next_hole(bi, at, &hole)) {
		map_identity(vm, at, hole.base < bi->svm_ipa_limit ? hole.base : bi->svm_ipa_limit);
		at = hole.base + hole.bytes;
	}
	map_identity(vm, at, bi->svm_ipa_limit);
	vm->vtcr = pgtable_tcr(&vm->stage2, pa_range);
	vm->vttbr = vm->stage2.root | (uint64_t)SVM_VMID << 48;
}
