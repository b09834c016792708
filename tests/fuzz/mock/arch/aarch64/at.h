/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_AT_H
#define ARCH_AARCH64_AT_H

#include <stdbool.h>
#include <stdint.h>

static inline bool at_el2_is_writable(uint64_t va)
{
	(void)va;
	return true;
}

#endif
