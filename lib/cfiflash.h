/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CFIFLASH_H
#define LIB_CFIFLASH_H

#include "lib/bits.h"

/*
 * A bank of NOR flash with the Intel command set (CFI command set 0001: JEDEC JESD68.01 for the
 * query, Intel StrataFlash data sheets for the commands), as QEMU's board "virt" has it: two chips
 * of 16 bits beside each other on a bus of 32 bits, 256 sectors of 256 KiB.
 *
 * Pure: the bank's contents are elsewhere, and are memory to the guest while the bank is in
 * read-array mode. What a command does to them comes back as an effect. Commands take no time:
 * the chips are always ready.
 */

#define CFIFLASH_BYTES        MIB(64)
#define CFIFLASH_SECTOR_BYTES KIB(256)
#define CFIFLASH_BUFFER_BYTES 4096 /* of both chips: what one buffered program takes */

enum cfiflash_mode { /* what reads give */
		     CFIFLASH_ARRAY = 0,
		     CFIFLASH_STATUS,
		     CFIFLASH_QUERY,
		     CFIFLASH_ID,
};

enum cfiflash_cycle { /* what the next write is */
		      CFIFLASH_COMMAND = 0,
		      CFIFLASH_ERASE_CONFIRM,
		      CFIFLASH_PROGRAM_DATA,
		      CFIFLASH_BUFFER_COUNT,
		      CFIFLASH_BUFFER_DATA,
		      CFIFLASH_BUFFER_CONFIRM,
		      CFIFLASH_LOCK_CONFIRM,
};

struct cfiflash {
	bool read_only;
	enum cfiflash_mode mode;
	enum cfiflash_cycle cycle;
	uint8_t status;
	/* A buffered program: writes to come, and what lies in [low, high) of the buffer. */
	uint32_t words_left;
	bool buffer_used;
	uint32_t buffer_base; /* in the bank */
	uint32_t low, high;
	uint8_t buffer[CFIFLASH_BUFFER_BYTES]; /* what no write came for is all ones */
};

/* What happens to the contents: bytes from offset on, within the bank. */
struct cfiflash_effect {
	enum { CFIFLASH_NOTHING = 0, CFIFLASH_PROGRAM, CFIFLASH_ERASE } what;
	uint32_t offset;
	uint32_t bytes;
	const uint8_t *data; /* PROGRAM: ones leave a bit as it is; good until the next access */
};

/* read_only: programming and erasing end with an error, as with locked sectors. */
void cfiflash_reset(struct cfiflash *f, bool read_only);

/* Is it a state that writes lead to? Of one that comes from outside. */
bool cfiflash_is_whole(const struct cfiflash *f);

/* A write of 1, 2 or 4 bytes. One that is not all in the bank does nothing. */
struct cfiflash_effect cfiflash_write(struct cfiflash *f, uint32_t offset, uint32_t bytes,
				      uint32_t value);

/* An effect could not be brought about: the status tells the guest so. */
void cfiflash_fail(struct cfiflash *f, const struct cfiflash_effect *effect);

/* A read of 1, 2, 4 or 8 bytes while the mode is not CFIFLASH_ARRAY. */
uint64_t cfiflash_read(const struct cfiflash *f, uint32_t offset, uint32_t bytes);

/* Programs bytes as flash does: bits only go from 1 to 0. */
void cfiflash_program(uint8_t *contents, const uint8_t *data, size_t bytes);

#endif
