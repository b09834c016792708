/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/walk.h"

#define DESC_VALID    BIT(0)
#define DESC_TABLE    BIT(1) /* at level 3: a page */
#define DESC_AF       BIT(10)
#define DESC_CONTIG   BIT(52)
#define DESC_AP_EL0   BIT(6) /* AP[1] */
#define DESC_AP_RO    BIT(7) /* AP[2] */
#define DESC_PXN      BIT(53)
#define DESC_UXN      BIT(54)
#define TABLE_PXN     BIT(59)
#define TABLE_UXN     BIT(60)
#define TABLE_NO_EL0  BIT(61) /* APTable[0] */
#define TABLE_RO      BIT(62) /* APTable[1] */
#define DESC_S2_READ  BIT(6)
#define DESC_S2_WRITE BIT(7)

/* TCR_EL1 (D24.2.167), the fields of TTBR0 and of TTBR1. */
#define TCR_DS BIT(59)

struct setup {
	unsigned int shift;  /* log2 of the granule */
	unsigned int stride; /* bits of input that a full table resolves */
	unsigned int input_bits;
	unsigned int output_bits;
	unsigned int level; /* of the first table */
	uint64_t root;
	uint64_t table_attrs; /* of descriptors of tables, those that hold for all below */
};

/* IPS of TCR_EL1, PS of VTCR_EL2; 52 and 56 bits are for descriptors that are not used here. */
static unsigned int output_bits(uint64_t code)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 48, 48};

	return bits[code & 7];
}

static bool granule_set(struct setup *s, unsigned int shift)
{
	s->shift = shift;
	s->stride = shift - 3;
	return shift != 0;
}

/* Input bits that a table of this level resolves, and those below. */
static unsigned int bits_from(const struct setup *s, unsigned int level)
{
	return s->shift + (4 - level) * s->stride;
}

/* Can a descriptor of this level be a block (D8.3.1)? */
static bool has_blocks(const struct setup *s, unsigned int level)
{
	return level == 2 || (level == 1 && s->shift == 12);
}

/* The index into the first table has more bits than others where stage 2 concatenates tables. */
static uint64_t descriptor_at(const struct setup *s, unsigned int level, uint64_t table,
			      uint64_t input)
{
	unsigned int low = bits_from(s, level) - s->stride;
	unsigned int high = level == s->level ? s->input_bits : low + s->stride;
	uint64_t index = bits_get(input, high - 1, low);

	return bits_align_down(table, BIT(high - low + 3)) + index * 8;
}

static void walk_down(struct walk *w, const struct setup *s, uint64_t input, uint64_t *inherited,
		      const struct walk_memory *memory)
{
	uint64_t table = s->root;
	unsigned int level;

	for (level = s->level; level <= 3; level++) {
		struct walk_step *step = &w->step[w->steps];
		bool is_table;

		step->level = (uint8_t)level;
		step->at = descriptor_at(s, level, table, input);
		w->end = WALK_UNREADABLE;
		if (!memory->read(memory->ctx, step->at, &step->desc))
			return;
		w->steps++;
		w->end = WALK_UNMAPPED;
		if (!(step->desc & DESC_VALID))
			return;
		is_table = step->desc & DESC_TABLE;
		w->end = WALK_RESERVED;
		if (level == 3 ? !is_table : !is_table && !has_blocks(s, level))
			return;
		w->bytes = BIT(bits_from(s, level) - s->stride);
		w->output = bits_align_down(step->desc & MASK(47, 0), w->bytes);
		table = step->desc & MASK(47, 0) & ~(BIT(s->shift) - 1);
		w->end = (level < 3 && is_table ? table : w->output) >> s->output_bits
				 ? WALK_TOO_HIGH
				 : WALK_DONE;
		if (w->end != WALK_DONE || level == 3 || !is_table)
			return;
		*inherited |= step->desc;
	}
}

static void finish(struct walk *w, uint64_t input)
{
	uint64_t desc = w->step[w->steps - 1].desc;

	w->output |= input & (w->bytes - 1);
	w->accessed = desc & DESC_AF;
	w->contiguous = desc & DESC_CONTIG;
	w->shareability = (unsigned int)bits_get(desc, 9, 8);
}

/* inherited: what tables on the way say, 0 where that is switched off (HPD0, HPD1). */
static unsigned int rights_stage1(uint64_t desc, uint64_t inherited)
{
	bool read_only = (desc & DESC_AP_RO) || (inherited & TABLE_RO);
	bool el0 = (desc & DESC_AP_EL0) && !(inherited & TABLE_NO_EL0);
	unsigned int rights = WALK_READ;

	if (!read_only)
		rights |= WALK_WRITE;
	/* What EL0 may write is never executable at EL1 (D8.4.1). */
	if (!(desc & DESC_PXN) && !(inherited & TABLE_PXN) && !(el0 && !read_only))
		rights |= WALK_EXEC;
	if (el0)
		rights |= read_only ? WALK_EL0_READ : WALK_EL0_READ | WALK_EL0_WRITE;
	if (!(desc & DESC_UXN) && !(inherited & TABLE_UXN))
		rights |= WALK_EL0_EXEC;
	return rights;
}

/* Without a FEAT_TTST, or with FEAT_LVA, some of these are not the CPU's; none is dangerous. */
static bool is_input_size(const struct setup *s)
{
	return s->input_bits >= 16 && s->input_bits > s->shift &&
	       s->input_bits <= (s->shift == 16 ? 52 : 48);
}

static void walk_begin(struct walk *w, const struct setup *s)
{
	w->granule_bytes = 1u << s->shift;
	w->input_bits = s->input_bits;
}

void walk_stage1(struct walk *w, const uint64_t ttbr[2], uint64_t tcr, uint64_t va,
		 const struct walk_memory *memory)
{
	static const uint8_t tg0[] = {12, 16, 14, 0}, tg1[] = {0, 14, 12, 16};
	bool upper = va >> 55 & 1;
	unsigned int field = upper ? 16 : 0; /* T1SZ, EPD1: 16 bits above T0SZ, EPD0 */
	bool tagged = tcr >> (upper ? 38 : 37) & 1;
	uint64_t sign = upper ? MASK(55, 0) : 0, inherited = 0;
	struct setup s = {0};

	*w = (struct walk){.end = WALK_SETTINGS, .upper = upper};
	s.input_bits = 64 - (unsigned int)bits_get(tcr, field + 5, field);
	s.output_bits = output_bits(bits_get(tcr, 34, 32));
	if (!granule_set(&s, upper ? tg1[bits_get(tcr, 31, 30)] : tg0[bits_get(tcr, 15, 14)]) ||
	    !is_input_size(&s) || (tcr & TCR_DS))
		return;
	walk_begin(w, &s);
	w->end = WALK_NO_RANGE;
	if (((va ^ sign) & MASK(55, 0)) >> s.input_bits ||
	    (!tagged && va >> 56 != (upper ? 0xff : 0)))
		return;
	w->end = WALK_DISABLED;
	if (tcr >> (field + 7) & 1)
		return;
	s.level = 3 - (s.input_bits - s.shift - 1) / s.stride;
	s.root = ttbr[upper] & MASK(47, 1);
	walk_down(w, &s, va, &inherited, memory);
	if (w->end != WALK_DONE)
		return;
	finish(w, va);
	w->memory = (unsigned int)bits_get(w->step[w->steps - 1].desc, 4, 2);
	w->rights = rights_stage1(w->step[w->steps - 1].desc,
				  tcr >> (upper ? 42 : 41) & 1 ? 0 : inherited);
}

/* XN[1:0] (D8.4.2), with FEAT_XNX; without that XN[0] is 0. */
static unsigned int rights_stage2(uint64_t desc)
{
	static const uint8_t exec[] = {WALK_EXEC | WALK_EL0_EXEC, WALK_EL0_EXEC, 0, WALK_EXEC};
	unsigned int rights = exec[bits_get(desc, 54, 53)];

	if (desc & DESC_S2_READ)
		rights |= WALK_READ | WALK_EL0_READ;
	if (desc & DESC_S2_WRITE)
		rights |= WALK_WRITE | WALK_EL0_WRITE;
	return rights;
}

void walk_stage2(struct walk *w, uint64_t vttbr, uint64_t vtcr, uint64_t ipa,
		 const struct walk_memory *memory)
{
	static const uint8_t tg0[] = {12, 16, 14, 0};
	/* By SL0; with 4 KiB it counts from level 2 down to 0, and 3 is level 3 (FEAT_TTST). */
	static const uint8_t start_4k[] = {2, 1, 0, 3}, start_other[] = {3, 2, 1, 0};
	uint64_t sl0 = bits_get(vtcr, 7, 6), inherited = 0;
	struct setup s = {0};
	unsigned int full;

	*w = (struct walk){.end = WALK_SETTINGS};
	s.input_bits = 64 - (unsigned int)bits_get(vtcr, 5, 0);
	s.output_bits = output_bits(bits_get(vtcr, 18, 16));
	if (!granule_set(&s, tg0[bits_get(vtcr, 15, 14)]) || !is_input_size(&s))
		return;
	s.level = s.shift == 12 ? start_4k[sl0] : start_other[sl0];
	/* At most 16 tables side by side, at least one entry (D8.2.8). */
	full = bits_from(&s, s.level);
	if (s.input_bits > full + 4 || s.input_bits <= full - s.stride)
		return;
	walk_begin(w, &s);
	w->end = WALK_NO_RANGE;
	if (ipa >> s.input_bits)
		return;
	s.root = vttbr & MASK(47, 1);
	walk_down(w, &s, ipa, &inherited, memory);
	if (w->end != WALK_DONE)
		return;
	finish(w, ipa);
	w->memory = (unsigned int)bits_get(w->step[w->steps - 1].desc, 5, 2);
	w->rights = rights_stage2(w->step[w->steps - 1].desc);
}
