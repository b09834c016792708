/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_LOG_H
#define HYP_CORE_LOG_H

#include "abi/bootinfo.h"
#include "lib/bits.h"

/*
 * The hypervisor's log: a ring of text in memory that survives a warm reset, and a sink that
 * shows lines as they come.
 */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * Takes over the ring in bi->log. What a run that panicked left there is kept for
 * log_show_previous(). Boot CPU, before the first log_printf().
 */
void log_init(const struct bootinfo *bi);

/*
 * Where lines of at most `level` go besides the ring. The sink is called without LOCK_LOG,
 * with whole lines. NULL: nowhere.
 */
typedef void log_sink_fn(const char *text, size_t length);
void log_set_sink(log_sink_fn *sink);
void log_set_level(enum log_level level);

/* Writes the end of the crashed run's log to the sink, if there was one. Boot CPU, once. */
void log_show_previous(void);

/*
 * One line; the line end is added. At most LOG_LINE_BYTES are kept. Any CPU; takes LOCK_LOG and
 * what the sink takes.
 */
#define LOG_LINE_BYTES 200
void log_printf(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Lines of this level that there have been. Any CPU. */
uint64_t log_lines(enum log_level level);

/*
 * For what a guest can repeat for ever: true the first time for each bit (taken modulo 64) of
 * *seen, which the caller keeps.
 */
static inline bool log_first(uint64_t *seen, unsigned int bit)
{
	uint64_t mask = BIT(bit & 63);

	return !(__atomic_fetch_or(seen, mask, __ATOMIC_RELAXED) & mask);
}

/*
 * Copies text of at most `bytes` from *position on, counted in bytes since boot, and moves it
 * behind what was copied. *lost: bytes from there on that are not kept any more and were passed
 * over. A position that is still to come copies nothing and stays. Any CPU.
 */
size_t log_read(uint64_t *position, uint8_t *to, size_t bytes, uint64_t *lost);

/* For what comes after a panic, without the lock: text from `position` on, and what there is. */
size_t log_read_panic(uint64_t position, uint8_t *to, size_t bytes);
void log_extent_panic(uint64_t *tail, uint64_t *head);

/* For panic: writes to the ring without its lock and marks the run as crashed. */
void log_write_panic(const char *text, size_t length);

#endif
