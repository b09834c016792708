/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cfiflash.h"
#include "tests/unit/prop.h"

/* A command as software gives it: to both chips. */
#define BOTH(command) ((uint32_t)(command) << 16 | (command))
#define READY         BOTH(0x80)

static struct cfiflash fresh(void)
{
	struct cfiflash f;

	cfiflash_reset(&f, false);
	return f;
}

static struct cfiflash_effect command(struct cfiflash *f, uint32_t offset, uint32_t value)
{
	return cfiflash_write(f, offset, 4, BOTH(value));
}

/* The query as U-Boot and Linux read it: a byte of each word of both chips. */
static void test_query(void **unused)
{
	struct cfiflash f = fresh();
	uint32_t sectors, sector_256;

	command(&f, 0x55 * 4, 0x98);
	assert_int_equal(f.mode, CFIFLASH_QUERY);
	assert_int_equal(cfiflash_read(&f, 0x10 * 4, 4), BOTH('Q'));
	assert_int_equal(cfiflash_read(&f, 0x11 * 4, 4), BOTH('R'));
	assert_int_equal(cfiflash_read(&f, 0x12 * 4, 4), BOTH('Y'));
	assert_int_equal(cfiflash_read(&f, 0x10 * 4, 8), (uint64_t)BOTH('R') << 32 | BOTH('Q'));
	assert_int_equal(cfiflash_read(&f, 0x10 * 4 + 2, 1), 'Q');
	assert_int_equal(cfiflash_read(&f, 0x10 * 4 + 1, 1), 0);
	assert_int_equal(cfiflash_read(&f, 0x13 * 4, 2), 1); /* Intel's command set */
	assert_int_equal(1u << cfiflash_read(&f, 0x27 * 4, 1), CFIFLASH_BYTES / 2);
	assert_int_equal(1u << cfiflash_read(&f, 0x2a * 4, 1), CFIFLASH_BUFFER_BYTES / 2);
	assert_int_equal(cfiflash_read(&f, 0x2c * 4, 1), 1);
	sectors = (cfiflash_read(&f, 0x2d * 4, 1) | cfiflash_read(&f, 0x2e * 4, 1) << 8) + 1;
	sector_256 = cfiflash_read(&f, 0x2f * 4, 1) | cfiflash_read(&f, 0x30 * 4, 1) << 8;
	assert_int_equal(sector_256 * 256 * 2, CFIFLASH_SECTOR_BYTES);
	assert_int_equal(sectors * CFIFLASH_SECTOR_BYTES, CFIFLASH_BYTES);
	assert_int_equal(cfiflash_read(&f, cfiflash_read(&f, 0x15 * 4, 1) * 4, 1), 'P');
	assert_int_equal(cfiflash_read(&f, 0x90 * 4, 4), 0);
	command(&f, 0, 0xff);
	assert_int_equal(f.mode, CFIFLASH_ARRAY);
}

static void test_identifier(void **unused)
{
	struct cfiflash f = fresh();

	command(&f, 0, 0x90);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0x89));
	assert_int_equal(cfiflash_read(&f, 4, 4), BOTH(0x18));
	assert_int_equal(cfiflash_read(&f, 3 * CFIFLASH_SECTOR_BYTES + 8, 4), 0); /* not locked */
	command(&f, 0, 0xf0); /* the reset of another maker's chips */
	assert_int_equal(f.mode, CFIFLASH_ARRAY);
}

static void test_erase(void **unused)
{
	struct cfiflash f = fresh();
	struct cfiflash_effect effect;

	assert_int_equal(command(&f, 0x40000, 0x20).what, CFIFLASH_NOTHING);
	effect = command(&f, 0x41234, 0xd0);
	assert_int_equal(effect.what, CFIFLASH_ERASE);
	assert_int_equal(effect.offset, 0x40000);
	assert_int_equal(effect.bytes, CFIFLASH_SECTOR_BYTES);
	assert_int_equal(cfiflash_read(&f, 0, 4), READY);
	cfiflash_fail(&f, &effect);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xa0));
	command(&f, 0, 0x50);
	command(&f, 0x40000, 0x20);
	assert_int_equal(command(&f, 0x40000, 0xff).what, CFIFLASH_NOTHING); /* not confirmed */
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xb0));
	command(&f, 0, 0x50);
	assert_int_equal(cfiflash_read(&f, 0, 4), READY);
}

static void test_program_word(void **unused)
{
	struct cfiflash f = fresh();
	struct cfiflash_effect effect;
	uint8_t contents[] = {0xff, 0x0f, 0xf0, 0x00};

	command(&f, 0x100, 0x40);
	effect = cfiflash_write(&f, 0x100, 4, 0x5aa5c33c);
	assert_int_equal(effect.what, CFIFLASH_PROGRAM);
	assert_int_equal(effect.offset, 0x100);
	assert_int_equal(effect.bytes, 4);
	cfiflash_program(contents, effect.data, effect.bytes);
	assert_memory_equal(contents, "\x3c\x03\xa0\x00", 4); /* no bit goes from 0 to 1 */
	assert_int_equal(cfiflash_read(&f, 0x100, 4), READY);
	command(&f, 0, 0xff);
	assert_int_equal(f.mode, CFIFLASH_ARRAY);
}

static void test_program_buffer(void **unused)
{
	struct cfiflash f = fresh();
	struct cfiflash_effect effect;
	uint32_t i;

	command(&f, 0x80, 0xe8);
	assert_int_equal(cfiflash_read(&f, 0x80, 4), READY);
	command(&f, 0x80, 3); /* four words */
	for (i = 0; i < 4; i++)
		assert_int_equal(cfiflash_write(&f, 0x80 + 4 * i, 4, i).what, CFIFLASH_NOTHING);
	effect = command(&f, 0x80, 0xd0);
	assert_int_equal(effect.what, CFIFLASH_PROGRAM);
	assert_int_equal(effect.offset, 0x80);
	assert_int_equal(effect.bytes, 16);
	assert_memory_equal(effect.data, "\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0", 16);
	assert_int_equal(cfiflash_read(&f, 0x80, 4), READY);

	/* Too many; out of the buffer; not confirmed. */
	command(&f, 0, 0xe8);
	command(&f, 0, CFIFLASH_BUFFER_BYTES / 4);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xb0));
	command(&f, 0, 0x50);
	command(&f, 0, 0xe8);
	command(&f, 0, 1);
	cfiflash_write(&f, CFIFLASH_BUFFER_BYTES - 4, 4, 0);
	cfiflash_write(&f, CFIFLASH_BUFFER_BYTES, 4, 0);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xb0));
	command(&f, 0, 0x50);
	command(&f, 0, 0xe8);
	command(&f, 0, 0);
	cfiflash_write(&f, 0, 4, 0);
	assert_int_equal(command(&f, 0, 0xff).what, CFIFLASH_NOTHING);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xb0));
}

static void test_read_only(void **unused)
{
	struct cfiflash f;

	cfiflash_reset(&f, true);
	command(&f, 0, 0x40);
	assert_int_equal(cfiflash_write(&f, 0, 4, 0).what, CFIFLASH_NOTHING);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0x92));
	command(&f, 0, 0x50);
	command(&f, 0, 0x20);
	assert_int_equal(command(&f, 0, 0xd0).what, CFIFLASH_NOTHING);
	assert_int_equal(cfiflash_read(&f, 0, 4), BOTH(0xa2));
}

/* Any accesses at all: effects lie in the bank, and contents change by them only. */
static void test_any_access(void **unused)
{
	static const uint8_t commands[] = {0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90,
					   0x98, 0xb0, 0xd0, 0xe8, 0xff, 0x00, 0x01};
	struct prop p = prop_start(__func__);
	uint32_t effects = 0;

	for (unsigned int run = 0; run < 200; run++) {
		struct cfiflash f;
		bool read_only = prop_one_in(&p, 4);

		cfiflash_reset(&f, read_only);
		for (unsigned int i = 0; i < 1000; i++) {
			uint32_t offset =
				(uint32_t)prop_below(&p, 0x4000) +
				(prop_one_in(&p, 8) ? (uint32_t)CFIFLASH_BYTES - 0x2000 : 0);
			uint32_t bytes = 1u << prop_below(&p, 3);
			uint32_t value = prop_one_in(&p, 4)
						 ? (uint32_t)prop_u64(&p)
						 : BOTH(commands[prop_below(&p, sizeof(commands))]);
			struct cfiflash_effect effect = cfiflash_write(&f, offset, bytes, value);

			if (effect.what == CFIFLASH_NOTHING) {
				(void)cfiflash_read(&f, offset, 1u << prop_below(&p, 4));
				continue;
			}
			effects++;
			assert_false(read_only);
			assert_true(bits_contains(0, CFIFLASH_BYTES, effect.offset, effect.bytes));
			if (effect.what == CFIFLASH_PROGRAM) {
				uint8_t *contents = calloc(1, effect.bytes);

				cfiflash_program(contents, effect.data, effect.bytes);
				free(contents);
			}
		}
	}
	assert_true(effects > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),          cmocka_unit_test(test_identifier),
		cmocka_unit_test(test_erase),          cmocka_unit_test(test_program_word),
		cmocka_unit_test(test_program_buffer), cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
