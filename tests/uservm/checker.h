/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_USERVM_CHECKER_H
#define TESTS_USERVM_CHECKER_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What the programs have in common that run in a guest while it is moved: each works until SIGTERM,
 * then prints what it has done and a last line "NAME: ok" or "NAME: FAILED: ..."; the exit status
 * says the same. One that finds something wrong ends at once. A last argument "wrong=WHAT" has it
 * do something wrong itself, which it must find: this shows that it looks.
 */

static volatile sig_atomic_t checker_stopped;

static inline void checker_stop(int number)
{
	(void)number;
	checker_stopped = 1;
}

/* Calls that wait are interrupted by it. */
static inline void checker_begin(void)
{
	struct sigaction action = {.sa_handler = checker_stop};

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Takes "wrong=WHAT" from the end of the arguments: is it this? */
static inline bool checker_wrong(int argc, char **argv, const char *what)
{
	const char *last = argv[argc - 1];

	return strncmp(last, "wrong=", 6) == 0 && strcmp(last + 6, what) == 0;
}

static inline int64_t checker_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* splitmix64: a number that looks random for each one. */
static inline uint64_t checker_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* What all blocks, pages and records are filled with: each word says which it is. */
static inline void checker_fill(uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		words[i] = checker_mix(seed + i);
}

/* The first word that is not as filled; count: none. */
static inline size_t checker_differs(const uint64_t *words, size_t count, uint64_t seed)
{
	size_t i = 0;

	while (i < count && words[i] == checker_mix(seed + i))
		i++;
	return i;
}

#endif
