/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring's header lives in the same memory as its text, so that the next boot finds it after
 * a warm reset. Nothing read from it then is trusted: the header must add up, the text is
 * filtered when it is shown.
 */
#include "hyp/core/log.h"

#include "arch/aarch64/cache.h"
#include "hyp/core/lock.h"
#include "lib/fmt.h"
#include "lib/ring.h"

#include <string.h>

#define LOG_MAGIC       0x676f6c6e73736961 /* "aissnlog" */
#define LOG_SHOWN_AGAIN 4096               /* bytes of a crashed run's log that are shown */

enum { LOG_RUNNING = 1, LOG_CRASHED = 2 };

/* At the start of the region; the text follows, a power of two in size. */
struct log_header {
	uint64_t magic;
	uint64_t state;
	uint64_t text_bytes;
	uint64_t head;  /* bytes ever put */
	uint64_t check; /* magic ^ text_bytes ^ head */
};

static struct spinlock log_lock = SPINLOCK_INIT(LOCK_LOG);
static struct log_header *header;
static struct ring ring GUARDED_BY(log_lock);
static uint64_t lines[LOG_DEBUG + 1]; /* changed with the lock held */
static log_sink_fn *log_sink;
static enum log_level log_level = LOG_INFO;

static uint8_t previous[LOG_SHOWN_AGAIN];
static size_t previous_bytes;

static void keep_previous(const uint8_t *text, uint64_t text_bytes)
{
	uint64_t start, i;

	if (header->magic != LOG_MAGIC || header->state != LOG_CRASHED ||
	    header->text_bytes != text_bytes ||
	    header->check != (LOG_MAGIC ^ text_bytes ^ header->head))
		return;
	start = header->head > sizeof(previous) ? header->head - sizeof(previous) : 0;
	for (i = start; i < header->head; i++)
		previous[previous_bytes++] = text[i & (text_bytes - 1)];
}

void log_init(const struct bootinfo *bi) NO_THREAD_CHECK
{
	uint8_t *text = (uint8_t *)bi->log.base + sizeof(*header);
	uint64_t text_bytes = BIT(63 - __builtin_clzll(bi->log.bytes - sizeof(*header)));

	header = (struct log_header *)bi->log.base;
	keep_previous(text, text_bytes);
	ring_init(&ring, text, text_bytes);
	*header = (struct log_header){.magic = LOG_MAGIC,
				      .state = LOG_RUNNING,
				      .text_bytes = text_bytes,
				      .check = LOG_MAGIC ^ text_bytes};
}

void log_set_sink(log_sink_fn *sink)
{
	log_sink = sink;
}

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_show_previous(void)
{
	static const char first[] =
		"The run before this one ended in a panic. The end of its log:\n";
	static const char last[] = "End of the log of the run before.\n";
	size_t i;

	if (previous_bytes == 0 || !log_sink)
		return;
	for (i = 0; i < previous_bytes; i++) {
		if (previous[i] != '\n' && (previous[i] < ' ' || previous[i] > '~'))
			previous[i] = '?';
	}
	log_sink(first, sizeof(first) - 1);
	log_sink((const char *)previous, previous_bytes);
	log_sink(last, sizeof(last) - 1);
}

static void put_text(const char *text, size_t length) REQUIRES(log_lock)
{
	size_t i;

	for (i = 0; i < length; i++)
		ring_put_over(&ring, (uint8_t)text[i]);
	header->head = ring.head;
	header->check = LOG_MAGIC ^ header->text_bytes ^ ring.head;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_BYTES + 2];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(line, LOG_LINE_BYTES, fmt, args);
	va_end(args);
	if (length > LOG_LINE_BYTES - 1)
		length = LOG_LINE_BYTES - 1;
	line[length++] = '\n';
	lock_acquire(&log_lock);
	put_text(line, length);
	if (level < ARRAY_SIZE(lines))
		__atomic_store_n(&lines[level], lines[level] + 1, __ATOMIC_RELAXED);
	lock_release(&log_lock);
	if (log_sink && level <= log_level)
		log_sink(line, length);
}

uint64_t log_lines(enum log_level level)
{
	return __atomic_load_n(&lines[level], __ATOMIC_RELAXED);
}

size_t log_read(uint64_t *position, uint8_t *to, size_t bytes, uint64_t *lost)
{
	uint64_t from = *position;
	size_t n;

	lock_acquire(&log_lock);
	*lost = from < ring.tail ? ring.tail - from : 0;
	n = ring_copy(&ring, from + *lost, to, bytes);
	lock_release(&log_lock);
	*position = from + *lost + n;
	return n;
}

size_t log_read_panic(uint64_t position, uint8_t *to, size_t bytes) NO_THREAD_CHECK
{
	return position < ring.tail ? 0 : ring_copy(&ring, position, to, bytes);
}

void log_extent_panic(uint64_t *tail, uint64_t *head) NO_THREAD_CHECK
{
	*tail = ring.tail;
	*head = ring.head;
}

void log_write_panic(const char *text, size_t length) NO_THREAD_CHECK
{
	put_text(text, length);
	header->state = LOG_CRASHED;
	/* To outlive a reset it must be in memory, not just in this CPU's cache. */
	cache_clean_poc((uint64_t)header, sizeof(*header) + header->text_bytes);
}
