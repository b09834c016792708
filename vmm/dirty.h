/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DIRTY_H
#define VMM_DIRTY_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/bits.h"
#include "lib/err.h"

struct memory;
struct vm;

/*
 * Which of a VM's memory is written, for who copies it while the VM runs (migration). Three kinds
 * write there: the guest, which EL2 notes (DIRTY_START and so on), this process for devices
 * (dirty_mark()), and back ends of devices in other processes (vhost-user's log). dirty_read()
 * brings it together in one bitmap.
 *
 * Pages are of 4 KiB, counted as they lie in memory: RAM from its start on, behind it the flash.
 * Page n is bit n % 64 of word n / 64.
 *
 * What was written when dirty_read() is called is there to be copied when it returns, and is told
 * of by it, or was by one before; what is written later is told of by the next one. A guest with
 * its caches off writes past them: who reads its memory calls guestmem_clean() on the page first.
 */
#define DIRTY_PAGE_BYTES 4096

/* A back end in another process, which can note what it writes. */
struct dirty_source {
	/*
	 * From now on a bit of the log, which is shared memory, is set for each page that is
	 * written, counted from guest address 0: bit n % 8 of byte n / 8. In the thread of
	 * dirty_start().
	 */
	enum err (*start)(void *arg, int log, uint64_t log_bytes);
	void (*stop)(void *arg); /* of dirty_stop() */
	void *arg;
	const char *cannot; /* why it cannot note anything; NULL: it can */
	struct dirty_source *next;
};

struct dirty {
	uint8_t *start; /* the first page */
	uint64_t pages;
	uint64_t ram_pages;
	atomic_bool on;
	_Atomic(uint64_t) *marked;    /* a bit for each page; NULL: never started */
	struct dirty_source *sources; /* added before the VM runs */
	bool log_opened;
	int log_file;
	_Atomic(uint64_t) *log; /* NULL: no source is at work */
	uint64_t log_bytes;
	bool started;     /* one thread's, as the next one */
	uint64_t covered; /* blocks of RAM that EL2 tracks */
};

/* ---- the VM's end of it ------------------------------------------------------------------- */

/* Of zeros, or of the guest's start before this one, as dirty_stop() left it: sources stay. */
void dirty_init(struct dirty *d, const struct memory *m);
/* The VM is gone, and nobody marks any more. */
void dirty_close(struct dirty *d);

/* Before the VM runs. The source is the caller's, and stays as long as its process. */
void dirty_add_source(struct dirty *d, struct dirty_source *source);

/* The bytes are in the memory, or in none of it. */
static inline void dirty_note(struct dirty *d, const void *at, uint64_t bytes)
{
	uint64_t offset = (uintptr_t)at - (uintptr_t)d->start;

	if (bytes == 0 || !bits_contains(0, d->pages * DIRTY_PAGE_BYTES, offset, bytes))
		return;
	for (uint64_t page = offset / DIRTY_PAGE_BYTES;
	     page <= (offset + bytes - 1) / DIRTY_PAGE_BYTES; page++)
		(void)atomic_fetch_or(&d->marked[page / 64], BIT(page % 64));
}

/*
 * This process has written there, on behalf of a device: after the last byte was written, since a
 * page that is marked before could be copied in between. Bytes that are none of the VM's are
 * passed over. Any thread. d: NULL for none.
 */
static inline void dirty_mark(struct dirty *d, const void *at, uint64_t bytes)
{
	if (d == NULL)
		return;
	/* The bytes first: who turned it on and does not find the mark finds the bytes. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&d->on, memory_order_relaxed))
		dirty_note(d, at, bytes);
}

/* ---- for who copies: one thread at a time --------------------------------------------------- */

/* Why the VM's memory cannot be tracked, as half a sentence; NULL: it can. */
const char *dirty_cannot(const struct vm *vm);

uint64_t dirty_pages(const struct vm *vm);
/* Words of a bitmap of all pages. */
uint64_t dirty_words(const struct vm *vm);

/*
 * From now on what devices write is noted; in the loop. Tells what is wrong, and is off then. The
 * VM may run.
 */
enum err dirty_start(struct vm *vm) MUST_CHECK;

/*
 * And what the guest writes: everything is noted from then on. It takes the longer the more memory
 * there is, so the loop is not to wait for it. ERR_NO_MEMORY: EL2 needs room, so it is to be called
 * again after client_donate(), which is the loop's. Tells whatever else is wrong.
 */
enum err dirty_cover(struct vm *vm) MUST_CHECK;

/*
 * Adds to bits[dirty_words()] what was written since it was called last, or since dirty_start() and
 * dirty_cover(). *pages: how many bits it has set that were not. Tells what is wrong. The VM may
 * run.
 */
enum err dirty_read(struct vm *vm, uint64_t *bits, uint64_t *pages) MUST_CHECK;

/* What the guest writes is not noted any more; as dirty_cover(), also after a part of it. */
void dirty_uncover(struct vm *vm);
/*
 * Nothing is noted any more, after dirty_uncover() or at the end of the VM; in the loop. Also after
 * an error, or when it was never started.
 */
void dirty_stop(struct vm *vm);

#endif
