// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/guestreport.h"

#include <string.h>

void guestreport_clean(char *to, size_t bytes, const char *text, size_t length)
{
	size_t used = 0;

	while (used + 1 < bytes && used < length && text[used] != '\0') {
		to[used] = text[used] < ' ' || text[used] > '~' ? '?' : text[used];
		used++;
	}
	to[used] = '\0';
}

void guestreport_add_address(struct guestreport *r, const char *text, size_t length)
{
	char clean[GUESTREPORT_ADDRESS_BYTES];

	guestreport_clean(clean, sizeof(clean), text, length);
	if (clean[0] == '\0' || r->addresses == GUESTREPORT_ADDRESSES_MAX)
		return;
	for (uint32_t i = 0; i < r->addresses; i++) {
		if (strcmp(r->address[i], clean) == 0)
			return;
	}
	memcpy(r->address[r->addresses++], clean, sizeof(clean));
}

/* How much of an address it is: IPv4, then IPv6, then what holds on a link or in the guest only
 * (RFC 3927, RFC 4291). */
static unsigned int rank(const char *address)
{
	if (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
		return 0;
	if (strncmp(address, "169.254.", 8) == 0 || strncmp(address, "fe80:", 5) == 0)
		return 1;
	return strchr(address, ':') != NULL ? 2 : 3;
}

const char *guestreport_address(const struct guestreport *r)
{
	const char *best = NULL;

	for (uint32_t i = 0; i < r->addresses; i++) {
		if (best == NULL || rank(r->address[i]) > rank(best))
			best = r->address[i];
	}
	return best;
}
