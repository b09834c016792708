/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_POWER_H
#define HYP_CORE_POWER_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/* Switching a board off and resetting it where no firmware does that. */

/* Boot CPU, once. */
void power_init(const struct bootinfo *bi);

/*
 * Resets the board, or switches it off. Comes back if it has nothing that does so, or that does not
 * act within a second. Any CPU; no lock is taken.
 */
void power_end(bool reset);

#endif
