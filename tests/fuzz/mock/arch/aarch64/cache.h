/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_CACHE_H
#define ARCH_AARCH64_CACHE_H

#include <stdint.h>

#include "arch/aarch64/sysreg.h"

/*
 * What the loader expects to be zero when it starts: everything that is defined behind this, put
 * into one section so that the fuzzer can clear it before each input.
 */
#pragma clang section bss = "loader_state"

/* The addresses are those of a machine that does not exist. */
static inline void cache_clean_invalidate_poc(uint64_t start, uint64_t bytes)
{
	(void)start;
	(void)bytes;
}

#endif
