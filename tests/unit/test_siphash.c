/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/siphash.h"

#include <string.h>

static const struct siphash128 key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

/* The authors' first test vectors: input is 0, 1, 2, ... */
static void test_vectors(void **state)
{
	static const struct siphash128 expected[] = {
		{{UINT64_C(0xe6a825ba047f81a3), UINT64_C(0x930255c71472f66d)}},
		{{UINT64_C(0x44af996bd8c187da), UINT64_C(0x45fc229b11597634)}},
	};
	uint8_t input[2] = {0, 1};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		struct siphash128 out = siphash128(&key, input, i);

		assert_int_equal(out.word[0], expected[i].word[0]);
		assert_int_equal(out.word[1], expected[i].word[1]);
	}
}

/* Every byte, the length and the key count. */
static void test_sensitive(void **state)
{
	struct siphash128 other = key;
	uint8_t input[24] = {0};
	struct siphash128 base, out;
	size_t i;

	base = siphash128(&key, input, sizeof(input));
	for (i = 0; i < sizeof(input); i++) {
		input[i] = 1;
		out = siphash128(&key, input, sizeof(input));
		assert_memory_not_equal(&out, &base, sizeof(out));
		input[i] = 0;
		out = siphash128(&key, input, i);
		assert_memory_not_equal(&out, &base, sizeof(out));
	}
	other.word[1] ^= BIT(63);
	out = siphash128(&other, input, sizeof(input));
	assert_memory_not_equal(&out, &base, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_sensitive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
