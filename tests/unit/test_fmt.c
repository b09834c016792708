/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <limits.h>
#include <string.h>

#include "lib/fmt.h"
#include "tests/unit/prop.h"

#define ROOM 96

static void check_text(const char *want, const char *fmt, ...)
{
	char buf[ROOM];
	va_list args;

	va_start(args, fmt);
	assert_int_equal(fmt_vsnprintf(buf, sizeof(buf), fmt, args), strlen(want));
	va_end(args);
	assert_string_equal(buf, want);
}

/* A random conversion specification and what it needs as arguments. */
struct spec {
	char text[ROOM];
	unsigned int stars;
	unsigned int length; /* index into lengths */
	char conversion;
};

static const char *const lengths[] = {"", "l", "ll", "z"};

static void append_number(struct prop *p, struct spec *s, const char *before)
{
	char number[16];

	strcat(s->text, before);
	if (prop_one_in(p, 3)) {
		strcat(s->text, "*");
		s->stars++;
		return;
	}
	snprintf(number, sizeof(number), "%u", (unsigned int)prop_between(p, 1, 40));
	strcat(s->text, number);
}

static struct spec random_spec(struct prop *p)
{
	struct spec s = {.conversion = "diuxXcsp"[prop_below(p, 8)]};
	bool number = strchr("diuxX", s.conversion) != NULL;

	strcpy(s.text, prop_one_in(p, 2) ? "ab%" : "%");
	if (prop_one_in(p, 2))
		strcat(s.text, "-");
	if (number && prop_one_in(p, 2))
		strcat(s.text, "0");
	if ((s.conversion == 'x' || s.conversion == 'X') && prop_one_in(p, 2))
		strcat(s.text, "#");
	if (prop_one_in(p, 2))
		append_number(p, &s, "");
	if ((number || s.conversion == 's') && prop_one_in(p, 2))
		append_number(p, &s, ".");
	if (number) {
		s.length = prop_below(p, ARRAY_SIZE(lengths));
		strcat(s.text, lengths[s.length]);
	}
	strncat(s.text, &s.conversion, 1);
	if (prop_one_in(p, 2))
		strcat(s.text, "%%c");
	return s;
}

/* The same call to both; a macro, for the arguments' types. */
#define BOTH(value)                                                                                \
	do {                                                                                       \
		if (s->stars == 0) {                                                               \
			want_length = snprintf(want, bytes, s->text, value);                       \
			length = fmt_snprintf(got, bytes, s->text, value);                         \
		} else if (s->stars == 1) {                                                        \
			want_length = snprintf(want, bytes, s->text, star[0], value);              \
			length = fmt_snprintf(got, bytes, s->text, star[0], value);                \
		} else {                                                                           \
			want_length = snprintf(want, bytes, s->text, star[0], star[1], value);     \
			length = fmt_snprintf(got, bytes, s->text, star[0], star[1], value);       \
		}                                                                                  \
	} while (0)

static void check_spec(struct prop *p, const struct spec *s)
{
	static const char *const texts[] = {"", "x",
					    "a longer text with % and more than any width here"};
	char want[ROOM], got[ROOM];
	int star[2] = {(int)prop_below(p, 61) - 20, (int)prop_below(p, 61) - 20};
	size_t bytes = prop_one_in(p, 3) ? prop_below(p, 20) : ROOM;
	uint64_t value = prop_value(p);
	const char *text = texts[prop_below(p, ARRAY_SIZE(texts))];
	size_t length = 0;
	int want_length = 0;

	memset(want, 0x55, sizeof(want));
	memset(got, 0x55, sizeof(got));
	if (s->conversion == 's')
		BOTH(text);
	else if (s->conversion == 'c')
		BOTH('a' + (int)(value % 26));
	else if (s->conversion == 'p')
		BOTH((void *)(uintptr_t)(value | 1));
	else if (s->length == 0)
		BOTH((unsigned int)value);
	else if (s->length == 1)
		BOTH((unsigned long)value);
	else if (s->length == 2)
		BOTH((unsigned long long)value);
	else
		BOTH((size_t)value);

	if (length != (size_t)want_length || memcmp(want, got, sizeof(got)) != 0)
		fail_msg("\"%s\" stars %d %d value %#llx room %zu: \"%s\" (%zu), want \"%s\" (%d)",
			 s->text, star[0], star[1], (unsigned long long)value, bytes,
			 bytes ? got : "", length, bytes ? want : "", want_length);
}

static void test_against_libc(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 200000; i++) {
		struct spec s = random_spec(&p);

		check_spec(&p, &s);
	}
}

static void test_edges(void **state)
{
	check_text("-2147483648 2147483647", "%d %d", INT_MIN, INT_MAX);
	check_text("-9223372036854775808", "%lld", LLONG_MIN);
	check_text("18446744073709551615", "%zu", SIZE_MAX);
	check_text("0 0x1 0X1F", "%#x %#x %#X", 0, 1, 31);
	check_text("[]", "[%.0d]", 0);
	check_text("(null)", "%s", (char *)NULL);
	check_text("(n", "%.2s", (char *)NULL);
	check_text("0x0", "%p", NULL);
	check_text("100%", "%d%%", 100);
	check_text("a", "%-*c", -1, 'a');
}

/* The text need not end within the precision. */
static void test_string_without_nul(void **state)
{
	char *text = malloc(3);

	memcpy(text, "abc", 3);
	check_text("abc|ab", "%.3s|%.2s", text, text);
	free(text);
}

static void test_unknown_is_copied(void **state)
{
	/* Out of sight of the compiler's check of formats. */
	static const char *const unknown[] = {"%f", "%5.3q", "%-08y|", "%hd", "%"};
	const char *volatile fmt;

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++) {
		char buf[ROOM];

		fmt = unknown[i];
		assert_int_equal(fmt_snprintf(buf, sizeof(buf), fmt, 1), strlen(fmt));
		assert_string_equal(buf, fmt);
	}
}

static void test_room(void **state)
{
	/* Out of sight of the compiler's check of formats. */
	const char *volatile empty = "";
	const char *volatile wide = "%*d%*d";
	const char *volatile huge = "%18446744073709551618d";
	char buf[4] = "xyz";

	assert_int_equal(fmt_snprintf(buf, 0, "%d", 12345), 5);
	assert_int_equal(fmt_snprintf(NULL, 0, "%d", 12345), 5);
	assert_string_equal(buf, "xyz");
	assert_int_equal(fmt_snprintf(buf, 1, "%d", 12345), 5);
	assert_string_equal(buf, "");
	assert_int_equal(fmt_snprintf(buf, sizeof(buf), "%d", 12345), 5);
	assert_string_equal(buf, "123");
	assert_int_equal(fmt_snprintf(buf, sizeof(buf), empty, 0), 0);
	assert_string_equal(buf, "");
	/* Takes no time, although the text would have 4 GB. */
	assert_int_equal(fmt_snprintf(buf, sizeof(buf), wide, INT_MAX, 1, INT_MIN, 1),
			 (size_t)INT_MAX + (size_t)INT_MAX + 1);
	assert_string_equal(buf, "   ");
	/* A width in the format counts as INT_MAX from there on; it does not wrap. */
	assert_int_equal(fmt_snprintf(buf, sizeof(buf), huge, 1), INT_MAX);
}

static void check_parse(const char *text, bool good, uint64_t want)
{
	uint64_t value = 77;

	if (fmt_parse_u64(text, &value) != good || value != (good ? want : 77))
		fail_msg("\"%s\": %llu", text, (unsigned long long)value);
}

static void test_parse(void **state)
{
	static const char *const bad[] = {"",   " ",   "x",   "0x",  "0xg", "-1", "+1",
					  "1 ", " 1",  "1k",  "1KK", "1.5", "K",  "0xK",
					  "1T", "1K ", "12a", "1x0", "\xff"};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		check_parse(bad[i], false, 0);
	check_parse("0", true, 0);
	check_parse("007", true, 7);
	check_parse("18446744073709551615", true, UINT64_MAX);
	check_parse("18446744073709551616", false, 0);
	check_parse("99999999999999999999", false, 0);
	check_parse("0xffffffffffffffff", true, UINT64_MAX);
	check_parse("0x10000000000000000", false, 0);
	check_parse("0XaBcDeF", true, 0xabcdef);
	check_parse("0xA", true, 10);
	check_parse("0xf", true, 15);
	check_parse("1K", true, KIB(1));
	check_parse("0x10M", true, MIB(16));
	check_parse("17179869183G", true, UINT64_C(17179869183) << 30);
	check_parse("17179869184G", false, 0);
}

static void test_parse_against_libc(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 50000; i++) {
		static const char suffixes[] = {'\0', 'K', 'M', 'G'};
		uint64_t value = prop_value(&p);
		unsigned int suffix = prop_below(&p, ARRAY_SIZE(suffixes));
		bool fits = value <= UINT64_MAX >> 10 * suffix;
		char text[64];

		snprintf(text, sizeof(text), prop_one_in(&p, 2) ? "%#llx%c" : "%llu%c",
			 (unsigned long long)value, suffixes[suffix]);
		check_parse(text, fits, value << 10 * suffix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_string_without_nul),
		cmocka_unit_test(test_unknown_is_copied),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_against_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
