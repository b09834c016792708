/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CHECK_H
#define CHECK_H

/* The release build's half of hyp/variant: what the debug build checks costs nothing here. */

#define CHECK_VARIANT  "release"
#define CHECK_IS_DEBUG 0

static inline void check_lock_order(unsigned int order)
{
}

static inline void check_lock_taken(unsigned int order)
{
}

static inline void check_lock_dropped(unsigned int order)
{
}

static inline void check_owners(void)
{
}

static inline void check_panic_test(const char *cmdline)
{
}

static inline int check_panic_has(const char *name)
{
	return 0;
}

static inline void check_panic_run(const char *name)
{
}

#endif
