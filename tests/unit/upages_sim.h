/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_UPAGES_SIM_H
#define TESTS_UNIT_UPAGES_SIM_H

#include <string.h>

#include "lib/upages.h"

/*
 * A tracked block: its descriptor goes through random states, a guest writes to its pages, with or
 * without the hardware's help, and what was written is read. Beside it a plain account of what was
 * written. Each function returns NULL, or what is wrong.
 */
struct upages_sim {
	struct ublock_needs needs;
	uint64_t desc;
	uint64_t table[UPAGES_COUNT];
	bool written[UPAGES_COUNT];
	uint64_t faults, by_hardware, reported;
};

/* What the architecture says of a descriptor of level 3. */
static inline bool upages_sim_is_valid(uint64_t entry)
{
	return (entry & 3) == 3;
}

static inline void upages_sim_start(struct upages_sim *s, uint64_t block, bool hardware,
				    struct ublock_needs needs)
{
	memset(s, 0, sizeof(*s));
	s->needs = needs;
	s->desc = ublock_new(block * UBLOCK_BYTES, true, &needs);
	while (ublock_state(s->desc) == UBLOCK_COMING)
		s->desc = ublock_chunk_done(s->desc);
	s->desc |= hardware ? UPAGES_DBM : 0;
	upages_fill(s->table, s->desc);
}

static inline void upages_sim_set(struct upages_sim *s, uint64_t desc)
{
	s->desc = desc;
	upages_follow(s->table, desc);
}

/* As hyp/vm/umem.c has it. */
static inline void upages_sim_fault(struct upages_sim *s, unsigned int page,
				    enum ublock_access access)
{
	struct ublock_step step = ublock_access(s->desc, access, &s->needs);

	s->faults++;
	upages_sim_set(s, step.desc);
	while (ublock_state(s->desc) == UBLOCK_FLIPPING)
		upages_sim_set(s, ublock_chunk_done(s->desc));
	if (access == UBLOCK_WRITE && step.todo == UBLOCK_RETRY) {
		upages_mark(s->table, s->desc, page);
		s->written[page] = true;
	}
}

static inline void upages_sim_access(struct upages_sim *s, unsigned int page,
				     enum ublock_access access)
{
	uint64_t *entry = &s->table[page];
	bool fetches = !(*entry & PGTABLE_DESC_XN);

	if (!upages_sim_is_valid(*entry) || (access == UBLOCK_FETCH && !fetches)) {
		upages_sim_fault(s, page, access);
	} else if (access == UBLOCK_WRITE) {
		if (*entry & UPAGES_DBM) {
			s->by_hardware += !(*entry & PGTABLE_DESC_WRITE);
			*entry |= PGTABLE_DESC_WRITE;
		}
		if (*entry & PGTABLE_DESC_WRITE)
			s->written[page] = true;
		else
			upages_sim_fault(s, page, access);
	}
}

static inline const char *upages_sim_read(struct upages_sim *s)
{
	uint64_t bits[UPAGES_WORDS];
	bool any = false, told = upages_read(s->table, bits);

	for (unsigned int i = 0; i < UPAGES_COUNT; i++) {
		bool bit = bits[i / 64] >> (i % 64) & 1;

		if (bit != s->written[i])
			return bit ? "told of what was not written" : "lost a write";
		any |= bit;
		s->reported += bit;
		s->written[i] = false;
		if (s->table[i] & PGTABLE_DESC_WRITE)
			return "still writable";
	}
	return any == told ? NULL : "to be flushed or not";
}

/* What must hold at any time. */
static inline const char *upages_sim_check(const struct upages_sim *s)
{
	for (unsigned int i = 0; i < UPAGES_COUNT; i++) {
		uint64_t e = s->table[i];

		if (upages_sim_is_valid(e) != ((s->desc & PGTABLE_DESC_VALID) != 0) ||
		    (e & PGTABLE_DESC_XN) != (s->desc & PGTABLE_DESC_XN) ||
		    (e & PGTABLE_DESC_PA) != ublock_pa(s->desc) + i * KIB(4) ||
		    (e & MASK(5, 2)) != (s->desc & MASK(5, 2)) ||
		    (e & MASK(10, 8)) != (s->desc & MASK(10, 8)))
			return "does not follow its block";
		if ((e & (PGTABLE_DESC_WRITE | UPAGES_DBM)) && !ublock_writes(s->desc))
			return "more than the block may";
		if ((e & PGTABLE_DESC_WRITE) && !s->written[i])
			return "can be written without a trace";
	}
	return NULL;
}

/* Some step, by three random numbers. */
static inline const char *upages_sim_step(struct upages_sim *s, uint64_t what, uint64_t page,
					  uint64_t arg)
{
	const char *wrong = NULL;

	page %= UPAGES_COUNT;
	switch (what % 16) {
	case 0:
		wrong = upages_sim_read(s);
		break;
	case 1:
		upages_sim_set(s, ublock_unexec(s->desc, &s->needs).desc);
		break;
	case 2:
		upages_sim_set(s, ublock_unmap(s->desc).desc);
		break;
	case 3:
		upages_sim_set(s, ublock_map(s->desc, arg % 4 != 0).desc);
		break;
	case 4: /* a debugger */
		upages_mark(s->table, s->desc, page);
		s->written[page] = true;
		break;
	case 5:
	case 6:
		upages_sim_access(s, (unsigned int)page, arg % 2 ? UBLOCK_FETCH : UBLOCK_READ);
		break;
	default:
		upages_sim_access(s, (unsigned int)page, UBLOCK_WRITE);
	}
	return wrong ? wrong : upages_sim_check(s);
}

#endif
