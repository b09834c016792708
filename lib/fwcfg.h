/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FWCFG_H
#define LIB_FWCFG_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg.rst), as it stands in memory on Arm:
 * data register, selector and DMA address. Items are read only. Pure: DMA is asked for as a
 * transfer that the caller carries out.
 */

#define FWCFG_DATA     0x00 /* 8 bytes */
#define FWCFG_SELECTOR 0x08 /* 2 bytes, big-endian */
#define FWCFG_DMA      0x10 /* 8 bytes, big-endian; the lower half starts it */
#define FWCFG_BYTES    0x18

/* Keys of items. */
#define FWCFG_SIGNATURE      0x0000
#define FWCFG_ID             0x0001
#define FWCFG_NB_CPUS        0x0005
#define FWCFG_KERNEL_SIZE    0x0008
#define FWCFG_INITRD_SIZE    0x000b
#define FWCFG_KERNEL_DATA    0x0011
#define FWCFG_INITRD_DATA    0x0012
#define FWCFG_CMDLINE_SIZE   0x0014
#define FWCFG_CMDLINE_DATA   0x0015
#define FWCFG_FILE_DIRECTORY 0x0019

#define FWCFG_FILES 0x0020 /* the first file's */

#define FWCFG_ITEMS_MAX      16
#define FWCFG_FILES_MAX      4
#define FWCFG_FILE_BYTES     64 /* of a file's entry in the directory */
#define FWCFG_NAME_BYTES_MAX 56 /* with the NUL */

/* The DMA descriptor in the guest's memory: big-endian control, length, address. */
#define FWCFG_DMA_BYTES 16
#define FWCFG_DMA_ERROR BIT(0)

struct fwcfg_item {
	uint16_t key;
	const uint8_t *data;
	uint64_t bytes;
};

struct fwcfg {
	struct fwcfg_item items[FWCFG_ITEMS_MAX];
	uint32_t count;
	uint8_t numbers[FWCFG_ITEMS_MAX][4]; /* contents of items that are numbers */
	uint32_t files;
	uint8_t directory[4 + FWCFG_FILES_MAX * FWCFG_FILE_BYTES];
	/* What the guest does. */
	const struct fwcfg_item *selected; /* NULL: none */
	uint64_t position;
	uint32_t dma_high;
};

/* A DMA transfer to the guest: `from` for bytes, then zeros. */
struct fwcfg_transfer {
	uint64_t address; /* the guest's */
	uint64_t bytes;   /* 0: nothing is to be written */
	const uint8_t *from;
	uint64_t from_bytes;
};

/* With signature, ID and an empty list of files. */
void fwcfg_init(struct fwcfg *f);
/* data stays the caller's, and must stay. ERR_NO_MEMORY: FWCFG_ITEMS_MAX are there. */
enum err fwcfg_add(struct fwcfg *f, uint16_t key, const void *data, uint64_t bytes) MUST_CHECK;
/* An item of four bytes, little-endian. */
enum err fwcfg_add_u32(struct fwcfg *f, uint16_t key, uint32_t value) MUST_CHECK;
/*
 * An item that the guest finds by name. ERR_NO_MEMORY: FWCFG_FILES_MAX are there, or
 * FWCFG_ITEMS_MAX, or the name is too long.
 */
enum err fwcfg_add_file(struct fwcfg *f, const char *name, const void *data,
			uint32_t bytes) MUST_CHECK;
/* Back to what it is after a reset of the machine. */
void fwcfg_reset(struct fwcfg *f);

/* To this byte of the item; has_item: or to none. ERR_RANGE: there is none such. */
enum err fwcfg_seek(struct fwcfg *f, bool has_item, uint16_t key, uint64_t position) MUST_CHECK;

/* Registers, by 1 to 8 bytes; value has them as the guest's little-endian accesses do. */
uint64_t fwcfg_read(struct fwcfg *f, uint64_t offset, uint32_t bytes);
/* True: a DMA starts whose descriptor is at *descriptor in the guest's memory. */
bool fwcfg_write(struct fwcfg *f, uint64_t offset, uint32_t bytes, uint64_t value,
		 uint64_t *descriptor);

/*
 * Takes a DMA descriptor. An error: it asks for what there is not; the guest is to find
 * FWCFG_DMA_ERROR in its control field, else, when the transfer is done, 0.
 */
enum err fwcfg_dma(struct fwcfg *f, const uint8_t descriptor[FWCFG_DMA_BYTES],
		   struct fwcfg_transfer *transfer) MUST_CHECK;

#endif
