// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/statemem.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Its fastest ordinary one. */
#define LEVEL 1

enum err statemem_init(struct statemem *m)
{
	*m = (struct statemem){.compress = ZSTD_createCCtx(),
			       .expand = ZSTD_createDCtx(),
			       .pages = malloc(STATEMEM_BLOCK_BYTES),
			       .packed_bytes = ZSTD_compressBound(STATEMEM_BLOCK_BYTES)};
	m->packed = malloc(m->packed_bytes);
	if (m->compress == NULL || m->expand == NULL || m->pages == NULL || m->packed == NULL)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

void statemem_close(struct statemem *m)
{
	(void)ZSTD_freeCCtx(m->compress);
	(void)ZSTD_freeDCtx(m->expand);
	free(m->pages);
	free(m->packed);
	*m = (struct statemem){0};
}

static bool has(const uint64_t set[STATEMEM_WORDS], uint32_t page)
{
	return (set[page / 64] & BIT(page % 64)) != 0;
}

/* It begins with zeros, and each byte is as the one that many before. */
bool statemem_is_zero(const uint8_t page[SNAPSHOT_PAGE_BYTES])
{
	static const uint8_t zeros[64];

	return memcmp(page, zeros, sizeof(zeros)) == 0 &&
	       memcmp(page, page + sizeof(zeros), SNAPSHOT_PAGE_BYTES - sizeof(zeros)) == 0;
}

static uint32_t count_pages(const uint64_t set[STATEMEM_WORDS])
{
	uint32_t pages = 0;

	for (uint32_t i = 0; i < STATEMEM_WORDS; i++)
		pages += (uint32_t)__builtin_popcountll(set[i]);
	return pages;
}

/* Copied first: what is packed may not change meanwhile. */
static uint32_t collect(struct statemem *m, const uint8_t *block,
			const uint64_t pages[STATEMEM_WORDS], struct snapshot_memory *head)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SNAPSHOT_BLOCK_PAGES; i++) {
		uint8_t *copy = m->pages + (size_t)count * SNAPSHOT_PAGE_BYTES;

		if (!has(pages, i))
			continue;
		memcpy(copy, block + (size_t)i * SNAPSHOT_PAGE_BYTES, SNAPSHOT_PAGE_BYTES);
		if (statemem_is_zero(copy)) {
			head->zero[i / 64] |= BIT(i % 64);
			m->zero_pages++;
		} else {
			head->data[i / 64] |= BIT(i % 64);
			count++;
		}
	}
	m->data_pages += count;
	return count;
}

enum err statemem_write(struct statemem *m, struct stream *s, uint64_t ipa, const uint8_t *block,
			const uint64_t pages[STATEMEM_WORDS], bool zeros)
{
	struct snapshot_memory head = {.ipa = ipa};
	uint32_t count = collect(m, block, pages, &head);
	size_t bytes = 0;

	if (!zeros)
		memset(head.zero, 0, sizeof(head.zero));
	if (count == 0 && count_pages(head.zero) == 0)
		return ERR_OK;
	if (count != 0) {
		bytes = ZSTD_compressCCtx(m->compress, m->packed, m->packed_bytes, m->pages,
					  (size_t)count * SNAPSHOT_PAGE_BYTES, LEVEL);
		if (ZSTD_isError(bytes))
			return stream_fail(s, ERR_NO_MEMORY, "cannot compress memory: %s",
					   ZSTD_getErrorName(bytes));
	}
	return stream_write_parts(s, SNAPSHOT_MEMORY, 0, 1, &head, sizeof(head), m->packed, bytes);
}

enum err statemem_read(struct statemem *m, struct stream *s, const struct stream_section *section,
		       struct statemem_block *block)
{
	struct snapshot_memory head;
	enum err err = stream_take(s, section, 1, &head, sizeof(head), true);

	if (err != ERR_OK)
		return err;

	uint32_t count = count_pages(head.data);
	size_t want = (size_t)count * SNAPSHOT_PAGE_BYTES;
	size_t packed = section->bytes - sizeof(head);
	size_t got = 0;

	for (uint32_t i = 0; i < STATEMEM_WORDS; i++) {
		if ((head.data[i] & head.zero[i]) != 0)
			return stream_fail(s, ERR_INVALID, "memory: a page comes twice");
	}
	if (!bits_is_aligned(head.ipa, STATEMEM_BLOCK_BYTES))
		return stream_fail(s, ERR_INVALID, "memory: an address that is no block's");
	if (packed != 0)
		got = ZSTD_decompressDCtx(m->expand, m->pages, STATEMEM_BLOCK_BYTES,
					  section->contents + sizeof(head), packed);
	if (ZSTD_isError(got) || got != want)
		return stream_fail(s, ERR_INVALID, "memory: it cannot be expanded");
	m->data_pages += count;
	m->zero_pages += count_pages(head.zero);
	block->ipa = head.ipa;
	memcpy(block->data, head.data, sizeof(head.data));
	memcpy(block->zero, head.zero, sizeof(head.zero));
	block->pages = m->pages;
	return ERR_OK;
}

void statemem_put(const struct statemem_block *block, uint8_t *to)
{
	const uint8_t *next = block->pages;

	for (uint32_t i = 0; i < SNAPSHOT_BLOCK_PAGES; i++, to += SNAPSHOT_PAGE_BYTES) {
		if (has(block->data, i)) {
			memcpy(to, next, SNAPSHOT_PAGE_BYTES);
			next += SNAPSHOT_PAGE_BYTES;
		} else if (has(block->zero, i) && !statemem_is_zero(to)) {
			memset(to, 0, SNAPSHOT_PAGE_BYTES);
		}
	}
}
