/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GTNIC_H
#define LIB_GTNIC_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * What a guest's tools tell of its network cards (open-vm-tools' GuestNicProto, version 3), in XDR
 * (RFC 4506): big-endian words, each item padded to four bytes. Pure.
 */

#define GTNIC_CARDS      16
#define GTNIC_ADDRESSES  8  /* of each card; further ones are counted, not kept */
#define GTNIC_MAC_BYTES  18 /* "00:11:22:33:44:55" and a NUL */
#define GTNIC_TEXT_BYTES 64 /* of an address, its prefix and a NUL */

struct gtnic_address {
	uint8_t bytes[16];
	uint8_t count;  /* of bytes: 4 or 16 */
	uint8_t prefix; /* bits */
};

struct gtnic_card {
	char mac[GTNIC_MAC_BYTES]; /* printable ASCII */
	uint32_t addresses;        /* kept */
	uint32_t addresses_told;
	struct gtnic_address address[GTNIC_ADDRESSES];
};

struct gtnic_list {
	uint32_t cards;
	struct gtnic_card card[GTNIC_CARDS];
};

/* *list is set with ERR_OK alone. What comes behind the cards (routes, name servers) is not read.
 */
enum err gtnic_decode(const uint8_t *bytes, size_t count, struct gtnic_list *list) MUST_CHECK;

/* "192.0.2.1/24", "2001:db8::1/64"; lower case, the longest run of zeros left out (RFC 5952). */
void gtnic_text(const struct gtnic_address *address, char text[GTNIC_TEXT_BYTES]);

#endif
