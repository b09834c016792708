/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/ctr.h"
#include "tests/unit/prop.h"
#include "vmm/hostinfo.h"
#include "vmm/say.h"

/* Descriptions of hosts: as JSON, in files, what they have in common. say() is caught. */

static char said[512];
static char why[HOSTINFO_WHY_BYTES];

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

#define ISAR0 IDREG(6, 0)
#define ISAR1 IDREG(6, 1)
#define ISAR2 IDREG(6, 2)
#define DFR0  IDREG(5, 0)

/* About what Neoverse N1 shows. */
static struct hostinfo n1(void)
{
	struct hostinfo host = {.name = "n1",
				.version = "0.1.0",
				.machine = 1,
				.gic_version = 3,
				.ipa_bits = 48,
				.counter_hz = 25000000,
				.ctr = 0x8444c004,
				.dczid = 4,
				.midr = 0x414fd0c1,
				.clidr = 0x82000023};

	host.id_reg[IDREG(4, 0)] = UINT64_C(0x1100000001110012);
	host.id_reg[DFR0] = 0x10305408;
	host.id_reg[ISAR0] = UINT64_C(0x100010211120);
	host.id_reg[ISAR1] = 0x100001;
	return host;
}

/* And a later one, with everything, at another frequency. */
static struct hostinfo large(void)
{
	struct hostinfo host = n1();

	memcpy(host.name, "large", sizeof("large"));
	host.ecv = true;
	host.counter_hz = 1000000000;
	host.ctr = 0xb444c004;
	host.dczid = 7;
	host.midr = 0x000f0510;
	host.revidr = 9;
	host.id_reg[ISAR0] = UINT64_C(0x1221111110212120);
	host.id_reg[ISAR1] = UINT64_C(0x0011111101211052);
	host.id_reg[ISAR2] = 0x1000;
	return host;
}

static bool is_same(const struct hostinfo *a, const struct hostinfo *b)
{
	json_t *first = hostinfo_to_json(a), *second = hostinfo_to_json(b);
	bool same = json_equal(first, second) != 0;

	json_decref(first);
	json_decref(second);
	return same;
}

static void test_json(void **state)
{
	struct hostinfo host = large(), back;
	json_t *json = hostinfo_to_json(&host);

	assert_int_equal(hostinfo_from_json(json, &back, why), ERR_OK);
	assert_true(is_same(&host, &back));
	json_decref(json);
}

/* Every member is needed, and of its kind and range. */
static void test_bad_json(void **state)
{
	static const char *const bad[][2] = {
		{"caisson-host", "0"},
		{"caisson-host", "2"},
		{"host", "\"\""},
		{"host", "\"a b\""},
		{"host", "\"\\u001b\""},
		{"host", "7"},
		{"version", "null"},
		{"machine", "0"},
		{"machine", "-1"},
		{"gic", "4"},
		{"gic", "\"3\""},
		{"ipa-bits", "20"},
		{"counter-hz", "0"},
		{"counter-hz", "1.5"},
		{"counter-hz", "99999999999"},
		{"ecv", "1"},
		{"registers", "[]"},
		{"registers", "{}"},
		{"host", "\"a\\u0000b\""},
	};
	static const char *const value[] = {
		"0", "0x", "0x10000000000000000", "0xg", "-0x1", "0x 1", "1x1", ""};
	struct hostinfo host = n1(), back = {0};
	json_t *json, *list;
	const char *key;
	json_t *member;
	void *next;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json = hostinfo_to_json(&host);
		assert_int_equal(
			json_object_set_new(
				json, bad[i][0],
				json_loads(bad[i][1], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)),
			0);
		assert_int_not_equal(hostinfo_from_json(json, &back, why), ERR_OK);
		json_decref(json);
	}
	for (size_t i = 0; i < ARRAY_SIZE(value); i++) {
		json = hostinfo_to_json(&host);
		(void)json_object_set_new(json_object_get(json, "registers"), "MIDR_EL1",
					  json_string(value[i]));
		assert_int_equal(hostinfo_from_json(json, &back, why), ERR_INVALID);
		assert_non_null(strstr(why, "MIDR_EL1"));
		json_decref(json);
	}
	json = hostinfo_to_json(&host);
	json_object_foreach_safe(json, next, key, member)
	{
		json_t *less = json_copy(json);

		(void)json_object_del(less, key);
		assert_int_equal(hostinfo_from_json(less, &back, why), ERR_INVALID);
		json_decref(less);
	}
	list = json_object_get(json, "registers");
	json_object_foreach_safe(list, next, key, member)
	{
		json_t *less = json_deep_copy(json);

		(void)json_object_del(json_object_get(less, "registers"), key);
		assert_int_equal(hostinfo_from_json(less, &back, why), ERR_INVALID);
		json_decref(less);
	}
	json_decref(json);
	assert_int_equal(hostinfo_from_json(NULL, &back, why), ERR_INVALID);
	assert_int_equal(back.machine, 0);
}

static void test_meet(void **state)
{
	struct hostinfo a = n1(), b = large(), ab = a, ba = b;

	assert_int_equal(hostinfo_meet(&ab, &b, why), ERR_OK);
	assert_int_equal(hostinfo_meet(&ba, &a, why), ERR_OK);
	assert_int_equal(ab.ctr, ba.ctr);
	assert_int_equal(ab.ctr & 0x30000000, 0);
	assert_int_equal(ab.dczid, CAISSON_DCZID_NONE);
	assert_int_equal(ab.midr, CAISSON_MIDR_ANY);
	assert_int_equal(ab.revidr, 0);
	assert_int_equal(ab.id_reg[ISAR0], a.id_reg[ISAR0]);
	assert_memory_equal(ab.id_reg, ba.id_reg, sizeof(ab.id_reg));
	assert_int_equal(hostinfo_may_serve(&a, &ab, why), ERR_OK);
	assert_int_equal(hostinfo_may_serve(&b, &ab, why), ERR_OK);
	assert_int_equal(hostinfo_may_serve(&a, &b, why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "host n1 cannot show ID_AA64ISAR0_EL1"));
	/* Of two that are alike, what they have. */
	ab = a;
	assert_int_equal(hostinfo_meet(&ab, &a, why), ERR_OK);
	assert_int_equal(ab.midr, a.midr);
	assert_int_equal(ab.dczid, a.dczid);
}

/* Signed pointers: by one algorithm, which is a part's own if it says no more. */
static void test_pauth(void **state)
{
	struct hostinfo a = large(), b = large(), met;

	b.id_reg[ISAR1] ^= 0x70; /* APA */
	met = a;
	assert_int_equal(hostinfo_meet(&met, &b, why), ERR_OK);
	assert_int_equal(met.id_reg[ISAR1] & 0xff0, 0);
	assert_int_equal(met.id_reg[ISAR2] & 0xf000, 0);

	a = b = large();
	a.id_reg[ISAR1] = b.id_reg[ISAR1] = 0x10000100; /* API, GPI */
	a.id_reg[ISAR2] = b.id_reg[ISAR2] = 0;
	met = a;
	assert_int_equal(hostinfo_meet(&met, &b, why), ERR_OK);
	assert_int_equal(met.id_reg[ISAR1], 0x10000100);
	b.midr = 0x410fd400;
	met = a;
	assert_int_equal(hostinfo_meet(&met, &b, why), ERR_OK);
	assert_int_equal(met.id_reg[ISAR1], 0);
	assert_int_equal(hostinfo_may_serve(&b, &a, why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "another CPU"));
}

static void test_refusals(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		size_t bytes;
		const char *meet, *serve;
	} unlike[] = {
		{offsetof(struct hostinfo, machine), 2, 4, "machine models 1 and 2",
		 "machine model 2"},
		{offsetof(struct hostinfo, gic_version), 2, 4, "GICv2", "GICv2"},
		{offsetof(struct hostinfo, ctr), 0x84440004, 8, "CTR_EL0", "maintenance"},
		{offsetof(struct hostinfo, id_reg[DFR0]), 0x10303408, 8,
		 "ID_AA64DFR0_EL1 alike: bits 15:12 are 0x5 and 0x3", "ID_AA64DFR0_EL1"},
		{offsetof(struct hostinfo, dczid), 5, 8, NULL, "zeroes 128 bytes on host b, 64"},
		{offsetof(struct hostinfo, midr), 0x410fd083, 8, NULL, "MIDR_EL1 0x410fd083"},
		{offsetof(struct hostinfo, revidr), 4, 8, NULL, NULL},
		{offsetof(struct hostinfo, clidr), 0x0a200023, 8, NULL, "maintenance"},
	};
	struct hostinfo a = n1(), b, met;

	for (size_t i = 0; i < ARRAY_SIZE(unlike); i++) {
		b = n1();
		memcpy(b.name, "b", 2);
		memcpy((uint8_t *)&b + unlike[i].offset, &unlike[i].value, unlike[i].bytes);
		met = a;
		why[0] = '\0';
		assert_int_equal(hostinfo_meet(&met, &b, why),
				 unlike[i].meet != NULL ? ERR_UNSUPPORTED : ERR_OK);
		if (unlike[i].meet != NULL) {
			assert_non_null(strstr(why, unlike[i].meet));
			assert_true(is_same(&met, &a));
		} else {
			assert_int_equal(hostinfo_may_serve(&a, &met, why), ERR_OK);
			assert_int_equal(hostinfo_may_serve(&b, &met, why), ERR_OK);
		}
		assert_int_equal(hostinfo_may_serve(&b, &a, why),
				 unlike[i].serve != NULL ? ERR_UNSUPPORTED : ERR_OK);
		if (unlike[i].serve != NULL)
			assert_non_null(strstr(why, unlike[i].serve));
	}
	a.revidr = 3;
	assert_int_equal(hostinfo_may_serve(&b, &a, why), ERR_UNSUPPORTED);
}

static struct hostinfo some_host(struct prop *p, const struct hostinfo *near, unsigned int n)
{
	struct hostinfo host = *near;

	(void)snprintf(host.name, sizeof(host.name), "h%u", n);
	for (int i = 0; i < 4; i++) {
		unsigned int index = (unsigned int)prop_between(p, 8, IDREG_COUNT - 1);

		host.id_reg[index] = idreg_filter(
			index, host.id_reg[index] ^ prop_below(p, 16) << 4 * prop_below(p, 16));
	}
	if (prop_one_in(p, 3))
		host.dczid = prop_below(p, 8);
	if (prop_one_in(p, 3))
		host.midr ^= prop_below(p, 2) << 16 * prop_below(p, 2);
	if (prop_one_in(p, 3))
		host.revidr = prop_below(p, 2);
	if (prop_one_in(p, 3))
		host.ctr ^= prop_below(p, 4) << 28;
	if (prop_one_in(p, 3))
		host.clidr = 0x0a200023;
	return host;
}

/* Whatever the hosts are, each can serve what all have in common. */
static void test_sets(void **state)
{
	struct prop p = prop_start(__func__);
	struct hostinfo base = large(), host[4], met;
	unsigned int sets = 0;

	for (int round = 0; round < 20000; round++) {
		bool has = true;

		for (unsigned int i = 0; i < ARRAY_SIZE(host); i++)
			host[i] = some_host(&p, i == 0 ? &base : &host[0], i);
		met = host[0];
		for (unsigned int i = 0; has && i < ARRAY_SIZE(host); i++)
			has = hostinfo_meet(&met, &host[i], why) == ERR_OK;
		if (!has)
			continue;
		sets++;
		for (unsigned int i = 0; i < ARRAY_SIZE(host); i++)
			assert_int_equal(hostinfo_may_serve(&host[i], &met, why), ERR_OK);
	}
	assert_true(sets > 1000);
}

/* ---- files -------------------------------------------------------------------------------- */

static struct hostset set;

static void test_files(void **state)
{
	struct hostinfo a = n1(), b = large();
	json_t *json_a = hostinfo_to_json(&a), *json_b = hostinfo_to_json(&b);
	char *text_a = json_dumps(json_a, JSON_INDENT(2)), *text_b = json_dumps(json_b, 0);
	char text[16384];
	int bytes;

	bytes = snprintf(text, sizeof(text), "\n%s\n%s\n \n", text_a, text_b);
	assert_int_equal(hostset_parse(&set, "f", text, (size_t)bytes), ERR_OK);
	assert_int_equal(set.count, 2);
	assert_true(is_same(&set.host[0], &a) && is_same(&set.host[1], &b));

	/* Named with their line. */
	assert_int_equal(hostset_parse(&set, "f", "", 0), ERR_INVALID);
	assert_non_null(strstr(said, "f describes no host (caisson host-info"));
	bytes = snprintf(text, sizeof(text), "%s\n\n{\n\"caisson-host\": 1,\n]", text_b);
	assert_int_equal(hostset_parse(&set, "f", text, (size_t)bytes), ERR_INVALID);
	assert_non_null(strstr(said, "f:5: not a host's description (caisson"));
	bytes = snprintf(text, sizeof(text), "%s\n{\"caisson-host\": 2}", text_b);
	assert_int_equal(hostset_parse(&set, "f", text, (size_t)bytes), ERR_UNSUPPORTED);
	assert_non_null(strstr(said, "f:2: a description of version 2"));
	bytes = snprintf(text, sizeof(text), "%s\n{\"caisson-host\": 1}", text_b);
	assert_int_equal(hostset_parse(&set, "f", text, (size_t)bytes), ERR_INVALID);
	assert_non_null(strstr(said, "f:2: host is missing"));
	for (size_t cut = 1; cut < strlen(text_a); cut++)
		assert_int_equal(hostset_parse(&set, "f", text_a, cut), ERR_INVALID);
	assert_int_equal(hostset_parse(&set, "f", "x", 1), ERR_INVALID);
	assert_int_equal(hostset_read(&set, "/nonexistent"), ERR_NOT_FOUND);
	free(text_a);
	free(text_b);
	json_decref(json_a);
	json_decref(json_b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),     cmocka_unit_test(test_bad_json),
		cmocka_unit_test(test_meet),     cmocka_unit_test(test_pauth),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_sets),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
