// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/daemon_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vmm/paths.h"
#include "vmm/pin.h"
#include "vmm/say.h"

#define HUGETLBFS_MAGIC 0x958458f6 /* linux/magic.h */
#define POOL            "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define POOL_NOTE       PATHS_STATE "/pool"
#define PART_BYTES      MIB(16)
#define KEEP_BYTES_MIN  MIB(64) /* of memory, for the service VM */

/* ---- the folder -------------------------------------------------------------------------- */

static bool has_our_pages(void)
{
	struct statfs fs;

	return statfs(PATHS_PAGES, &fs) == 0 && (uint64_t)fs.f_type == HUGETLBFS_MAGIC &&
	       fs.f_bsize == CAISSON_BLOCK_BYTES;
}

static sigjmp_buf no_page;

/* Only scrub_block() is ready for it; anywhere else it ends the process, as it should. */
static volatile sig_atomic_t scrubbing;

static void on_bus_error(int number)
{
	if (scrubbing != 0)
		siglongjmp(no_page, 1);
	(void)signal(number, SIG_DFL);
}

/* ---- the pool ---------------------------------------------------------------------------- */

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long number = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	(void)fclose(file);
	return number;
}

static void write_number(const char *path, uint64_t number)
{
	FILE *file = fopen(path, "we");
	bool written = file != NULL && fprintf(file, "%lu\n", (unsigned long)number) > 0;

	if (file == NULL || fclose(file) != 0 || !written)
		say("cannot write %s: %s", path, strerror(errno));
}

/*
 * For a next caissond: by how many pages the pool was made to grow; and, while its size is being
 * changed, from what. Who is killed meanwhile leaves what it takes to know how far that came.
 */
struct pool_note {
	uint64_t grown;
	uint64_t from;
	bool changing;
};

static struct pool_note read_note(void)
{
	FILE *file = fopen(POOL_NOTE, "re");
	unsigned long grown, from;
	int changing;
	bool found = file != NULL && fscanf(file, "%lu %lu %d", &grown, &from, &changing) == 3;

	if (file != NULL)
		(void)fclose(file);
	return found ? (struct pool_note){grown, from, changing != 0} : (struct pool_note){0};
}

/* In one step. */
static void write_note(const struct pool_note *note)
{
	static const char new[] = POOL_NOTE ".new";
	FILE *file = fopen(new, "we");
	bool written = file != NULL && fprintf(file, "%lu %lu %d\n", (unsigned long)note->grown,
					       (unsigned long)note->from, note->changing) > 0;

	if (file == NULL || fclose(file) != 0 || !written || rename(new, POOL_NOTE) != 0)
		say("cannot write %s: %s", POOL_NOTE, strerror(errno));
}

/* Linux may have done less than it was asked for. */
static void settle_note(struct pool_note *note)
{
	uint64_t all = note->grown + read_number(POOL "nr_hugepages");

	if (!note->changing)
		return;
	note->grown = all > note->from ? all - note->from : 0;
	note->changing = false;
	write_note(note);
}

static void resize_pool(uint64_t pages)
{
	struct pool_note note = read_note();

	note.from = read_number(POOL "nr_hugepages");
	note.changing = true;
	write_note(&note);
	write_number(POOL "nr_hugepages", pages);
	settle_note(&note);
}

/* Free, and promised to nobody. */
static uint64_t free_pages(void)
{
	uint64_t reserved = read_number(POOL "resv_hugepages");
	uint64_t all = read_number(POOL "free_hugepages");

	return all > reserved ? all - reserved : 0;
}

/* A line of /proc/meminfo, in bytes; 0: there is none. */
static uint64_t read_meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t length = strlen(name);
	unsigned long kib = 0;
	char line[128];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, length) == 0 && sscanf(line + length, ": %lu", &kib) == 1)
			break;
		kib = 0;
	}
	if (file != NULL)
		(void)fclose(file);
	return KIB(kib);
}

/* What Linux can do without: asked for more, it would give its last page, and then panic. */
static uint64_t spare_pages(void)
{
	uint64_t sixteenth = read_meminfo("MemTotal") / 16;
	uint64_t keep = sixteenth > KEEP_BYTES_MIN ? sixteenth : KEEP_BYTES_MIN;
	uint64_t available = read_meminfo("MemAvailable");

	return available > keep ? (available - keep) / CAISSON_BLOCK_BYTES : 0;
}

/* What is free afterwards, or could be: the pool does not grow when that is not enough. */
static uint64_t grow_pool(uint64_t pages)
{
	uint64_t available = free_pages();
	uint64_t before = read_number(POOL "nr_hugepages");
	uint64_t spare = spare_pages();

	if (available >= pages)
		return available;
	if (available + spare < pages)
		return available + spare;
	resize_pool(before + pages - available);
	return free_pages();
}

bool pages_shrink_pool(void)
{
	uint64_t grown = read_note().grown;
	uint64_t available = free_pages();
	uint64_t back = grown < available ? grown : available;

	if (back != 0)
		resize_pool(read_number(POOL "nr_hugepages") - back);
	return grown == back;
}

enum err pages_init(void)
{
	struct sigaction action = {.sa_handler = on_bus_error};
	struct pool_note note = read_note();

	(void)sigaction(SIGBUS, &action, NULL);
	settle_note(&note); /* what another caissond had begun */
	/* A mount of our own, so that nobody else's files are in it. */
	if ((mkdir(PATHS_PAGES, 0700) == 0 || errno == EEXIST) &&
	    (has_our_pages() ||
	     mount("hugetlbfs", PATHS_PAGES, "hugetlbfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		   "pagesize=2M,mode=0700") == 0))
		return ERR_OK;
	say("cannot mount a hugetlbfs of 2 MiB pages at %s: %s", PATHS_PAGES, strerror(errno));
	return ERR_UNSUPPORTED;
}

/* ---- files ------------------------------------------------------------------------------- */

#define PATH_BYTES 128

static const char store_suffix[] = "store";
static const char mem_suffix[] = "mem";

static void set_path(char *path, const char *name, const char *suffix)
{
	(void)snprintf(path, PATH_BYTES, PATHS_PAGES "/%s.%s", name, suffix);
}

/* Mapping reserves all pages, so that none is found missing later, by SIGBUS. */
static enum err map_file(struct pages_file *f)
{
	void *start = mmap(NULL, f->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);

	if (start == MAP_FAILED)
		return ERR_NO_MEMORY;
	f->start = start;
	/* EL2 takes the store away: nothing of Linux is to walk into it. */
	(void)madvise(start, f->bytes, MADV_DONTDUMP);
	(void)madvise(start, f->bytes, MADV_DONTFORK);
	return ERR_OK;
}

static enum err create_file(struct pages_file *f, const char *name, const char *suffix,
			    uint64_t bytes)
{
	char path[PATH_BYTES];

	set_path(path, name, suffix);
	f->bytes = bytes;
	f->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return f->fd >= 0 && ftruncate(f->fd, (off_t)bytes) == 0 ? map_file(f) : ERR_NO_MEMORY;
}

static enum err open_file(struct pages_file *f, const char *name, const char *suffix)
{
	struct stat status;
	char path[PATH_BYTES];

	set_path(path, name, suffix);
	f->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0 || fstat(f->fd, &status) != 0 || status.st_size == 0)
		return ERR_NOT_FOUND;
	f->bytes = (uint64_t)status.st_size;
	return map_file(f);
}

static void close_file(struct pages_file *f)
{
	if (f->start != NULL)
		(void)munmap(f->start, f->bytes);
	if (f->fd >= 0)
		(void)close(f->fd);
	*f = (struct pages_file){.fd = -1};
}

enum err pages_pin(struct pages *p)
{
	const struct pin_part part[] = {
		{p->store.start, p->store.bytes},
		{p->mem.start, p->mem.bytes},
	};

	return pin_memory(part, ARRAY_SIZE(part), &p->ring);
}

static void init(struct pages *p)
{
	*p = (struct pages){.store.fd = -1, .mem.fd = -1, .ring = -1};
}

enum err pages_create(struct pages *p, const char *name, uint64_t store_bytes, uint64_t mem_bytes,
		      char *why, size_t why_bytes)
{
	uint64_t needed = (store_bytes + mem_bytes) / CAISSON_BLOCK_BYTES;
	uint64_t available = grow_pool(needed);

	init(p);
	if (available < needed) {
		(void)snprintf(why, why_bytes,
			       "%lu huge pages of 2 MiB are needed, %lu could be had: free memory, "
			       "or set them aside at boot (vm.nr_hugepages, or hugepages= on the "
			       "kernel's command line)",
			       (unsigned long)needed, (unsigned long)available);
		(void)pages_shrink_pool();
		return ERR_NO_MEMORY;
	}
	if (create_file(&p->store, name, store_suffix, store_bytes) == ERR_OK &&
	    create_file(&p->mem, name, mem_suffix, mem_bytes) == ERR_OK)
		return ERR_OK;
	(void)snprintf(why, why_bytes, "cannot make %s/%s.*: %s", PATHS_PAGES, name,
		       strerror(errno));
	pages_remove(p, name);
	return ERR_NO_MEMORY;
}

enum err pages_adopt(struct pages *p, const char *name)
{
	init(p);
	if (open_file(&p->store, name, store_suffix) == ERR_OK &&
	    open_file(&p->mem, name, mem_suffix) == ERR_OK && pages_pin(p) == ERR_OK)
		return ERR_OK;
	pages_leave(p);
	return ERR_NOT_FOUND;
}

/*
 * A VMM may have cut its file off: what is not there needs no scrubbing, Linux zeroes a huge page
 * before it maps it again.
 */
static void scrub_block(uint8_t *block)
{
	if (sigsetjmp(no_page, 1) == 0) {
		scrubbing = 1;
		explicit_bzero(block, CAISSON_BLOCK_BYTES);
	}
	scrubbing = 0;
}

/* No VMM has the files yet: the pages that were reserved are there. */
static void fill_block(uint8_t *block)
{
	*(volatile uint8_t *)block = 0;
}

/* A part of both files, one behind the other; true: there is none at this position. */
static bool do_some(struct pages *p, uint64_t *position, void (*do_block)(uint8_t *block))
{
	struct pages_file *const file[] = {&p->store, &p->mem};
	uint64_t at = *position;

	for (uint32_t i = 0; i < ARRAY_SIZE(file); i++) {
		if (at < file[i]->bytes) {
			uint64_t left = file[i]->bytes - at;
			uint64_t bytes = left < PART_BYTES ? left : PART_BYTES;

			for (uint64_t done = 0; done < bytes; done += CAISSON_BLOCK_BYTES)
				do_block(file[i]->start + at + done);
			*position += bytes;
			return false;
		}
		at -= file[i]->bytes;
	}
	return true;
}

bool pages_fill_some(struct pages *p, uint64_t *position)
{
	return do_some(p, position, fill_block);
}

bool pages_scrub_some(struct pages *p, uint64_t *position)
{
	return do_some(p, position, scrub_block);
}

void pages_leave(struct pages *p)
{
	pin_release(p->ring);
	close_file(&p->store);
	close_file(&p->mem);
	init(p);
}

void pages_remove(struct pages *p, const char *name)
{
	char path[PATH_BYTES];

	pages_leave(p);
	set_path(path, name, store_suffix);
	(void)unlink(path);
	set_path(path, name, mem_suffix);
	(void)unlink(path);
	(void)pages_shrink_pool();
}
