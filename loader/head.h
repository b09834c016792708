/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_HEAD_H
#define LOADER_HEAD_H

#include <stdint.h>

/* Jumps there with the MMU off, x0 as given and x1 to x3 0, as a kernel wants it (booting.rst). */
void head_enter(uint64_t entry, uint64_t x0) __attribute__((noreturn));

/*
 * memcpy() with the MMU off, of what is large: bytes is a multiple of 128, and addresses of 16.
 * Not under firmware's boot services, which own the FP registers.
 */
void head_copy(void *to, const void *from, uint64_t bytes);

#endif
