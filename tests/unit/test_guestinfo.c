/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/guestinfo.h"

/* Values that guests and their owners set. */

static enum err set(struct guestinfo *g, enum guestinfo_side side, const char *key,
		    const char *value, uint32_t reads)
{
	return guestinfo_set(g, side, key, (const uint8_t *)value, strlen(value), reads);
}

static void test_keys(void **unused)
{
	static const char *const bad[] = {"",
					  "guestinfo",
					  "guestinfo.",
					  "machine.id",
					  "guestinfo.a b",
					  "guestinfo.a=b",
					  "guestinfo.a\n",
					  "Guestinfo.a",
					  "guestinfo.\xc3\xa4"};
	char key[GUESTINFO_KEY_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(guestinfo_is_key(bad[i], strlen(bad[i])));
	assert_true(guestinfo_is_key("guestinfo.a", 11));
	memset(key, 'x', sizeof(key));
	memcpy(key, "guestinfo.", 10);
	assert_true(guestinfo_is_key(key, GUESTINFO_KEY_BYTES - 1));
	assert_false(guestinfo_is_key(key, GUESTINFO_KEY_BYTES));
}

static void test_set(void **unused)
{
	struct guestinfo g = {.count = 0};

	assert_int_equal(set(&g, GUESTINFO_GUEST, "guestinfo.a", "1", 0), ERR_OK);
	assert_int_equal(set(&g, GUESTINFO_OWNER, "guestinfo.b", "22", 0), ERR_OK);
	assert_int_equal(set(&g, GUESTINFO_OWNER, "nothing", "1", 0), ERR_INVALID);
	assert_int_equal(g.bytes[GUESTINFO_GUEST], 1);
	assert_int_equal(g.bytes[GUESTINFO_OWNER], 2);
	/* Whoever sets it last pays for it. */
	assert_int_equal(set(&g, GUESTINFO_OWNER, "guestinfo.a", "333", 0), ERR_OK);
	assert_int_equal(g.count, 2);
	assert_int_equal(g.bytes[GUESTINFO_GUEST], 0);
	assert_int_equal(g.keys[GUESTINFO_GUEST], 0);
	assert_memory_equal(guestinfo_get(&g, "guestinfo.a")->value, "333", 3);
	assert_null(guestinfo_get(&g, "guestinfo.c"));
	/* An empty value is none. */
	assert_int_equal(set(&g, GUESTINFO_GUEST, "guestinfo.a", "", 0), ERR_OK);
	assert_int_equal(set(&g, GUESTINFO_GUEST, "guestinfo.c", "", 0), ERR_OK);
	assert_null(guestinfo_get(&g, "guestinfo.a"));
	assert_int_equal(g.count, 1);
	guestinfo_clear(&g);
	assert_int_equal(g.bytes[GUESTINFO_OWNER], 0);
}

static void test_secret(void **unused)
{
	struct guestinfo g = {.count = 0};
	const struct guestinfo_entry *entry;

	assert_int_equal(set(&g, GUESTINFO_OWNER, "guestinfo.a", "secret", 2), ERR_OK);
	guestinfo_was_read(&g, "guestinfo.a");
	guestinfo_was_read(&g, "guestinfo.b");
	assert_memory_equal(guestinfo_get(&g, "guestinfo.a")->value, "secret", 6);
	guestinfo_was_read(&g, "guestinfo.a");
	entry = guestinfo_get(&g, "guestinfo.a");
	assert_non_null(entry);
	assert_null(entry->value);
	guestinfo_was_read(&g, "guestinfo.a");
	assert_int_equal(g.bytes[GUESTINFO_OWNER], 0);
	assert_int_equal(set(&g, GUESTINFO_OWNER, "guestinfo.a", "new", 0), ERR_OK);
	assert_memory_equal(guestinfo_get(&g, "guestinfo.a")->value, "new", 3);
	guestinfo_clear(&g);
}

static void test_limits(void **unused)
{
	uint8_t *value = calloc(1, GUESTINFO_VALUE_BYTES + 1);
	struct guestinfo g = {.count = 0};
	char key[GUESTINFO_KEY_BYTES];
	uint32_t i;

	assert_int_equal(guestinfo_set(&g, GUESTINFO_OWNER, "guestinfo.a", value,
				       GUESTINFO_VALUE_BYTES + 1, 0),
			 ERR_RANGE);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "guestinfo.key%u", i);
		if (set(&g, GUESTINFO_GUEST, key, "x", 0) != ERR_OK)
			break;
	}
	assert_int_equal(i, GUESTINFO_GUEST_KEYS);
	/* In the place of an old one there is room. */
	assert_int_equal(set(&g, GUESTINFO_GUEST, "guestinfo.key7", "yy", 0), ERR_OK);
	/* Not for the guest is what the owner has. */
	assert_int_equal(guestinfo_set(&g, GUESTINFO_GUEST, "guestinfo.key7", value,
				       GUESTINFO_VALUE_BYTES, 0),
			 ERR_NO_MEMORY);
	assert_int_equal(guestinfo_get(&g, "guestinfo.key7")->bytes, 2);
	for (i = 0; i < 4; i++) {
		(void)snprintf(key, sizeof(key), "guestinfo.own%u", i);
		assert_int_equal(
			guestinfo_set(&g, GUESTINFO_OWNER, key, value, GUESTINFO_VALUE_BYTES, 0),
			ERR_OK);
	}
	assert_int_equal(guestinfo_set(&g, GUESTINFO_OWNER, "guestinfo.own4", value,
				       GUESTINFO_VALUE_BYTES, 0),
			 ERR_NO_MEMORY);
	guestinfo_clear(&g);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
