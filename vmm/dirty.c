// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/dirty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vm.h"

#define WORD_BITS 64

#define BLOCK_PAGES (CAISSON_BLOCK_BYTES / DIRTY_PAGE_BYTES)
#define BLOCK_WORDS (BLOCK_PAGES / WORD_BITS)

_Static_assert(CAISSON_DIRTY_BYTES * 8 == BLOCK_PAGES, "a bit for each page");

void dirty_init(struct dirty *d, const struct memory *m)
{
	d->start = m->ram;
	d->pages = (m->ram_bytes + m->flash_bytes) / DIRTY_PAGE_BYTES;
	d->ram_pages = m->ram_bytes / DIRTY_PAGE_BYTES;
}

static void close_log(struct dirty *d)
{
	if (d->log != NULL)
		(void)munmap((void *)d->log, d->log_bytes);
	if (d->log_opened)
		(void)close(d->log_file);
	d->log = NULL;
	d->log_opened = false;
}

void dirty_close(struct dirty *d)
{
	free((void *)d->marked);
	d->marked = NULL;
}

void dirty_add_source(struct dirty *d, struct dirty_source *source)
{
	source->next = d->sources;
	d->sources = source;
}

const char *dirty_cannot(const struct vm *vm)
{
	for (const struct dirty_source *s = vm->dirty.sources; s != NULL; s = s->next) {
		if (s->cannot != NULL)
			return s->cannot;
	}
	return NULL;
}

uint64_t dirty_pages(const struct vm *vm)
{
	return vm->dirty.pages;
}

uint64_t dirty_words(const struct vm *vm)
{
	return (vm->dirty.pages + WORD_BITS - 1) / WORD_BITS;
}

/* ---- start ---------------------------------------------------------------------------------- */

static enum err refuse(const char *what, const char *why)
{
	say("cannot %s: %s", what, why);
	return ERR_UNSUPPORTED;
}

/* From guest address 0 to the end of RAM. */
static enum err open_log(struct dirty *d)
{
	uint64_t pages = MACHINE_RAM / DIRTY_PAGE_BYTES + d->ram_pages;
	void *log;

	d->log_bytes = bits_align_up(pages / 8, DIRTY_PAGE_BYTES);
	d->log_file = memfd_create("dirty", MFD_CLOEXEC);
	d->log_opened = d->log_file >= 0;
	if (!d->log_opened || ftruncate(d->log_file, (off_t)d->log_bytes) != 0)
		return refuse("note what disks write", strerror(errno));
	log = mmap(NULL, d->log_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, d->log_file, 0);
	if (log == MAP_FAILED)
		return refuse("note what disks write", strerror(errno));
	d->log = log;
	return ERR_OK;
}

static enum err start_sources(struct dirty *d)
{
	enum err err = d->sources != NULL ? open_log(d) : ERR_OK;

	for (struct dirty_source *s = d->sources; err == ERR_OK && s != NULL; s = s->next) {
		if (s->cannot != NULL)
			err = refuse("track the memory", s->cannot);
		else
			err = s->start(s->arg, d->log_file, d->log_bytes);
	}
	return err;
}

enum err dirty_start(struct vm *vm)
{
	struct dirty *d = &vm->dirty;
	enum err err;

	if (d->started)
		return refuse("track the memory", "that is being done already");
	if (d->marked == NULL)
		d->marked = calloc(dirty_words(vm), sizeof(*d->marked));
	if (d->marked == NULL)
		return refuse("track the memory", "out of memory");
	for (uint64_t i = 0; i < dirty_words(vm); i++)
		atomic_store(&d->marked[i], 0);
	d->started = true;
	/* What is written before this is seen needs no mark: it is there to be copied. */
	atomic_store(&d->on, true);
	err = start_sources(d);
	if (err != ERR_OK)
		dirty_stop(vm);
	return err;
}

void dirty_stop(struct vm *vm)
{
	struct dirty *d = &vm->dirty;

	if (!d->started)
		return;
	atomic_store(&d->on, false);
	for (struct dirty_source *s = d->sources; d->log != NULL && s != NULL; s = s->next) {
		if (s->cannot == NULL)
			s->stop(s->arg);
	}
	close_log(d);
	d->covered = 0;
	d->started = false;
}

/* Of RAM; the guest does not write to its flash by itself. */
enum err dirty_cover(struct vm *vm)
{
	uint64_t blocks = vm->memory->ram_bytes / CAISSON_BLOCK_BYTES, done = 0;
	struct dirty *d = &vm->dirty;
	enum caisson_status status =
		hyp_dirty_start(&vm->token, MACHINE_RAM + d->covered * CAISSON_BLOCK_BYTES,
				blocks - d->covered, &done);

	d->covered += done;
	if (status == CAISSON_OK)
		return ERR_OK;
	return status == CAISSON_NO_MEMORY ? ERR_NO_MEMORY
					   : refuse("track the memory", hyp_status_text(status));
}

void dirty_uncover(struct vm *vm)
{
	struct dirty *d = &vm->dirty;

	/* It has no reason to fail, and the VM runs on either way. */
	if (d->covered != 0 && hyp_dirty_stop(&vm->token, MACHINE_RAM, d->covered) != CAISSON_OK)
		say("cannot stop tracking the memory");
	d->covered = 0;
}

/* ---- read ----------------------------------------------------------------------------------- */

static uint64_t add_word(uint64_t *to, uint64_t bits)
{
	uint64_t news = bits & ~*to;

	*to |= bits;
	return (uint64_t)__builtin_popcountll(news);
}

/* What this process has marked. */
static uint64_t read_marked(struct vm *vm, uint64_t *bits)
{
	uint64_t pages = 0;

	for (uint64_t i = 0; i < dirty_words(vm); i++) {
		if (atomic_load_explicit(&vm->dirty.marked[i], memory_order_relaxed) != 0)
			pages += add_word(&bits[i], atomic_exchange(&vm->dirty.marked[i], 0));
	}
	return pages;
}

/* The log begins at guest address 0, the bitmap at the start of RAM: a whole number of words. */
static uint64_t read_log(struct vm *vm, uint64_t *bits)
{
	_Atomic(uint64_t) *log = vm->dirty.log + MACHINE_RAM / DIRTY_PAGE_BYTES / WORD_BITS;
	uint64_t pages = 0;

	for (uint64_t i = 0; i < vm->dirty.ram_pages / WORD_BITS; i++) {
		if (atomic_load_explicit(&log[i], memory_order_relaxed) != 0)
			pages += add_word(&bits[i], atomic_exchange(&log[i], 0));
	}
	return pages;
}

/* Up to CAISSON_DIRTY_BLOCKS. */
static enum err read_blocks(struct vm *vm, uint64_t first, uint64_t blocks, uint64_t *bits,
			    uint64_t *pages)
{
	uint64_t *page = (void *)(vm->memory->run_pages + MEMORY_DIRTY_OFFSET);
	enum caisson_status status =
		hyp_dirty_read(&vm->token, MACHINE_RAM + first * CAISSON_BLOCK_BYTES, blocks, page);

	if (status != CAISSON_OK)
		return refuse("read what was written", hyp_status_text(status));
	for (uint64_t i = 0; i < blocks * BLOCK_WORDS; i++)
		*pages += add_word(&bits[first * BLOCK_WORDS + i], page[i]);
	return ERR_OK;
}

enum err dirty_read(struct vm *vm, uint64_t *bits, uint64_t *pages)
{
	uint64_t blocks = vm->memory->ram_bytes / CAISSON_BLOCK_BYTES;

	*pages = 0;
	if (!vm->dirty.started || vm->dirty.covered != blocks)
		return refuse("read what was written", "nothing is tracked");
	for (uint64_t first = 0; first < blocks; first += CAISSON_DIRTY_BLOCKS) {
		uint64_t some = blocks - first;

		if (some > CAISSON_DIRTY_BLOCKS)
			some = CAISSON_DIRTY_BLOCKS;

		enum err err = read_blocks(vm, first, some, bits, pages);

		if (err != ERR_OK)
			return err;
	}
	*pages += read_marked(vm, bits);
	if (vm->dirty.log != NULL)
		*pages += read_log(vm, bits);
	return ERR_OK;
}
