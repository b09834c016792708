/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CHECK_H
#define CHECK_H

/* The lock order, asserted in unit tests of hyp's files: as hyp/variant/debug does at EL2. */

void mock_lock_order(unsigned int order);
void mock_lock_taken(unsigned int order);
void mock_lock_dropped(unsigned int order);

static inline void check_lock_order(unsigned int order)
{
	mock_lock_order(order);
}

static inline void check_lock_taken(unsigned int order)
{
	mock_lock_taken(order);
}

static inline void check_lock_dropped(unsigned int order)
{
	mock_lock_dropped(order);
}

#endif
