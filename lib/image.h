/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_IMAGE_H
#define LIB_IMAGE_H

#include "lib/bits.h"
#include "lib/err.h"

/* The header of an arm64 Linux Image (Linux Documentation/arch/arm64/booting.rst). */
struct image_info {
	uint64_t text_offset; /* where it goes, from a 2 MiB aligned base; a multiple of 4 */
	uint64_t image_bytes; /* memory it needs from there: image_size, at least the file's size */
};

/*
 * Checks and decodes the header of an Image file of file_bytes, at any alignment. Of what the
 * file lacks at its end the header says nothing: image_size counts memory that is not in it.
 * ERR_TRUNCATED: smaller than the header.
 * ERR_INVALID: no magic "ARM\x64", image_size 0 (older than Linux 3.17), text_offset not a
 * multiple of 4.
 * ERR_UNSUPPORTED: big-endian, a gzip file (1f 8b) or a PE zboot image ("zimg").
 * ERR_RANGE: text_offset, image_size or the file above 1 GiB.
 */
enum err image_parse(const void *file, size_t file_bytes, struct image_info *info) MUST_CHECK;

#endif
