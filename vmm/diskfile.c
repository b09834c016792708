// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/diskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vmm/say.h"

/* The other side lets go of it in its own time. */
#define LOCK_TRIES  100
#define LOCK_TRY_NS 20000000

enum err diskfile_lock(int file, bool read_only)
{
	return flock(file, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 ? ERR_OK : ERR_BUSY;
}

static enum err lock_soon(int file, bool read_only)
{
	const struct timespec pause = {.tv_nsec = LOCK_TRY_NS};
	enum err err = diskfile_lock(file, read_only);

	for (int i = 0; err != ERR_OK && i < LOCK_TRIES; i++) {
		(void)nanosleep(&pause, NULL);
		err = diskfile_lock(file, read_only);
	}
	return err;
}

/* What Linux has of it in memory, all written, is not to be read again. */
static void drop_caches(int file)
{
	(void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	/* For a block device; only root may. */
	(void)ioctl(file, BLKFLSBUF, 0);
}

enum err diskfile_let_go(int file, const char *path)
{
	/* Files without fsync() are not written either. */
	if (fsync(file) != 0 && errno != EINVAL && errno != EROFS) {
		say("cannot write %s out: %s", path, strerror(errno));
		return ERR_TRUNCATED;
	}
	drop_caches(file);
	(void)flock(file, LOCK_UN);
	return ERR_OK;
}

void diskfile_take_back(int file, const char *path, bool read_only)
{
	drop_caches(file);
	if (lock_soon(file, read_only) != ERR_OK)
		say("%s: its lock is held elsewhere; the virtual machine goes on without it", path);
}

void diskfile_forget(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (file < 0)
		return;
	drop_caches(file);
	(void)close(file);
}

enum err diskfile_take_over(int *file, const char *path, bool read_only)
{
	int again = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);

	if (again < 0) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	(void)close(*file);
	*file = again;
	if (lock_soon(*file, read_only) != ERR_OK) {
		say("%s is in use", path);
		return ERR_BUSY;
	}
	drop_caches(*file);
	return ERR_OK;
}
