// SPDX-License-Identifier: BSD-2-Clause
/*
 * memcheck MIB MIB_PER_SECOND [wrong=old|flip]: memory that is written all the time, and each page
 * of it looked at before it is written again, until SIGTERM. Every eighth page is never written
 * again: all are looked at in the end. What each page must hold stands elsewhere in memory, so that
 * a page that is as it was some time ago is found.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "tests/uservm/checker.h"

#define PAGE_WORDS 512
#define PAGES_MIB  256
#define BATCH      64
#define STILL      8 /* one page in so many is never written again */

typedef uint64_t page_words[PAGE_WORDS];

static uint64_t seed_of(size_t page, uint32_t version)
{
	return checker_mix(page << 32 | version);
}

static bool check_page(page_words *pages, size_t page, uint32_t version)
{
	size_t at = checker_differs(pages[page], PAGE_WORDS, seed_of(page, version));

	if (at == PAGE_WORDS)
		return true;
	uint32_t old = version;

	while (old > 0 && pages[page][at] != checker_mix(seed_of(page, old - 1) + at))
		old--;
	if (old > 0)
		printf("memcheck: FAILED: page %zu, word %zu: as written %u times ago\n", page, at,
		       version - old + 1);
	else
		printf("memcheck: FAILED: page %zu, word %zu: %#llx\n", page, at,
		       (unsigned long long)pages[page][at]);
	return false;
}

/* Writes pages in an order that looks random; gives how many, or 0 when one was wrong. */
static uint64_t work(page_words *pages, uint32_t *versions, size_t count, uint64_t rate)
{
	int64_t begin = checker_ns(CLOCK_MONOTONIC);
	uint64_t written = 0;

	while (!checker_stopped) {
		for (unsigned int i = 0; i < BATCH; i++) {
			size_t page = checker_mix(written) % count;

			if (page % STILL != 0) {
				if (!check_page(pages, page, versions[page]))
					return 0;
				checker_fill(pages[page], PAGE_WORDS,
					     seed_of(page, ++versions[page]));
			}
			written++;
		}
		/* As much as it may have written by now: a pause is made good slowly. */
		int64_t ahead = begin + (int64_t)(written * 1000000000 / rate) -
				checker_ns(CLOCK_MONOTONIC);

		if (ahead > 0)
			(void)usleep((useconds_t)(ahead / 1000));
		else if (ahead < -100000000)
			begin -= ahead;
	}
	return written;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) * PAGES_MIB : 0;
	uint64_t rate = argc > 2 ? strtoul(argv[2], NULL, 10) * PAGES_MIB : 0;
	page_words *pages = mmap(NULL, count * sizeof(*pages), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static uint32_t *versions;

	versions = calloc(count ? count : 1, sizeof(*versions));

	if (count == 0 || rate == 0 || pages == MAP_FAILED || versions == NULL) {
		puts("memcheck: FAILED: it cannot have this much memory");
		return 1;
	}
	checker_begin();
	for (size_t page = 0; page < count; page++)
		checker_fill(pages[page], PAGE_WORDS, seed_of(page, 0));
	puts("memcheck: begun");
	uint64_t written = work(pages, versions, count, rate);

	if (written == 0)
		return 1;
	if (checker_wrong(argc, argv, "old"))
		checker_fill(pages[1], PAGE_WORDS, seed_of(1, versions[1]++));
	if (checker_wrong(argc, argv, "flip"))
		pages[STILL][7] ^= 1;
	for (size_t page = 0; page < count; page++) {
		if (!check_page(pages, page, versions[page]))
			return 1;
	}
	printf("memcheck: %llu pages written\nmemcheck: ok\n", (unsigned long long)written);
	return 0;
}
