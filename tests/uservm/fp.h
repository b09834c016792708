/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USERVM_FP_H
#define USERVM_FP_H

#include <stdint.h>

/* See fp.S. V8 to V15 are not kept, against the procedure call standard. */
void fp_fill(uint64_t seed);
uint64_t fp_differ(uint64_t seed);

#endif
