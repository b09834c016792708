// SPDX-License-Identifier: BSD-2-Clause
#include "tests/coherency/walk.h"

#include "lib/bits.h"

#define SCTLR_M BIT(0)
#define HCR_VM  BIT(0)
#define HCR_DC  BIT(12)
#define ADDRESS MASK(47, 0)

/* One stage of one regime. */
struct stage {
	uint64_t table;
	unsigned int granule_shift; /* 12, 14, 16 */
	unsigned int input_bits;
	unsigned int level; /* of the first table */
	bool nested;        /* its tables are at IPAs */
};

struct context {
	const struct walk_registers *r;
	walk_read_fn read;
	void *arg;
};

static bool stage2(const struct context *c, uint64_t ipa, uint64_t *pa);

static unsigned int first_level(unsigned int input_bits, unsigned int granule_shift)
{
	unsigned int stride = granule_shift - 3;
	unsigned int levels = (input_bits - granule_shift + stride - 1) / stride;

	return levels < 4 ? 4 - levels : 0;
}

static bool tables(const struct context *c, const struct stage *s, uint64_t input, uint64_t *output)
{
	unsigned int stride = s->granule_shift - 3, top = s->input_bits, shift, level;
	uint64_t table = s->table, at, descriptor;

	for (level = s->level; level < 4; level++) {
		shift = s->granule_shift + (3 - level) * stride;
		at = table + bits_get(input, top - 1, shift) * 8;
		if ((s->nested && !stage2(c, at, &at)) || !c->read(c->arg, at, &descriptor) ||
		    !(descriptor & 1))
			return false;
		if (level == 3 ? !(descriptor & 2) : shift > 39 && !(descriptor & 2))
			return false;
		if (level == 3 || !(descriptor & 2)) {
			*output = (descriptor & ADDRESS & ~MASK(shift - 1, 0)) |
				  (input & MASK(shift - 1, 0));
			return true;
		}
		table = descriptor & ADDRESS & ~MASK(s->granule_shift - 1, 0);
		top = shift;
	}
	return false;
}

static bool stage2(const struct context *c, uint64_t ipa, uint64_t *pa)
{
	static const unsigned int granules[4] = {12, 16, 14, 12}; /* VTCR_EL2.TG0 */
	const struct walk_registers *r = c->r;
	unsigned int sl0 = (unsigned int)bits_get(r->vtcr_el2, 7, 6);
	struct stage s = {.table = r->vttbr_el2 & MASK(47, 1)};

	if (!(r->hcr_el2 & (HCR_VM | HCR_DC))) {
		*pa = ipa;
		return true;
	}
	s.granule_shift = granules[bits_get(r->vtcr_el2, 15, 14)];
	s.input_bits = 64 - (unsigned int)bits_get(r->vtcr_el2, 5, 0);
	if (s.granule_shift == 12)
		s.level = sl0 == 3 ? 3 : 2 - sl0;
	else
		s.level = 3 - sl0;
	if (s.input_bits > 48 || ipa >> s.input_bits)
		return false;
	return tables(c, &s, ipa, pa);
}

/* TCR_ELx: TnSZ and the granule of one half. */
static bool stage1(const struct context *c, uint64_t va, unsigned int size,
		   unsigned int granule_shift, uint64_t ttbr, bool nested, uint64_t *output)
{
	struct stage s = {
		.table = ttbr & MASK(47, 1), .granule_shift = granule_shift, .nested = nested};

	s.input_bits = 64 - size;
	if (s.input_bits > 48 || s.input_bits <= granule_shift)
		return false;
	s.level = first_level(s.input_bits, granule_shift);
	return tables(c, &s, bits_get(va, s.input_bits - 1, 0), output);
}

bool walk(const struct walk_registers *r, unsigned int el, uint64_t va, walk_read_fn read,
	  void *arg, uint64_t *pa)
{
	static const unsigned int granules0[4] = {12, 16, 14, 12}; /* TCR_ELx.TG0 */
	static const unsigned int granules1[4] = {12, 14, 12, 16}; /* TCR_EL1.TG1 */
	struct context c = {.r = r, .read = read, .arg = arg};
	uint64_t ipa;

	if (el == 2) {
		if (!(r->sctlr_el2 & SCTLR_M)) {
			*pa = va;
			return true;
		}
		return stage1(&c, va, (unsigned int)bits_get(r->tcr_el2, 5, 0),
			      granules0[bits_get(r->tcr_el2, 15, 14)], r->ttbr0_el2, false, pa);
	}
	if (!(r->sctlr_el1 & SCTLR_M))
		ipa = va;
	else if (bits_get(va, 55, 55)) {
		if (!stage1(&c, va, (unsigned int)bits_get(r->tcr_el1, 21, 16),
			    granules1[bits_get(r->tcr_el1, 31, 30)], r->ttbr1_el1, true, &ipa))
			return false;
	} else if (!stage1(&c, va, (unsigned int)bits_get(r->tcr_el1, 5, 0),
			   granules0[bits_get(r->tcr_el1, 15, 14)], r->ttbr0_el1, true, &ipa)) {
		return false;
	}
	return stage2(&c, ipa, pa);
}
