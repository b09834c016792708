/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A bounded reader of newc cpio archives ("070701", cpio(5)). The archive is untrusted; every
 * pointer that comes out lies within it.
 */
struct cpio_iter {
	const uint8_t *data;
	size_t bytes;
	size_t offset;
};

struct cpio_file {
	const char *name; /* NUL-terminated, a leading "./" removed */
	const uint8_t *data;
	size_t bytes;
};

/* Does data begin like a newc archive? */
bool cpio_is_archive(const void *data, size_t bytes);

struct cpio_iter cpio_iter_init(const void *data, size_t bytes);

/*
 * The next member. ERR_NOT_FOUND after the last (at TRAILER!!!), ERR_TRUNCATED when the archive
 * ends early, ERR_INVALID when a header is malformed. Does not advance after an error.
 */
enum err cpio_next(struct cpio_iter *it, struct cpio_file *file) MUST_CHECK;

/* The first member called name, from the start of the archive; errors as cpio_next. */
enum err cpio_find(const void *data, size_t bytes, const char *name,
		   struct cpio_file *file) MUST_CHECK;

#endif
