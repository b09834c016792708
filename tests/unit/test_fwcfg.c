/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/fwcfg.h"

#define CONTROL_READ   0x02
#define CONTROL_SKIP   0x04
#define CONTROL_SELECT 0x08
#define CONTROL_WRITE  0x10

static const uint8_t text[] = "console=ttyAMA0";

static struct fwcfg *fresh(void)
{
	static struct fwcfg f;

	fwcfg_init(&f);
	assert_int_equal(fwcfg_add_u32(&f, FWCFG_CMDLINE_SIZE, sizeof(text)), ERR_OK);
	assert_int_equal(fwcfg_add(&f, FWCFG_CMDLINE_DATA, text, sizeof(text)), ERR_OK);
	return &f;
}

/* The selector is big-endian. */
static void choose(struct fwcfg *f, uint16_t key)
{
	uint64_t descriptor;

	assert_false(
		fwcfg_write(f, FWCFG_SELECTOR, 2, (uint16_t)(key << 8 | key >> 8), &descriptor));
}

static void put_be(uint8_t *to, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = value >> (8 * (bytes - 1 - i));
}

static enum err dma(struct fwcfg *f, uint32_t control, uint32_t bytes,
		    struct fwcfg_transfer *transfer)
{
	uint8_t descriptor[FWCFG_DMA_BYTES];

	put_be(descriptor, control, 4);
	put_be(descriptor + 4, bytes, 4);
	put_be(descriptor + 8, 0x41234567, 8);
	return fwcfg_dma(f, descriptor, transfer);
}

static void test_registers(void **unused)
{
	struct fwcfg *f = fresh();

	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 4), 0x554d4551); /* "QEMU" in memory's order */
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 4), 0);          /* the end */
	choose(f, FWCFG_ID);
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 1), 3);
	choose(f, FWCFG_FILE_DIRECTORY);
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 8), 0);
	choose(f, FWCFG_CMDLINE_SIZE);
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 4), sizeof(text));
	choose(f, FWCFG_CMDLINE_DATA);
	for (uint32_t i = 0; i < sizeof(text); i++)
		assert_int_equal(fwcfg_read(f, FWCFG_DATA, 1), text[i]);
	choose(f, FWCFG_KERNEL_SIZE); /* not there */
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 4), 0);
	assert_int_equal(fwcfg_read(f, FWCFG_DMA, 8), 0x47464320554d4551);
	assert_int_equal(fwcfg_read(f, FWCFG_BYTES, 8), 0);
	assert_int_equal(fwcfg_read(f, FWCFG_BYTES - 4, 8), 0);
}

static void test_dma_address(void **unused)
{
	struct fwcfg *f = fresh();
	uint64_t descriptor = 0;

	assert_false(fwcfg_write(f, FWCFG_DMA, 4, 0x01000000, &descriptor));
	assert_true(fwcfg_write(f, FWCFG_DMA + 4, 4, 0x78563412, &descriptor));
	assert_int_equal(descriptor, 0x112345678);
	assert_true(fwcfg_write(f, FWCFG_DMA + 4, 4, 0x78563412, &descriptor));
	assert_int_equal(descriptor, 0x12345678); /* the upper half was used up */
	assert_true(fwcfg_write(f, FWCFG_DMA, 8, 0x7856341201000000, &descriptor));
	assert_int_equal(descriptor, 0x0000000112345678);
}

static void test_dma(void **unused)
{
	struct fwcfg *f = fresh();
	struct fwcfg_transfer t;

	assert_int_equal(dma(f, FWCFG_CMDLINE_DATA << 16 | CONTROL_SELECT | CONTROL_READ, 8, &t),
			 ERR_OK);
	assert_int_equal(t.address, 0x41234567);
	assert_int_equal(t.bytes, 8);
	assert_int_equal(t.from_bytes, 8);
	assert_memory_equal(t.from, "console=", 8);
	assert_int_equal(dma(f, CONTROL_SKIP, 3, &t), ERR_OK);
	assert_int_equal(t.bytes, 0);
	assert_int_equal(dma(f, CONTROL_READ, 100, &t), ERR_OK);
	assert_int_equal(t.bytes, 100); /* zeros behind the end */
	assert_int_equal(t.from_bytes, 5);
	assert_memory_equal(t.from, "AMA0", 5);
	assert_int_equal(dma(f, CONTROL_READ, 0xffffffff, &t), ERR_OK);
	assert_int_equal(t.from_bytes, 0);
	assert_int_equal(dma(f, CONTROL_WRITE, 1, &t), ERR_DENIED);
	assert_int_equal(t.bytes, 0);
	assert_int_equal(dma(f, FWCFG_ID << 16 | CONTROL_SELECT, 1, &t), ERR_OK);
	assert_int_equal(t.bytes, 0);
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 1), 3);
}

static void test_files(void **unused)
{
	static const uint8_t entry[] = {0,    0, 0, 2,   0,   0,   0,   sizeof(text), 0,
					0x20, 0, 0, 'e', 't', 'c', '/', 'a',          0};
	struct fwcfg *f = fresh();
	struct fwcfg_transfer t;
	char name[FWCFG_NAME_BYTES_MAX + 1] = "";

	assert_int_equal(fwcfg_add_file(f, "etc/a", text, sizeof(text)), ERR_OK);
	assert_int_equal(fwcfg_add_file(f, "etc/b", text, 0x102), ERR_OK);
	assert_int_equal(
		dma(f, FWCFG_FILE_DIRECTORY << 16 | CONTROL_SELECT | CONTROL_READ, 1000, &t),
		ERR_OK);
	assert_int_equal(t.from_bytes, 4 + 2 * 64);
	assert_memory_equal(t.from, entry, sizeof(entry));
	assert_memory_equal(t.from + 68, "\0\0\1\2\0\x21\0\0etc/b", 14);
	choose(f, FWCFG_FILES);
	assert_int_equal(fwcfg_read(f, FWCFG_DATA, 1), text[0]);
	memset(name, 'a', FWCFG_NAME_BYTES_MAX);
	assert_int_equal(fwcfg_add_file(f, name, text, 1), ERR_NO_MEMORY);
	for (uint32_t i = 2; i < FWCFG_FILES_MAX; i++)
		assert_int_equal(fwcfg_add_file(f, "c", text, 1), ERR_OK);
	assert_int_equal(fwcfg_add_file(f, "d", text, 1), ERR_NO_MEMORY);
}

static void test_full(void **unused)
{
	struct fwcfg *f = fresh();

	while (f->count < FWCFG_ITEMS_MAX)
		assert_int_equal(fwcfg_add(f, 0x100, text, 1), ERR_OK);
	assert_int_equal(fwcfg_add(f, 0x100, text, 1), ERR_NO_MEMORY);
	assert_int_equal(fwcfg_add_u32(f, 0x100, 1), ERR_NO_MEMORY);
	assert_int_equal(fwcfg_add_file(f, "a", text, 1), ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers), cmocka_unit_test(test_dma_address),
		cmocka_unit_test(test_dma),       cmocka_unit_test(test_files),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
