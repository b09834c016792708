// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/hostinfo.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/ctr.h"

static enum err refuse(char *why, const char *format, ...) PRINTF_LIKE(2, 3);

static enum err refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, HOSTINFO_WHY_BYTES, format, args);
	va_end(args);
	return ERR_UNSUPPORTED;
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* Numbers and registers besides the ID registers, by their names. */
static const struct {
	const char *name;
	size_t offset;
} registers[] = {
	{"CTR_EL0", offsetof(struct hostinfo, ctr)},
	{"DCZID_EL0", offsetof(struct hostinfo, dczid)},
	{"MIDR_EL1", offsetof(struct hostinfo, midr)},
	{"REVIDR_EL1", offsetof(struct hostinfo, revidr)},
	{"CLIDR_EL1", offsetof(struct hostinfo, clidr)},
};

static void add_hex(json_t *object, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "0x%" PRIx64, value);
	(void)json_object_set_new(object, name, json_string(text));
}

json_t *hostinfo_to_json(const struct hostinfo *host)
{
	json_t *list = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		uint64_t value;

		memcpy(&value, (const uint8_t *)host + registers[i].offset, sizeof(value));
		add_hex(list, registers[i].name, value);
	}
	for (unsigned int i = 0; i < IDREG_COUNT; i++) {
		if (idreg_name(i) != NULL)
			add_hex(list, idreg_name(i), host->id_reg[i]);
	}
	return json_pack("{s:i,s:s,s:s,s:i,s:i,s:i,s:I,s:b,s:o}", "caisson-host", HOSTINFO_FORMAT,
			 "host", host->name, "version", host->version, "machine",
			 (int)host->machine, "gic", (int)host->gic_version, "ipa-bits",
			 (int)host->ipa_bits, "counter-hz", (json_int_t)host->counter_hz, "ecv",
			 host->ecv, "registers", list);
}

/* A number from low to high. */
static bool take_number(const json_t *json, const char *key, uint64_t low, uint64_t high,
			uint64_t *value)
{
	const json_t *number = json_object_get(json, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return false;
	*value = (uint64_t)json_integer_value(number);
	return *value >= low && *value <= high;
}

/* "0x" and 1 to 16 digits. */
static bool take_hex(const json_t *json, const char *key, uint64_t *value)
{
	const char *text = json_string_value(json_object_get(json, key));
	size_t digits = text != NULL ? strlen(text) : 0;

	if (digits < 3 || digits > 18 || strncmp(text, "0x", 2) != 0 ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != digits - 2)
		return false;
	return sscanf(text + 2, "%" SCNx64, value) == 1;
}

bool hostinfo_is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* Of plain characters, one at least. */
static bool take_text(const json_t *string, char *text, size_t bytes)
{
	const char *value = json_string_value(string);
	size_t length = json_string_length(string);

	if (value == NULL || length == 0 || length >= bytes)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!hostinfo_is_plain(value[i]))
			return false;
	}
	memcpy(text, value, length + 1);
	return true;
}

bool hostinfo_take_name(const json_t *json, char *name)
{
	return take_text(json, name, HOSTINFO_NAME_BYTES);
}

static const char *take_registers(const json_t *json, struct hostinfo *host)
{
	const json_t *list = json_object_get(json, "registers");

	if (!json_is_object(list))
		return "registers";
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		uint64_t value;

		if (!take_hex(list, registers[i].name, &value))
			return registers[i].name;
		memcpy((uint8_t *)host + registers[i].offset, &value, sizeof(value));
	}
	for (unsigned int i = 0; i < IDREG_COUNT; i++) {
		const char *name = idreg_name(i);

		if (name != NULL && !take_hex(list, name, &host->id_reg[i]))
			return name;
	}
	return NULL;
}

/* The name of what is missing or wrong, or NULL. */
static const char *take_all(const json_t *json, struct hostinfo *host)
{
	const json_t *ecv = json_object_get(json, "ecv");
	uint64_t machine, gic, ipa_bits;

	if (!hostinfo_take_name(json_object_get(json, "host"), host->name))
		return "host";
	if (!take_text(json_object_get(json, "version"), host->version, sizeof(host->version)))
		return "version";
	if (!take_number(json, "machine", 1, UINT32_MAX, &machine))
		return "machine";
	if (!take_number(json, "gic", 2, 3, &gic))
		return "gic";
	if (!take_number(json, "ipa-bits", 32, 56, &ipa_bits))
		return "ipa-bits";
	if (!take_number(json, "counter-hz", 1, UINT32_MAX, &host->counter_hz))
		return "counter-hz";
	if (!json_is_boolean(ecv))
		return "ecv";
	host->machine = (uint32_t)machine;
	host->gic_version = (uint32_t)gic;
	host->ipa_bits = (uint32_t)ipa_bits;
	host->ecv = json_is_true(ecv);
	return take_registers(json, host);
}

enum err hostinfo_from_json(const json_t *json, struct hostinfo *host, char *why)
{
	struct hostinfo taken = {0};
	const char *wrong;
	uint64_t format;

	if (!json_is_object(json) || !take_number(json, "caisson-host", 1, UINT32_MAX, &format)) {
		(void)refuse(why, "not a host's description");
		return ERR_INVALID;
	}
	if (format != HOSTINFO_FORMAT) {
		(void)refuse(why, "a description of version %u, this program knows %u",
			     (unsigned int)format, HOSTINFO_FORMAT);
		return ERR_UNSUPPORTED;
	}
	wrong = take_all(json, &taken);
	if (wrong != NULL) {
		(void)refuse(why, "%s is missing or no such value", wrong);
		return ERR_INVALID;
	}
	*host = taken;
	return ERR_OK;
}

/* ---- what hosts have in common ----------------------------------------------------------- */

#define ISAR1      IDREG(6, 1)
#define ISAR2      IDREG(6, 2)
#define ISAR1_API  MASK(11, 8)
#define ISAR1_APA  MASK(7, 4)
#define ISAR1_GPI  MASK(31, 28)
#define ISAR2_AUTH (MASK(15, 12) | MASK(27, 24)) /* APA3, PAC_frac */

/*
 * Address authentication is one thing, told by four fields in two registers. API and GPI are
 * algorithms of a part's own, which other parts with the same value need not have.
 */
static void meet_pauth(struct hostinfo *set, const struct hostinfo *a, const struct hostinfo *b)
{
	bool alike = ((a->id_reg[ISAR1] ^ b->id_reg[ISAR1]) & (ISAR1_APA | ISAR1_API)) == 0 &&
		     ((a->id_reg[ISAR2] ^ b->id_reg[ISAR2]) & ISAR2_AUTH) == 0;
	bool one_part = midr_meet(a->midr, b->midr) != CAISSON_MIDR_ANY;

	if (!alike || (!one_part && (a->id_reg[ISAR1] & ISAR1_API) != 0)) {
		set->id_reg[ISAR1] &= ~(ISAR1_APA | ISAR1_API);
		set->id_reg[ISAR2] &= ~ISAR2_AUTH;
	}
	if (!one_part)
		set->id_reg[ISAR1] &= ~ISAR1_GPI;
}

static enum err meet_registers(struct hostinfo *met, const struct hostinfo *set,
			       const struct hostinfo *host, char *why)
{
	for (unsigned int i = 0; i < IDREG_COUNT; i++) {
		unsigned int lo;

		if (idreg_meet(i, set->id_reg[i], host->id_reg[i], &met->id_reg[i]))
			continue;
		lo = idreg_clash(i, set->id_reg[i], host->id_reg[i]);
		return refuse(why,
			      "hosts %s and %s cannot show %s alike: bits %u:%u are 0x%x and 0x%x",
			      set->name, host->name, idreg_name(i) != NULL ? idreg_name(i) : "?",
			      lo + 3, lo, (unsigned int)bits_get(set->id_reg[i], lo + 3, lo),
			      (unsigned int)bits_get(host->id_reg[i], lo + 3, lo));
	}
	return ERR_OK;
}

enum err hostinfo_meet(struct hostinfo *set, const struct hostinfo *host, char *why)
{
	struct hostinfo met = *set;
	enum err err;

	if (set->machine != host->machine)
		return refuse(why,
			      "hosts %s and %s have machine models %u and %u: install the "
			      "same Caisson on both",
			      set->name, host->name, set->machine, host->machine);
	if (set->gic_version != host->gic_version)
		return refuse(why, "host %s has a GICv%u, host %s a GICv%u", set->name,
			      set->gic_version, host->name, host->gic_version);
	if (!ctr_meet(set->ctr, host->ctr, &met.ctr))
		return refuse(why,
			      "the caches of hosts %s and %s (CTR_EL0 0x%" PRIx64 " and 0x%" PRIx64
			      ") have no maintenance in common",
			      set->name, host->name, set->ctr, host->ctr);
	err = meet_registers(&met, set, host, why);
	if (err != ERR_OK)
		return err;
	met.clidr = ctr_clidr(set->clidr, met.ctr);
	met.dczid = dczid_meet(set->dczid, host->dczid);
	met.revidr = set->revidr == host->revidr && set->midr == host->midr ? set->revidr : 0;
	met.midr = midr_meet(set->midr, host->midr);
	met.ipa_bits = set->ipa_bits < host->ipa_bits ? set->ipa_bits : host->ipa_bits;
	meet_pauth(&met, set, host);
	*set = met;
	return ERR_OK;
}

/* ---- going on elsewhere ------------------------------------------------------------------ */

/* Does who sees these registers not clean to the point of unification? As Linux understands it. */
static bool needs_no_cleaning(uint64_t ctr, uint64_t clidr)
{
	return (ctr & BIT(28)) != 0 ||
	       (bits_get(clidr, 23, 21) == 0 && bits_get(clidr, 29, 27) == 0);
}

static enum err may_serve_caches(const struct hostinfo *host, const struct hostinfo *shown,
				 char *why)
{
	if (!ctr_is_safe(host->ctr, shown->ctr) || (needs_no_cleaning(shown->ctr, shown->clidr) &&
						    !needs_no_cleaning(host->ctr, host->clidr)))
		return refuse(why,
			      "host %s needs more maintenance of its caches than the virtual "
			      "machine does (CTR_EL0 0x%" PRIx64 ", CLIDR_EL1 0x%" PRIx64
			      "; it was shown 0x%" PRIx64 " and 0x%" PRIx64 ")",
			      host->name, host->ctr, host->clidr, shown->ctr, shown->clidr);
	if (!dczid_may_show(shown->dczid, host->dczid))
		return refuse(why,
			      "DC ZVA zeroes %" PRIu64 " bytes on host %s, %" PRIu64
			      " where the virtual machine started",
			      UINT64_C(4) << bits_get(host->dczid, 3, 0), host->name,
			      UINT64_C(4) << bits_get(shown->dczid, 3, 0));
	return ERR_OK;
}

enum err hostinfo_may_serve(const struct hostinfo *host, const struct hostinfo *shown, char *why)
{
	if (host->machine != shown->machine)
		return refuse(why, "host %s has machine model %u, the virtual machine is of %u",
			      host->name, host->machine, shown->machine);
	if (host->gic_version != shown->gic_version)
		return refuse(why, "host %s has a GICv%u, the virtual machine a GICv%u", host->name,
			      host->gic_version, shown->gic_version);
	for (unsigned int i = 0; i < IDREG_COUNT; i++) {
		unsigned int lo = idreg_lacks(i, shown->id_reg[i], host->id_reg[i]);

		if (lo != IDREG_NO_FIELD)
			return refuse(why,
				      "host %s cannot show %s as the virtual machine has seen "
				      "it: bits %u:%u are 0x%x there, 0x%x for the machine",
				      host->name, idreg_name(i) != NULL ? idreg_name(i) : "?",
				      lo + 3, lo,
				      (unsigned int)bits_get(host->id_reg[i], lo + 3, lo),
				      (unsigned int)bits_get(shown->id_reg[i], lo + 3, lo));
	}
	if (!midr_may_show(shown->midr, host->midr))
		return refuse(why,
			      "host %s has another CPU (MIDR_EL1 0x%" PRIx64 ") than the "
			      "virtual machine has seen (0x%" PRIx64 ")",
			      host->name, host->midr, shown->midr);
	if (shown->revidr != 0 && shown->revidr != host->revidr)
		return refuse(why,
			      "host %s has another CPU (REVIDR_EL1 0x%" PRIx64 ") than the "
			      "virtual machine has seen (0x%" PRIx64 ")",
			      host->name, host->revidr, shown->revidr);
	return may_serve_caches(host, shown, why);
}
