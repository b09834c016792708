/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vmm/hostinfo.h"
#include "vmm/say.h"

/*
 * Descriptions of hosts as they come from files and other hosts. What is taken is in its bounds,
 * is written as it was read, and what hosts have in common each of them can serve.
 */

void say(const char *format, ...)
{
}

static void check_host(const struct hostinfo *host)
{
	char why[HOSTINFO_WHY_BYTES];
	struct hostinfo back;
	json_t *json = hostinfo_to_json(host), *again;

	FUZZ_CHECK(memchr(host->name, '\0', sizeof(host->name)) != NULL && host->name[0] != '\0');
	for (const char *c = host->name; *c != '\0'; c++)
		FUZZ_CHECK(hostinfo_is_plain(*c));
	FUZZ_CHECK(host->gic_version == 2 || host->gic_version == 3);
	FUZZ_CHECK(host->counter_hz != 0 && host->machine != 0);
	FUZZ_CHECK(json != NULL && hostinfo_from_json(json, &back, why) == ERR_OK);
	again = hostinfo_to_json(&back);
	FUZZ_CHECK(json_equal(json, again));
	json_decref(json);
	json_decref(again);
}

static void check_text(const char *text, size_t bytes)
{
	static struct hostset set;
	char why[HOSTINFO_WHY_BYTES];
	struct hostinfo met;
	bool has = true;

	if (hostset_parse(&set, "f", text, bytes) != ERR_OK)
		return;
	FUZZ_CHECK(set.count > 0 && set.count <= HOSTSET_MAX);
	met = set.host[0];
	for (uint32_t i = 0; i < set.count; i++) {
		check_host(&set.host[i]);
		has = has && hostinfo_meet(&met, &set.host[i], why) == ERR_OK;
	}
	for (uint32_t i = 0; has && i < set.count; i++)
		FUZZ_CHECK(hostinfo_may_serve(&set.host[i], &met, why) == ERR_OK);
}

/* A description near the last one. */
static void change_host(struct fuzz_input *in, struct hostinfo *host)
{
	uint64_t *const field[] = {&host->ctr,    &host->dczid, &host->midr,
				   &host->revidr, &host->clidr, &host->counter_hz};
	uint64_t changes = fuzz_take(in, 1) % 8;

	host->ecv = changes & 1;
	for (uint64_t i = 0; i < changes; i++) {
		uint64_t which = fuzz_take(in, 1) % (IDREG_COUNT + ARRAY_SIZE(field));
		uint64_t *value =
			which < IDREG_COUNT ? &host->id_reg[which] : field[which - IDREG_COUNT];

		*value ^= fuzz_take(in, 1) << fuzz_take(in, 1) % 64;
	}
}

/* Descriptions, with bytes of the text changed. */
static void check_changed(struct fuzz_input *in)
{
	struct hostinfo host = {.name = "a",
				.version = "1",
				.machine = 1,
				.gic_version = 3,
				.ipa_bits = 48,
				.counter_hz = 1000000};
	uint64_t hosts = fuzz_take(in, 1) % 4 + 1;
	static char text[16384];
	size_t bytes = 0;

	for (uint64_t i = 0; i < hosts; i++) {
		json_t *json;

		change_host(in, &host);
		json = hostinfo_to_json(&host);
		bytes += json_dumpb(json, text + bytes, sizeof(text) - bytes, JSON_COMPACT);
		json_decref(json);
		FUZZ_CHECK(bytes < sizeof(text));
	}
	while (in->bytes != 0) {
		size_t at = fuzz_take(in, 2) % bytes;

		text[at] = (char)fuzz_take(in, 1);
	}
	check_text(text, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};

	if (fuzz_take(&in, 1) & 1)
		check_text((const char *)in.data, in.bytes);
	else
		check_changed(&in);
	return 0;
}
