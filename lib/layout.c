/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/layout.h"

#include <string.h>

#define PAGE_BYTES KIB(4)
#define KEPT_ALIGN MIB(2)
/* For translation tables, and what grows with memory: among it 4 bytes for each 2 MiB. */
#define POOL_BYTES_MIN KIB(512)
#define POOL_RAM_SHARE 4096

enum err layout_busy_add(struct layout_busy *busy, uint64_t base, uint64_t bytes, const char *name)
{
	if (bytes == 0)
		return ERR_OK;
	if (bytes > UINT64_MAX - base)
		return ERR_RANGE;
	if (busy->count == LAYOUT_MAX_BUSY)
		return ERR_NO_MEMORY;
	busy->entry[busy->count].region = (struct boot_region){base, bytes};
	busy->entry[busy->count].name = name;
	busy->count++;
	return ERR_OK;
}

static const struct boot_region *busy_find(const struct layout_busy *busy, uint64_t base,
					   uint64_t bytes, uint32_t *index)
{
	for (uint32_t i = 0; i < busy->count; i++) {
		const struct boot_region *r = &busy->entry[i].region;

		if (bits_overlap(base, bytes, r->base, r->bytes)) {
			*index = i;
			return r;
		}
	}
	return NULL;
}

const char *layout_busy_at(const struct layout_busy *busy, uint64_t base, uint64_t bytes)
{
	uint32_t index;

	return busy_find(busy, base, bytes, &index) != NULL ? busy->entry[index].name : NULL;
}

/* Puts n regions in the place of list[first] up to but not including list[last]. */
static enum err replace(struct boot_region *list, uint32_t *count, uint32_t max, uint32_t first,
			uint32_t last, const struct boot_region *with, uint32_t n)
{
	uint32_t behind = *count - last;

	if (first + n + behind > max)
		return ERR_NO_MEMORY;
	memmove(list + first + n, list + last, behind * sizeof(*list));
	memcpy(list + first, with, n * sizeof(*list));
	*count = first + n + behind;
	return ERR_OK;
}

enum err layout_merge(struct boot_region *list, uint32_t *count, uint32_t max, uint64_t base,
		      uint64_t bytes)
{
	uint32_t first = 0;
	uint32_t last;

	if (bytes == 0)
		return ERR_OK;
	if (bytes > UINT64_MAX - base)
		return ERR_RANGE;

	uint64_t end = base + bytes;

	while (first < *count && list[first].base + list[first].bytes < base)
		first++;
	/* [first, last) are those that touch the new one: all of them become one. */
	for (last = first; last < *count && list[last].base <= end; last++) {
		uint64_t its_end = list[last].base + list[last].bytes;

		base = list[last].base < base ? list[last].base : base;
		end = its_end > end ? its_end : end;
	}

	struct boot_region whole = {base, end - base};

	return replace(list, count, max, first, last, &whole, 1);
}

enum err layout_cut(struct boot_region *list, uint32_t *count, uint32_t max, uint64_t base,
		    uint64_t bytes)
{
	struct boot_region rest[2];
	uint32_t rests = 0;
	uint32_t first = 0;
	uint32_t last;

	if (bytes == 0)
		return ERR_OK;
	if (bytes > UINT64_MAX - base)
		return ERR_RANGE;

	uint64_t end = base + bytes;

	while (first < *count && list[first].base + list[first].bytes <= base)
		first++;
	/* [first, last) are those that lose something; the two at the ends may keep a rest. */
	for (last = first; last < *count && list[last].base < end; last++)
		;
	if (first == last)
		return ERR_OK;

	uint64_t low = list[first].base;
	uint64_t high = list[last - 1].base + list[last - 1].bytes;

	if (low < base)
		rest[rests++] = (struct boot_region){low, base - low};
	if (high > end)
		rest[rests++] = (struct boot_region){end, high - end};
	return replace(list, count, max, first, last, rest, rests);
}

bool layout_in(const struct boot_region *list, uint32_t count, uint64_t base, uint64_t bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		if (bits_contains(list[i].base, list[i].bytes, base, bytes))
			return true;
	}
	return false;
}

/* The end of a RAM region, as far as it lies below limit. */
static uint64_t region_end(const struct boot_region *r, uint64_t limit)
{
	uint64_t end = r->base + r->bytes;

	return end < limit ? end : limit;
}

enum err layout_lowest(const struct boot_region *ram, uint32_t count,
		       const struct layout_busy *busy, uint64_t bytes, uint64_t align,
		       uint64_t limit, uint64_t *base)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t end = region_end(&ram[i], limit);
		uint64_t p = bits_align_up(ram[i].base, align);

		while (p >= ram[i].base && p < end && bytes <= end - p) {
			uint32_t index;
			const struct boot_region *hit = busy_find(busy, p, bytes, &index);

			if (hit == NULL) {
				*base = p;
				return ERR_OK;
			}
			/* Rounding up can wrap only from beyond all RAM. */
			if (hit->base + hit->bytes >= end)
				break;
			p = bits_align_up(hit->base + hit->bytes, align);
		}
	}
	return ERR_NOT_FOUND;
}

enum err layout_highest(const struct boot_region *ram, uint32_t count,
			const struct layout_busy *busy, uint64_t bytes, uint64_t align,
			uint64_t limit, uint64_t *base)
{
	for (uint32_t i = count; i-- > 0;) {
		uint64_t end = region_end(&ram[i], limit);

		while (end > ram[i].base && bytes <= end - ram[i].base) {
			uint64_t p = bits_align_down(end - bytes, align);
			uint32_t index;
			const struct boot_region *hit;

			if (p < ram[i].base)
				break;
			hit = busy_find(busy, p, bytes, &index);
			if (hit == NULL) {
				*base = p;
				return ERR_OK;
			}
			end = hit->base;
		}
	}
	return ERR_NOT_FOUND;
}

struct layout_kept layout_kept(uint64_t image_bytes, uint64_t ram_bytes, uint32_t cpus,
			       uint64_t console_bytes)
{
	struct layout_kept k;

	k.image = LAYOUT_LOG_BYTES;
	k.bootinfo = k.image + bits_align_up(image_bytes, PAGE_BYTES);
	k.wait_code = k.bootinfo + bits_align_up(sizeof(struct bootinfo), PAGE_BYTES);
	k.mailboxes = k.wait_code + PAGE_BYTES;
	k.stacks = k.mailboxes + (cpus - 1) * PAGE_BYTES;
	k.pool = k.stacks + cpus * (uint64_t)HYP_STACK_BYTES;
	k.bytes = bits_align_up(
		k.pool + POOL_BYTES_MIN + ram_bytes / POOL_RAM_SHARE + console_bytes, KEPT_ALIGN);
	return k;
}

uint64_t layout_kept_limit(uint64_t ram_bytes)
{
	return MIB(32) + ram_bytes / 256;
}
