// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <unistd.h>

#include "abi/snapshot.h"
#include "vmm/hostinfo.h"
#include "vmm/hyp.h"
#include "vmm/say.h"

/* What is no part of a plain name becomes '-'. */
static void read_name(char *name)
{
	if (gethostname(name, HOSTINFO_NAME_BYTES) != 0)
		name[0] = '\0';
	name[HOSTINFO_NAME_BYTES - 1] = '\0';
	if (name[0] == '\0')
		memcpy(name, "unnamed", sizeof("unnamed"));
	for (char *at = name; *at != '\0'; at++) {
		if (!hostinfo_is_plain(*at))
			*at = '-';
	}
}

enum err hostinfo_read(struct hostinfo *host)
{
	const struct {
		uint32_t reg;
		uint64_t *value;
	} wanted[] = {
		{CAISSON_HOST_CTR, &host->ctr},     {CAISSON_HOST_DCZID, &host->dczid},
		{CAISSON_HOST_MIDR, &host->midr},   {CAISSON_HOST_REVIDR, &host->revidr},
		{CAISSON_HOST_CLIDR, &host->clidr}, {CAISSON_HOST_CNTFRQ, &host->counter_hz},
	};
	uint64_t features = 0, ipa_bits = 0;
	enum caisson_status status;

	*host = (struct hostinfo){.version = CAISSON_VERSION, .machine = SNAPSHOT_MACHINE};
	status = hyp_host_reg(CAISSON_HOST_FEATURES, &features);
	if (status == CAISSON_OK)
		status = hyp_host_reg(CAISSON_HOST_IPA_BITS, &ipa_bits);
	for (size_t i = 0; status == CAISSON_OK && i < ARRAY_SIZE(wanted); i++)
		status = hyp_host_reg(wanted[i].reg, wanted[i].value);
	for (uint32_t i = 0; status == CAISSON_OK && i < IDREG_COUNT; i++)
		status = hyp_host_reg(i, &host->id_reg[i]);
	if (status != CAISSON_OK) {
		say("Caisson does not tell what this host is: %s", hyp_status_text(status));
		return ERR_UNSUPPORTED;
	}
	host->ecv = (features & CAISSON_FEATURE_ECV) != 0;
	host->gic_version = features >> 8 & 0xff;
	host->ipa_bits = (uint32_t)ipa_bits;
	read_name(host->name);
	return ERR_OK;
}
