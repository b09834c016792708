/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pgtable.h"

#include "abi/bootinfo.h"

/*
 * Map and unmap carry a cursor (struct walk) over the range and go depth first through the
 * tables it touches: each table is entered once, each entry of it looked at once. The range
 * shrinks as entries are done, so that every level below sees only what is left, and a level
 * returns when its table or the range ends. The recursion is at most four levels deep.
 */

#define PAGE_BYTES        KIB(4)
#define TABLE_ENTRIES     512
#define LEVEL_BITS        9
#define LEVEL_LAST        3
#define LEVEL_FIRST_BLOCK 1 /* level 0 has no blocks with 48-bit addresses */
#define INPUT_BITS_MIN    32
#define INPUT_BITS_MAX    48
#define INPUT_BITS_LEVEL1 39 /* what one table at level 1 resolves */
#define INPUT_BITS_JOINED 42 /* stage 2, eight side by side; a wider input means a wider CPU */
#define OUTPUT_BITS       48

/* Descriptors, DDI 0487 D8.3.1 and D8.3.2. */
#define DESC_VALID    PGTABLE_DESC_VALID
#define DESC_TABLE    BIT(1) /* at level 3: a page, which is the only leaf there */
#define DESC_PA       PGTABLE_DESC_PA
#define DESC_SH_INNER (UINT64_C(3) << 8)
#define DESC_AF       BIT(10)
#define DESC_XN       PGTABLE_DESC_XN

/* Stage 1, a regime with one privilege level: AP[1] is RES1. */
#define S1_ATTRINDX(i)   ((uint64_t)(i) << 2)
#define S1_AP1           BIT(6)
#define S1_AP2_READ_ONLY BIT(7)

#define S2_MEMATTR_DEVICE_NGNRE (UINT64_C(1) << 2)
#define S2_MEMATTR_NORMAL_WB    (UINT64_C(15) << 2)
#define S2_MEMATTR_FORCED_WB    (UINT64_C(6) << 2) /* with HCR_EL2.FWB */
#define S2_MEMATTR              (UINT64_C(15) << 2)
#define S2_AP_READ              BIT(6)
#define S2_AP_WRITE             PGTABLE_DESC_WRITE

/* Fields that TCR_EL2 and VTCR_EL2 share: write-back write-allocate inner shareable walks. */
#define TCR_IRGN0_WBWA   (UINT64_C(1) << 8)
#define TCR_ORGN0_WBWA   (UINT64_C(1) << 10)
#define TCR_SH0_INNER    (UINT64_C(3) << 12)
#define TCR_PS(range)    ((uint64_t)(range) << 16)
#define TCR_EL2_RES1     (BIT(31) | BIT(23))
#define VTCR_EL2_RES1    BIT(31)
#define VTCR_SL0(field)  ((uint64_t)(field) << 6)
#define PA_RANGE_48_BITS 5

#define MAIR_DEVICE_NGNRE UINT64_C(0x04)
#define MAIR_NORMAL_WB    UINT64_C(0xff)

#define ATTR_ALL (PGTABLE_R | PGTABLE_W | PGTABLE_X | PGTABLE_DEVICE)

struct walk {
	struct pgtable *pt;
	uint64_t va;
	uint64_t pa;
	uint64_t bytes; /* left to do */
	uint64_t desc;  /* attributes of the leaves to write */
};

static unsigned int level_shift(unsigned int level)
{
	return 12 + LEVEL_BITS * (LEVEL_LAST - level);
}

/* Of the first table, which may be several side by side, or of any other. */
static unsigned int table_entries(const struct pgtable *pt, unsigned int level)
{
	unsigned int first = 1u << (pt->input_bits - level_shift(pt->start_level));

	return level == pt->start_level && first > TABLE_ENTRIES ? first : TABLE_ENTRIES;
}

static unsigned int entry_index(const struct pgtable *pt, uint64_t va, unsigned int level)
{
	return (va >> level_shift(level)) & (table_entries(pt, level) - 1);
}

static bool desc_is_table(uint64_t desc, unsigned int level)
{
	return level != LEVEL_LAST && (desc & DESC_VALID) && (desc & DESC_TABLE);
}

/* The bits that make a descriptor with given attributes a leaf of this level. */
static uint64_t leaf_type(unsigned int level)
{
	return level == LEVEL_LAST ? DESC_VALID | DESC_TABLE : DESC_VALID;
}

static uint64_t *entry_child(const struct pgtable *pt, uint64_t desc)
{
	return pt->ops->page_va(pt->ctx, desc & DESC_PA);
}

static void walk_advance(struct walk *w, uint64_t bytes)
{
	w->va += bytes;
	w->pa += bytes;
	w->bytes -= bytes;
}

static uint64_t encode_stage1(unsigned int attr)
{
	uint64_t desc = DESC_AF | S1_AP1;

	if (attr & PGTABLE_DEVICE)
		desc |= S1_ATTRINDX(HYP_MAIR_DEVICE);
	else
		desc |= S1_ATTRINDX(HYP_MAIR_NORMAL) | DESC_SH_INNER;
	if (!(attr & PGTABLE_W))
		desc |= S1_AP2_READ_ONLY;
	if (!(attr & PGTABLE_X))
		desc |= DESC_XN;
	return desc;
}

static uint64_t encode_stage2(unsigned int attr)
{
	uint64_t desc = DESC_AF;

	if (attr & PGTABLE_DEVICE)
		desc |= S2_MEMATTR_DEVICE_NGNRE;
	else
		desc |= S2_MEMATTR_NORMAL_WB | DESC_SH_INNER;
	if (attr & PGTABLE_R)
		desc |= S2_AP_READ;
	if (attr & PGTABLE_W)
		desc |= S2_AP_WRITE;
	if (!(attr & PGTABLE_X))
		desc |= DESC_XN;
	return desc;
}

static unsigned int decode_attr(const struct pgtable *pt, uint64_t desc)
{
	unsigned int attr = desc & DESC_XN ? 0 : PGTABLE_X;

	if (pt->stage == PGTABLE_STAGE2) {
		attr |= desc & S2_AP_READ ? PGTABLE_R : 0;
		attr |= desc & S2_AP_WRITE ? PGTABLE_W : 0;
	} else {
		attr |= desc & S1_AP2_READ_ONLY ? PGTABLE_R : PGTABLE_R | PGTABLE_W;
	}
	return desc & DESC_SH_INNER ? attr : attr | PGTABLE_DEVICE;
}

static unsigned int start_level(enum pgtable_stage stage, unsigned int input_bits)
{
	return input_bits > (stage == PGTABLE_STAGE2 ? INPUT_BITS_JOINED : INPUT_BITS_LEVEL1) ? 0
											      : 1;
}

uint64_t pgtable_root_bytes(enum pgtable_stage stage, unsigned int input_bits)
{
	if (start_level(stage, input_bits) == 0 || input_bits <= INPUT_BITS_LEVEL1)
		return PAGE_BYTES;
	return PAGE_BYTES << (input_bits - INPUT_BITS_LEVEL1);
}

enum err pgtable_init(struct pgtable *pt, enum pgtable_stage stage, unsigned int input_bits,
		      const struct pgtable_ops *ops, void *ctx, uint64_t root)
{
	if (input_bits < INPUT_BITS_MIN || input_bits > INPUT_BITS_MAX)
		return ERR_RANGE;
	if (root == 0)
		return ERR_NO_MEMORY;
	*pt = (struct pgtable){
		.ops = ops,
		.ctx = ctx,
		.stage = stage,
		.input_bits = input_bits,
		.start_level = start_level(stage, input_bits),
		.root = root,
	};
	return ERR_OK;
}

/* Writes leaves into the free entries from entry i on, as long as whole ones are left to do. */
static unsigned int map_leaves(struct walk *w, uint64_t *table, unsigned int i, unsigned int level)
{
	uint64_t size = BIT(level_shift(level));
	uint64_t leaves = w->bytes / size, room = table_entries(w->pt, level) - i;
	uint64_t desc = w->pa | w->desc | leaf_type(level);
	uint64_t *entry = table + i, *end = entry + (leaves < room ? leaves : room);

	for (; entry < end && *entry == 0; entry++) {
		pgtable_entry_write(entry, desc);
		desc += size;
	}
	walk_advance(w, (entry - table - i) * size);
	return entry - table;
}

/* Puts an empty table into the free entry; 0: there is no page for it. */
static uint64_t entry_add_table(struct pgtable *pt, uint64_t *entry)
{
	uint64_t page = pt->ops->page_alloc(pt->ctx);
	uint64_t desc = page | DESC_TABLE | DESC_VALID;

	if (page == 0)
		return 0;
	pgtable_entry_write(entry, desc);
	return desc;
}

static enum err map_table(struct walk *w, uint64_t *table, unsigned int level)
{
	unsigned int end = table_entries(w->pt, level);
	uint64_t size = BIT(level_shift(level));

	for (unsigned int i = entry_index(w->pt, w->va, level); i < end && w->bytes != 0; i++) {
		uint64_t desc = table[i];
		bool fits = level >= LEVEL_FIRST_BLOCK && w->bytes >= size &&
			    bits_is_aligned(w->va | w->pa, size);

		if (desc == 0 && fits) {
			i = map_leaves(w, table, i, level) - 1;
			continue;
		}
		if (desc == 0) {
			desc = entry_add_table(w->pt, &table[i]);
			if (desc == 0)
				return ERR_NO_MEMORY;
		} else if (!desc_is_table(desc, level)) {
			return ERR_OVERLAP;
		}

		enum err err = map_table(w, entry_child(w->pt, desc), level + 1);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static bool attr_is_valid(const struct pgtable *pt, unsigned int attr)
{
	if (attr & ~(unsigned int)ATTR_ALL)
		return false;
	if (pt->stage == PGTABLE_STAGE2)
		return true;
	return (attr & PGTABLE_R) && !((attr & PGTABLE_X) && (attr & (PGTABLE_W | PGTABLE_DEVICE)));
}

enum err pgtable_map(struct pgtable *pt, uint64_t va, uint64_t pa, uint64_t bytes,
		     unsigned int attr)
{
	if (!bits_is_aligned(va | pa | bytes, PAGE_BYTES) || !attr_is_valid(pt, attr))
		return ERR_INVALID;
	if (!bits_contains(0, BIT(pt->input_bits), va, bytes) ||
	    !bits_contains(0, BIT(OUTPUT_BITS), pa, bytes))
		return ERR_RANGE;

	struct walk w = {
		.pt = pt,
		.va = va,
		.pa = pa,
		.bytes = bytes,
		.desc = pt->stage == PGTABLE_STAGE2 ? encode_stage2(attr) : encode_stage1(attr),
	};

	return map_table(&w, pt->ops->page_va(pt->ctx, pt->root), pt->start_level);
}

/* Replaces the block that holds w->va by a table of the next smaller blocks or pages. */
static enum err split_block(struct walk *w, uint64_t *entry, unsigned int level)
{
	const struct pgtable *pt = w->pt;
	uint64_t page = pt->ops->page_alloc(pt->ctx);
	uint64_t size = BIT(level_shift(level));
	uint64_t desc = (*entry & ~(DESC_TABLE | DESC_VALID)) | leaf_type(level + 1);

	if (page == 0)
		return ERR_NO_MEMORY;

	uint64_t *child = pt->ops->page_va(pt->ctx, page);

	for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
		pgtable_entry_write(&child[i], desc + i * BIT(level_shift(level + 1)));
	if (pt->ops->broken != NULL) {
		pgtable_entry_write(entry, 0);
		pt->ops->broken(pt->ctx, bits_align_down(w->va, size), size);
	}
	pgtable_entry_write(entry, page | DESC_TABLE | DESC_VALID);
	return ERR_OK;
}

static enum err unmap_table(struct walk *w, uint64_t *table, unsigned int level)
{
	unsigned int end = table_entries(w->pt, level);
	uint64_t size = BIT(level_shift(level));

	for (unsigned int i = entry_index(w->pt, w->va, level); i < end && w->bytes != 0; i++) {
		uint64_t in_entry = size - (w->va & (size - 1));
		uint64_t step = w->bytes < in_entry ? w->bytes : in_entry;
		enum err err = ERR_OK;

		if (table[i] == 0) {
			walk_advance(w, step);
			continue;
		}
		if (!desc_is_table(table[i], level)) {
			if (step == size) {
				pgtable_entry_write(&table[i], 0);
				walk_advance(w, size);
				continue;
			}
			err = split_block(w, &table[i], level);
		}
		if (err == ERR_OK)
			err = unmap_table(w, entry_child(w->pt, table[i]), level + 1);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err pgtable_unmap(struct pgtable *pt, uint64_t va, uint64_t bytes)
{
	struct walk w = {.pt = pt, .va = va, .bytes = bytes};

	if (!bits_is_aligned(va | bytes, PAGE_BYTES))
		return ERR_INVALID;
	if (!bits_contains(0, BIT(pt->input_bits), va, bytes))
		return ERR_RANGE;
	return unmap_table(&w, pt->ops->page_va(pt->ctx, pt->root), pt->start_level);
}

struct pgtable_leaf pgtable_walk(const struct pgtable *pt, uint64_t va)
{
	unsigned int level = pt->start_level;

	if (va >= BIT(pt->input_bits))
		return (struct pgtable_leaf){.va = va, .level = level};

	uint64_t *table = pt->ops->page_va(pt->ctx, pt->root);
	uint64_t desc = table[entry_index(pt, va, level)];

	while (desc_is_table(desc, level)) {
		table = entry_child(pt, desc);
		level++;
		desc = table[entry_index(pt, va, level)];
	}

	struct pgtable_leaf leaf = {.bytes = BIT(level_shift(level)), .level = level};

	leaf.va = bits_align_down(va, leaf.bytes);
	if (desc & DESC_VALID) {
		leaf.mapped = true;
		leaf.pa = desc & DESC_PA;
		leaf.attr = decode_attr(pt, desc);
	}
	return leaf;
}

uint64_t *pgtable_entry(const struct pgtable *pt, uint64_t va, unsigned int level)
{
	unsigned int at = pt->start_level;
	uint64_t *entry;

	if (va >= BIT(pt->input_bits))
		return NULL;
	entry = pt->ops->page_va(pt->ctx, pt->root) + entry_index(pt, va, at);
	for (; at < level; at++) {
		uint64_t desc = pgtable_entry_read(entry);

		if (!desc_is_table(desc, at))
			return NULL;
		entry = entry_child(pt, desc) + entry_index(pt, va, at + 1);
	}
	return entry;
}

enum err pgtable_entry_make(struct pgtable *pt, uint64_t va, unsigned int level, uint64_t **entry)
{
	unsigned int at;

	if (va >= BIT(pt->input_bits))
		return ERR_RANGE;
	for (at = pt->start_level; at < level; at++) {
		uint64_t *above = pgtable_entry(pt, va, at);

		if (*above == 0 && entry_add_table(pt, above) == 0)
			return ERR_NO_MEMORY;
		if (!desc_is_table(*above, at))
			return ERR_OVERLAP;
	}
	*entry = pgtable_entry(pt, va, level);
	return ERR_OK;
}

uint64_t pgtable_stage2_block(uint64_t pa, unsigned int attr, bool forced)
{
	uint64_t desc = pa | encode_stage2(attr) | DESC_VALID;

	return forced ? (desc & ~S2_MEMATTR) | S2_MEMATTR_FORCED_WB : desc;
}

uint64_t pgtable_tcr(const struct pgtable *pt, unsigned int pa_range)
{
	uint64_t t0sz = 64 - pt->input_bits;
	unsigned int ps = pa_range < PA_RANGE_48_BITS ? pa_range : PA_RANGE_48_BITS;
	uint64_t common = t0sz | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | TCR_PS(ps);

	if (pt->stage == PGTABLE_EL2_STAGE1)
		return common | TCR_EL2_RES1;
	/* SL0 for the 4 KiB granule: 2 starts at level 0, 1 at level 1. */
	return common | VTCR_EL2_RES1 | VTCR_SL0(pt->start_level == 0 ? 2 : 1);
}

uint64_t pgtable_mair(void)
{
	return MAIR_DEVICE_NGNRE << (8 * HYP_MAIR_DEVICE) | MAIR_NORMAL_WB << (8 * HYP_MAIR_NORMAL);
}
