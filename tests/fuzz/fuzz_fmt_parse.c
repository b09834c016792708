/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "lib/fmt.h"

/* A number that is taken is what strtoull() makes of its digits; written, it reads the same. */
static void check_number(const char *text)
{
	uint64_t value, again;
	char *suffix;
	char written[32];

	if (!fmt_parse_u64(text, &value))
		return;

	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	uint64_t digits = strtoull(text, &suffix, hex ? 16 : 10);
	const char *suffixes = "KMG";
	const char *found = *suffix != '\0' ? strchr(suffixes, *suffix) : NULL;
	unsigned int shift = found != NULL ? 10 * (unsigned int)(found - suffixes + 1) : 0;

	FUZZ_CHECK(*suffix == '\0' || (found != NULL && suffix[1] == '\0'));
	FUZZ_CHECK(value == digits << shift && value >> shift == digits);
	fmt_snprintf(written, sizeof(written), hex ? "%#llx" : "%llu", (unsigned long long)value);
	FUZZ_CHECK(fmt_parse_u64(written, &again) && again == value);
}

/* A format, taken literally but for conversions that need no argument's memory. */
static void check_format(char *fmt)
{
	char small[8], large[256];
	size_t length;

	for (char *p = fmt; *p != '\0'; p++) {
		if (*p == 's')
			*p = 'd';
	}
	memset(small, 0x55, sizeof(small));
	length = fmt_snprintf(large, sizeof(large), fmt, 1, -2, 3, -4, 5, 6, 7, 8, 9, 10);
	FUZZ_CHECK(fmt_snprintf(small, 7, fmt, 1, -2, 3, -4, 5, 6, 7, 8, 9, 10) == length);
	FUZZ_CHECK(memcmp(small, large, length < 6 ? length : 6) == 0);
	FUZZ_CHECK(small[length < 6 ? length : 6] == '\0' && small[7] == 0x55);
	FUZZ_CHECK(strlen(large) <= length);
}

/* Conversions take what is on the stack: a format may ask for no more than was passed. */
static bool asks_for_more(const char *fmt)
{
	unsigned int count = 0;

	for (; *fmt != '\0'; fmt++)
		count += *fmt == '%' || *fmt == '*';
	return count > 10;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes);

	check_number(text);
	if (!asks_for_more(text))
		check_format(text);
	free(text);
	return 0;
}
