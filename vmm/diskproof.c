// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/diskproof.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WORD_BYTES    96
#define NAME_BYTES    64
#define SYSFS_BYTES   128
#define BESIDE_PREFIX ".caisson-"

/* ---- the file beside it ------------------------------------------------------------------ */

/* The folder that the file really is in, and its name there; -1 and errno. */
static int open_folder_of(const char *path, char *name, size_t bytes)
{
	char real[PATH_MAX];
	char *slash;
	int folder;

	if (realpath(path, real) == NULL)
		return -1;
	slash = strrchr(real, '/');
	(void)snprintf(name, bytes, "%s", slash + 1);
	*slash = '\0';
	folder = open(real[0] != '\0' ? real : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder;
}

static void make_name(char name[NAME_BYTES], const char *token, uint32_t number)
{
	(void)snprintf(name, NAME_BYTES, BESIDE_PREFIX "%.32s-%u", token, number);
}

/* False and errno. */
static bool put_beside(const char *path, const char *name, const char *text)
{
	char base[NAME_MAX + 1];
	int folder = open_folder_of(path, base, sizeof(base));
	size_t bytes = strlen(text);
	bool done = false;
	int file;

	if (folder < 0)
		return false;
	file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (file >= 0) {
		/* Over there it is seen once it is on the server. */
		done = write(file, text, bytes) == (ssize_t)bytes && fsync(file) == 0;
		(void)close(file);
	}
	(void)close(folder);
	return done;
}

static bool is_beside(const char *path, const char *name, const char *text)
{
	char base[NAME_MAX + 1], found[WORD_BYTES] = "";
	int folder = open_folder_of(path, base, sizeof(base));
	int file = folder >= 0 ? openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (file >= 0 && read(file, found, sizeof(found) - 1) < 0)
		found[0] = '\0';
	if (file >= 0)
		(void)close(file);
	if (folder >= 0)
		(void)close(folder);
	return found[0] != '\0' && strcmp(found, text) == 0;
}

void diskproof_forget(const char *path, const char *token, uint32_t number)
{
	char base[NAME_MAX + 1], name[NAME_BYTES];
	int folder = open_folder_of(path, base, sizeof(base));

	make_name(name, token, number);
	if (folder < 0)
		return;
	(void)unlinkat(folder, name, 0);
	(void)close(folder);
}

/* ---- what a block device calls itself ---------------------------------------------------- */

/* An attribute of a device, without blanks around it; "" when it has none. */
static void read_attribute(const struct stat *status, const char *attribute, char *text,
			   size_t bytes)
{
	char path[SYSFS_BYTES];
	size_t length, skip;
	FILE *file;

	text[0] = '\0';
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(status->st_rdev),
		       minor(status->st_rdev), attribute);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(text, (int)bytes, file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	length = strlen(text);
	while (length != 0 && strchr(" \t\n", text[length - 1]) != NULL)
		text[--length] = '\0';
	skip = strspn(text, " \t");
	memmove(text, text + skip, length - skip + 1);
}

/* The names of the device, or of the one that it is a part of, and which part. */
static json_t *list_ids(const struct stat *status)
{
	static const char *const attribute[] = {"wwid", "device/wwid", "serial", "device/serial",
						"dm/uuid"};
	char part[WORD_BYTES], start[WORD_BYTES], id[WORD_BYTES], path[NAME_BYTES];
	json_t *list = json_array();

	read_attribute(status, "partition", part, sizeof(part));
	read_attribute(status, "start", start, sizeof(start));
	for (size_t i = 0; i < ARRAY_SIZE(attribute); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", part[0] != '\0' ? "../" : "",
			       attribute[i]);
		read_attribute(status, path, id, sizeof(id));
		if (id[0] != '\0')
			(void)json_array_append_new(list,
						    json_sprintf("%s=%s%s%s", attribute[i], id,
								 part[0] != '\0' ? " from " : "",
								 part[0] != '\0' ? start : ""));
	}
	return list;
}

static bool share_an_id(const json_t *here, const json_t *there)
{
	const json_t *mine, *theirs;
	size_t i, j;

	json_array_foreach(here, i, mine)
	{
		json_array_foreach(there, j, theirs)
		{
			if (json_equal((json_t *)(uintptr_t)mine, (json_t *)(uintptr_t)theirs))
				return true;
		}
	}
	return false;
}

/* ---- both -------------------------------------------------------------------------------- */

static bool look_at(const char *path, struct stat *status, uint64_t *bytes)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool done;

	if (file < 0)
		return false;
	done = fstat(file, status) == 0;
	if (done && S_ISBLK(status->st_mode))
		done = ioctl(file, BLKGETSIZE64, bytes) == 0;
	else if (done)
		*bytes = (uint64_t)status->st_size;

	int saved = errno;

	(void)close(file);
	errno = saved;
	return done;
}

json_t *diskproof_describe(const char *path, bool read_only, const char *token, uint32_t number,
			   char error[DISKPROOF_ERROR_BYTES])
{
	char name[NAME_BYTES], text[WORD_BYTES];
	struct stat status;
	uint64_t bytes;
	json_t *told;

	if (!look_at(path, &status, &bytes)) {
		(void)snprintf(error, DISKPROOF_ERROR_BYTES, "cannot look at %s: %s", path,
			       strerror(errno));
		return NULL;
	}
	told = json_pack("{s:s,s:b,s:I,s:b}", "path", path, "block", S_ISBLK(status.st_mode) != 0,
			 "bytes", (json_int_t)bytes, "read-only", read_only);
	if (S_ISBLK(status.st_mode)) {
		(void)json_object_set_new(told, "ids", list_ids(&status));
		return told;
	}
	make_name(name, token, number);
	(void)snprintf(text, sizeof(text), "%.32s %u\n", token, number);
	if (put_beside(path, name, text)) {
		(void)json_object_set_new(told, "beside", json_string(name));
		(void)json_object_set_new(told, "text", json_string(text));
	}
	return told;
}

/* What was told of it, from outside: names are names and nothing more. */
static bool is_beside_there(const char *path, const json_t *there)
{
	const char *name = json_string_value(json_object_get(there, "beside"));
	const char *text = json_string_value(json_object_get(there, "text"));

	return name != NULL && text != NULL && strchr(name, '/') == NULL &&
	       strncmp(name, BESIDE_PREFIX, strlen(BESIDE_PREFIX)) == 0 &&
	       is_beside(path, name, text);
}

enum err diskproof_check(const char *path, const json_t *there, bool trust,
			 char error[DISKPROOF_ERROR_BYTES])
{
	bool block = json_is_true(json_object_get(there, "block"));
	struct stat status;
	uint64_t bytes;
	json_t *ids;
	bool same;

	if (!look_at(path, &status, &bytes)) {
		(void)snprintf(error, DISKPROOF_ERROR_BYTES,
			       "the disk %s is not there (%s): share it, or name it otherwise in "
			       "that host's configuration",
			       path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if ((uint64_t)json_integer_value(json_object_get(there, "bytes")) != bytes) {
		(void)snprintf(error, DISKPROOF_ERROR_BYTES,
			       "the disk %s is another one there: its size differs", path);
		return ERR_INVALID;
	}
	if (trust)
		return ERR_OK;
	if (!block && S_ISREG(status.st_mode)) {
		same = is_beside_there(path, there);
	} else {
		ids = S_ISBLK(status.st_mode) ? list_ids(&status) : NULL;
		same = share_an_id(ids, json_object_get(there, "ids"));
		json_decref(ids);
	}
	if (same)
		return ERR_OK;
	(void)snprintf(error, DISKPROOF_ERROR_BYTES,
		       "the disk %s is not seen to be shared with that host: put it where both "
		       "have it, or vouch for it (--disks-shared)",
		       path);
	return ERR_INVALID;
}
