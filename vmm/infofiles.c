// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/infofiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/say.h"

/* The whole file, with room for one byte more than a value may have: *bytes tells of it. */
static enum err read_whole(int file, uint8_t *to, size_t *bytes)
{
	*bytes = 0;
	while (*bytes <= GUESTINFO_VALUE_BYTES) {
		ssize_t got = read(file, to + *bytes, GUESTINFO_VALUE_BYTES + 1 - *bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_INVALID;
		if (got == 0)
			return ERR_OK;
		*bytes += (size_t)got;
	}
	return ERR_RANGE;
}

static enum err read_value(const char *path, uint8_t *to, size_t *bytes)
{
	/* Not to wait for who writes to a FIFO. */
	int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	enum err err;

	if (file < 0 || fstat(file, &status) != 0) {
		say("cannot open %s: %s", path, strerror(errno));
		if (file >= 0)
			(void)close(file);
		return ERR_NOT_FOUND;
	}
	if (!S_ISREG(status.st_mode)) {
		say("%s is not a regular file", path);
		err = ERR_INVALID;
	} else {
		err = read_whole(file, to, bytes);
		if (err == ERR_RANGE)
			say("%s is longer than a value of guestinfo may be (1 MiB - 16)", path);
		else if (err != ERR_OK)
			say("cannot read %s: %s", path, strerror(errno));
		else if (*bytes == 0)
			say("%s is empty", path);
		if (err == ERR_OK && *bytes == 0)
			err = ERR_INVALID;
	}
	(void)close(file);
	return err;
}

static enum err load_one(const struct guestinfo_config *info, struct tools *tools, uint8_t *buffer)
{
	char key[GUESTINFO_KEY_BYTES];
	size_t bytes;
	enum err err = read_value(info->path, buffer, &bytes);

	if (err != ERR_OK)
		return err;
	(void)snprintf(key, sizeof(key), GUESTINFO_PREFIX "%s", info->key);
	err = tools_info_set(tools, key, buffer, bytes, info->reads);
	if (err != ERR_OK)
		say("%s: the values of guestinfo are too long (4 MiB together)", info->path);
	return err;
}

enum err infofiles_load(const struct vm_config *config, struct tools *tools)
{
	uint8_t *buffer;
	enum err err = ERR_OK;

	if (config->guestinfos == 0)
		return ERR_OK;
	buffer = malloc(GUESTINFO_VALUE_BYTES + 1);
	if (buffer == NULL)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; err == ERR_OK && i < config->guestinfos; i++)
		err = load_one(&config->guestinfo[i], tools, buffer);
	explicit_bzero(buffer, GUESTINFO_VALUE_BYTES + 1);
	free(buffer);
	return err;
}
