/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_INCLUDE_STRING_H
#define ARCH_AARCH64_INCLUDE_STRING_H

/*
 * All of <string.h> that EL2 programs have: arch/aarch64/string.S. Found before any hosted
 * header, so that lib's sources build unchanged for EL2 and for the host.
 */

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
