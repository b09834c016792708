/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SPECULATION_H
#define ARCH_AARCH64_SPECULATION_H

#include <stdint.h>

/* Nothing speculates in a simulation. */
static inline uint64_t bounded_index(uint64_t index, uint64_t count)
{
	return index < count ? index : 0;
}

#endif
