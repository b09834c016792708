/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/aml.h"
#include "tests/unit/acpi_build.h"

/* A table of this AML, in memory of its own size. */
static uint8_t *make(const void *aml, size_t bytes)
{
	uint8_t *table = build_table("DSDT", ACPI_HEADER_BYTES + bytes);

	memcpy(table + ACPI_HEADER_BYTES, aml, bytes);
	return table;
}

static struct aml_survey survey_of(const void *aml, size_t bytes)
{
	struct aml_survey survey = {0};
	uint8_t *table = make(aml, bytes);

	aml_survey(&survey, table, ACPI_HEADER_BYTES + bytes);
	free(table);
	return survey;
}

static bool has(const struct aml_survey *survey, uint32_t intid)
{
	return survey->intid[intid / 64] & BIT(intid % 64);
}

/* Constants and interrupt descriptors, also where they are cut off. */
static void test_intids(void **state)
{
	static const uint8_t aml[] = {0x0a, 40,   0x0b, 0x2c, 0x01, 0x0c, 0xfb, 3, 0,
				      0,    0x89, 14,   0,    1,    3,    50,   0, 0,
				      0,    0x00, 0x02, 0,    0,    0xfc, 3,    0, 0};

	for (size_t bytes = 0; bytes <= sizeof(aml); bytes++) {
		struct aml_survey survey = survey_of(aml, bytes);

		assert_int_equal(has(&survey, 40), bytes >= 2);
		assert_int_equal(has(&survey, 300), bytes >= 5);
		assert_int_equal(has(&survey, 1019), bytes >= 10);
		assert_int_equal(has(&survey, 50), bytes >= 19);
		assert_int_equal(has(&survey, 512), bytes >= 23);
		assert_false(has(&survey, 41));
		assert_int_equal(survey.top, 0);
	}
}

static void put_window(uint8_t *p, uint64_t min, uint64_t max, uint64_t translation,
		       uint64_t length)
{
	acpi_put(p, min, 8);
	acpi_put(p + 8, max, 8);
	acpi_put(p + 16, translation, 8);
	acpi_put(p + 24, length, 8);
}

static uint64_t top_of(uint64_t min, uint64_t max, uint64_t translation, uint64_t length,
		       uint8_t type)
{
	uint8_t aml[46] = {0x8a, 43, 0, type};

	put_window(aml + 14, min, max, translation, length);
	return survey_of(aml, sizeof(aml)).top;
}

static void test_windows(void **state)
{
	uint8_t extended[56] = {0x8b, 53, 0, 0};

	assert_int_equal(top_of(0x8000000000, 0xffffffffff, 0, 0x8000000000, 0), 0x10000000000);
	assert_int_equal(top_of(0, 0xffff, 0x3eff0000, 0x10000, 0), 0x3f000000);
	assert_int_equal(top_of(0, 0xffff, 0x3eff0000, 0x10000, 1), 0); /* of I/O */
	assert_int_equal(top_of(0x2000, 0x1fff, 0, 0, 0), 0);
	assert_int_equal(top_of(0x2000, 0x2fff, 0, 0x2000, 0), 0);
	assert_int_equal(top_of(0, UINT64_MAX, 0, 0, 0), 0);
	assert_int_equal(top_of(1, UINT64_MAX, 0, UINT64_MAX, 0), 0);
	assert_int_equal(top_of(1, 2, UINT64_MAX - 1, 2, 0), 0);
	put_window(extended + 16, 0x1000, 0x1fff, 0, 0x1000);
	assert_int_equal(survey_of(extended, sizeof(extended)).top, 0x2000);
	assert_int_equal(survey_of(extended, sizeof(extended) - 1).top, 0);
}

static void test_words_and_names(void **state)
{
	static const uint8_t data[] = {0xff, 100, 0, 0, 0, 0, 0, 0x0a, 9};
	struct aml_survey survey = {0};
	uint8_t *table = make(data, sizeof(data));
	size_t bytes = ACPI_HEADER_BYTES + sizeof(data);

	aml_survey_words(&survey, table, bytes);
	assert_true(has(&survey, 100) && has(&survey, 0));
	assert_false(has(&survey, 9));
	assert_true(aml_names(table, bytes, 100));
	assert_true(aml_names(table, bytes, 0x090a0000));
	assert_false(aml_names(table, bytes - 1, 0x090a0000));
	assert_false(aml_names(table, bytes, 0x9000000));
	assert_false(aml_names(NULL, 0, 0));
	assert_true(aml_names(table, bytes, 0x090a000000000064));
	assert_false(aml_names(table, bytes - 1, 0x090a000000000064));
	assert_false(aml_names(table, bytes, 0x100000064)); /* 100, from 4 GiB on */
	free(table);
}

/* What is written is seen. iasl reads it in tests/tables. */
static void test_uarts(void **state)
{
	const struct aml_uart uart[] = {{"ONEX", 0x87654000, 77}, {"TWOX", 0x9000000, 78}};

	for (uint32_t count = 0; count <= 2; count++) {
		uint8_t *out = malloc(1024);
		struct aml_survey survey = {0};
		uint32_t length;
		struct acpiw w;
		size_t bytes;

		acpiw_init(&w, out, 0x1000, 1024);
		assert_int_equal(aml_write_uarts(&w, uart, count), 0x1000);
		assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
		assert_int_equal(acpi_check(out, bytes, "SSDT", 0, &length), ERR_OK);
		assert_int_equal(length, bytes);
		aml_survey(&survey, out, bytes);
		assert_int_equal(has(&survey, 77), count >= 1);
		assert_int_equal(has(&survey, 78), count == 2);
		assert_int_equal(survey.top, count >= 1 ? 0x87655000 : 0);
		assert_int_equal(aml_names(out, bytes, 0x9000000), count == 2);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intids),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_words_and_names),
		cmocka_unit_test(test_uarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
