// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "vmm/guestreport.h"
#include "vmm/tools.h"

/* The value of a key in "key='value' key='value' ...", as the tools describe their system. */
static const char *find_value(const char *text, const char *key, size_t *length)
{
	size_t key_length = strlen(key);
	const char *at = text, *end;

	while ((at = strstr(at, key)) != NULL) {
		bool is_word = at == text || at[-1] == ' ';

		at += key_length;
		if (!is_word || at[0] != '=' || at[1] != '\'')
			continue;
		end = strchr(at + 2, '\'');
		*length = end != NULL ? (size_t)(end - at - 2) : strlen(at + 2);
		return at + 2;
	}
	return NULL;
}

static void take_os(struct guestreport *r, const struct tools_report *told)
{
	const char *name = told->os_full[0] != '\0' ? told->os_full : told->os_name;
	size_t length = strlen(name), pretty_length;
	const char *pretty = find_value(told->os_detailed, "prettyName", &pretty_length);

	if (pretty != NULL && pretty_length != 0) {
		name = pretty;
		length = pretty_length;
	}
	guestreport_clean(r->os, sizeof(r->os), name, length);
}

void guestreport_from_tools(struct guestreport *r, const struct tools_report *told)
{
	char text[GTNIC_TEXT_BYTES];

	memset(r, 0, sizeof(*r)); /* padding, too: reports are compared */
	take_os(r, told);
	guestreport_clean(r->host_name, sizeof(r->host_name), told->host_name,
			  strlen(told->host_name));
	guestreport_clean(r->tools, sizeof(r->tools), told->version, strlen(told->version));
	for (uint32_t i = 0; i < told->nics.cards; i++) {
		const struct gtnic_card *card = &told->nics.card[i];

		for (uint32_t n = 0; n < card->addresses; n++) {
			gtnic_text(&card->address[n], text);
			guestreport_add_address(r, text, strcspn(text, "/"));
		}
	}
}
