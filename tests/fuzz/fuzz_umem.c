/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/owner.h"
#include "lib/ublock.h"

/*
 * Blocks of RAM between a service VM and two user VMs: the owners' table and the VMs' stage 2
 * descriptors driven together as hyp/vm/umem.c does it, by calls and faults in any order. After
 * each step: a block has one owner, no VM has in its stage 2 what is not its own, nothing is
 * mapped that was not made coherent, and what was lent comes back zeroed.
 */
#define BLOCKS 6
#define VMS    2
#define RAM    GIB(1)

static const struct boot_region ram[] = {{RAM, BLOCKS *MIB(2)}};

struct world {
	struct owner owner;
	struct owner_block table[BLOCKS];
	struct ublock_needs needs;
	uint64_t desc[VMS][BLOCKS]; /* by IPA */
	/* What was really done with each block's bytes. */
	uint64_t cleaned[BLOCKS], zeroed[BLOCKS];
	bool secret[BLOCKS]; /* a VM had it to itself, and nobody zeroed it since */
};

static unsigned int block_of(uint64_t pa)
{
	return (unsigned int)((pa - RAM) / MIB(2));
}

static void give(struct world *w, unsigned int vm, unsigned int i, unsigned int ipa, bool lend)
{
	uint64_t pa = RAM + i * MIB(2);

	if (w->desc[vm][ipa] != 0)
		return;
	if ((lend ? owner_lend : owner_share)(&w->owner, pa, vm) != ERR_OK)
		return;
	w->desc[vm][ipa] = ublock_new(pa, i % 2, &w->needs);
	w->cleaned[i] = 0;
	w->secret[i] = lend;
}

/* One chunk of what the block is in. */
static void work(struct world *w, unsigned int vm, unsigned int ipa)
{
	uint64_t *desc = &w->desc[vm][ipa];
	enum ublock_state state = ublock_state(*desc);
	unsigned int i = block_of(ublock_pa(*desc));
	uint64_t chunk = BIT((ublock_chunk(*desc) - ublock_pa(*desc)) / UBLOCK_CHUNK_BYTES);

	if (state != UBLOCK_COMING && state != UBLOCK_FLIPPING && state != UBLOCK_GOING)
		return;
	w->cleaned[i] |= state == UBLOCK_COMING ? chunk : 0;
	w->zeroed[i] |= state == UBLOCK_GOING ? chunk : 0;
	*desc = ublock_chunk_done(*desc);
	if (state == UBLOCK_GOING && *desc == 0) {
		FUZZ_CHECK(w->zeroed[i] == UINT32_MAX);
		FUZZ_CHECK(owner_unlend(&w->owner, RAM + i * MIB(2), vm) == ERR_OK);
		w->secret[i] = false;
	}
}

static void reclaim(struct world *w, unsigned int vm, unsigned int ipa)
{
	uint64_t *desc = &w->desc[vm][ipa];
	uint64_t pa = ublock_pa(*desc);
	struct ublock_step step;
	bool lent;

	if (*desc == 0)
		return;
	lent = owner_find(&w->owner, pa)->state == OWNER_LENT;
	if (ublock_state(*desc) != UBLOCK_GOING)
		w->zeroed[block_of(pa)] = 0;
	step = ublock_leave(*desc, lent);
	*desc = step.desc;
	FUZZ_CHECK(lent == (*desc != 0));
	if (!lent)
		FUZZ_CHECK(owner_unshare(&w->owner, pa, vm) == ERR_OK);
}

static void check(const struct world *w)
{
	unsigned int users[BLOCKS] = {0};

	for (unsigned int vm = 0; vm < VMS; vm++) {
		for (unsigned int ipa = 0; ipa < BLOCKS; ipa++) {
			uint64_t desc = w->desc[vm][ipa];
			unsigned int i = block_of(ublock_pa(desc));

			if (desc == 0)
				continue;
			FUZZ_CHECK(i < BLOCKS);
			users[i]++;
			FUZZ_CHECK(w->table[i].vm == vm && w->table[i].state >= OWNER_SHARED &&
				   w->table[i].state <= OWNER_LENT);
			FUZZ_CHECK(!(desc & 1) || !w->needs.poc_clean ||
				   w->cleaned[i] == UINT32_MAX);
			FUZZ_CHECK(!(desc & 1) || !ublock_writes(desc) || i % 2);
		}
	}
	for (unsigned int i = 0; i < BLOCKS; i++) {
		bool given = w->table[i].state == OWNER_SHARED || w->table[i].state == OWNER_LENT;

		FUZZ_CHECK(users[i] == given);
		FUZZ_CHECK(w->table[i].state == OWNER_LENT || !w->secret[i]);
	}
}

static void step(struct world *w, struct fuzz_input *in)
{
	unsigned int what = fuzz_take(in, 1) % 12;
	uint64_t pick = fuzz_take(in, 2);
	unsigned int vm = pick % VMS, ipa = pick / 2 % BLOCKS, i = pick / 16 % BLOCKS;
	uint64_t *desc = &w->desc[vm][ipa];

	switch (what) {
	case 0:
	case 1:
		give(w, vm, i, ipa, what);
		break;
	case 2:
		reclaim(w, vm, ipa);
		break;
	case 3:
		*desc = ublock_unmap(*desc).desc;
		break;
	case 4:
		*desc = ublock_map(*desc, pick / 256 % 2).desc;
		break;
	case 5:
		*desc = ublock_unexec(*desc, &w->needs).desc;
		break;
	case 6:
		*desc = ublock_access(*desc, pick / 256 % 3, &w->needs).desc;
		break;
	case 7: /* pins and store are in the way */
		if (owner_pin(&w->owner, RAM + i * MIB(2)) == ERR_OK && pick / 256 % 2)
			FUZZ_CHECK(owner_unpin(&w->owner, RAM + i * MIB(2)) == ERR_OK);
		break;
	case 8:
		if (owner_donate(&w->owner, RAM + i * MIB(2), vm) == ERR_OK && pick / 256 % 2)
			FUZZ_CHECK(owner_reclaim(&w->owner, RAM + i * MIB(2), vm) == ERR_OK);
		break;
	default:
		for (uint64_t n = what == 9 ? 1 : UBLOCK_CHUNKS; n > 0; n--)
			work(w, vm, ipa);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct world w = {0};
	uint64_t needs = fuzz_take(&in, 1);

	w.needs = (struct ublock_needs){needs & 1, needs & 2, needs & 4};
	owner_init(&w.owner, ram, 1, w.table);
	while (in.bytes != 0) {
		step(&w, &in);
		check(&w);
	}
	return 0;
}
