/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/conopt.h"

#include "lib/cmdline.h"

#include <string.h>

#define HISTORY_KIB     640
#define HISTORY_KIB_MIN 16
#define HISTORY_KIB_MAX 8192
#define HISTORIES       3 /* log, service VM, shell */
/* Grids of 256 KiB: one for each of six consoles, another of the service VM, two of each port. */
#define OTHER_BYTES (11 * KIB(256) + KIB(256))

bool conopt_is_plain(const char *cmdline)
{
	size_t length;
	const char *view = cmdline_get(cmdline, "view", &length);

	return view && length == 5 && memcmp(view, "plain", 5) == 0;
}

enum err conopt_history(const char *cmdline, size_t *bytes)
{
	size_t length, i, kib = 0;
	const char *text = cmdline_get(cmdline, "scrollback", &length);

	*bytes = KIB(HISTORY_KIB);
	if (text == NULL)
		return ERR_OK;
	for (i = 0; i < length && kib <= HISTORY_KIB_MAX; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_RANGE;
		kib = kib * 10 + (size_t)(text[i] - '0');
	}
	if (kib < HISTORY_KIB_MIN || kib > HISTORY_KIB_MAX)
		return ERR_RANGE;
	*bytes = KIB(kib);
	return ERR_OK;
}

uint64_t conopt_memory_bytes(const char *cmdline)
{
	size_t history;

	if (conopt_is_plain(cmdline))
		return 0;
	/* Nonsense is told of when there is a log. */
	(void)conopt_history(cmdline, &history);
	return HISTORIES * history + OTHER_BYTES;
}
