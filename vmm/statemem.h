/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_STATEMEM_H
#define VMM_STATEMEM_H

#include "vmm/stream.h"

/*
 * Memory in a stream: SNAPSHOT_MEMORY, compressed by Zstandard. What is not mentioned is zero at
 * first, so pages of zeros need not be written then; later they can be (migration).
 */

#define STATEMEM_BLOCK_BYTES (SNAPSHOT_BLOCK_PAGES * SNAPSHOT_PAGE_BYTES)
#define STATEMEM_WORDS       (SNAPSHOT_BLOCK_PAGES / 64)

/* One thread's; not for both directions at once. */
struct statemem {
	void *compress, *expand; /* Zstandard's contexts */
	uint8_t *pages;          /* STATEMEM_BLOCK_BYTES */
	uint8_t *packed;
	size_t packed_bytes; /* room there */
	/* Of all that was written or read. */
	uint64_t data_pages, zero_pages;
};

bool statemem_is_zero(const uint8_t page[SNAPSHOT_PAGE_BYTES]);

enum err statemem_init(struct statemem *m) MUST_CHECK;
void statemem_close(struct statemem *m);

/*
 * Writes these pages of the block at `ipa`; the guest may write there meanwhile (then who tracks
 * that sends the page again). zeros: pages of zeros are named, too; without, and without data,
 * nothing is written.
 */
enum err statemem_write(struct statemem *m, struct stream *s, uint64_t ipa, const uint8_t *block,
			const uint64_t pages[STATEMEM_WORDS], bool zeros) MUST_CHECK;

/* What a section says. */
struct statemem_block {
	uint64_t ipa;
	uint64_t data[STATEMEM_WORDS];
	uint64_t zero[STATEMEM_WORDS];
	const uint8_t *pages; /* of `data`, one behind the other; until the next call */
};

/* Decodes all of it; nothing of the VM's is touched. Told in the stream. */
enum err statemem_read(struct statemem *m, struct stream *s, const struct stream_section *section,
		       struct statemem_block *block) MUST_CHECK;
/* Puts it into memory: to is the block's. Of the zero pages, only those that are not are written.
 */
void statemem_put(const struct statemem_block *block, uint8_t *to);

#endif
