/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/gtnic.h"
#include "tests/unit/prop.h"

/* What the tools tell of network cards. */

struct xdr {
	uint8_t bytes[4096];
	size_t count;
};

static void put(struct xdr *x, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		x->bytes[x->count++] = (uint8_t)(value >> shift);
}

static void put_bytes(struct xdr *x, const void *bytes, uint32_t count)
{
	put(x, count);
	memcpy(x->bytes + x->count, bytes, count);
	x->count += (count + 3) & ~UINT32_C(3);
}

static void put_address(struct xdr *x, uint32_t type, const void *bytes, uint32_t count,
			uint32_t prefix)
{
	put(x, type);
	put_bytes(x, bytes, count);
	put(x, prefix);
	put(x, 1); /* an origin */
	put(x, 4);
	put(x, 0); /* no state */
}

/* Two cards; of the first everything is there that can be. */
static void make(struct xdr *x)
{
	static const uint8_t v6[20] = {0x20, 1, 0xd, 0xb8, [15] = 1};

	*x = (struct xdr){.count = 0};
	put(x, 3);
	put(x, 1);
	put(x, 2);
	put_bytes(x, "52:54:00:12:34:56", 17);
	put(x, 4);
	put_address(x, 1, "\xc0\x00\x02\x07", 4, 24);
	put_address(x, 2, v6, 16, 64);
	put_address(x, 4, v6, 20, 128);
	put_address(x, 16, "name", 4, 0);
	put(x, 1); /* DNS */
	put(x, 1);
	put_bytes(x, "host", 4);
	put(x, 0);
	put(x, 1);
	put(x, 1);
	put_bytes(x, "\x01\x01\x01\x01", 4);
	put(x, 1);
	put_bytes(x, "example.org", 11);
	put(x, 1); /* WINS */
	for (int i = 0; i < 2; i++) {
		put(x, 1);
		put_bytes(x, "\x01\x01\x01\x01", 4);
	}
	put(x, 1); /* DHCP */
	put(x, 1);
	put_bytes(x, "settings", 8);
	put(x, 0);
	put_bytes(x, "a\nb", 3);
	put(x, 0);
	for (int i = 0; i < 4; i++)
		put(x, 0);
}

static void test_cards(void **unused)
{
	char text[GTNIC_TEXT_BYTES];
	struct gtnic_list list;
	struct xdr x;

	make(&x);
	assert_int_equal(gtnic_decode(x.bytes, x.count, &list), ERR_OK);
	assert_int_equal(list.cards, 2);
	assert_string_equal(list.card[0].mac, "52:54:00:12:34:56");
	assert_int_equal(list.card[0].addresses, 3);
	gtnic_text(&list.card[0].address[0], text);
	assert_string_equal(text, "192.0.2.7/24");
	gtnic_text(&list.card[0].address[1], text);
	assert_string_equal(text, "2001:db8::1/64");
	gtnic_text(&list.card[0].address[2], text);
	assert_string_equal(text, "2001:db8::1/128");
	assert_string_equal(list.card[1].mac, "a?b");
	assert_int_equal(list.card[1].addresses, 0);
}

/* Each shorter message is refused, in memory of just its size. */
static void test_short(void **unused)
{
	struct gtnic_list list = {.cards = 77};
	struct xdr x;

	make(&x);
	for (size_t count = 0; count < x.count; count++) {
		uint8_t *copy = malloc(count + 1);

		memcpy(copy, x.bytes, count);
		assert_int_not_equal(gtnic_decode(copy, count, &list), ERR_OK);
		free(copy);
	}
	assert_int_equal(list.cards, 77);
}

static void test_limits(void **unused)
{
	struct gtnic_list list;
	struct xdr x = {.count = 0};

	put(&x, 2);
	assert_int_equal(gtnic_decode(x.bytes, 4, &list), ERR_UNSUPPORTED);
	x.count = 0;
	put(&x, 3);
	put(&x, 1);
	put(&x, GTNIC_CARDS + 1);
	assert_int_equal(gtnic_decode(x.bytes, x.count, &list), ERR_TRUNCATED);
	x.count = 8;
	put(&x, 1);
	put_bytes(&x, "52:54:00:12:34:56", 17);
	put(&x, 10);
	for (int i = 0; i < 10; i++)
		put_address(&x, 1, "\x0a\0\0\x01", 4, i == 9 ? 33 : 8);
	for (int i = 0; i < 4; i++)
		put(&x, 0);
	assert_int_equal(gtnic_decode(x.bytes, x.count, &list), ERR_OK);
	assert_int_equal(list.card[0].addresses, GTNIC_ADDRESSES);
	assert_int_equal(list.card[0].addresses_told, 9);
}

static void check_text(const uint8_t *bytes, const char *want)
{
	struct gtnic_address address = {.count = 16, .prefix = 7};
	char text[GTNIC_TEXT_BYTES];

	memcpy(address.bytes, bytes, 16);
	gtnic_text(&address, text);
	assert_string_equal(text, want);
}

static void test_text(void **unused)
{
	static const uint8_t all[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	check_text((uint8_t[16]){0}, "::/7");
	check_text((uint8_t[16]){[15] = 1}, "::1/7");
	check_text((uint8_t[16]){[0] = 0xfe, [1] = 0x80}, "fe80::/7");
	check_text((uint8_t[16]){[1] = 1, [5] = 2, [11] = 3, [15] = 4}, "1:0:2::3:0:4/7");
	check_text((uint8_t[16]){[1] = 1, [5] = 2, [7] = 3, [9] = 4, [11] = 5, [13] = 6, [15] = 7},
		   "1:0:2:3:4:5:6:7/7");
	check_text(all, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/7");
}

/* Broken somewhere: refused or not, what is kept is within its bounds. */
static void test_random(void **unused)
{
	struct prop p = prop_start(__func__);
	char text[GTNIC_TEXT_BYTES];

	for (int round = 0; round < 20000; round++) {
		struct gtnic_list list;
		struct xdr x;

		make(&x);
		for (uint64_t i = prop_below(&p, 4); i > 0; i--)
			x.bytes[prop_below(&p, x.count)] ^= (uint8_t)(1 << prop_below(&p, 8));
		if (gtnic_decode(x.bytes, x.count, &list) != ERR_OK)
			continue;
		assert_true(list.cards <= GTNIC_CARDS);
		for (uint32_t i = 0; i < list.cards; i++) {
			assert_true(list.card[i].addresses <= GTNIC_ADDRESSES);
			assert_true(strlen(list.card[i].mac) < GTNIC_MAC_BYTES);
			for (uint32_t n = 0; n < list.card[i].addresses; n++)
				gtnic_text(&list.card[i].address[n], text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cards),  cmocka_unit_test(test_short),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_text),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
