/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fwcfg.h"

#include <string.h>

#include "lib/text.h"

#define ID_TRADITIONAL BIT(0)
#define ID_DMA         BIT(1)

#define CONTROL_READ   BIT(1)
#define CONTROL_SKIP   BIT(2)
#define CONTROL_SELECT BIT(3)
#define CONTROL_WRITE  BIT(4)

#define DIRECTORY 2 /* the item that fwcfg_init() puts there */

#define KEY_MASK    0x3fff /* bit 14: to write, which is no longer done; bit 15: of the machine */
#define KEY_MACHINE BIT(15)

static const uint8_t signature[] = {'Q', 'E', 'M', 'U'};
static const uint8_t dma_signature[] = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};

static void select_item(struct fwcfg *f, uint16_t key)
{
	f->selected = NULL;
	f->position = 0;
	for (uint32_t i = 0; i < f->count; i++) {
		if (f->items[i].key == (key & (KEY_MASK | KEY_MACHINE)))
			f->selected = &f->items[i];
	}
}

void fwcfg_reset(struct fwcfg *f)
{
	f->dma_high = 0;
	select_item(f, FWCFG_SIGNATURE);
}

enum err fwcfg_seek(struct fwcfg *f, bool has_item, uint16_t key, uint64_t position)
{
	select_item(f, key);
	if (!has_item)
		f->selected = NULL;
	if ((has_item && f->selected == NULL) ||
	    position > (f->selected != NULL ? f->selected->bytes : 0))
		return ERR_RANGE;
	f->position = position;
	return ERR_OK;
}

static void put(struct fwcfg *f, uint16_t key, const uint8_t *data, uint64_t bytes)
{
	f->items[f->count++] = (struct fwcfg_item){.key = key, .data = data, .bytes = bytes};
}

void fwcfg_init(struct fwcfg *f)
{
	static const uint8_t id[] = {ID_TRADITIONAL | ID_DMA, 0, 0, 0};

	f->count = 0;
	put(f, FWCFG_SIGNATURE, signature, sizeof(signature));
	put(f, FWCFG_ID, id, sizeof(id));
	f->files = 0;
	memset(f->directory, 0, sizeof(f->directory));
	put(f, FWCFG_FILE_DIRECTORY, f->directory, 4);
	fwcfg_reset(f);
}

enum err fwcfg_add(struct fwcfg *f, uint16_t key, const void *data, uint64_t bytes)
{
	if (f->count == FWCFG_ITEMS_MAX)
		return ERR_NO_MEMORY;
	put(f, key, data, bytes);
	return ERR_OK;
}

static void put_be(uint8_t *to, uint32_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = value >> (8 * (bytes - 1 - i));
}

/* The directory: how many there are, and of each size, key, two bytes for nothing, and name. */
enum err fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, uint32_t bytes)
{
	size_t length = text_length(name);

	if (f->count == FWCFG_ITEMS_MAX || f->files == FWCFG_FILES_MAX ||
	    length >= FWCFG_NAME_BYTES_MAX)
		return ERR_NO_MEMORY;

	uint8_t *entry = f->directory + 4 + f->files * FWCFG_FILE_BYTES;
	uint16_t key = FWCFG_FILES + f->files++;

	put_be(f->directory, f->files, 4);
	put_be(entry, bytes, 4);
	put_be(entry + 4, key, 2);
	memcpy(entry + 8, name, length);
	f->items[DIRECTORY].bytes += FWCFG_FILE_BYTES;
	put(f, key, data, bytes);
	return ERR_OK;
}

enum err fwcfg_add_u32(struct fwcfg *f, uint16_t key, uint32_t value)
{
	if (f->count == FWCFG_ITEMS_MAX)
		return ERR_NO_MEMORY;

	uint8_t *bytes = f->numbers[f->count];

	for (uint32_t i = 0; i < 4; i++)
		bytes[i] = value >> (8 * i);
	put(f, key, bytes, 4);
	return ERR_OK;
}

static uint64_t rest(const struct fwcfg *f)
{
	return f->selected != NULL ? f->selected->bytes - f->position : 0;
}

static uint8_t next_byte(struct fwcfg *f)
{
	return rest(f) != 0 ? f->selected->data[f->position++] : 0;
}

uint64_t fwcfg_read(struct fwcfg *f, uint64_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	if (!bits_contains(0, FWCFG_BYTES, offset, bytes))
		return 0;
	for (uint32_t i = 0; i < bytes; i++) {
		uint64_t byte = 0;

		if (offset + i < FWCFG_SELECTOR)
			byte = next_byte(f);
		else if (offset + i >= FWCFG_DMA)
			byte = dma_signature[offset + i - FWCFG_DMA];
		value |= byte << (8 * i);
	}
	return value;
}

/* The other way round: these registers are big-endian. */
static uint64_t swap(uint64_t value, uint32_t bytes)
{
	uint64_t swapped = 0;

	for (uint32_t i = 0; i < bytes; i++)
		swapped = swapped << 8 | (value >> (8 * i) & 0xff);
	return swapped;
}

bool fwcfg_write(struct fwcfg *f, uint64_t offset, uint32_t bytes, uint64_t value,
		 uint64_t *descriptor)
{
	value = swap(value, bytes);
	if (offset == FWCFG_SELECTOR && bytes == 2) {
		select_item(f, (uint16_t)value);
		return false;
	}
	if (offset == FWCFG_DMA && bytes == 4)
		f->dma_high = (uint32_t)value;
	if (offset == FWCFG_DMA && bytes == 8)
		*descriptor = value;
	else if (offset == FWCFG_DMA + 4 && bytes == 4)
		*descriptor = (uint64_t)f->dma_high << 32 | value;
	else
		return false;
	f->dma_high = 0;
	return true;
}

static uint64_t get_be(const uint8_t *p, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return value;
}

enum err fwcfg_dma(struct fwcfg *f, const uint8_t descriptor[FWCFG_DMA_BYTES],
		   struct fwcfg_transfer *transfer)
{
	uint32_t control = (uint32_t)get_be(descriptor, 4);
	uint64_t bytes = get_be(descriptor + 4, 4);

	*transfer = (struct fwcfg_transfer){0};
	if (control & CONTROL_SELECT)
		select_item(f, (uint16_t)(control >> 16));
	if ((control & (CONTROL_READ | CONTROL_WRITE)) == CONTROL_WRITE)
		return ERR_DENIED;
	if ((control & (CONTROL_READ | CONTROL_SKIP)) == 0)
		return ERR_OK;

	uint64_t there = bytes < rest(f) ? bytes : rest(f);

	if (control & CONTROL_READ) {
		transfer->address = get_be(descriptor + 8, 8);
		transfer->bytes = bytes;
		transfer->from = there != 0 ? f->selected->data + f->position : NULL;
		transfer->from_bytes = there;
	}
	f->position += there;
	return ERR_OK;
}
