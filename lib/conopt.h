/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_CONOPT_H
#define LIB_CONOPT_H

#include "lib/bits.h"
#include "lib/err.h"

/* What Caisson's command line says of consoles; for the loader, which reckons, and the hypervisor.
 */

/* `view=plain`: there are none. */
bool conopt_is_plain(const char *cmdline);

/*
 * `scrollback=KiB`: the history of each of EL2's consoles that has one, 16 to 8192 KiB; 640 when
 * it is not given. *bytes: that, in bytes. ERR_RANGE: it is nonsense; 640 then, too.
 */
enum err conopt_history(const char *cmdline, size_t *bytes);

/* The most that EL2's consoles and two ports take of the pool. */
uint64_t conopt_memory_bytes(const char *cmdline);

#endif
