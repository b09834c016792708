// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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
#define FILE_PREFIX     "caisson."
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
	return STORE_BYTES + RUN_PAGES_BYTES + m->ram_bytes + m->flash_bytes;
}

/* ---- the folder -------------------------------------------------------------------------- */

static bool has_our_pages(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && (uint64_t)fs.f_type == HUGETLBFS_MAGIC &&
	       fs.f_bsize == CAISSON_BLOCK_BYTES;
}

/* Under a lock, so that nobody mounts over the folder that another has just found. */
static bool mount_once(void)
{
	int folder = open(OWN_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool mounted = false;

	if (folder < 0)
		return false;
	while (flock(folder, LOCK_EX) != 0 && errno == EINTR)
		;
	if (mkdir(OWN_MOUNT, 0700) == 0 || errno == EEXIST)
		mounted = has_our_pages(OWN_MOUNT) ||
			  mount("hugetlbfs", OWN_MOUNT, "hugetlbfs",
				MS_NOSUID | MS_NODEV | MS_NOEXEC, "pagesize=2M,mode=0700") == 0;
	(void)close(folder);
	return mounted;
}

/* A mount of our own, so that nobody else's files are in it. */
static enum err mount_folder(void)
{
	if ((mkdir(OWN_FOLDER, 0755) == 0 || errno == EEXIST) && mount_once())
		return ERR_OK;
	say("cannot mount a hugetlbfs of 2 MiB pages at %s: %s", OWN_MOUNT, strerror(errno));
	return ERR_UNSUPPORTED;
}

static void lock_folder(const struct memory *m)
{
	while (flock(m->folder, LOCK_EX) != 0 && errno == EINTR)
		;
}

static void unlock_folder(const struct memory *m)
{
	(void)flock(m->folder, LOCK_UN);
}

/* ---- the dead ---------------------------------------------------------------------------- */

/*
 * What the name of a file says: caisson.PID no VM has it, caisson.PID.vmN VM N has, and
 * caisson.PID.new cannot be told: its process died while it made a VM.
 */
enum owner { OWNER_NOBODY, OWNER_VM, OWNER_UNKNOWN };

static enum owner parse_name(const char *name, uint32_t *number)
{
	const char *dot = strrchr(name, '.');

	if (strcmp(dot, ".new") == 0)
		return OWNER_UNKNOWN;
	return sscanf(dot, ".vm%u", number) == 1 ? OWNER_VM : OWNER_NOBODY;
}

/* Opens a file of a dead process; -1: its process lives. */
static int open_dead(const struct memory *m, const char *name)
{
	int file = openat(m->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0) {
		(void)close(file);
		return -1;
	}
	return file;
}

/* Ends a dead process's VM, unless its number is a living one's by now. */
static void bury(const struct memory *m, const struct hyp_token *management, const char *name,
		 uint32_t living)
{
	int file = open_dead(m, name);
	uint32_t number;
	enum owner owner;

	if (file < 0)
		return;
	owner = parse_name(name, &number);
	if (owner == OWNER_VM && number < CAISSON_MAX_VMS && (living & BIT(number)) == 0) {
		enum caisson_status status = hyp_vm_destroy(management, number);

		if (status == CAISSON_OK || status == CAISSON_STATE)
			owner = OWNER_NOBODY;
		else
			say("cannot end a dead process's virtual machine: %s",
			    hyp_status_text(status));
	} else if (owner == OWNER_VM) {
		owner = OWNER_NOBODY;
	}
	if (owner == OWNER_NOBODY)
		(void)unlinkat(m->folder, name, 0);
	(void)close(file);
}

/* Calls for each file of the folder; returns the VMs of those whose process lives. */
static uint32_t for_each_file(const struct memory *m, const struct hyp_token *management,
			      uint32_t living, bool burying)
{
	DIR *folder = opendir(OWN_MOUNT);
	struct dirent *entry;
	uint32_t number;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, FILE_PREFIX, strlen(FILE_PREFIX)) != 0)
			continue;
		if (burying) {
			bury(m, management, entry->d_name, living);
			continue;
		}

		int file = open_dead(m, entry->d_name);

		if (file >= 0)
			(void)close(file);
		else if (parse_name(entry->d_name, &number) == OWNER_VM && number < CAISSON_MAX_VMS)
			living |= BIT(number);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return living;
}

/* ---- our file ---------------------------------------------------------------------------- */

static void rename_file(struct memory *m, const char *suffix)
{
	char name[sizeof(m->name)];

	(void)snprintf(name, sizeof(name), FILE_PREFIX "%ld%s", (long)getpid(), suffix);
	if (renameat(m->folder, m->name, m->folder, name) == 0)
		(void)snprintf(m->name, sizeof(m->name), "%s", name);
	else
		say("cannot rename %s/%s: %s", OWN_MOUNT, m->name, strerror(errno));
}

void memory_begin_vm(struct memory *m)
{
	lock_folder(m);
	rename_file(m, ".new");
}

void memory_end_vm(struct memory *m, bool made, uint32_t number)
{
	char suffix[16] = "";

	if (made)
		(void)snprintf(suffix, sizeof(suffix), ".vm%u", number);
	rename_file(m, suffix);
	unlock_folder(m);
}

void memory_forget_vm(struct memory *m)
{
	rename_file(m, "");
}

static enum err create_file(struct memory *m)
{
	char name[sizeof(m->name)];

	(void)snprintf(name, sizeof(name), FILE_PREFIX "%ld", (long)getpid());
	m->file = openat(m->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->file < 0 || flock(m->file, LOCK_EX | LOCK_NB) != 0) {
		say("cannot make %s/%s: %s", OWN_MOUNT, name, strerror(errno));
		return ERR_DENIED;
	}
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	return ERR_OK;
}

static enum err open_file(struct memory *m, const struct hyp_token *management)
{
	enum err err = mount_folder();

	if (err != ERR_OK)
		return err;
	m->folder = open(OWN_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->folder < 0) {
		say("cannot open %s: %s", OWN_MOUNT, strerror(errno));
		return ERR_DENIED;
	}
	lock_folder(m);
	(void)for_each_file(m, management, for_each_file(m, management, 0, false), true);
	err = create_file(m);
	unlock_folder(m);
	return err;
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
			say("cannot map %s/%s: %s", OWN_MOUNT, m->name, strerror(errno));
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
	m->flash = m->ram + m->ram_bytes;
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

enum err memory_open(struct memory *m, const struct hyp_token *management, uint64_t ram_bytes,
		     uint64_t flash_bytes)
{
	*m = (struct memory){.folder = -1,
			     .file = -1,
			     .ring = -1,
			     .ram_bytes = ram_bytes,
			     .flash_bytes = flash_bytes};

	enum err err = open_file(m, management);

	if (err == ERR_OK)
		err = map_file(m);
	return err == ERR_OK ? pin(m) : err;
}

static void close_if_open(int file)
{
	if (file >= 0)
		(void)close(file);
}

void memory_abandon(struct memory *m)
{
	/* Closing alone would leave the pins to a worker of Linux's, for seconds. */
	if (m->ring >= 0)
		(void)syscall(SYS_io_uring_register, m->ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	if (m->store != NULL)
		(void)munmap(m->store, total_bytes(m));
	close_if_open(m->ring);
	close_if_open(m->file);
	close_if_open(m->folder);
	*m = (struct memory){.folder = -1, .file = -1, .ring = -1};
}

void memory_close(struct memory *m)
{
	if (m->name[0] != '\0')
		(void)unlinkat(m->folder, m->name, 0);
	memory_abandon(m);
}
