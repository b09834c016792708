/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_BOOTCFG_H
#define LIB_BOOTCFG_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * caisson.cfg, which tells a Caisson that UEFI started what to start: lines `key = value`. Blanks
 * around key and value do not count, and neither do empty lines and those that begin with '#'.
 * Text is ASCII; lines end with LF or CR LF. Each key comes once; only kernel must be there.
 */
enum bootcfg_key {
	BOOTCFG_KERNEL,     /* a file's name */
	BOOTCFG_INITRD,     /* a file's name */
	BOOTCFG_CMDLINE,    /* the kernel's command line */
	BOOTCFG_OPTIONS,    /* Caisson's own command line */
	BOOTCFG_DEVICETREE, /* a file's name */
	BOOTCFG_KEYS,
};

#define BOOTCFG_FILE_BYTES_MAX 65536
#define BOOTCFG_NAME_BYTES_MAX 255 /* of a file */
#define BOOTCFG_TEXT_BYTES_MAX 2047

struct bootcfg {
	/* In the text that was parsed, not NUL-terminated; bytes 0: not given. */
	struct {
		const char *text;
		size_t bytes;
	} value[BOOTCFG_KEYS];
	/* After an error: the line, from 1; 0: the file as a whole. And the end of a sentence. */
	uint32_t line;
	const char *why;
};

/* What is wrong is told in *cfg. ERR_INVALID, ERR_RANGE (too long). */
enum err bootcfg_parse(struct bootcfg *cfg, const char *text, size_t bytes) MUST_CHECK;

#endif
