/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_MOVER_H
#define BENCH_MOVER_H

#include <stdint.h>

/* A guest that is moved while it runs. */

/*
 * Fills memory from `start` with what cannot be packed, tells so, and from then on writes a word to
 * so many pages of it each millisecond, one page after another; in between it sleeps. The virtual
 * timer's interrupt is enabled at the GIC, and masked here. For good.
 */
void mover_run(uint64_t start, uint64_t bytes, uint64_t pages_ms);

#endif
