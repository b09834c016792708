/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_PANIC_H
#define HYP_CORE_PANIC_H

#include "lib/bits.h"

/*
 * The end: EL2 found itself broken. One CPU reports, polled, to the log ring and to the sink, and
 * kicks the others, which stop when they look. No guest can cause this; if one can, it is a bug.
 */

/* Where the report goes besides the log ring: must work with any lock held, polled. */
typedef void panic_sink_fn(const char *text, size_t length);
void panic_set_sink(panic_sink_fn *sink);

/* What runs at the end instead of nothing, polled, with any lock held; it does not return. */
typedef void panic_end_fn(void);
void panic_set_end(panic_end_fn *end);

/* Stops this CPU if another one has panicked. Called where a kick arrives. */
void panic_check(void);

/* EL2 as it was; of panic()'s caller what can be told: PC, SP and frame pointer. */
struct panic_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
};

/* For what runs at the end. */
const struct panic_frame *panic_frame(void);

void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

#endif
