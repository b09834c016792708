// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/moves.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/paths.h"
#include "vmm/say.h"

#define KEPT_SECONDS (31 * 86400)

static const char *const word[] = {[HANDOVER_HERE] = "here\n", [HANDOVER_NOT] = "not\n"};

#define WORD_BYTES 8

enum err moves_make_token(char token[MOVES_TOKEN_BYTES])
{
	uint8_t bytes[(MOVES_TOKEN_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		say("no random numbers: %s", strerror(errno));
		return ERR_NOT_FOUND;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return ERR_OK;
}

bool moves_is_token(const char *text)
{
	return strlen(text) == MOVES_TOKEN_BYTES - 1 &&
	       strspn(text, "0123456789abcdef") == MOVES_TOKEN_BYTES - 1;
}

/* caissond made it. -1 and errno. */
static int open_folder(void)
{
	return open(PATHS_MOVES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum handover_decision read_record(int folder, const char *token)
{
	char text[WORD_BYTES] = "";
	int file = openat(folder, token, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0 || read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (file >= 0)
		(void)close(file);
	for (uint32_t i = HANDOVER_HERE; i <= HANDOVER_NOT; i++) {
		if (strcmp(text, word[i]) == 0)
			return (enum handover_decision)i;
	}
	return HANDOVER_OPEN;
}

/* A file that is whole and on the disk before it has the name that counts. */
static bool write_record(int folder, const char *token, const char *text)
{
	char name[80];
	size_t bytes = strlen(text);
	bool written, linked, done;
	int file;

	(void)snprintf(name, sizeof(name), ".%s.%d", token, (int)getpid());
	file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (file < 0)
		return false;
	written = write(file, text, bytes) == (ssize_t)bytes && fsync(file) == 0;
	linked = written && linkat(folder, name, folder, token, 0) == 0;
	done = (linked || (written && errno == EEXIST)) && fsync(folder) == 0;

	int saved = errno;

	/* Who is told that it is not written must not be contradicted by it later. */
	if (linked && !done)
		(void)unlinkat(folder, token, 0);

	(void)close(file);
	(void)unlinkat(folder, name, 0);
	errno = saved;
	return done;
}

/* The name of the note that one is expected. */
#define EXPECTED_BYTES (MOVES_TOKEN_BYTES + 10)

static void name_expected(char name[EXPECTED_BYTES], const char *token)
{
	(void)snprintf(name, EXPECTED_BYTES, "%s.expected", token);
}

enum err moves_expect(const char *token)
{
	char name[EXPECTED_BYTES];
	int folder = open_folder();
	bool done;

	name_expected(name, token);
	done = folder >= 0 && write_record(folder, name, "");
	if (!done)
		say("cannot write to %s that a virtual machine is expected: %s", PATHS_MOVES,
		    strerror(errno));
	if (folder >= 0)
		(void)close(folder);
	return done ? ERR_OK : ERR_DENIED;
}

bool moves_is_expected(const char *token)
{
	char path[sizeof(PATHS_MOVES) + 1 + EXPECTED_BYTES];
	char name[EXPECTED_BYTES];

	name_expected(name, token);
	(void)snprintf(path, sizeof(path), PATHS_MOVES "/%s", name);
	return access(path, F_OK) == 0;
}

enum err moves_decide(const char *token, enum handover_decision wanted,
		      enum handover_decision *holds)
{
	int folder = open_folder();

	*holds = HANDOVER_OPEN;
	if (folder >= 0 && write_record(folder, token, word[wanted]))
		*holds = read_record(folder, token);
	if (*holds == HANDOVER_OPEN)
		say("cannot write to %s what becomes of the virtual machine: %s", PATHS_MOVES,
		    strerror(errno));
	if (folder >= 0)
		(void)close(folder);
	return *holds != HANDOVER_OPEN ? ERR_OK : ERR_DENIED;
}

void moves_forget(const char *token)
{
	char name[EXPECTED_BYTES];
	int folder = open_folder();

	if (folder < 0)
		return;
	(void)unlinkat(folder, token, 0);
	name_expected(name, token);
	(void)unlinkat(folder, name, 0);
	(void)close(folder);
}

void moves_tidy(void)
{
	DIR *folder = opendir(PATHS_MOVES);
	time_t now = time(NULL);
	struct dirent *entry;
	struct stat status;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(status.st_mode) && status.st_mtime < now - KEPT_SECONDS)
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder != NULL)
		(void)closedir(folder);
}
