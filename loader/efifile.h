/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFIFILE_H
#define LOADER_EFIFILE_H

#include "lib/err.h"
#include "loader/efi.h"

#define EFIFILE_NAME_BYTES 320

/* A file on the volume that Caisson was loaded from, open for reading. */
struct efifile {
	struct efi_file *file;
	uint64_t bytes;
	char name[EFIFILE_NAME_BYTES]; /* for messages: the whole path, or the end of a long one */
};

/* Finds the volume and the folder. ERR_NOT_FOUND: Caisson does not come from a file. */
enum err efifile_init(struct efi *efi) MUST_CHECK;

/*
 * Opens the file `name`, of ASCII characters, in Caisson's folder, or from the volume's root if it
 * begins with a slash of either kind; file->name is filled in even after an error. ERR_NOT_FOUND:
 * there is no such file; ERR_UNSUPPORTED: a folder; ERR_RANGE: the path is too long; ERR_INVALID:
 * anything else that firmware does not like.
 */
enum err efifile_open(const struct efi *efi, struct efifile *file, const char *name,
		      size_t name_bytes) MUST_CHECK;

/* Bytes [0, bytes) of it; the next read starts there anew. ERR_INVALID: cannot be read. */
enum err efifile_read(const struct efifile *file, void *buffer, uint64_t bytes) MUST_CHECK;

void efifile_close(const struct efifile *file);

#endif
