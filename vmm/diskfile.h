/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DISKFILE_H
#define VMM_DISKFILE_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A file or block device that two hosts have, and that one VM at a time writes: how it passes from
 * the one to the other. Who lets go of it has written all of it and locks it no more; who takes it
 * over opens it after that, locks it, and has nothing of it in memory from before.
 */

/* One writer, or any number of readers. ERR_BUSY: somebody else. */
enum err diskfile_lock(int file, bool read_only) MUST_CHECK;

/* Nothing is being written. Tells what is wrong: then it is kept. */
enum err diskfile_let_go(int file, const char *path) MUST_CHECK;

/* It went nowhere. It is used again also when it cannot be locked, which is told. */
void diskfile_take_back(int file, const char *path, bool read_only);

/* What is in memory of a file that nobody here has open. */
void diskfile_forget(const char *path);

/*
 * Opens it anew (O_RDWR, O_RDONLY) in place of *file, which is closed. Tells what is wrong; *file
 * is a file in any case.
 */
enum err diskfile_take_over(int *file, const char *path, bool read_only) MUST_CHECK;

#endif
