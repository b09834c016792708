/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gtnic.h"

#include <string.h>

#include "lib/fmt.h"

#define VERSION_3 3

/* InetAddressType (RFC 4001); the ones with a zone have four bytes more. */
#define TYPE_IPV4  1
#define TYPE_IPV6  2
#define TYPE_IPV4Z 3
#define TYPE_IPV6Z 4

/* The tools' own limits. */
#define ADDRESSES_MAX     2048
#define ADDRESS_BYTES_MAX 255
#define HOST_BYTES_MAX    255
#define SERVERS_MAX       16
#define SUFFIXES_MAX      10
#define DHCP_BYTES_MAX    16384

/* What is still to be read. After a failure it stays failed, and everything reads as 0. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static const uint8_t *take(struct reader *r, size_t bytes)
{
	const uint8_t *at = r->at;

	bytes = bits_align_up(bytes, 4);
	if (r->failed || bytes > r->left) {
		r->failed = true;
		return NULL;
	}
	r->at += bytes;
	r->left -= bytes;
	return at;
}

static uint32_t word(struct reader *r)
{
	const uint8_t *at = take(r, 4);

	return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
		  : 0;
}

static uint32_t word_below(struct reader *r, uint32_t limit)
{
	uint32_t value = word(r);

	if (value < limit)
		return value;
	r->failed = true;
	return 0;
}

/* A length and so many bytes; NULL: it failed. */
static const uint8_t *opaque(struct reader *r, uint32_t most, uint32_t *bytes)
{
	*bytes = word_below(r, most + 1);
	return take(r, *bytes);
}

static void skip_opaque(struct reader *r, uint32_t most)
{
	uint32_t bytes;

	(void)opaque(r, most, &bytes);
}

/* Is an optional item there? */
static bool there(struct reader *r)
{
	return word_below(r, 2) != 0;
}

/* False: it is of no kind that is kept. */
static bool typed_address(struct reader *r, struct gtnic_address *address)
{
	uint32_t type = word(r), bytes;
	const uint8_t *at = opaque(r, ADDRESS_BYTES_MAX, &bytes);
	uint32_t want = type == TYPE_IPV4 || type == TYPE_IPV4Z   ? 4
			: type == TYPE_IPV6 || type == TYPE_IPV6Z ? 16
								  : 0;

	if (!at || want == 0 || (bytes != want && bytes != want + 4))
		return false;
	memcpy(address->bytes, at, want);
	address->count = (uint8_t)want;
	return true;
}

static void address_entry(struct reader *r, struct gtnic_card *card)
{
	struct gtnic_address address = {.count = 0};
	bool is_known = typed_address(r, &address);
	uint32_t prefix = word(r);

	if (there(r))
		(void)word(r); /* its origin */
	if (there(r))
		(void)word(r); /* its state */
	if (r->failed || !is_known || prefix > address.count * 8u)
		return;
	address.prefix = (uint8_t)prefix;
	card->addresses_told++;
	if (card->addresses < GTNIC_ADDRESSES)
		card->address[card->addresses++] = address;
}

static void skip_dns(struct reader *r)
{
	struct gtnic_address ignored;
	uint32_t i, count;

	if (!there(r))
		return;
	for (i = 0; i < 2; i++) {
		if (there(r))
			skip_opaque(r, HOST_BYTES_MAX);
	}
	count = word_below(r, SERVERS_MAX + 1);
	for (i = 0; i < count; i++)
		(void)typed_address(r, &ignored);
	count = word_below(r, SUFFIXES_MAX + 1);
	for (i = 0; i < count; i++)
		skip_opaque(r, HOST_BYTES_MAX);
}

static void skip_wins_and_dhcp(struct reader *r)
{
	struct gtnic_address ignored;
	uint32_t i;

	if (there(r)) {
		(void)typed_address(r, &ignored);
		(void)typed_address(r, &ignored);
	}
	for (i = 0; i < 2; i++) {
		if (there(r)) {
			(void)word(r);
			skip_opaque(r, DHCP_BYTES_MAX);
		}
	}
}

static void read_card(struct reader *r, struct gtnic_card *card)
{
	uint32_t bytes, count, i;
	const uint8_t *mac = opaque(r, GTNIC_MAC_BYTES, &bytes);

	*card = (struct gtnic_card){.addresses = 0};
	for (i = 0; mac && i < bytes && i < GTNIC_MAC_BYTES - 1 && mac[i] != 0; i++)
		card->mac[i] = mac[i] > ' ' && mac[i] <= '~' ? (char)mac[i] : '?';
	count = word_below(r, ADDRESSES_MAX + 1);
	for (i = 0; i < count && !r->failed; i++)
		address_entry(r, card);
	skip_dns(r);
	skip_wins_and_dhcp(r);
}

enum err gtnic_decode(const uint8_t *bytes, size_t count, struct gtnic_list *list)
{
	struct reader r = {bytes, count, false};
	struct gtnic_list found = {.cards = 0};
	uint32_t i;

	if (word(&r) != VERSION_3 || !there(&r))
		return ERR_UNSUPPORTED;
	found.cards = word_below(&r, GTNIC_CARDS + 1);
	for (i = 0; i < found.cards && !r.failed; i++)
		read_card(&r, &found.card[i]);
	if (r.failed)
		return ERR_TRUNCATED;
	*list = found;
	return ERR_OK;
}

static uint32_t group(const struct gtnic_address *address, uint32_t i)
{
	return (uint32_t)address->bytes[2 * i] << 8 | address->bytes[2 * i + 1];
}

/* The first of the longest runs of at least two groups of zeros; 8: there is none. */
static uint32_t longest_zeros(const struct gtnic_address *address, uint32_t *length)
{
	uint32_t best = 8, i, n;

	*length = 1;
	for (i = 0; i < 8; i++) {
		for (n = 0; i + n < 8 && group(address, i + n) == 0; n++)
			;
		if (n > *length) {
			best = i;
			*length = n;
		}
	}
	return best;
}

void gtnic_text(const struct gtnic_address *address, char text[GTNIC_TEXT_BYTES])
{
	uint32_t length, zeros, i;
	size_t at = 0;

	if (address->count == 4) {
		(void)fmt_snprintf(text, GTNIC_TEXT_BYTES, "%u.%u.%u.%u/%u", address->bytes[0],
				   address->bytes[1], address->bytes[2], address->bytes[3],
				   address->prefix);
		return;
	}
	zeros = longest_zeros(address, &length);
	for (i = 0; i < 8; i++) {
		if (i == zeros) {
			at += fmt_snprintf(text + at, GTNIC_TEXT_BYTES - at, i == 0 ? "::" : ":");
			i += length - 1;
			continue;
		}
		at += fmt_snprintf(text + at, GTNIC_TEXT_BYTES - at,
				   i == 7 ? "%x" : "%x:", group(address, i));
	}
	(void)fmt_snprintf(text + at, GTNIC_TEXT_BYTES - at, "/%u", address->prefix);
}
