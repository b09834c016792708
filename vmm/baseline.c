// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/say.h"

#define FORMAT 1

/* ---- making ------------------------------------------------------------------------------ */

static enum err meet_all(struct baseline *b, const struct hostset *set, char *why)
{
	for (uint32_t i = 0; i < set->count; i++) {
		enum err err = hostinfo_meet(&b->shown, &set->host[i], why);

		if (err != ERR_OK)
			return err;
		memcpy(b->host[i], set->host[i].name, sizeof(b->host[i]));
	}
	b->hosts = set->count;
	return ERR_OK;
}

static enum err make(struct baseline *b, const struct hostinfo *here, struct hostset *set,
		     const struct baseline_wish *wish)
{
	char why[HOSTINFO_WHY_BYTES];
	enum err err = ERR_OK;

	if (wish->hosts_path != NULL)
		err = hostset_read(set, wish->hosts_path);
	if (err != ERR_OK)
		return err;
	err = meet_all(b, set, why);
	if (err == ERR_OK)
		err = timemode_choose(here, set, wish->firmware, wish->masked, &b->time, why);
	if (err != ERR_OK)
		say("%s: %s", wish->hosts_path, why);
	for (unsigned int i = 0; wish->tools && i < IDREG_COUNT; i++)
		b->shown.id_reg[i] = idreg_with_tools(i, b->shown.id_reg[i]);
	return err;
}

enum err baseline_make(struct baseline *b, const struct hostinfo *here,
		       const struct baseline_wish *wish)
{
	struct hostset *set = calloc(1, sizeof(*set));
	enum err err;

	if (set == NULL) {
		say("no memory for a set of hosts");
		return ERR_NO_MEMORY;
	}
	*b = (struct baseline){
		.migratable = wish->hosts_path != NULL, .tools = wish->tools, .shown = *here};
	err = make(b, here, set, wish);
	free(set);
	return err;
}

/* ---- hosts ------------------------------------------------------------------------------- */

enum err baseline_may_move(const struct baseline *b, const struct hostinfo *host,
			   enum caisson_time_mode *mode, char *why)
{
	static const char remedy[] =
		"; start it with --migratable FILE, for a set that has both hosts";
	enum err err = hostinfo_may_serve(host, &b->shown, why);

	if (err == ERR_OK)
		return timemode_arrive(&b->time, host, mode, why);
	if (!b->migratable && strlen(why) + sizeof(remedy) <= HOSTINFO_WHY_BYTES)
		strcat(why, remedy);
	return err;
}

void baseline_restart(struct baseline *b, const struct hostinfo *here)
{
	if (b->time.flags == 0)
		b->time.guest_hz = here->counter_hz;
}

uint64_t baseline_ctr(const struct baseline *b, const struct hostinfo *here)
{
	return b->shown.ctr != here->ctr ? b->shown.ctr : 0;
}

static enum err show(const struct hyp_token *token, uint32_t reg, const char *name, uint64_t value)
{
	enum caisson_status status = hyp_vm_idreg_set(token, reg, value);

	if (status == CAISSON_OK)
		return ERR_OK;
	say("this host cannot show %s as 0x%llx: %s", name, (unsigned long long)value,
	    hyp_status_text(status));
	return ERR_UNSUPPORTED;
}

/* What EL2 shows of it by itself. */
static uint64_t own(const struct baseline *b, const struct hostinfo *here, uint32_t index)
{
	uint64_t value = here->id_reg[index];

	return b->tools ? idreg_with_tools(index, value) : value;
}

enum err baseline_show(const struct baseline *b, const struct hostinfo *here,
		       const struct hyp_token *token)
{
	const struct hostinfo *shown = &b->shown;
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < IDREG_COUNT; i++) {
		const char *name = idreg_name(i);

		if (shown->id_reg[i] != own(b, here, i))
			err = show(token, i, name != NULL ? name : "an ID register",
				   shown->id_reg[i]);
	}
	/* For a VM that may move all of these, so that EL2 knows it for one. */
	if (err == ERR_OK && (b->migratable || shown->dczid != here->dczid))
		err = show(token, CAISSON_HOST_DCZID, "DCZID_EL0", shown->dczid);
	if (err == ERR_OK && (b->migratable || shown->midr != here->midr))
		err = show(token, CAISSON_HOST_MIDR, "MIDR_EL1", shown->midr);
	if (err == ERR_OK && (b->migratable || shown->revidr != here->revidr))
		err = show(token, CAISSON_HOST_REVIDR, "REVIDR_EL1", shown->revidr);
	return err;
}

enum err baseline_set_time(const struct baseline *b, const struct hyp_token *token,
			   uint64_t guest_count, uint64_t host_count, enum caisson_time_mode *mode)
{
	enum caisson_status status = hyp_vm_time_set(token, b->time.guest_hz, guest_count,
						     host_count, b->time.flags, mode);

	if (status == CAISSON_OK)
		return ERR_OK;
	say("this host cannot keep the machine's time of %llu Hz: %s",
	    (unsigned long long)b->time.guest_hz, hyp_status_text(status));
	return ERR_UNSUPPORTED;
}

enum err baseline_start(const struct baseline *b, const struct hostinfo *here,
			const struct hyp_token *token)
{
	enum caisson_time_mode mode;
	struct hyp_vm_time now;
	enum err err = baseline_show(b, here, token);

	/* Otherwise it is what EL2 does by itself: the host's frequency, from 0. */
	if (err != ERR_OK || b->time.flags == 0)
		return err;
	if (hyp_vm_time_get(token, &now) != CAISSON_OK) {
		say("this host does not tell the machine's time");
		return ERR_UNSUPPORTED;
	}
	return baseline_set_time(b, token, 0, now.host, &mode);
}

/* ---- JSON -------------------------------------------------------------------------------- */

json_t *baseline_to_json(const struct baseline *b)
{
	json_t *hosts = json_array();

	for (uint32_t i = 0; i < b->hosts; i++)
		(void)json_array_append_new(hosts, json_string(b->host[i]));
	return json_pack("{s:i,s:b,s:b,s:o,s:I,s:I,s:o}", "baseline", FORMAT, "migratable",
			 b->migratable, "tools", b->tools, "hosts", hosts, "counter-hz",
			 (json_int_t)b->time.guest_hz, "time-flags", (json_int_t)b->time.flags,
			 "shown", hostinfo_to_json(&b->shown));
}

static bool take_hosts(const json_t *list, struct baseline *b)
{
	const json_t *name;
	size_t index;

	if (!json_is_array(list) || json_array_size(list) > HOSTSET_MAX)
		return false;
	json_array_foreach(list, index, name)
	{
		if (!hostinfo_take_name(name, b->host[index]))
			return false;
	}
	b->hosts = (uint32_t)json_array_size(list);
	return true;
}

enum err baseline_from_json(const json_t *json, struct baseline *b, char *why)
{
	const json_t *migratable = json_object_get(json, "migratable");
	json_int_t hz = json_integer_value(json_object_get(json, "counter-hz"));
	json_int_t flags = json_integer_value(json_object_get(json, "time-flags"));
	const json_t *tools = json_object_get(json, "tools");
	struct baseline taken = {.migratable = json_is_true(migratable),
				 .tools = json_is_true(tools)};

	(void)snprintf(why, HOSTINFO_WHY_BYTES, "not a machine's baseline");
	if (json_integer_value(json_object_get(json, "baseline")) != FORMAT ||
	    !json_is_boolean(migratable) || !json_is_boolean(tools) || hz <= 0 || hz > UINT32_MAX ||
	    flags < 0 || flags > CAISSON_TIME_FRAME ||
	    !json_is_integer(json_object_get(json, "time-flags")) ||
	    !take_hosts(json_object_get(json, "hosts"), &taken))
		return ERR_INVALID;
	taken.time = (struct timemode){.guest_hz = (uint64_t)hz, .flags = (uint64_t)flags};

	enum err err = hostinfo_from_json(json_object_get(json, "shown"), &taken.shown, why);

	if (err == ERR_OK)
		*b = taken;
	return err;
}
