/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DISKPROOF_H
#define VMM_DISKPROOF_H

#include <jansson.h>

#include "lib/bits.h"
#include "lib/err.h"

/*
 * Is a disk here the one that another host has, or one that only looks like it? A file is when a
 * second one, which the other host puts beside it for the time of the question, is seen here with
 * the same words in it. A block device is when it says the same name of itself (wwid, serial
 * number, UUID of the device mapper), and is of the same size. When neither is to be had, the
 * operator's word is asked for.
 */

#define DISKPROOF_ERROR_BYTES 512

/*
 * At the host that has it: what is to be told to the other one, with a file beside it named by
 * `token` and `number`. NULL: told in error.
 */
json_t *diskproof_describe(const char *path, bool read_only, const char *token, uint32_t number,
			   char error[DISKPROOF_ERROR_BYTES]);
/* Takes that file away. */
void diskproof_forget(const char *path, const char *token, uint32_t number);

/*
 * At the other one: is `path` the same? there: what was described, hostile. trust: the operator
 * says so: only the size counts. An error is told in a sentence.
 */
enum err diskproof_check(const char *path, const json_t *there, bool trust,
			 char error[DISKPROOF_ERROR_BYTES]) MUST_CHECK;

#endif
