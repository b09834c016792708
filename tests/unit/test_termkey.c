/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/termkey.h"
#include "tests/unit/prop.h"

/* All tokens of a text; what is left over at the end is flushed. Gives their number. */
static unsigned int tokens_of(const char *text, struct termkey_token *tokens, unsigned int room)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t count = strlen(text);
	unsigned int n = 0;
	struct termkey k;

	termkey_init(&k);
	while (n < room && termkey_next(&k, &bytes, &count, &tokens[n]))
		n++;
	while (n < room && termkey_flush(&k, &tokens[n]))
		n++;
	return n;
}

static void test_single(void **unused)
{
	static const struct {
		const char *text;
		unsigned int kind, code, modifiers, a, b;
	} cases[] = {
		{"a", TERMKEY_TEXT, 'a', 0, 0, 0},
		{"\x7f", TERMKEY_CONTROL, 127, 0, 0, 0},
		{"\r", TERMKEY_CONTROL, 13, 0, 0, 0},
		{"\xc3\xa9", TERMKEY_TEXT, 0xe9, 0, 0, 0},
		{"\xe4\xb8\xad", TERMKEY_TEXT, 0x4e2d, 0, 0, 0},
		{"\xf0\x9f\x98\x80", TERMKEY_TEXT, 0x1f600, 0, 0, 0},
		{"\xff", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\xc0", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\xe4\xb8", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b", TERMKEY_KEY, TERMKEY_ESCAPE, 0, 0, 0},
		{"\x1b[A", TERMKEY_KEY, TERMKEY_UP, 0, 0, 0},
		{"\x1bOB", TERMKEY_KEY, TERMKEY_DOWN, 0, 0, 0},
		{"\x1b[1;5C", TERMKEY_KEY, TERMKEY_RIGHT, TERMKEY_CTRL, 0, 0},
		{"\x1b[H", TERMKEY_KEY, TERMKEY_HOME, 0, 0, 0},
		{"\x1b[4~", TERMKEY_KEY, TERMKEY_END, 0, 0, 0},
		{"\x1b[5~", TERMKEY_KEY, TERMKEY_PAGE_UP, 0, 0, 0},
		{"\x1b[6;2~", TERMKEY_KEY, TERMKEY_PAGE_DOWN, TERMKEY_SHIFT, 0, 0},
		{"\x1b[3~", TERMKEY_KEY, TERMKEY_DELETE, 0, 0, 0},
		{"\x1b[Z", TERMKEY_KEY, TERMKEY_BACKTAB, TERMKEY_SHIFT, 0, 0},
		{"\x1bOP", TERMKEY_KEY, TERMKEY_F1, 0, 0, 0},
		{"\x1b[[C", TERMKEY_KEY, TERMKEY_F1 + 2, 0, 0, 0},
		{"\x1b[11~", TERMKEY_KEY, TERMKEY_F1, 0, 0, 0},
		{"\x1b[15~", TERMKEY_KEY, TERMKEY_F1 + 4, 0, 0, 0},
		{"\x1b[24~", TERMKEY_KEY, TERMKEY_F12, 0, 0, 0},
		{"\x1b"
		 "1",
		 TERMKEY_KEY, TERMKEY_F1, 0, 0, 0},
		{"\x1b"
		 "0",
		 TERMKEY_KEY, TERMKEY_F1 + 9, 0, 0, 0},
		{"\x1bx", TERMKEY_TEXT, 'x', TERMKEY_ALT, 0, 0},
		{"\x1b\xc3\xa9", TERMKEY_TEXT, 0xe9, TERMKEY_ALT, 0, 0},
		{"\x1b\r", TERMKEY_CONTROL, 13, TERMKEY_ALT, 0, 0},
		{"\x1b[", TERMKEY_TEXT, '[', TERMKEY_ALT, 0, 0},
		{"\x1bO", TERMKEY_TEXT, 'O', TERMKEY_ALT, 0, 0},
		{"\x1b[8;50;200t", TERMKEY_SIZE, 0, 0, 50, 200},
		{"\x1b[24;80R", TERMKEY_CURSOR, 0, 0, 24, 80},
		{"\x1b[8;99999;1t", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[?1;2c", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[<0;3;4M", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[M \x07!", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[9~", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[16~", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[99~", TERMKEY_OTHER, 0, 0, 0, 0},
		{"\x1b[8;", TERMKEY_OTHER, 0, 0, 0, 0},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct termkey_token t[2];

		if (tokens_of(cases[i].text, t, 2) != 1 || t[0].kind != cases[i].kind ||
		    t[0].code != cases[i].code || t[0].modifiers != cases[i].modifiers ||
		    t[0].a != cases[i].a || t[0].b != cases[i].b ||
		    t[0].count != strlen(cases[i].text) ||
		    memcmp(t[0].raw, cases[i].text, t[0].count) != 0)
			fail_msg("case %u (ESC %s): kind %u code %u modifiers %u", i,
				 cases[i].text + 1, t[0].kind, t[0].code, t[0].modifiers);
	}
}

static void test_sequences(void **unused)
{
	struct termkey_token t[16];

	/* An ESC before a sequence is a key by itself. */
	assert_int_equal(tokens_of("\x1b\x1b[A", t, 8), 2);
	assert_int_equal(t[0].code, TERMKEY_ESCAPE);
	assert_int_equal(t[1].code, TERMKEY_UP);
	/* What breaks off gives way to what comes. */
	assert_int_equal(tokens_of("\x1b[1;\rx", t, 8), 3);
	assert_int_equal(t[0].kind, TERMKEY_OTHER);
	assert_int_equal(t[1].code, '\r');
	assert_int_equal(t[2].code, 'x');
	assert_int_equal(tokens_of("\xe4\xb8q", t, 8), 2);
	assert_int_equal(t[0].kind, TERMKEY_OTHER);
	assert_int_equal(t[1].code, 'q');
	/* An endless sequence comes in pieces: 32 bytes, then what is left as text. */
	assert_int_equal(tokens_of("\x1b[0000000000111111111122222222223333333A", t, 16), 1 + 8);
	assert_int_equal(t[0].count, TERMKEY_RAW_BYTES);
}

/* Any bytes, cut anywhere: the raw bytes of the tokens are what came. */
static void check_bytes(struct prop *p)
{
	uint8_t in[200], out[200];
	const uint8_t *next = in;
	struct termkey_token t;
	size_t at = 0, given = 0, i, count;
	struct termkey k;

	for (i = 0; i < sizeof(in); i++)
		in[i] = prop_below(p, 3) ? "\x1b[O;0189MRt~A\xe4\xb8"[prop_below(p, 15)]
					 : (uint8_t)prop_u64(p);
	termkey_init(&k);
	while (given < sizeof(in)) {
		count = 1 + prop_below(p, 5);
		if (count > sizeof(in) - given)
			count = sizeof(in) - given;
		given += count;
		while (termkey_next(&k, &next, &count, &t)) {
			assert_in_range(t.count, 1, TERMKEY_RAW_BYTES);
			memcpy(out + at, t.raw, t.count);
			at += t.count;
		}
		assert_ptr_equal(next, in + given);
		if (prop_below(p, 20) == 0 && termkey_flush(&k, &t)) {
			memcpy(out + at, t.raw, t.count);
			at += t.count;
		}
	}
	if (termkey_flush(&k, &t)) {
		memcpy(out + at, t.raw, t.count);
		at += t.count;
	}
	assert_false(termkey_is_pending(&k));
	assert_int_equal(at, sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
}

static void test_any_bytes(void **unused)
{
	struct prop p = prop_start("any bytes");
	unsigned int i;

	for (i = 0; i < 2000; i++)
		check_bytes(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
