// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/migration.h"
#include "vmm/dirty.h"
#include "vmm/machine.h"
#include "vmm/migrate.h"
#include "vmm/state.h"
#include "vmm/vmm.h"

/*
 * Memory goes in rounds: all of it, then what the guest and its devices wrote meanwhile, then what
 * they wrote during that, until the rest would go within the downtime that is allowed. The last
 * round is with the VM paused. Where rounds leave no less than those before, the move ends there,
 * unless it is to go on by force.
 *
 * Where writes cannot be tracked there is one round, the last one.
 */

#define BLOCK_BYTES STATEMEM_BLOCK_BYTES

_Static_assert(BLOCK_BYTES == CAISSON_BLOCK_BYTES, "the blocks of EL2");

#define ROUNDS_MAX    30
#define ROUNDS_VAIN   3  /* so many in a row that did not help, and there are no more */
#define STATE_MS      20 /* what is to be sent besides memory, and the words that follow */
#define SHOW_EACH_NS  250000000
#define NS_PER_MS     1000000
#define NS_PER_SECOND 1000000000

/* A round at work. */
struct round {
	struct migrate *m;
	struct state_part part[STATE_PARTS_MAX];
	uint32_t parts;
	uint64_t blocks;
	const uint64_t *dirty; /* a bit for each page; NULL: all */
	struct migrate_progress progress;
	uint64_t began_ns, shown_ns;
	uint64_t pages_before; /* that were sent, with something in them */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t count_pages(const uint64_t words[STATEMEM_WORDS])
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < STATEMEM_WORDS; i++)
		count += (uint64_t)__builtin_popcountll(words[i]);
	return count;
}

/* The blocks of RAM, and behind them those of flash, as the VM's memory file has them. */
static uint64_t block_ipa(const struct round *r, uint64_t block, bool *flash)
{
	uint64_t offset = block * BLOCK_BYTES;
	uint32_t i = 0;

	while (i + 1 < r->parts && offset >= r->part[i].bytes)
		offset -= r->part[i++].bytes;
	*flash = r->part[i].flash;
	return r->part[i].ipa + offset;
}

static void show(struct round *r, uint64_t left_bytes)
{
	uint64_t now = now_ns(), ns = now - r->began_ns;
	uint64_t pages = r->m->memory.data_pages - r->pages_before;

	r->shown_ns = now;
	r->progress.sent_bytes = atomic_load(&r->m->out.bytes);
	r->progress.left_bytes = left_bytes;
	if (pages != 0 && ns / NS_PER_MS != 0)
		r->progress.bytes_s = pages * SNAPSHOT_PAGE_BYTES * 1000 / (ns / NS_PER_MS);
	r->progress.expected_ms =
		STATE_MS + (r->progress.bytes_s != 0 ? left_bytes * 1000 / r->progress.bytes_s : 0);
	migrate_show(r->m, &r->progress);
}

/* The pages of a block that this round sends. */
static const uint64_t *pages_of(const struct round *r, uint64_t block)
{
	static const uint64_t all[STATEMEM_WORDS] = {~0ULL, ~0ULL, ~0ULL, ~0ULL,
						     ~0ULL, ~0ULL, ~0ULL, ~0ULL};

	return r->dirty != NULL ? r->dirty + block * STATEMEM_WORDS : all;
}

/* A guest with its caches off writes past them. */
static void clean_pages(const uint8_t *block, const uint64_t pages[STATEMEM_WORDS])
{
	for (uint32_t i = 0; i < SNAPSHOT_BLOCK_PAGES; i++) {
		if ((pages[i / 64] & BIT(i % 64)) != 0)
			guestmem_clean(block + (size_t)i * SNAPSHOT_PAGE_BYTES,
				       SNAPSHOT_PAGE_BYTES);
	}
}

static enum err send_blocks(struct round *r)
{
	struct vmm *vmm = r->m->vmm;
	uint64_t left = 0;
	enum err err = ERR_OK;

	for (uint64_t i = 0; i < r->blocks; i++)
		left += count_pages(pages_of(r, i)) * SNAPSHOT_PAGE_BYTES;
	for (uint64_t i = 0; err == ERR_OK && i < r->blocks; i++) {
		const uint8_t *block = vmm->memory.ram + i * BLOCK_BYTES;
		const uint64_t *pages = pages_of(r, i);
		uint64_t count = count_pages(pages), ipa;
		bool flash;

		if (count == 0)
			continue;
		clean_pages(block, pages);
		ipa = block_ipa(r, i, &flash);
		/* Of flash there is what its file holds there, so its zeros are named, too. */
		err = statemem_write(&r->m->memory, &r->m->out, ipa, block, pages,
				     flash || r->dirty != NULL);
		left -= count * SNAPSHOT_PAGE_BYTES;
		if (now_ns() - r->shown_ns >= SHOW_EACH_NS)
			show(r, left);
	}
	return err;
}

static enum err send_round(struct round *r)
{
	struct migration_round what = {.number = ++r->progress.round};
	enum err err;

	r->began_ns = r->shown_ns = now_ns();
	r->pages_before = r->m->memory.data_pages;
	err = send_blocks(r);
	if (err != ERR_OK)
		return err;
	show(r, 0);
	return stream_write(&r->m->out, MIGRATION_ROUND, 0, MIGRATION_VERSION, &what, sizeof(what));
}

static struct round begin(struct migrate *m)
{
	struct round r = {.m = m, .progress = m->progress};

	r.parts = state_parts(m->vmm, r.part);
	for (uint32_t i = 0; i < r.parts; i++)
		r.blocks += r.part[i].bytes / BLOCK_BYTES;
	return r;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static enum err start_tracking(struct vmm *vmm)
{
	return dirty_start(&vmm->vm);
}

static enum err make_room(struct vmm *vmm)
{
	return client_donate(&vmm->client);
}

/* The loop is asked for what is short; what takes long is done here. */
static enum err track(struct migrate *m)
{
	enum err err = migrate_order(m, start_tracking);

	while (err == ERR_OK && (err = dirty_cover(&m->vmm->vm)) == ERR_NO_MEMORY)
		err = migrate_order(m, make_room);
	if (err != ERR_OK)
		migrate_fail(m, "the guest's writes cannot be tracked");
	return err;
}

static enum err stop_tracking(struct vmm *vmm)
{
	dirty_stop(&vmm->vm);
	return ERR_OK;
}

/* What is to be sent next goes to m->dirty; *left_bytes: of it. */
static enum err read_dirty(struct migrate *m, uint64_t *left_bytes)
{
	uint64_t pages;
	enum err err;

	memset(m->dirty, 0, dirty_words(&m->vmm->vm) * sizeof(*m->dirty));
	err = dirty_read(&m->vmm->vm, m->dirty, &pages);
	if (err != ERR_OK)
		migrate_fail(m, "cannot tell what the guest has written");
	*left_bytes = pages * DIRTY_PAGE_BYTES;
	return err;
}

/* No more rounds: is what is left short enough to stop for it? */
static enum err judge(const struct round *r)
{
	const struct migrate_options *options = &r->m->options;
	const struct migrate_progress *p = &r->progress;

	if (p->expected_ms <= options->max_downtime_ms || options->force)
		return ERR_OK;
	migrate_fail(
		r->m,
		"the guest writes faster than it can be sent: after %u rounds %llu KiB are left, "
		"for which it would stand still for %llu ms (more than --max-downtime %llu; "
		"--force moves it all the same)",
		p->round, (unsigned long long)p->left_bytes / 1024,
		(unsigned long long)p->expected_ms, (unsigned long long)options->max_downtime_ms);
	return ERR_BUSY;
}

/*
 * Before the last round the bits of it are in m->dirty, and are added to then. Round after round
 * until it is short enough, or has not become shorter.
 */
static enum err send_rounds(struct round *r)
{
	uint64_t least_bytes = UINT64_MAX, left_bytes;
	uint32_t vain = 0;
	enum err err = send_round(r);

	r->dirty = r->m->dirty;
	while (err == ERR_OK) {
		err = read_dirty(r->m, &left_bytes);
		if (err != ERR_OK)
			break;
		show(r, left_bytes);
		vain = left_bytes < least_bytes - least_bytes / 8 ? 0 : vain + 1;
		least_bytes = left_bytes < least_bytes ? left_bytes : least_bytes;
		if (r->progress.expected_ms <= r->m->options.max_downtime_ms ||
		    vain == ROUNDS_VAIN || r->progress.round == ROUNDS_MAX)
			break;
		err = send_round(r);
	}
	return err == ERR_OK ? judge(r) : err;
}

enum err migrate_copy(struct migrate *m)
{
	struct round r = begin(m);
	enum err err;

	if (dirty_cannot(&m->vmm->vm) != NULL)
		return ERR_OK;
	m->dirty = calloc(dirty_words(&m->vmm->vm), sizeof(*m->dirty));
	if (m->dirty == NULL) {
		migrate_fail(m, "out of memory");
		return ERR_NO_MEMORY;
	}
	/* From here on it is to be stopped, too. */
	m->tracks = true;
	err = track(m);
	return err == ERR_OK ? send_rounds(&r) : err;
}

enum err migrate_copy_rest(struct migrate *m)
{
	struct round r = begin(m);
	uint64_t pages;

	if (m->tracks) {
		r.dirty = m->dirty;
		if (dirty_read(&m->vmm->vm, m->dirty, &pages) != ERR_OK) {
			migrate_fail(m, "cannot tell what the guest has written");
			return ERR_INVALID;
		}
	}
	return send_round(&r);
}

void migrate_forget_dirty(struct migrate *m)
{
	m->tracks = false;
	free(m->dirty);
	m->dirty = NULL;
}

void migrate_stop_tracking(struct migrate *m)
{
	if (m->tracks) {
		dirty_uncover(&m->vmm->vm);
		/* Where that fails the VM has ended: migrate_drop() sees to the rest. */
		if (migrate_order(m, stop_tracking) != ERR_OK)
			return;
	}
	migrate_forget_dirty(m);
}
