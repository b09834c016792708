/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/cmdline.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the word at p: the next blank outside of quotes, or the NUL. */
static const char *word_end(const char *p)
{
	bool quoted = false;

	for (; *p != '\0' && (quoted || !is_blank(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

/* What follows name in the word [word, end): "=value" or nothing; NULL for another name. */
static const char *match_name(const char *word, const char *end, const char *name)
{
	while (word < end && *name != '\0' && *word == *name) {
		word++;
		name++;
	}
	return *name == '\0' && (word == end || *word == '=') ? word : NULL;
}

const char *cmdline_get(const char *cmdline, const char *name, size_t *length)
{
	const char *value = NULL;
	const char *end;

	if (*name == '\0')
		return NULL;
	for (const char *p = cmdline; *p != '\0'; p = end) {
		while (is_blank(*p))
			p++;
		end = word_end(p);

		const char *rest = match_name(p, end, name);
		const char *last = end;

		if (rest == NULL)
			continue;
		if (rest < end)
			rest++;
		if (rest < last && *rest == '"') {
			rest++;
			if (rest < last && last[-1] == '"')
				last--;
		}
		value = rest;
		*length = (size_t)(last - rest);
	}
	return value;
}
