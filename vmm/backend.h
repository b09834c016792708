/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_BACKEND_H
#define VMM_BACKEND_H

#include <sys/types.h>

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A program that serves a device of one VM: a child of this process, which it does not outlive.
 * What it says goes nowhere unless it ends by itself: its last line then tells why.
 */
struct backend {
	pid_t pid;  /* 0: none */
	int output; /* a file in memory */
	const char *program;
};

/* The descriptor that the program is given, under this number. */
#define BACKEND_FD 3

/*
 * Starts argv[0], looked for in PATH, with `fd` as its BACKEND_FD and no other file of ours; `fd`
 * stays the caller's. Tells what is wrong. That there is no such program is found by its end.
 */
enum err backend_start(struct backend *b, const char *const *argv, int fd) MUST_CHECK;

/* Ends it. Nothing when there is none. */
void backend_end(struct backend *b);

/* It ended by itself, or is about to: waits for that, and tells what it said last. */
void backend_tell_end(struct backend *b);

#endif
