/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/owner.h"
#include "tests/unit/prop.h"

#include <string.h>

#define BLOCK  OWNER_BLOCK_BYTES
#define BLOCKS 8

/* Two regions of whole blocks, with ragged ends and one too small for any. */
static const struct boot_region ram[] = {
	{GIB(1) - KIB(4), 5 * BLOCK + KIB(8)},
	{GIB(2) + KIB(4), KIB(64)},
	{GIB(4), 3 * BLOCK},
};

static struct owner owner;
static struct owner_block table[BLOCKS];

static uint64_t block_at(unsigned int i)
{
	return i < 5 ? GIB(1) + i * BLOCK : GIB(4) + (i - 5) * BLOCK;
}

static int setup(void **state)
{
	assert_int_equal(owner_block_count(ram, 3), BLOCKS);
	owner_init(&owner, ram, 3, table);
	return 0;
}

static void test_init(void **state)
{
	unsigned int i;

	assert_int_equal(owner.block_count, BLOCKS);
	for (i = 0; i < BLOCKS; i++) {
		assert_ptr_equal(owner_find(&owner, block_at(i)), &table[i]);
		assert_ptr_equal(owner_find(&owner, block_at(i) + BLOCK - 1), &table[i]);
		assert_int_equal(table[i].state, OWNER_SERVICE);
	}
	assert_null(owner_find(&owner, GIB(1) - 1));
	assert_null(owner_find(&owner, GIB(1) + 5 * BLOCK));
	assert_null(owner_find(&owner, GIB(2) + KIB(4)));
	assert_null(owner_find(&owner, GIB(4) + 3 * BLOCK));
	assert_null(owner_find(&owner, UINT64_MAX));
}

static void test_exclude(void **state)
{
	/* From the middle of block 1 to the first byte of block 3. */
	owner_exclude(&owner, block_at(1) + KIB(4), 2 * BLOCK - KIB(4) + 1);
	assert_int_equal(table[0].state, OWNER_SERVICE);
	assert_int_equal(table[1].state, OWNER_HYP);
	assert_int_equal(table[2].state, OWNER_HYP);
	assert_int_equal(table[3].state, OWNER_HYP);
	assert_int_equal(table[4].state, OWNER_SERVICE);
	assert_int_equal(owner_share(&owner, block_at(2), 1), ERR_DENIED);
	assert_int_equal(owner_lend(&owner, block_at(2), 1), ERR_DENIED);
	assert_int_equal(owner_donate(&owner, block_at(2), 1), ERR_DENIED);
	assert_int_equal(owner_pin(&owner, block_at(2)), ERR_DENIED);
	assert_false(owner_is_service(&owner, block_at(2) + KIB(4)));
	owner_exclude(&owner, GIB(4) + 3 * BLOCK, BLOCK);
	assert_int_equal(table[7].state, OWNER_SERVICE);
}

static void test_arguments(void **state)
{
	assert_int_equal(owner_share(&owner, block_at(0) + KIB(4), 1), ERR_INVALID);
	assert_int_equal(owner_share(&owner, GIB(3), 1), ERR_RANGE);
	assert_int_equal(owner_donate(&owner, GIB(1) - BLOCK, 1), ERR_RANGE);
	assert_int_equal(owner_pin(&owner, GIB(3)), ERR_RANGE);
	assert_false(owner_is_service(&owner, GIB(3)));
	assert_true(owner_is_service(&owner, block_at(3) + KIB(4)));
	assert_int_equal(owner_unpin(&owner, GIB(3)), ERR_RANGE);
}

/* Each transition from each state, and from each state of another VM. */
static void test_transitions(void **state)
{
	typedef enum err change_fn(struct owner * o, uint64_t pa, uint32_t vm);
	static const struct {
		change_fn *change;
		enum owner_state from, to;
	} t[] = {
		{owner_share, OWNER_SERVICE, OWNER_SHARED},
		{owner_unshare, OWNER_SHARED, OWNER_SERVICE},
		{owner_lend, OWNER_SERVICE, OWNER_LENT},
		{owner_unlend, OWNER_LENT, OWNER_SERVICE},
		{owner_donate, OWNER_SERVICE, OWNER_STORE},
		{owner_reclaim, OWNER_STORE, OWNER_SERVICE},
	};
	unsigned int i, from, vm;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		for (from = OWNER_HYP; from <= OWNER_STORE; from++) {
			for (vm = 0; vm < 3; vm++) {
				bool owned = from >= OWNER_SHARED;
				bool ok = from == t[i].from && (!owned || vm == 2);
				struct owner_block before = {.state = (uint8_t)from,
							     .vm = owned ? 2 : 0};

				table[5] = before;
				assert_int_equal(t[i].change(&owner, block_at(5), vm),
						 ok ? ERR_OK : ERR_DENIED);
				if (!ok) {
					assert_memory_equal(&table[5], &before, sizeof(before));
					continue;
				}
				assert_int_equal(table[5].state, t[i].to);
				assert_int_equal(table[5].vm, t[i].to == OWNER_SERVICE ? 0 : vm);
			}
		}
	}
}

static void test_pins(void **state)
{
	unsigned int i;

	assert_int_equal(owner_unpin(&owner, block_at(3)), ERR_DENIED);
	for (i = 0; i < OWNER_MAX_PINS; i++)
		assert_int_equal(owner_pin(&owner, block_at(3) + KIB(8)), ERR_OK);
	assert_int_equal(owner_pin(&owner, block_at(3)), ERR_NO_MEMORY);
	assert_int_equal(owner_donate(&owner, block_at(3), 1), ERR_BUSY);
	assert_int_equal(owner_lend(&owner, block_at(3), 1), ERR_BUSY);
	assert_int_equal(owner_share(&owner, block_at(3), 1), ERR_OK);
	assert_int_equal(owner_unshare(&owner, block_at(3), 1), ERR_OK);
	for (i = 0; i < OWNER_MAX_PINS; i++)
		assert_int_equal(owner_unpin(&owner, block_at(3)), ERR_OK);
	assert_int_equal(owner_donate(&owner, block_at(3), 1), ERR_OK);
	assert_int_equal(owner_pin(&owner, block_at(3)), ERR_DENIED);
}

static void test_next(void **state)
{
	uint64_t cursor = 0;
	uint64_t pa;

	assert_int_equal(owner_share(&owner, block_at(1), 4), ERR_OK);
	assert_int_equal(owner_share(&owner, block_at(2), 5), ERR_OK);
	assert_int_equal(owner_donate(&owner, block_at(3), 4), ERR_OK);
	assert_int_equal(owner_lend(&owner, block_at(5), 4), ERR_OK);
	assert_false(owner_next(&owner, 4, &cursor, 1, &pa));
	assert_int_equal(cursor, 1);
	assert_true(owner_next(&owner, 4, &cursor, 100, &pa));
	assert_int_equal(pa, block_at(1));
	assert_true(owner_next(&owner, 4, &cursor, 100, &pa));
	assert_int_equal(pa, block_at(3));
	assert_true(owner_next(&owner, 4, &cursor, 100, &pa));
	assert_int_equal(pa, block_at(5));
	assert_false(owner_next(&owner, 4, &cursor, 100, &pa));
	assert_int_equal(cursor, BLOCKS);
	assert_false(owner_next(&owner, 4, &cursor, 100, &pa));
	cursor = 0;
	assert_false(owner_next(&owner, 0, &cursor, 100, &pa)); /* not the service VM's own */
}

/* Random calls against a plain account of who has what. */
static void test_random(void **state)
{
	struct {
		unsigned int vm, pins;
		enum owner_state state;
	} model[BLOCKS] = {0};
	struct prop p = prop_start("owner");
	unsigned int round, i;

	for (i = 0; i < BLOCKS; i++)
		model[i].state = OWNER_SERVICE;
	for (round = 0; round < 200000; round++) {
		/* Each way in and its way out, and to which state. */
		static const struct {
			enum err (*in)(struct owner *o, uint64_t pa, uint32_t vm);
			enum err (*out)(struct owner *o, uint64_t pa, uint32_t vm);
			enum owner_state state;
		} way[] = {{owner_share, owner_unshare, OWNER_SHARED},
			   {owner_lend, owner_unlend, OWNER_LENT},
			   {owner_donate, owner_reclaim, OWNER_STORE}};
		unsigned int vm = (unsigned int)prop_between(&p, 1, 3);
		unsigned int w = (unsigned int)prop_below(&p, ARRAY_SIZE(way));
		bool own, his, may, ok;

		i = (unsigned int)prop_below(&p, BLOCKS);
		own = model[i].state == OWNER_SERVICE;
		his = model[i].state == way[w].state && model[i].vm == vm;
		may = model[i].pins == 0 || way[w].state == OWNER_SHARED;
		switch (prop_below(&p, 4)) {
		case 0:
			ok = way[w].in(&owner, block_at(i), vm) == ERR_OK;
			assert_int_equal(ok, own && may);
			if (ok)
				model[i].state = way[w].state, model[i].vm = vm;
			break;
		case 1:
			ok = way[w].out(&owner, block_at(i), vm) == ERR_OK;
			assert_int_equal(ok, his);
			if (ok)
				model[i].state = OWNER_SERVICE;
			break;
		case 2:
			ok = owner_pin(&owner, block_at(i)) == ERR_OK;
			assert_int_equal(ok, model[i].state <= OWNER_SHARED &&
						     model[i].pins < OWNER_MAX_PINS);
			model[i].pins += ok;
			break;
		default:
			ok = owner_unpin(&owner, block_at(i)) == ERR_OK;
			assert_int_equal(ok, model[i].pins > 0);
			model[i].pins -= ok;
		}
		assert_int_equal(table[i].state, model[i].state);
		assert_int_equal(table[i].pins, model[i].pins);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_init, setup),
		cmocka_unit_test_setup(test_exclude, setup),
		cmocka_unit_test_setup(test_arguments, setup),
		cmocka_unit_test_setup(test_transitions, setup),
		cmocka_unit_test_setup(test_pins, setup),
		cmocka_unit_test_setup(test_next, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
