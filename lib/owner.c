/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/owner.h"

/* The part of a region that consists of whole blocks; bytes 0: there is none. */
static struct boot_region whole_blocks(const struct boot_region *r)
{
	uint64_t base = bits_align_up(r->base, OWNER_BLOCK_BYTES);
	uint64_t end = bits_align_down(r->base + r->bytes, OWNER_BLOCK_BYTES);

	return (struct boot_region){base, end > base ? end - base : 0};
}

uint64_t owner_block_count(const struct boot_region *ram, uint32_t count)
{
	uint64_t blocks = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		blocks += whole_blocks(&ram[i]).bytes / OWNER_BLOCK_BYTES;
	return blocks;
}

void owner_init(struct owner *o, const struct boot_region *ram, uint32_t count,
		struct owner_block *table)
{
	uint64_t i;

	*o = (struct owner){.region_count = count, .block = table};
	for (i = 0; i < count; i++) {
		struct boot_region r = whole_blocks(&ram[i]);

		o->region[i].base = r.base;
		o->region[i].bytes = r.bytes;
		o->region[i].first = o->block_count;
		o->block_count += r.bytes / OWNER_BLOCK_BYTES;
	}
	for (i = 0; i < o->block_count; i++)
		o->block[i] = (struct owner_block){.state = OWNER_SERVICE};
}

void owner_exclude(struct owner *o, uint64_t base, uint64_t bytes)
{
	uint32_t r;
	uint64_t i;

	for (r = 0; r < o->region_count; r++) {
		uint64_t first = o->region[r].base, all = o->region[r].bytes;

		if (!bits_overlap(first, all, base, bytes))
			continue;
		i = base > first ? (base - first) / OWNER_BLOCK_BYTES : 0;
		for (; i < all / OWNER_BLOCK_BYTES &&
		       bits_overlap(first + i * OWNER_BLOCK_BYTES, OWNER_BLOCK_BYTES, base, bytes);
		     i++)
			o->block[o->region[r].first + i].state = OWNER_HYP;
	}
}

static struct owner_block *find(const struct owner *o, uint64_t pa)
{
	uint32_t r;

	for (r = 0; r < o->region_count; r++) {
		uint64_t offset = pa - o->region[r].base;

		if (pa >= o->region[r].base && offset < o->region[r].bytes)
			return &o->block[o->region[r].first + offset / OWNER_BLOCK_BYTES];
	}
	return NULL;
}

const struct owner_block *owner_find(const struct owner *o, uint64_t pa)
{
	return find(o, pa);
}

/* One transition. A block of the service VM's alone has vm 0. */
static enum err change(struct owner *o, uint64_t pa, struct owner_block from, struct owner_block to)
{
	struct owner_block *b = find(o, pa);

	if (!bits_is_aligned(pa, OWNER_BLOCK_BYTES))
		return ERR_INVALID;
	if (!b)
		return ERR_RANGE;
	if (b->state != from.state || b->vm != from.vm)
		return ERR_DENIED;
	if ((to.state == OWNER_STORE || to.state == OWNER_LENT) && b->pins != 0)
		return ERR_BUSY;
	b->state = to.state;
	b->vm = to.vm;
	return ERR_OK;
}

static const struct owner_block service = {.state = OWNER_SERVICE};

static struct owner_block of_vm(enum owner_state state, uint32_t vm)
{
	return (struct owner_block){.state = (uint8_t)state, .vm = (uint8_t)vm};
}

enum err owner_share(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, service, of_vm(OWNER_SHARED, vm));
}

enum err owner_unshare(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, of_vm(OWNER_SHARED, vm), service);
}

enum err owner_lend(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, service, of_vm(OWNER_LENT, vm));
}

enum err owner_unlend(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, of_vm(OWNER_LENT, vm), service);
}

enum err owner_donate(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, service, of_vm(OWNER_STORE, vm));
}

enum err owner_reclaim(struct owner *o, uint64_t pa, uint32_t vm)
{
	return change(o, pa, of_vm(OWNER_STORE, vm), service);
}

bool owner_is_service(const struct owner *o, uint64_t pa)
{
	const struct owner_block *b = find(o, pa);

	return b && (b->state == OWNER_SERVICE || b->state == OWNER_SHARED);
}

enum err owner_pin(struct owner *o, uint64_t pa)
{
	struct owner_block *b = find(o, pa);

	if (!b)
		return ERR_RANGE;
	if (b->state != OWNER_SERVICE && b->state != OWNER_SHARED)
		return ERR_DENIED;
	if (b->pins == OWNER_MAX_PINS)
		return ERR_NO_MEMORY;
	b->pins++;
	return ERR_OK;
}

enum err owner_unpin(struct owner *o, uint64_t pa)
{
	struct owner_block *b = find(o, pa);

	if (!b)
		return ERR_RANGE;
	if (b->pins == 0)
		return ERR_DENIED;
	b->pins--;
	return ERR_OK;
}

/* The address of block number i < block_count. */
static uint64_t address(const struct owner *o, uint64_t i)
{
	uint32_t r = o->region_count;

	do
		r--;
	while (o->region[r].first > i || o->region[r].bytes == 0);
	return o->region[r].base + (i - o->region[r].first) * OWNER_BLOCK_BYTES;
}

bool owner_next(const struct owner *o, uint32_t vm, uint64_t *cursor, uint64_t limit, uint64_t *pa)
{
	for (; *cursor < o->block_count && limit > 0; limit--) {
		const struct owner_block *b = &o->block[(*cursor)++];

		if (b->state < OWNER_SHARED || b->vm != vm)
			continue;
		*pa = address(o, *cursor - 1);
		return true;
	}
	return false;
}
