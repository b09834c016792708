/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/screen.h"
#include "tests/unit/prop.h"
#include "tests/unit/screen_check.h"

/*
 * Two screens get the same random bytes, text and sequences that are mostly whole, in different
 * pieces. They must be the same after each step, sound in themselves, and their watchers, who look
 * at different times, must have what they show.
 */
#define HISTORY_BYTES 4096
#define STEP_BYTES    256

struct pair {
	struct screen s[2];
	struct screen_watcher watcher[2];
	void *memory[2];
	unsigned int flags;
};

static size_t add(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n);
	return n;
}

static size_t random_text(struct prop *p, char *to)
{
	static const char *const words[] = {
		"a",
		"bc",
		"hello world",
		" ",
		"\r\n",
		"\n",
		"\t",
		"\b",
		"你",
		"好",
		"é",
		"e\314\201",
		"─",
		"\360\237\230\200",
		"\342\200\215",
		"\302\233",
		"\357\277",
		"\377",
		"\016",
		"\017",
		"\a",
		"\r",
	};
	size_t n = 0;

	for (uint64_t i = prop_between(p, 1, 6); i != 0; i--)
		n += add(to + n, words[prop_below(p, ARRAY_SIZE(words))]);
	return n;
}

static unsigned int random_number(struct prop *p)
{
	switch (prop_below(p, 8)) {
	case 0:
		return 65535;
	case 1:
		return (unsigned int)prop_below(p, 200);
	default:
		return (unsigned int)prop_below(p, 12);
	}
}

static size_t random_csi(struct prop *p, char *to)
{
	static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abcdefghlmnrstuqp";
	size_t n = add(to, "\033[");

	if (prop_one_in(p, 12))
		to[n++] = "<=>?"[prop_below(p, 4)];
	for (uint64_t i = prop_below(p, 4); i != 0; i--) {
		n += (size_t)sprintf(to + n, "%u", random_number(p));
		if (i > 1)
			to[n++] = prop_one_in(p, 10) ? ':' : ';';
	}
	if (prop_one_in(p, 20))
		to[n++] = " !$"[prop_below(p, 3)];
	to[n++] = finals[prop_below(p, sizeof(finals) - 1)];
	return n;
}

static size_t random_mode(struct prop *p, char *to)
{
	static const unsigned int modes[] = {1,    5,    6,    7,    7,    25,   47,   66,
					     1000, 1002, 1006, 1047, 1048, 1049, 1049, 2004};
	char final = prop_one_in(p, 2) ? 'h' : 'l';

	if (prop_one_in(p, 6))
		return (size_t)sprintf(to, "\033[%d%c", prop_one_in(p, 2) ? 4 : 20, final);
	return (size_t)sprintf(to, "\033[?%u%c", modes[prop_below(p, ARRAY_SIZE(modes))], final);
}

static size_t random_other(struct prop *p, char *to)
{
	static const char *const others[] = {
		"\0337",   "\0338",  "\033D",      "\033E",         "\033M",
		"\033H",   "\033=",  "\033>",      "\033c",         "\033#8",
		"\033(0",  "\033(B", "\033)0",     "\033]0;t\a",    "\033Pq\033\\",
		"\033[!p", "\033[m", "\033[7;41m", "\033[38;5;99m", "\033[48;2;1;2;3m",
		"\033[",   "\033",   "\030",
	};

	return add(to, others[prop_below(p, ARRAY_SIZE(others))]);
}

static size_t random_bytes(struct prop *p, char *to)
{
	size_t n = 0;

	while (n < STEP_BYTES / 2) {
		switch (prop_below(p, 8)) {
		case 0:
		case 1:
			n += random_csi(p, to + n);
			break;
		case 2:
			n += random_mode(p, to + n);
			break;
		case 3:
			n += random_other(p, to + n);
			break;
		case 4:
			to[n++] = (char)prop_u64(p);
			break;
		default:
			n += random_text(p, to + n);
			break;
		}
	}
	return n;
}

static void write_in_pieces(struct prop *p, struct screen *s, const char *bytes, size_t count)
{
	while (count != 0) {
		size_t n = prop_between(p, 1, count);

		screen_write(s, (const uint8_t *)bytes, n);
		bytes += n;
		count -= n;
	}
}

static void compare(const struct pair *c)
{
	const struct screen *a = &c->s[0], *b = &c->s[1];
	static struct screen_cell cells[2][SCREEN_COLUMNS_MAX];
	unsigned int n[2];

	for (unsigned int y = 0; y < a->rows; y++)
		assert_memory_equal(screen_row(a, y), screen_row(b, y),
				    a->columns * sizeof(struct screen_cell));
	assert_int_equal(a->x, b->x);
	assert_int_equal(a->y, b->y);
	assert_int_equal(a->modes, b->modes);
	assert_int_equal(a->bells, b->bells);
	assert_true(a->history.pushed == b->history.pushed && a->history.lines == b->history.lines);
	for (int i = 0; i < 2; i++)
		n[i] = screen_history_row((struct screen *)&c->s[i], 3, cells[i],
					  SCREEN_COLUMNS_MAX);
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(cells[0], cells[1], n[0] * sizeof(cells[0][0]));
}

static void look(struct prop *p, struct pair *c, unsigned int i)
{
	const char *wrong = screen_check(&c->s[i]);

	if (wrong == NULL)
		wrong = screen_check_history(&c->s[i].history);
	if (wrong == NULL && prop_one_in(p, i == 0 ? 1 : 5))
		wrong = screen_follow(&c->watcher[i], &c->s[i]);
	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void step(struct prop *p, struct pair *c)
{
	static char bytes[2 * STEP_BYTES];
	size_t count = random_bytes(p, bytes);

	assert_true(count <= sizeof(bytes));
	if (prop_one_in(p, 12)) {
		unsigned int columns = (unsigned int)prop_between(p, 0, 40);
		unsigned int rows = (unsigned int)prop_between(p, 0, 12);

		for (int i = 0; i < 2; i++)
			screen_resize(&c->s[i], columns, rows);
	}
	write_in_pieces(p, &c->s[0], bytes, count);
	screen_write(&c->s[1], (const uint8_t *)bytes, count);
	for (unsigned int i = 0; i < 2; i++)
		look(p, c, i);
	compare(c);
}

static void test_pieces_and_damage(void **state)
{
	static struct pair c;
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 60; round++) {
		c.flags = prop_one_in(&p, 4) ? (unsigned int)prop_below(&p, 4) : 0;
		for (int i = 0; i < 2; i++) {
			size_t bytes = screen_grid_bytes(c.flags) + HISTORY_BYTES;

			c.memory[i] = malloc(bytes);
			memset(c.memory[i], 0xa5 + i, bytes);
			screen_init(&c.s[i], c.memory[i], bytes, c.flags);
			screen_watch(&c.watcher[i], &c.s[i]);
		}
		for (int i = 0; i < 200; i++)
			step(&p, &c);
		for (int i = 0; i < 2; i++)
			free(c.memory[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_and_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
