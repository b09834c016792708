/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/image.h"

/* Offsets in the header, in Linux Documentation/arch/arm64/booting.rst; little-endian. */
#define IMAGE_TEXT_OFFSET  8
#define IMAGE_SIZE         16
#define IMAGE_FLAGS        24
#define IMAGE_MAGIC        56
#define IMAGE_HEADER_BYTES 64

#define IMAGE_MAGIC_VALUE     0x644d5241 /* "ARM\x64" */
#define IMAGE_FLAG_BIG_ENDIAN BIT(0)
#define ZBOOT_MAGIC           4          /* Linux drivers/firmware/efi/libstub/zboot-header.S */
#define ZBOOT_MAGIC_VALUE     0x676d697a /* "zimg" */
#define GZIP_MAGIC_VALUE      0x8b1f     /* RFC 1952, 2.3.1 */

#define IMAGE_LIMIT       GIB(1)
#define IMAGE_ENTRY_ALIGN 4 /* of an instruction, and the entry is the image's first byte */

/* Byte by byte: a file may lie at any address, and the loader runs with alignment checked. */
static uint64_t get_le(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

enum err image_parse(const void *file, size_t file_bytes, struct image_info *info)
{
	const uint8_t *header = file;

	if (file_bytes < IMAGE_HEADER_BYTES)
		return ERR_TRUNCATED;
	if (get_le(header, 2) == GZIP_MAGIC_VALUE ||
	    get_le(header + ZBOOT_MAGIC, 4) == ZBOOT_MAGIC_VALUE)
		return ERR_UNSUPPORTED;

	uint64_t text_offset = get_le(header + IMAGE_TEXT_OFFSET, 8);
	uint64_t image_bytes = get_le(header + IMAGE_SIZE, 8);

	if (get_le(header + IMAGE_MAGIC, 4) != IMAGE_MAGIC_VALUE || image_bytes == 0 ||
	    !bits_is_aligned(text_offset, IMAGE_ENTRY_ALIGN))
		return ERR_INVALID;
	if (get_le(header + IMAGE_FLAGS, 8) & IMAGE_FLAG_BIG_ENDIAN)
		return ERR_UNSUPPORTED;
	if (text_offset > IMAGE_LIMIT || image_bytes > IMAGE_LIMIT || file_bytes > IMAGE_LIMIT)
		return ERR_RANGE;
	info->text_offset = text_offset;
	/* Something may have been added to the file: padding, a signature. */
	info->image_bytes = image_bytes > file_bytes ? image_bytes : file_bytes;
	return ERR_OK;
}
