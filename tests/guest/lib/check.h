/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include "tests/guest/lib/console.h"

/*
 * A payload is a table of tests; a test fails when one of its checks does. Checks never end a
 * test by themselves: they yield whether they held.
 */

struct test {
	const char *name;
	void (*run)(void);
};

/* Runs them in order and prints PASS/FAIL lines; check_done() prints the sum and powers off. */
void check_run(const struct test *tests, unsigned int count);
void check_done(void) __attribute__((noreturn));

/* Marks the running test as failed; any CPU. */
void check_fail(const char *file, int line, const char *what, uint64_t want, uint64_t got);
/* The running test does not apply here; reason is printed. */
void check_skip(const char *reason);

#define CHECK_EQ(got, want)                                                                        \
	({                                                                                         \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want);                         \
		if (got_ != want_)                                                                 \
			check_fail(__FILE__, __LINE__, #got " == " #want, want_, got_);            \
		got_ == want_;                                                                     \
	})
#define CHECK(cond)                                                                                \
	({                                                                                         \
		bool ok_ = (cond);                                                                 \
		if (!ok_)                                                                          \
			check_fail(__FILE__, __LINE__, #cond, 1, 0);                               \
		ok_;                                                                               \
	})
/* As CHECK(), showing two numbers that explain it. */
#define CHECK_SHOW(cond, want, got)                                                                \
	({                                                                                         \
		bool ok_ = (cond);                                                                 \
		if (!ok_)                                                                          \
			check_fail(__FILE__, __LINE__, #cond, (uint64_t)(want), (uint64_t)(got));  \
		ok_;                                                                               \
	})

#endif
