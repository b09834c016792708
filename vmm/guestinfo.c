// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/guestinfo.h"

#include <stdlib.h>
#include <string.h>

static const size_t bytes_max[] = {GUESTINFO_OWNER_BYTES, GUESTINFO_GUEST_BYTES};
static const uint32_t keys_max[] = {GUESTINFO_OWNER_KEYS, GUESTINFO_GUEST_KEYS};

bool guestinfo_is_key(const char *key, size_t length)
{
	const size_t prefix = strlen(GUESTINFO_PREFIX);

	if (length <= prefix || length >= GUESTINFO_KEY_BYTES ||
	    memcmp(key, GUESTINFO_PREFIX, prefix) != 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (key[i] <= ' ' || key[i] > '~' || key[i] == '=')
			return false;
	}
	return true;
}

static uint32_t find(const struct guestinfo *g, const char *key)
{
	uint32_t i = 0;

	while (i < g->count && strcmp(g->entry[i]->key, key) != 0)
		i++;
	return i;
}

static void wipe(struct guestinfo *g, struct guestinfo_entry *e)
{
	if (e->value == NULL)
		return;
	explicit_bzero(e->value, e->bytes);
	free(e->value);
	g->bytes[e->side] -= e->bytes;
	e->value = NULL;
	e->bytes = 0;
}

/* The last one takes its place. */
static void drop(struct guestinfo *g, uint32_t i)
{
	struct guestinfo_entry *e = g->entry[i];

	wipe(g, e);
	g->keys[e->side]--;
	free(e);
	g->entry[i] = g->entry[--g->count];
}

/* Is there room for the value, with what it replaces gone? */
static bool has_room(const struct guestinfo *g, enum guestinfo_side side,
		     const struct guestinfo_entry *old, size_t bytes)
{
	bool same = old != NULL && old->side == side;

	return g->bytes[side] - (same ? old->bytes : 0) + bytes <= bytes_max[side] &&
	       g->keys[side] - (same ? 1 : 0) < keys_max[side];
}

enum err guestinfo_set(struct guestinfo *g, enum guestinfo_side side, const char *key,
		       const uint8_t *value, size_t bytes, uint32_t reads)
{
	uint32_t i = find(g, key);
	struct guestinfo_entry *e;

	if (!guestinfo_is_key(key, strlen(key)))
		return ERR_INVALID;
	if (bytes > GUESTINFO_VALUE_BYTES)
		return ERR_RANGE;
	if (bytes == 0) {
		if (i < g->count)
			drop(g, i);
		return ERR_OK;
	}
	if (!has_room(g, side, i < g->count ? g->entry[i] : NULL, bytes))
		return ERR_NO_MEMORY;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return ERR_NO_MEMORY;
	e->value = malloc(bytes);
	if (e->value == NULL) {
		free(e);
		return ERR_NO_MEMORY;
	}
	memcpy(e->value, value, bytes);
	memcpy(e->key, key, strlen(key) + 1);
	e->bytes = bytes;
	e->side = side;
	e->reads = reads;
	if (i < g->count)
		drop(g, i);
	g->entry[g->count++] = e;
	g->keys[side]++;
	g->bytes[side] += bytes;
	return ERR_OK;
}

const struct guestinfo_entry *guestinfo_get(const struct guestinfo *g, const char *key)
{
	uint32_t i = find(g, key);

	return i < g->count ? g->entry[i] : NULL;
}

void guestinfo_was_read(struct guestinfo *g, const char *key)
{
	uint32_t i = find(g, key);

	if (i < g->count && g->entry[i]->reads != 0 && --g->entry[i]->reads == 0)
		wipe(g, g->entry[i]);
}

void guestinfo_clear(struct guestinfo *g)
{
	while (g->count != 0)
		drop(g, g->count - 1);
}
