/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CHECK_H
#define CHECK_H

/* The release build's half of hyp/variant: what the debug build checks costs nothing here. */

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

#endif
