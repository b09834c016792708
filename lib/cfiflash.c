/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/cfiflash.h"

/* Commands, the same for both chips; their low bytes. */
#define CMD_PROGRAM_ALT  0x10
#define CMD_ERASE        0x20
#define CMD_PROGRAM      0x40
#define CMD_CLEAR_STATUS 0x50
#define CMD_LOCK_SETUP   0x60
#define CMD_READ_STATUS  0x70
#define CMD_READ_ID      0x90
#define CMD_READ_QUERY   0x98
#define CMD_SUSPEND      0xb0
#define CMD_CONFIRM      0xd0
#define CMD_BUFFER       0xe8

#define STATUS_READY          BIT(7)
#define STATUS_ERASE_FAILED   BIT(5)
#define STATUS_PROGRAM_FAILED BIT(4)
#define STATUS_LOCKED         BIT(1)
#define STATUS_SEQUENCE_ERROR (STATUS_ERASE_FAILED | STATUS_PROGRAM_FAILED)

#define BUS_BYTES        4
#define CHIPS            2
#define CHIP_SIZE_LOG2   25 /* 32 MiB */
#define CHIP_BUFFER_LOG2 11
#define SECTORS          (CFIFLASH_BYTES / CFIFLASH_SECTOR_BYTES)
#define CHIP_SECTOR_256  (CFIFLASH_SECTOR_BYTES / CHIPS / 256)

#define MANUFACTURER_INTEL 0x89
#define DEVICE_ID          0x18
#define ID_WORD_LOCK       2 /* of each sector: 0, it is not locked */

_Static_assert(BIT(CHIP_SIZE_LOG2) * CHIPS == CFIFLASH_BYTES, "two chips");
_Static_assert(BIT(CHIP_BUFFER_LOG2) * CHIPS == CFIFLASH_BUFFER_BYTES, "two buffers");

/* The query (JESD68.01, 2.4), by words of a chip from QUERY_FIRST on. */
#define QUERY_FIRST    0x10
#define QUERY_EXTENDED 0x31
static const uint8_t query[] = {
	'Q',
	'R',
	'Y',
	0x01, /* command set: Intel extended */
	0x00,
	QUERY_EXTENDED,
	0x00,
	0x00, /* no other command set */
	0x00,
	0x00,
	0x00,
	0x45, /* VCC 4.5 V to 5.5 V, no VPP */
	0x55,
	0x00,
	0x00,
	0x07, /* typical times, as powers of two: 128 us a word, 128 us a buffer, */
	0x07,
	0x0a, /* 1024 ms a sector, no erase of the chip */
	0x00,
	0x04, /* at most 16 times that */
	0x04,
	0x04,
	0x00,
	CHIP_SIZE_LOG2,
	0x02, /* interface: 8 and 16 bits */
	0x00,
	CHIP_BUFFER_LOG2,
	0x00,
	0x01, /* one kind of sectors */
	(SECTORS - 1) & 0xff,
	(SECTORS - 1) >> 8,
	CHIP_SECTOR_256 & 0xff,
	CHIP_SECTOR_256 >> 8,
	'P', /* QUERY_EXTENDED: version 1.0, no features */
	'R',
	'I',
	'1',
	'0',
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x01, /* one protection register field */
};

void cfiflash_reset(struct cfiflash *f, bool read_only)
{
	*f = (struct cfiflash){.read_only = read_only, .status = STATUS_READY};
}

bool cfiflash_is_whole(const struct cfiflash *f)
{
	bool fills = f->cycle == CFIFLASH_BUFFER_DATA;
	bool full = f->cycle == CFIFLASH_BUFFER_CONFIRM;

	if (f->mode > CFIFLASH_ID || f->cycle > CFIFLASH_LOCK_CONFIRM)
		return false;
	if (fills && (f->words_left == 0 || f->words_left > CFIFLASH_BUFFER_BYTES / BUS_BYTES))
		return false;
	if (!f->buffer_used)
		return !full;
	return (!fills && !full) || (bits_is_aligned(f->buffer_base, CFIFLASH_BUFFER_BYTES) &&
				     f->buffer_base < CFIFLASH_BYTES && f->low < f->high &&
				     f->high <= CFIFLASH_BUFFER_BYTES);
}

/* What a chip gives for the word at this offset of the bank. */
static uint16_t chip_word(const struct cfiflash *f, uint32_t offset)
{
	uint32_t word = offset / BUS_BYTES;

	switch (f->mode) {
	case CFIFLASH_QUERY:
		word &= 0xff;
		return word >= QUERY_FIRST && word - QUERY_FIRST < sizeof(query)
			       ? query[word - QUERY_FIRST]
			       : 0;
	case CFIFLASH_ID:
		word &= 0xff;
		return word == 0 ? MANUFACTURER_INTEL : word == 1 ? DEVICE_ID : 0;
	default:
		return f->status;
	}
}

uint64_t cfiflash_read(const struct cfiflash *f, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++) {
		uint16_t word = chip_word(f, offset + i);
		uint32_t byte = (offset + i) % 2 != 0 ? word >> 8 : word & 0xff;

		value |= (uint64_t)byte << (8 * i);
	}
	return value;
}

void cfiflash_program(uint8_t *contents, const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		contents[i] &= data[i];
}

void cfiflash_fail(struct cfiflash *f, const struct cfiflash_effect *effect)
{
	f->status |= effect->what == CFIFLASH_ERASE ? STATUS_ERASE_FAILED : STATUS_PROGRAM_FAILED;
}

static void put_le(uint8_t *to, uint32_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = value >> (8 * i);
}

static const struct cfiflash_effect nothing;

/* A command that changes the contents, unless they cannot be. */
static struct cfiflash_effect change(struct cfiflash *f, struct cfiflash_effect effect,
				     uint8_t failure)
{
	if (!f->read_only)
		return effect;
	f->status |= failure | STATUS_LOCKED;
	return nothing;
}

static void fail_sequence(struct cfiflash *f)
{
	f->status |= STATUS_SEQUENCE_ERROR;
	f->cycle = CFIFLASH_COMMAND;
}

static void begin_command(struct cfiflash *f, uint8_t command)
{
	static const struct {
		uint8_t command;
		enum cfiflash_mode mode;
		enum cfiflash_cycle cycle;
	} commands[] = {
		{CMD_PROGRAM_ALT, CFIFLASH_STATUS, CFIFLASH_PROGRAM_DATA},
		{CMD_ERASE, CFIFLASH_STATUS, CFIFLASH_ERASE_CONFIRM},
		{CMD_PROGRAM, CFIFLASH_STATUS, CFIFLASH_PROGRAM_DATA},
		{CMD_LOCK_SETUP, CFIFLASH_STATUS, CFIFLASH_LOCK_CONFIRM},
		{CMD_READ_STATUS, CFIFLASH_STATUS, CFIFLASH_COMMAND},
		{CMD_READ_ID, CFIFLASH_ID, CFIFLASH_COMMAND},
		{CMD_READ_QUERY, CFIFLASH_QUERY, CFIFLASH_COMMAND},
		{CMD_SUSPEND, CFIFLASH_STATUS, CFIFLASH_COMMAND},
		{CMD_CONFIRM, CFIFLASH_STATUS, CFIFLASH_COMMAND}, /* resume: nothing waits */
		{CMD_BUFFER, CFIFLASH_STATUS, CFIFLASH_BUFFER_COUNT},
	};

	if (command == CMD_CLEAR_STATUS) {
		f->status = STATUS_READY;
		return;
	}
	/* 0xff is read array; so is what is none of these, such as the reset of AMD's chips. */
	f->mode = CFIFLASH_ARRAY;
	for (uint32_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].command == command) {
			f->mode = commands[i].mode;
			f->cycle = commands[i].cycle;
		}
	}
}

static struct cfiflash_effect confirm_erase(struct cfiflash *f, uint32_t offset, uint8_t command)
{
	if (command != CMD_CONFIRM) {
		fail_sequence(f);
		return nothing;
	}
	f->cycle = CFIFLASH_COMMAND;
	return change(f,
		      (struct cfiflash_effect){
			      .what = CFIFLASH_ERASE,
			      .offset = (uint32_t)bits_align_down(offset, CFIFLASH_SECTOR_BYTES),
			      .bytes = CFIFLASH_SECTOR_BYTES},
		      STATUS_ERASE_FAILED);
}

static struct cfiflash_effect program_word(struct cfiflash *f, uint32_t offset, uint32_t bytes,
					   uint32_t value)
{
	put_le(f->buffer, value, bytes);
	f->cycle = CFIFLASH_COMMAND;
	return change(f,
		      (struct cfiflash_effect){.what = CFIFLASH_PROGRAM,
					       .offset = offset,
					       .bytes = bytes,
					       .data = f->buffer},
		      STATUS_PROGRAM_FAILED);
}

/* The count is of words of a chip, less one; each comes with its neighbour's in one write. */
static void begin_buffer(struct cfiflash *f, uint32_t value)
{
	uint32_t words = (value & 0xffff) + 1;

	if (words > CFIFLASH_BUFFER_BYTES / BUS_BYTES) {
		fail_sequence(f);
		return;
	}
	for (uint32_t i = 0; i < CFIFLASH_BUFFER_BYTES; i++)
		f->buffer[i] = 0xff;
	f->words_left = words;
	f->buffer_used = false;
	f->cycle = CFIFLASH_BUFFER_DATA;
}

static void fill_buffer(struct cfiflash *f, uint32_t offset, uint32_t bytes, uint32_t value)
{
	if (!f->buffer_used) {
		f->buffer_base = (uint32_t)bits_align_down(offset, CFIFLASH_BUFFER_BYTES);
		f->low = CFIFLASH_BUFFER_BYTES;
		f->high = 0;
		f->buffer_used = true;
	}
	if (!bits_contains(f->buffer_base, CFIFLASH_BUFFER_BYTES, offset, bytes)) {
		fail_sequence(f);
		return;
	}

	uint32_t at = offset - f->buffer_base;

	put_le(f->buffer + at, value, bytes);
	f->low = at < f->low ? at : f->low;
	f->high = at + bytes > f->high ? at + bytes : f->high;
	if (--f->words_left == 0)
		f->cycle = CFIFLASH_BUFFER_CONFIRM;
}

static struct cfiflash_effect confirm_buffer(struct cfiflash *f, uint8_t command)
{
	if (command != CMD_CONFIRM) {
		fail_sequence(f);
		return nothing;
	}
	f->cycle = CFIFLASH_COMMAND;
	return change(f,
		      (struct cfiflash_effect){.what = CFIFLASH_PROGRAM,
					       .offset = f->buffer_base + f->low,
					       .bytes = f->high - f->low,
					       .data = f->buffer + f->low},
		      STATUS_PROGRAM_FAILED);
}

struct cfiflash_effect cfiflash_write(struct cfiflash *f, uint32_t offset, uint32_t bytes,
				      uint32_t value)
{
	if (!bits_contains(0, CFIFLASH_BYTES, offset, bytes))
		return nothing;
	switch (f->cycle) {
	case CFIFLASH_COMMAND:
		begin_command(f, value & 0xff);
		return nothing;
	case CFIFLASH_ERASE_CONFIRM:
		return confirm_erase(f, offset, value & 0xff);
	case CFIFLASH_PROGRAM_DATA:
		return program_word(f, offset, bytes, value);
	case CFIFLASH_BUFFER_COUNT:
		begin_buffer(f, value);
		return nothing;
	case CFIFLASH_BUFFER_DATA:
		fill_buffer(f, offset, bytes, value);
		return nothing;
	case CFIFLASH_BUFFER_CONFIRM:
		return confirm_buffer(f, value & 0xff);
	case CFIFLASH_LOCK_CONFIRM:
		/* Lock, unlock: there are no locks to change. */
		f->cycle = CFIFLASH_COMMAND;
		return nothing;
	}
	return nothing;
}
