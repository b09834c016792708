/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_GUESTREPORT_H
#define VMM_GUESTREPORT_H

#include "lib/bits.h"

struct json_t; /* jansson's */
struct tools_report;

/*
 * What a guest's own tools have told of it, made fit to be shown: printable ASCII, '?' for all
 * else, cut off where there is no more room. The guest may tell anything.
 */

#define GUESTREPORT_TEXT_BYTES    64
#define GUESTREPORT_ADDRESS_BYTES 48 /* an IPv6 address has 45 characters at most */
#define GUESTREPORT_ADDRESSES_MAX 16

struct guestreport {
	char os[GUESTREPORT_TEXT_BYTES]; /* empty: not told, as of the others */
	char host_name[GUESTREPORT_TEXT_BYTES];
	char tools[GUESTREPORT_TEXT_BYTES];                                 /* their version */
	char address[GUESTREPORT_ADDRESSES_MAX][GUESTREPORT_ADDRESS_BYTES]; /* IP, no prefix */
	uint32_t addresses;
};

/* Text of `length` bytes, cleaned as above. bytes: room, with the NUL. */
void guestreport_clean(char *to, size_t bytes, const char *text, size_t length);
/* Adds an address if there is room and it is not there yet. */
void guestreport_add_address(struct guestreport *r, const char *text, size_t length);
/* The one to be shown: IPv4 before IPv6, of the whole net before those of a link; NULL: none. */
const char *guestreport_address(const struct guestreport *r);

/* What VMware's tools have told. */
void guestreport_from_tools(struct guestreport *r, const struct tools_report *told);

/* Adds what was told to an object: "os", "host-name", "tools", "addresses". */
void guestreport_describe(const struct guestreport *r, struct json_t *object);
/* The other way round; what is missing or of another type was not told. */
void guestreport_take(struct guestreport *r, const struct json_t *object);

#endif
