/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_IMAGE_H
#define LIB_IMAGE_H

#include "lib/bits.h"
#include "lib/err.h"

/* The header of an arm64 Linux Image (Linux Documentation/arch/arm64/booting.rst). */
struct image_info {
	uint64_t text_offset; /* where it goes, from a 2 MiB aligned base */
	uint64_t image_bytes; /* memory it needs from there, at least the file's size */
};

/*
 * Checks and decodes the header of an Image file of file_bytes, at any alignment.
 * ERR_TRUNCATED: smaller than the header or larger than image_size says; ERR_INVALID: no magic
 * "ARM\x64", or image_size 0 (older than Linux 3.17); ERR_UNSUPPORTED: big-endian, a gzip file
 * (1f 8b) or a PE zboot image ("zimg"); ERR_RANGE: text_offset or image_size above 1 GiB.
 */
enum err image_parse(const void *file, size_t file_bytes, struct image_info *info) MUST_CHECK;

#endif
