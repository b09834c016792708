// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/say.h"

#define HUGETLBFS_MAGIC 0x958458f6 /* linux/magic.h */
#define OWN_FOLDER      "/run/caisson"
#define OWN_MOUNT       OWN_FOLDER "/hugepages"
#define FREE_PAGES      "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

#define STORE_BYTES     CAISSON_BLOCK_BYTES
#define RUN_PAGES_BYTES CAISSON_BLOCK_BYTES
#define RUN_PAGE_BYTES  4096
_Static_assert(CAISSON_MAX_VCPUS *RUN_PAGE_BYTES <= RUN_PAGES_BYTES, "run pages in one block");

/* What io_uring takes as one buffer, and how many there are for the largest VM. */
#define BUFFER_BYTES GIB(1)
#define BUFFERS_MAX  (CAISSON_VM_IPA_BYTES / BUFFER_BYTES)
#define RING_ENTRIES 1
_Static_assert(BUFFERS_MAX *BUFFER_BYTES >= MACHINE_RAM_MAX + STORE_BYTES + RUN_PAGES_BYTES,
	       "buffers for the largest VM");

static uint64_t total_bytes(const struct memory *m)
{
	return STORE_BYTES + RUN_PAGES_BYTES + m->ram_bytes;
}

static bool has_our_pages(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && (uint64_t)fs.f_type == HUGETLBFS_MAGIC &&
	       fs.f_bsize == CAISSON_BLOCK_BYTES;
}

/* A hugetlbfs of 2 MiB pages that is mounted already. */
static bool find_mount(char *folder, size_t bytes)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent entry;
	char text[PATH_MAX + 256];
	bool found = false;

	if (mounts == NULL)
		return false;
	while (!found && getmntent_r(mounts, &entry, text, sizeof(text)) != NULL) {
		found = strcmp(entry.mnt_type, "hugetlbfs") == 0 && strlen(entry.mnt_dir) < bytes &&
			has_our_pages(entry.mnt_dir);
		if (found)
			strcpy(folder, entry.mnt_dir);
	}
	(void)endmntent(mounts);
	return found;
}

static enum err choose_folder(char *folder, size_t bytes)
{
	if (find_mount(folder, bytes))
		return ERR_OK;
	if ((mkdir(OWN_FOLDER, 0755) != 0 && errno != EEXIST) ||
	    (mkdir(OWN_MOUNT, 0700) != 0 && errno != EEXIST) ||
	    mount("hugetlbfs", OWN_MOUNT, "hugetlbfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "pagesize=2M,mode=0700") != 0) {
		say("cannot mount a hugetlbfs of 2 MiB pages at %s: %s", OWN_MOUNT,
		    strerror(errno));
		return ERR_UNSUPPORTED;
	}
	strcpy(folder, OWN_MOUNT);
	return ERR_OK;
}

static enum err create_file(struct memory *m)
{
	char folder[PATH_MAX - 64];
	enum err err = choose_folder(folder, sizeof(folder));

	if (err != ERR_OK)
		return err;
	(void)snprintf(m->path, sizeof(m->path), "%s/caisson.%ld", folder, (long)getpid());
	m->file = open(m->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->file < 0) {
		say("cannot make %s: %s", m->path, strerror(errno));
		m->path[0] = '\0';
		return ERR_DENIED;
	}
	return ERR_OK;
}

static unsigned long free_pages(void)
{
	FILE *file = fopen(FREE_PAGES, "re");
	unsigned long pages = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	(void)fclose(file);
	return pages;
}

static enum err map_file(struct memory *m)
{
	uint64_t bytes = total_bytes(m);

	/* Mapping reserves all pages, so that none is found missing later, by SIGBUS. */
	m->store = ftruncate(m->file, (off_t)bytes) == 0
			   ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->file, 0)
			   : MAP_FAILED;
	if (m->store == MAP_FAILED) {
		m->store = NULL;
		if (errno != ENOMEM) {
			say("cannot map %s: %s", m->path, strerror(errno));
			return ERR_INVALID;
		}
		say("%lu huge pages of 2 MiB are needed, %lu are free: "
		    "/proc/sys/vm/nr_hugepages sets how many there are",
		    (unsigned long)(bytes / CAISSON_BLOCK_BYTES), free_pages());
		return ERR_NO_MEMORY;
	}
	/* EL2 takes the store away: nothing of Linux is to walk into it. */
	(void)madvise(m->store, bytes, MADV_DONTDUMP);
	(void)madvise(m->store, bytes, MADV_DONTFORK);
	m->run_pages = m->store + STORE_BYTES;
	m->ram = m->run_pages + RUN_PAGES_BYTES;
	return ERR_OK;
}

static enum err pin(struct memory *m)
{
	struct iovec buffer[BUFFERS_MAX];
	struct io_uring_params params = {0};
	uint64_t bytes = total_bytes(m);
	unsigned int count = 0;

	for (uint64_t done = 0; done < bytes; done += BUFFER_BYTES) {
		buffer[count].iov_base = m->store + done;
		buffer[count].iov_len = bytes - done < BUFFER_BYTES ? bytes - done : BUFFER_BYTES;
		count++;
	}
	m->ring = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &params);
	if (m->ring < 0 ||
	    syscall(SYS_io_uring_register, m->ring, IORING_REGISTER_BUFFERS, buffer, count) != 0) {
		say("cannot pin %lu MiB of memory: %s", (unsigned long)(bytes >> 20),
		    strerror(errno));
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err memory_open(struct memory *m, uint64_t ram_bytes)
{
	*m = (struct memory){.file = -1, .ring = -1, .ram_bytes = ram_bytes};

	enum err err = create_file(m);

	if (err == ERR_OK)
		err = map_file(m);
	return err == ERR_OK ? pin(m) : err;
}

void memory_abandon(struct memory *m)
{
	if (m->ring >= 0)
		(void)close(m->ring);
	if (m->store != NULL)
		(void)munmap(m->store, total_bytes(m));
	if (m->file >= 0)
		(void)close(m->file);
	*m = (struct memory){.file = -1, .ring = -1};
}

void memory_close(struct memory *m)
{
	if (m->path[0] != '\0')
		(void)unlink(m->path);
	memory_abandon(m);
}
