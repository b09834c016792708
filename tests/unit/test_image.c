/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/image.h"
#include "tests/unit/prop.h"

#define HEADER_BYTES 64

static void put_le(uint8_t *p, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = value >> (8 * i);
}

static void make_header(uint8_t *h, uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	memset(h, 0, HEADER_BYTES);
	put_le(h, UINT64_C(0x91005a4d), 4); /* "MZ" as an instruction, as EFI kernels have it */
	put_le(h + 8, text_offset, 8);
	put_le(h + 16, image_size, 8);
	put_le(h + 24, flags, 8);
	memcpy(h + 56, "ARM\x64", 4);
}

static enum err parse(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	uint8_t header[HEADER_BYTES];
	struct image_info info;

	make_header(header, text_offset, image_size, flags);
	return image_parse(header, sizeof(header), &info);
}

static void test_good(void **state)
{
	uint8_t file[HEADER_BYTES + 1];
	struct image_info info = {0};

	/* At an odd address: nothing may need alignment. */
	make_header(file + 1, 0x80000, 0x1234567, 0xa);
	assert_int_equal(image_parse(file + 1, HEADER_BYTES, &info), ERR_OK);
	assert_int_equal(info.text_offset, 0x80000);
	assert_int_equal(info.image_bytes, 0x1234567);
	/* A file of just the size that the image needs. */
	assert_int_equal(parse(0, HEADER_BYTES, 0), ERR_OK);
	assert_int_equal(parse(GIB(1), GIB(1), 0), ERR_OK);
}

/* Padded by who loaded it: room for the padding is needed, too. */
static void test_longer_than_its_size(void **state)
{
	uint8_t file[2 * HEADER_BYTES] = {0};
	struct image_info info;

	make_header(file, 0, HEADER_BYTES + 1, 0);
	assert_int_equal(image_parse(file, HEADER_BYTES, &info), ERR_OK);
	assert_int_equal(info.image_bytes, HEADER_BYTES + 1);
	assert_int_equal(image_parse(file, sizeof(file), &info), ERR_OK);
	assert_int_equal(info.image_bytes, sizeof(file));
	assert_int_equal(image_parse(file, GIB(1), &info), ERR_OK);
	assert_int_equal(image_parse(file, GIB(1) + 1, &info), ERR_RANGE);
}

static void test_errors(void **state)
{
	uint8_t header[HEADER_BYTES];
	struct image_info info;

	assert_int_equal(parse(0, 0, 0), ERR_INVALID);
	for (uint64_t odd = 1; odd < 4; odd++)
		assert_int_equal(parse(MIB(1) + odd, MIB(1), 0), ERR_INVALID);
	assert_int_equal(parse(0, MIB(1), 1), ERR_UNSUPPORTED);
	assert_int_equal(parse(GIB(1) + 4, MIB(1), 0), ERR_RANGE);
	assert_int_equal(parse(0, GIB(1) + 1, 0), ERR_RANGE);
	assert_int_equal(parse(UINT64_MAX - 3, UINT64_MAX, 0), ERR_RANGE);

	make_header(header, 0, MIB(1), 0);
	header[59] ^= 1;
	assert_int_equal(image_parse(header, sizeof(header), &info), ERR_INVALID);

	make_header(header, 0, MIB(1), 0);
	memcpy(header, "\x1f\x8b\x08", 3);
	assert_int_equal(image_parse(header, sizeof(header), &info), ERR_UNSUPPORTED);

	make_header(header, 0, MIB(1), 0);
	memcpy(header + 4, "zimg", 4);
	assert_int_equal(image_parse(header, sizeof(header), &info), ERR_UNSUPPORTED);
}

/* An empty file included; each in memory of its own size, so that ASan sees a read too far. */
static void test_truncated(void **state)
{
	uint8_t header[HEADER_BYTES];
	struct image_info info;

	make_header(header, 0, MIB(1), 0);
	for (size_t bytes = 0; bytes < HEADER_BYTES; bytes++) {
		uint8_t *file = malloc(bytes);

		memcpy(file, header, bytes);
		assert_int_equal(image_parse(file, bytes, &info), ERR_TRUNCATED);
		free(file);
	}
}

static void test_bounds_hold(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 20000; i++) {
		uint8_t header[HEADER_BYTES];
		struct image_info info;

		make_header(header, prop_value(&p) & ~(uint64_t)prop_below(&p, 4), prop_value(&p),
			    prop_u64(&p) & ~UINT64_C(1));
		if (image_parse(header, sizeof(header), &info) != ERR_OK)
			continue;
		assert_true(info.text_offset <= GIB(1) && info.text_offset % 4 == 0);
		assert_true(info.image_bytes <= GIB(1) && info.image_bytes >= sizeof(header));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),        cmocka_unit_test(test_longer_than_its_size),
		cmocka_unit_test(test_errors),      cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
