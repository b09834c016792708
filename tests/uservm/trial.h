/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_USERVM_TRIAL_H
#define TESTS_USERVM_TRIAL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/hypercall.h"

/*
 * What programs that try hypercalls in the service VM have in common: they end with the first thing
 * that is wrong, and say what it is and a number that goes with it.
 */

/* What is being tried, with ": " at its end. */
static const char *(*trial_context)(void);

static inline void fail(const char *what, uint64_t number)
{
	printf("%s: %s%s: %llx\n", program_invocation_short_name,
	       trial_context != NULL ? trial_context() : "", what, (unsigned long long)number);
	exit(1);
}

static inline void check(bool right, const char *what, uint64_t number)
{
	if (!right)
		fail(what, number);
}

static inline void check_status(enum caisson_status status, enum caisson_status wanted,
				const char *what)
{
	check(status == wanted, what, status);
}

/* The counter, of which a process of the service VM has no offset. */
static inline uint64_t host_count(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(count)::"memory");
	return count;
}

#endif
