// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/hostinfo.h"
#include "vmm/say.h"

#define REMEDY "(caisson host-info --json prints one, on the host that it describes)"

static unsigned int count_lines(const char *text, size_t bytes)
{
	unsigned int lines = 0;

	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	return lines;
}

static size_t skip_space(const char *text, size_t at, size_t bytes)
{
	while (at < bytes && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
		at++;
	return at;
}

/* The description at text[*at]; *at: behind it. */
static enum err parse_one(struct hostinfo *host, const char *name, const char *text, size_t bytes,
			  size_t *at)
{
	unsigned int line = count_lines(text, *at) + 1;
	char why[HOSTINFO_WHY_BYTES];
	json_error_t error;
	json_t *json;
	enum err err;

	json = json_loadb(text + *at, bytes - *at, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK,
			  &error);
	if (json == NULL) {
		say("%s:%u: not a host's description " REMEDY, name,
		    line + (error.line > 0 ? (unsigned int)error.line - 1 : 0));
		return ERR_INVALID;
	}
	*at += (size_t)error.position;
	err = hostinfo_from_json(json, host, why);
	json_decref(json);
	if (err != ERR_OK)
		say("%s:%u: %s " REMEDY, name, line, why);
	return err;
}

enum err hostset_parse(struct hostset *set, const char *name, const char *text, size_t bytes)
{
	size_t at = skip_space(text, 0, bytes);

	set->count = 0;
	while (at < bytes) {
		enum err err;

		if (set->count == HOSTSET_MAX) {
			say("%s:%u: more than %u hosts: remove some", name,
			    count_lines(text, at) + 1, HOSTSET_MAX);
			return ERR_RANGE;
		}
		err = parse_one(&set->host[set->count], name, text, bytes, &at);
		if (err != ERR_OK)
			return err;
		set->count++;
		at = skip_space(text, at, bytes);
	}
	if (set->count != 0)
		return ERR_OK;
	say("%s describes no host " REMEDY, name);
	return ERR_INVALID;
}

enum err hostset_read(struct hostset *set, const char *path)
{
	FILE *file = fopen(path, "re");
	enum err err = ERR_INVALID;
	char *text;
	size_t bytes;

	if (file == NULL) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	text = malloc(HOSTSET_FILE_BYTES + 1);
	errno = 0;
	bytes = text != NULL ? fread(text, 1, HOSTSET_FILE_BYTES + 1, file) : 0;
	if (text == NULL || ferror(file) != 0)
		say("cannot read %s: %s", path, strerror(errno));
	else if (bytes > HOSTSET_FILE_BYTES)
		say("%s is longer than 512 KiB: no descriptions of hosts " REMEDY, path);
	else
		err = hostset_parse(set, path, text, bytes);
	free(text);
	(void)fclose(file);
	return err;
}
