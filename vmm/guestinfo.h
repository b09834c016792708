/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_GUESTINFO_H
#define VMM_GUESTINFO_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * The values that a guest and its owner leave for each other (`guestinfo.*`): bytes under a name.
 * The owner may set what he likes, the guest as much as the limits allow. No locks in here.
 */

#define GUESTINFO_PREFIX      "guestinfo."
#define GUESTINFO_KEY_BYTES   128 /* with the NUL */
#define GUESTINFO_VALUE_BYTES (MIB(1) - 16)
#define GUESTINFO_OWNER_KEYS  256
#define GUESTINFO_GUEST_KEYS  256
#define GUESTINFO_OWNER_BYTES MIB(4) /* all values that the owner has set */
#define GUESTINFO_GUEST_BYTES MIB(1) /* and all that the guest has */

enum guestinfo_side { GUESTINFO_OWNER, GUESTINFO_GUEST };

struct guestinfo_entry {
	char key[GUESTINFO_KEY_BYTES];
	enum guestinfo_side side; /* who set it */
	uint8_t *value;           /* NULL: it is redacted */
	size_t bytes;
	uint32_t reads; /* by the guest, before it is redacted; 0: any number */
};

struct guestinfo {
	struct guestinfo_entry *entry[GUESTINFO_OWNER_KEYS + GUESTINFO_GUEST_KEYS];
	uint32_t count;
	/* By side: of the entries. */
	uint32_t keys[2];
	size_t bytes[2];
};

/* GUESTINFO_PREFIX and something more; printable ASCII without a space or '='. */
bool guestinfo_is_key(const char *key, size_t length);

/*
 * Sets a value, whoever set it before; an empty one is as if it had never been set. reads: after
 * how many reads of the guest's the value goes; 0: never. ERR_INVALID: not a key. ERR_RANGE: too
 * long. ERR_NO_MEMORY: the side has set too much; what was there before stays.
 */
enum err guestinfo_set(struct guestinfo *g, enum guestinfo_side side, const char *key,
		       const uint8_t *value, size_t bytes, uint32_t reads) MUST_CHECK;

/* NULL: there is none. Until the next call that changes something. */
const struct guestinfo_entry *guestinfo_get(const struct guestinfo *g, const char *key);

/* The guest has read it. */
void guestinfo_was_read(struct guestinfo *g, const char *key);

/* Forgets everything. Values are wiped. */
void guestinfo_clear(struct guestinfo *g);

#endif
