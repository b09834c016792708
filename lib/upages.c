/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/upages.h"

#define WRITTEN    BIT(56) /* 58:55 are software's in valid descriptors (DDI 0487 D8.3.2) */
#define WRITE      PGTABLE_DESC_WRITE
#define PAGE       BIT(1) /* with VALID, at level 3 */
#define ATTRIBUTES ((MASK(10, 2) & ~WRITE) | PGTABLE_DESC_XN)

#define AT_ONCE 8 /* entries that are looked at together */

static uint64_t load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static bool is_written(uint64_t entry)
{
	return (entry & (WRITTEN | WRITE)) != 0;
}

static uint64_t page_desc(uint64_t desc, uint64_t page, bool written)
{
	uint64_t entry = (desc & (ATTRIBUTES | PGTABLE_DESC_VALID)) | PAGE |
			 (ublock_pa(desc) + page * KIB(4));

	if (ublock_writes(desc))
		entry |= desc & UPAGES_DBM;
	if (written)
		entry |= WRITTEN | (desc & WRITE);
	return entry;
}

void upages_fill(uint64_t *table, uint64_t desc)
{
	for (uint64_t page = 0; page < UPAGES_COUNT; page++)
		pgtable_entry_write(&table[page], page_desc(desc, page, false));
}

void upages_follow(uint64_t *table, uint64_t desc)
{
	for (uint64_t page = 0; page < UPAGES_COUNT; page++) {
		uint64_t old = load(&table[page]);

		/* Tried twice at most: hardware changes it once. */
		while (!__atomic_compare_exchange_n(&table[page], &old,
						    page_desc(desc, page, is_written(old)), false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
	}
}

void upages_mark(uint64_t *table, uint64_t desc, uint64_t page)
{
	(void)__atomic_fetch_or(&table[page], WRITTEN | (desc & WRITE), __ATOMIC_RELAXED);
}

/* Of AT_ONCE entries, which were written; from now on none. */
static uint64_t read_some(uint64_t *entry)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < AT_ONCE; i++) {
		if (is_written(load(&entry[i]))) {
			(void)__atomic_fetch_and(&entry[i], ~(WRITTEN | WRITE), __ATOMIC_RELAXED);
			bits |= BIT(i);
		}
	}
	return bits;
}

static bool is_any_written(const uint64_t *entry)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < AT_ONCE; i++)
		all |= load(&entry[i]);
	return is_written(all);
}

bool upages_read(uint64_t *table, uint64_t *written)
{
	uint64_t any = 0;

	for (unsigned int word = 0; word < UPAGES_WORDS; word++) {
		uint64_t bits = 0;

		for (unsigned int i = 0; i < 64; i += AT_ONCE) {
			uint64_t *entry = &table[word * 64 + i];

			if (is_any_written(entry))
				bits |= read_some(entry) << i;
		}
		written[word] = bits;
		any |= bits;
	}
	return any != 0;
}
