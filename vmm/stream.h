/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_STREAM_H
#define VMM_STREAM_H

#include <stdatomic.h>

#include "abi/snapshot.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * A stream of sections (abi/snapshot.h), written to or read from a file, a pipe or a socket. One
 * thread at a time, but for stream_cancel() and the numbers of progress. After an error nothing
 * more is done: each call returns the first one again, and stream_error() tells it in a sentence
 * without the name of what was read or written.
 */

#define STREAM_ERROR_BYTES 256

struct stream {
	int fd; /* the caller's */
	uint32_t timeout_ms;
	enum err err;
	char error[STREAM_ERROR_BYTES];
	uint64_t sequence;
	uint8_t *contents; /* of the section that was read last */
	size_t room;       /* there */
	void *hash;
	bool ended;
	int cancel; /* an eventfd */
	atomic_bool cancelled;
	_Atomic uint64_t bytes; /* written or read so far */
};

/*
 * timeout_ms: how long the other side may be silent, or take nothing (ERR_BUSY); 0: for ever. A
 * pipe or socket is set not to block. stream_close() is due in any case, and closes not fd.
 */
enum err stream_init(struct stream *s, int fd, uint32_t timeout_ms) MUST_CHECK;
void stream_close(struct stream *s);

/* Whoever waits in a call returns ERR_DENIED; any thread. */
void stream_cancel(struct stream *s);

/* Was it? For long work between the calls. */
bool stream_is_cancelled(const struct stream *s);

/* Notes an error of the contents, unless there is one already; returns the one that holds. */
enum err stream_fail(struct stream *s, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);
/* "" while there is none. */
const char *stream_error(const struct stream *s);

/* ---- writing ------------------------------------------------------------------------------- */

enum err stream_begin(struct stream *s, enum snapshot_kind kind) MUST_CHECK;
/* One section; from may be NULL when bytes is 0. */
enum err stream_write(struct stream *s, uint32_t id, uint32_t instance, uint32_t version,
		      const void *from, size_t bytes) MUST_CHECK;
/* The same of two parts, one behind the other. */
enum err stream_write_parts(struct stream *s, uint32_t id, uint32_t instance, uint32_t version,
			    const void *first, size_t first_bytes, const void *second,
			    size_t second_bytes) MUST_CHECK;

/* ---- reading ------------------------------------------------------------------------------- */

/* A section that has come, whole and with the right checksums; nothing else is known of it. */
struct stream_section {
	uint32_t id;
	uint32_t instance;
	uint32_t version;
	size_t bytes;
	const uint8_t *contents; /* until the next one is read */
};

/* Reads the header: ERR_INVALID: no stream of this kind; ERR_UNSUPPORTED: of a later version. */
enum err stream_open(struct stream *s, enum snapshot_kind kind,
		     struct snapshot_header *header) MUST_CHECK;
/*
 * The next section. ERR_TRUNCATED: the input ends; ERR_INVALID: it is damaged, or was at its end
 * before.
 */
enum err stream_read(struct stream *s, struct stream_section *section) MUST_CHECK;

/*
 * Decoding: the contents as a struct of `bytes` bytes, of this version, copied to `to`; with
 * `more` there may be something behind it. ERR_INVALID or ERR_UNSUPPORTED, told in the stream.
 */
enum err stream_take(struct stream *s, const struct stream_section *section, uint32_t version,
		     void *to, size_t bytes, bool more) MUST_CHECK;

/* What a section is, for messages. */
const char *stream_name(uint32_t id);

#endif
