/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/ublock.h"
#include "tests/unit/prop.h"

#define PA  GIB(7)
#define IDC BIT(28)
#define DIC BIT(29)

static const struct ublock_needs all = {true, true, true};
static const struct ublock_needs nothing = {false, false, false};

static void test_needs(void **state)
{
	const uint64_t a72 = 0x0a200023, n1 = 0x82000023; /* CLIDR_EL1: LoUU, LoUIS 1; 0 */
	struct ublock_needs n = ublock_needs(false, 0, a72);

	assert_true(n.poc_clean && n.pou_clean && n.invalidate);
	n = ublock_needs(true, IDC, a72);
	assert_true(!n.poc_clean && !n.pou_clean && n.invalidate);
	n = ublock_needs(true, DIC, a72);
	assert_true(!n.poc_clean && n.pou_clean && !n.invalidate);
	n = ublock_needs(false, 0, n1);
	assert_true(n.poc_clean && !n.pou_clean && n.invalidate);
	n = ublock_needs(false, 0, a72 & ~MASK(26, 24));
	assert_true(!n.pou_clean);
	assert_true(ublock_needs(false, 0, n1 | BIT(21)).pou_clean);
	assert_true(ublock_needs(false, 0, n1 | BIT(27)).pou_clean);
}

/* Through all chunks; each address once, in order. */
static uint64_t finish(uint64_t desc)
{
	enum ublock_state state = ublock_state(desc);

	for (uint64_t i = 0; i < UBLOCK_CHUNKS; i++) {
		assert_int_equal(ublock_state(desc), state);
		assert_int_equal(desc & 1, 0);
		assert_int_equal(ublock_chunk(desc), PA + i * UBLOCK_CHUNK_BYTES);
		assert_int_equal(ublock_pa(desc), PA);
		desc = ublock_chunk_done(desc);
	}
	return desc;
}

static void test_life(void **state)
{
	uint64_t desc = ublock_new(PA, true, &all);
	struct ublock_step step;

	assert_int_equal(ublock_state(desc), UBLOCK_COMING);
	assert_int_equal(ublock_access(desc, UBLOCK_READ, &all).todo, UBLOCK_VMM);
	desc = finish(desc);
	assert_int_equal(ublock_state(desc), UBLOCK_LAZY);
	assert_false(ublock_was_mapped(desc));

	step = ublock_access(desc, UBLOCK_WRITE, &all);
	assert_int_equal(step.todo, UBLOCK_RETRY);
	assert_false(step.flush);
	desc = step.desc;
	assert_int_equal(ublock_state(desc), UBLOCK_DATA);
	/* A block, as the hardware has it: XN, AF, inner shareable, read and write, write-back. */
	assert_int_equal(desc & ~MASK(58, 55), PA | PGTABLE_DESC_XN | 0x7fd);

	step = ublock_access(desc, UBLOCK_FETCH, &all);
	assert_int_equal(step.todo, UBLOCK_WORK);
	assert_true(step.flush);
	assert_int_equal(ublock_state(step.desc), UBLOCK_FLIPPING);
	assert_int_equal(ublock_access(step.desc, UBLOCK_WRITE, &all).todo, UBLOCK_WORK);
	desc = finish(step.desc);
	assert_int_equal(ublock_state(desc), UBLOCK_EXEC);
	assert_int_equal(desc & ~MASK(58, 55), PA | 0x7fd);
	assert_int_equal(ublock_access(desc, UBLOCK_FETCH, &all).todo, UBLOCK_RETRY);

	step = ublock_unexec(desc, &all);
	assert_true(step.flush);
	assert_int_equal(ublock_state(step.desc), UBLOCK_DATA);
	step = ublock_unmap(step.desc);
	assert_true(step.flush);
	assert_int_equal(ublock_state(step.desc), UBLOCK_OFF);
	assert_true(ublock_was_mapped(step.desc));
	assert_int_equal(ublock_access(step.desc, UBLOCK_FETCH, &all).todo, UBLOCK_VMM);
	step = ublock_map(step.desc, false);
	assert_false(step.flush);
	assert_int_equal(ublock_state(step.desc), UBLOCK_LAZY);
	assert_true(ublock_was_mapped(step.desc));
	assert_int_equal(ublock_access(step.desc, UBLOCK_WRITE, &all).todo, UBLOCK_VMM);
	step = ublock_access(step.desc, UBLOCK_READ, &all);
	assert_int_equal(step.desc & ~MASK(58, 55), PA | PGTABLE_DESC_XN | 0x77d);
	step = ublock_leave(step.desc, true);
	assert_true(step.flush);
	assert_int_equal(ublock_state(step.desc), UBLOCK_GOING);
	assert_int_equal(ublock_leave(step.desc, true).desc, step.desc);
	assert_int_equal(finish(step.desc), 0);
}

/* A change while a block is being made executable: what was done for it counts no more. */
static void test_interrupted_flip(void **state)
{
	uint64_t lazy = finish(ublock_new(PA, true, &all));
	uint64_t desc = ublock_access(lazy, UBLOCK_FETCH, &all).desc;

	desc = ublock_chunk_done(ublock_chunk_done(desc));
	assert_int_equal(ublock_unexec(desc, &all).desc, lazy);
	assert_false(ublock_unexec(desc, &all).flush);
	desc = ublock_access(ublock_unexec(desc, &all).desc, UBLOCK_FETCH, &all).desc;
	assert_int_equal(ublock_state(finish(desc)), UBLOCK_EXEC);
}

/* What machines need not do. */
static void test_needless(void **state)
{
	const struct ublock_needs fwb = {false, true, true};
	const struct ublock_needs idc = {true, false, true};
	const struct ublock_needs both = {true, false, false};
	struct ublock_step step;
	uint64_t desc;

	/* Nothing: mapped at once, for good, write-back whatever stage 1 says. */
	desc = ublock_new(PA, true, &nothing);
	assert_int_equal(desc & ~MASK(58, 55), PA | 0x7d9);
	assert_int_equal(ublock_unexec(desc, &nothing).desc, desc);
	assert_false(ublock_unexec(desc, &nothing).flush);

	assert_int_equal(ublock_at(ublock_new(0, true, &nothing), PA), desc);
	assert_int_equal(ublock_at(ublock_new(0, false, &all), PA), ublock_new(PA, false, &all));

	/* Coherent at once, but fetches are not. */
	desc = ublock_new(PA, true, &fwb);
	assert_int_equal(ublock_state(desc), UBLOCK_LAZY);

	/* No cleaning to the point of unification: one step, for the instruction cache. */
	desc = finish(ublock_new(PA, true, &idc));
	desc = ublock_access(desc, UBLOCK_FETCH, &idc).desc;
	assert_int_equal(ublock_state(desc), UBLOCK_FLIPPING);
	assert_int_equal(ublock_state(ublock_chunk_done(desc)), UBLOCK_EXEC);

	/* Fetches see all, but memory is not clean. */
	desc = finish(ublock_new(PA, true, &both));
	assert_int_equal(ublock_state(desc), UBLOCK_LAZY);
	step = ublock_access(desc, UBLOCK_READ, &both);
	assert_int_equal(ublock_state(step.desc), UBLOCK_EXEC);
	assert_int_equal(step.todo, UBLOCK_RETRY);
}

static void test_rights(void **state)
{
	uint64_t desc = finish(ublock_new(PA, false, &all));

	assert_false(ublock_may_write(desc));
	assert_int_equal(ublock_access(desc, UBLOCK_WRITE, &all).todo, UBLOCK_VMM);
	assert_int_equal(ublock_map(desc, true).todo, UBLOCK_VMM);
	assert_int_equal(ublock_map(desc, true).desc, desc);
	assert_int_equal(ublock_map(desc, false).todo, UBLOCK_RETRY);
}

/* The model's own account: who did what since when. */
struct account {
	bool coherent;       /* all chunks cleaned since it came */
	uint64_t maintained; /* chunks in a row, since the state was entered */
	bool may_write;
};

static struct ublock_step random_step(struct prop *p, uint64_t desc,
				      const struct ublock_needs *needs)
{
	struct ublock_step step = {.desc = desc};

	switch (prop_below(p, 10)) {
	case 0:
		return ublock_unexec(desc, needs);
	case 1:
		return ublock_unmap(desc);
	case 2:
		return ublock_map(desc, prop_one_in(p, 2));
	case 3:
		return prop_one_in(p, 8) ? ublock_leave(desc, prop_one_in(p, 4)) : step;
	case 4:
	case 5:
	case 6:
		return ublock_access(desc, prop_below(p, 3), needs);
	default:
		return step;
	}
}

static bool is_in_work(uint64_t desc)
{
	enum ublock_state state = ublock_state(desc);

	return state == UBLOCK_COMING || state == UBLOCK_FLIPPING || state == UBLOCK_GOING;
}

/* What must be true of each change, whatever happens in which order. */
static void check(uint64_t before, uint64_t after, bool flush, bool worked, const struct account *a,
		  const struct ublock_needs *needs)
{
	enum ublock_state from = ublock_state(before), to = ublock_state(after);
	bool less =
		(before & 1) && (!(after & 1) || (!ublock_writes(after) && ublock_writes(before)) ||
				 (from == UBLOCK_EXEC && to == UBLOCK_DATA));

	assert_int_equal(flush, less);
	if (to != UBLOCK_NONE && from != UBLOCK_NONE)
		assert_int_equal(ublock_pa(after), ublock_pa(before));
	/* A valid descriptor is never made to give more. */
	if ((before & 1) && (after & 1)) {
		assert_false(from == UBLOCK_DATA && to == UBLOCK_EXEC);
		assert_false(!ublock_writes(before) && ublock_writes(after));
	}
	if (after & 1)
		assert_true(a->coherent);
	assert_false(ublock_writes(after) && to != UBLOCK_NONE && !a->may_write);
	if (to == UBLOCK_EXEC && from != UBLOCK_EXEC && needs->pou_clean)
		assert_true(worked && from == UBLOCK_FLIPPING && a->maintained == UBLOCK_CHUNKS);
	if (to == UBLOCK_EXEC && from != UBLOCK_EXEC && needs->invalidate)
		assert_true(worked && from == UBLOCK_FLIPPING);
	if (from == UBLOCK_GOING && to != UBLOCK_GOING)
		assert_true(to == UBLOCK_NONE && (!worked || a->maintained == UBLOCK_CHUNKS));
	assert_true(after == 0 || !(after & 1) || (after & 3) == 1);
}

static void test_random(void **state)
{
	struct prop p = prop_start(__func__);
	unsigned int seen[UBLOCK_NONE + 1] = {0};

	for (int round = 0; round < 400; round++) {
		struct ublock_needs needs = {prop_one_in(&p, 2), prop_one_in(&p, 2),
					     prop_one_in(&p, 2)};
		struct account a = {0};
		uint64_t desc = 0;

		for (int i = 0; i < 3000; i++) {
			struct ublock_step step;
			uint64_t before = desc;
			bool work = is_in_work(desc) && !prop_one_in(&p, 40);

			if (desc == 0) {
				a = (struct account){.coherent = !needs.poc_clean,
						     .may_write = prop_one_in(&p, 2)};
				desc = ublock_new(prop_between(&p, 1, 1 << 20) << 21, a.may_write,
						  &needs);
				seen[ublock_state(desc)]++;
				continue;
			}
			if (work) {
				step = (struct ublock_step){.desc = ublock_chunk_done(desc)};
				a.maintained++;
			} else {
				step = random_step(&p, desc, &needs);
			}
			if (ublock_state(before) == UBLOCK_COMING &&
			    ublock_state(step.desc) == UBLOCK_LAZY)
				a.coherent = work && a.maintained == UBLOCK_CHUNKS;
			check(before, step.desc, step.flush, work, &a, &needs);
			if (ublock_state(step.desc) != ublock_state(before))
				a.maintained = 0;
			desc = step.desc;
			seen[ublock_state(desc)]++;
		}
	}
	for (int i = 0; i <= UBLOCK_NONE; i++)
		assert_true(seen[i] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_interrupted_flip),
		cmocka_unit_test(test_needless),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
