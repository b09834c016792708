// SPDX-License-Identifier: BSD-2-Clause
/*
 * diskcheck DISK MIB [wrong=old|flip]: writes the disk's blocks in an order that looks random, past
 * the cache, each with what it is and how often it was written; looks at each before it is written
 * again, flushes now and then. Until SIGTERM; then all blocks are looked at. What each block must
 * hold stands in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/uservm/checker.h"

#define BLOCK_BYTES 4096
#define BLOCK_WORDS (BLOCK_BYTES / 8)
#define BLOCKS_MIB  256
#define FLUSH_EACH  32
#define PAUSE_US    2000

struct disk {
	int fd;
	size_t blocks;
	uint32_t *versions;
	uint64_t *block; /* one, for all reading and writing */
};

static uint64_t seed_of(size_t block, uint32_t version)
{
	return checker_mix(~(uint64_t)block << 32 | version);
}

static bool write_block(struct disk *disk, size_t block)
{
	checker_fill(disk->block, BLOCK_WORDS, seed_of(block, ++disk->versions[block]));
	if (pwrite(disk->fd, disk->block, BLOCK_BYTES, (off_t)(block * BLOCK_BYTES)) == BLOCK_BYTES)
		return true;
	printf("diskcheck: FAILED: block %zu cannot be written: %s\n", block, strerror(errno));
	return false;
}

static bool check_block(struct disk *disk, size_t block)
{
	uint32_t version = disk->versions[block];

	if (pread(disk->fd, disk->block, BLOCK_BYTES, (off_t)(block * BLOCK_BYTES)) !=
	    BLOCK_BYTES) {
		printf("diskcheck: FAILED: block %zu cannot be read: %s\n", block, strerror(errno));
		return false;
	}
	size_t at = checker_differs(disk->block, BLOCK_WORDS, seed_of(block, version));

	if (at == BLOCK_WORDS)
		return true;
	uint32_t old = version;

	while (old > 0 && disk->block[at] != checker_mix(seed_of(block, old) + at))
		old--;
	printf("diskcheck: FAILED: block %zu, word %zu: %#llx, version %u and not %u\n", block, at,
	       (unsigned long long)disk->block[at], old, version);
	return false;
}

static bool work(struct disk *disk, uint64_t *written)
{
	while (!checker_stopped) {
		size_t block = checker_mix(*written) % disk->blocks;

		if (!check_block(disk, block) || !write_block(disk, block))
			return false;
		if (++*written % FLUSH_EACH == 0 && fdatasync(disk->fd) != 0) {
			printf("diskcheck: FAILED: flush: %s\n", strerror(errno));
			return false;
		}
		(void)usleep(PAUSE_US);
	}
	return true;
}

/* Does wrong what is asked for. */
static void spoil(int argc, char **argv, struct disk *disk)
{
	if (checker_wrong(argc, argv, "old"))
		disk->versions[1]++;
	if (checker_wrong(argc, argv, "flip")) {
		(void)check_block(disk, 1);
		disk->block[100] ^= 1;
		(void)pwrite(disk->fd, disk->block, BLOCK_BYTES, BLOCK_BYTES);
	}
}

int main(int argc, char **argv)
{
	static struct disk disk;
	uint64_t written = 0;

	disk.blocks = argc > 2 ? strtoul(argv[2], NULL, 10) * BLOCKS_MIB : 0;
	disk.fd = disk.blocks != 0 ? open(argv[1], O_RDWR | O_DIRECT) : -1;
	disk.versions = calloc(disk.blocks + 1, sizeof(*disk.versions));
	disk.block = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);
	if (disk.fd < 0 || disk.versions == NULL || disk.block == NULL) {
		printf("diskcheck: FAILED: %s cannot be opened\n", argc > 1 ? argv[1] : "DISK");
		return 1;
	}
	checker_begin();
	for (size_t block = 0; block < disk.blocks; block++) {
		if (!write_block(&disk, block))
			return 1;
	}
	puts("diskcheck: begun");
	if (!work(&disk, &written))
		return 1;
	spoil(argc, argv, &disk);
	for (size_t block = 0; block < disk.blocks; block++) {
		if (!check_block(&disk, block))
			return 1;
	}
	printf("diskcheck: %llu blocks written again\ndiskcheck: ok\n",
	       (unsigned long long)written);
	return fsync(disk.fd) != 0;
}
