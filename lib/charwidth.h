/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CHARWIDTH_H
#define LIB_CHARWIDTH_H

#include "lib/bits.h"

/*
 * Columns that a character takes on a terminal: 2 for East Asian Wide and Fullwidth (UAX #11), 0
 * for marks and format characters that join the one before, else 1. Control characters are not
 * asked for.
 */
unsigned int charwidth(uint32_t code_point);

#endif
