/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/pgtable.h"

/*
 * A sequence of operations on a table in a small arena. What an operation says it did is looked
 * up at the ends of its range and at places that the input chooses.
 */
#define PAGE        KIB(4)
#define ARENA_PAGES 64
#define ARENA_PA    GIB(3)
#define PROBES      4

struct arena {
	_Alignas(4096) uint64_t page[ARENA_PAGES][512];
	uint64_t used;
};

static struct arena arena;

static uint64_t arena_alloc(void *ctx)
{
	struct arena *a = ctx;

	return a->used < ARENA_PAGES ? ARENA_PA + a->used++ * PAGE : 0;
}

static uint64_t *arena_va(void *ctx, uint64_t pa)
{
	struct arena *a = ctx;

	FUZZ_CHECK(bits_is_aligned(pa, PAGE) && bits_contains(ARENA_PA, a->used * PAGE, pa, PAGE));
	return a->page[(pa - ARENA_PA) / PAGE];
}

static void arena_broken(void *ctx, uint64_t va, uint64_t bytes)
{
	FUZZ_CHECK(bytes == GIB(1) || bytes == MIB(2));
	FUZZ_CHECK(bits_is_aligned(va, bytes));
}

static const struct pgtable_ops ops = {arena_alloc, arena_va, arena_broken};

/* An address or size: often aligned to a block, often close to another one. */
static uint64_t take_address(struct fuzz_input *in)
{
	static const unsigned int shifts[] = {0, 12, 12, 21, 30};
	unsigned int shift = shifts[fuzz_take(in, 1) % ARRAY_SIZE(shifts)];

	return fuzz_take(in, 2) << shift;
}

static void probe(const struct pgtable *pt, uint64_t va, uint64_t start, const uint64_t *pa,
		  unsigned int attr)
{
	struct pgtable_leaf leaf = pgtable_walk(pt, va);

	FUZZ_CHECK(leaf.mapped == (pa != NULL));
	FUZZ_CHECK(bits_contains(leaf.va, leaf.bytes, va, 1));
	if (pa != NULL) {
		FUZZ_CHECK(leaf.pa + (va - leaf.va) == *pa + (va - start));
		FUZZ_CHECK(leaf.attr == attr);
	}
}

/* What an address translates to, with the attributes in the low bits; 0 for nothing. */
static uint64_t translation(const struct pgtable *pt, uint64_t va)
{
	struct pgtable_leaf leaf = pgtable_walk(pt, va);

	return leaf.mapped ? (leaf.pa + bits_align_down(va - leaf.va, PAGE)) | leaf.attr | BIT(11)
			   : 0;
}

static void operate(struct pgtable *pt, struct fuzz_input *in, bool map)
{
	uint64_t va = take_address(in) + take_address(in);
	uint64_t bytes = take_address(in) + take_address(in);
	uint64_t pa = take_address(in);
	unsigned int attr = fuzz_take(in, 1) & 0x1f;
	uint64_t before = translation(pt, va - 1), behind = translation(pt, va + bytes);
	enum err err = map ? pgtable_map(pt, va, pa, bytes, attr) : pgtable_unmap(pt, va, bytes);

	FUZZ_CHECK(translation(pt, va - 1) == before && translation(pt, va + bytes) == behind);
	if (err != ERR_OK || bytes == 0)
		return;
	FUZZ_CHECK(bits_is_aligned(va | bytes, PAGE));
	FUZZ_CHECK(va + bytes <= BIT(pt->input_bits));
	probe(pt, va, va, map ? &pa : NULL, attr);
	probe(pt, va + bytes - 1, va, map ? &pa : NULL, attr);
	for (int i = 0; i < PROBES; i++)
		probe(pt, va + fuzz_take(in, 6) % bytes, va, map ? &pa : NULL, attr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct pgtable pt;
	uint64_t head = fuzz_take(&in, 1);
	enum pgtable_stage stage = head & 1 ? PGTABLE_STAGE2 : PGTABLE_EL2_STAGE1;

	memset(arena.page, 0, sizeof(arena.page));
	unsigned int bits = 30 + (head >> 1) % 20;

	arena.used = pgtable_root_bytes(stage, bits) / PAGE;
	if (pgtable_init(&pt, stage, bits, &ops, &arena, ARENA_PA) != ERR_OK)
		return 0;
	while (in.bytes != 0)
		operate(&pt, &in, fuzz_take(&in, 1) % 3 != 0);
	return 0;
}
