/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/hostreport.h"

static void clean_text(char *text, size_t bytes)
{
	bool ended = false;
	size_t i;

	for (i = 0; i < bytes; i++) {
		ended = ended || text[i] == '\0' || i + 1 == bytes;
		if (ended)
			text[i] = '\0';
		else if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	}
}

enum err hostreport_clean(struct host_report *r)
{
	uint32_t i;

	if (r->bytes != sizeof(*r) || r->off_count > HOST_REPORT_VMS || r->reserved != 0)
		return ERR_INVALID;
	clean_text(r->name, sizeof(r->name));
	clean_text(r->address, sizeof(r->address));
	clean_text(r->machine, sizeof(r->machine));
	clean_text(r->message, sizeof(r->message));
	for (i = 0; i < HOST_REPORT_VMS; i++) {
		clean_text(r->off[i], sizeof(r->off[i]));
		if (i < r->off_count && r->off[i][0] == '\0')
			return ERR_INVALID;
	}
	for (i = 0; i < HOST_REPORT_GUESTS; i++) {
		clean_text(r->guest[i].address, sizeof(r->guest[i].address));
		clean_text(r->guest[i].os, sizeof(r->guest[i].os));
	}
	return ERR_OK;
}

uint32_t hostreport_load(const struct hostreport_span *span)
{
	uint64_t own = span->busy > span->away ? span->busy - span->away : 0;
	uint64_t percent = span->all < 100 ? 0 : own / (span->all / 100);

	return percent < UINT32_MAX ? (uint32_t)percent : UINT32_MAX;
}
