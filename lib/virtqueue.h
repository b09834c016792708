/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_VIRTQUEUE_H
#define LIB_VIRTQUEUE_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7), with indirect descriptors and event
 * indexes. Pure. The rings lie in the guest's memory and the guest runs meanwhile, so each field
 * is read once and checked before it is used: whatever the guest writes there, each call ends
 * after at most VIRTQUEUE_SEGMENTS_MAX + VIRTQUEUE_SIZE_MAX descriptors and touches nothing but
 * the rings and what `at` allows. Numbers in the rings are little-endian, as is every machine
 * that this is built for.
 *
 * One thread at a time uses a queue.
 */

#define VIRTQUEUE_SIZE_MAX     256
#define VIRTQUEUE_SEGMENTS_MAX 256

/* Where the bytes at a guest address are; NULL: they are not all memory. */
typedef void *(*virtqueue_at_fn)(const void *memory, uint64_t address, uint64_t bytes);

/* The device has written there: to a ring, or to a buffer. */
typedef void (*virtqueue_wrote_fn)(const void *memory, const void *at, uint64_t bytes);

/* What the driver says of a queue before it is used. */
struct virtqueue_setup {
	uint64_t descriptor; /* guest addresses of the three areas */
	uint64_t driver;     /* the available ring */
	uint64_t device;     /* the used ring */
	uint32_t size;       /* descriptors */
	bool event_index;    /* VIRTIO_F_EVENT_IDX was negotiated */
	bool indirect;       /* VIRTIO_F_INDIRECT_DESC was negotiated */
};

struct virtqueue {
	uint32_t size; /* 0: not started */
	bool event_index;
	bool indirect;
	bool notify_wanted;
	uint16_t avail_next; /* the next entry of the available ring, counted without end */
	uint16_t used_next;  /* the same for the used ring */
	uint16_t used_shown; /* used_next as the driver knows it */
	const uint8_t *descriptor;
	const uint8_t *driver;
	uint8_t *device;
	virtqueue_at_fn at;
	virtqueue_wrote_fn wrote; /* set behind virtqueue_start() by who wants to know; NULL */
	const void *memory;
};

struct virtqueue_segment {
	void *at;
	uint32_t bytes; /* not 0 */
};

/* A buffer of the driver's: what the device may read, then what it may write. */
struct virtqueue_chain {
	uint16_t head;
	uint32_t readable; /* segments */
	uint32_t writable; /* segments behind them */
	uint32_t readable_bytes;
	uint32_t writable_bytes;
	virtqueue_wrote_fn wrote; /* the queue's */
	const void *memory;
	struct virtqueue_segment segment[VIRTQUEUE_SEGMENTS_MAX];
};

/*
 * Begins at the start of the rings. `at` gives the same answer for as long as the queue is used.
 * ERR_INVALID: the size is no power of 2 up to VIRTQUEUE_SIZE_MAX, or an area is not aligned
 * (2.7); ERR_RANGE: an area is not all memory.
 */
enum err virtqueue_start(struct virtqueue *q, const struct virtqueue_setup *setup,
			 virtqueue_at_fn at, const void *memory) MUST_CHECK;

/*
 * Goes on in the middle of the rings, of a queue that was just started: so many entries of the
 * available ring were taken, of the used ring put and shown. Any numbers do; wrong ones end as a
 * driver's do. virtqueue_want_notify() is due.
 */
void virtqueue_seek(struct virtqueue *q, uint16_t avail_next, uint16_t used_next);
/* How far the used ring is, as its memory says: of a queue that another works on. */
uint16_t virtqueue_shown(const struct virtqueue *q);

/* Nothing of the rings is used any more. */
void virtqueue_stop(struct virtqueue *q);

/*
 * Takes the next buffer. ERR_NOT_FOUND: there is none. Any other error: what the driver has put
 * there is not a queue (a loop, a bad address or flag, more entries than there can be), and the
 * device cannot go on with it.
 */
enum err virtqueue_take(struct virtqueue *q, struct virtqueue_chain *chain) MUST_CHECK;

/* Puts back the `count` buffers taken last, as if they had not been taken. */
void virtqueue_untake(struct virtqueue *q, uint16_t count);

/*
 * The buffer is done with; `written` bytes at the start of its writable part were written. The
 * driver sees it with virtqueue_publish().
 */
void virtqueue_put(struct virtqueue *q, uint16_t head, uint32_t written);

/* Shows the driver all that was put, at once. True: it wants an interrupt for that. */
bool virtqueue_publish(struct virtqueue *q);

/*
 * Asks the driver to notify of buffers behind those taken. True: one has come already, so that no
 * notification may follow and the caller looks again. Who lacks some and waits for more asks before
 * he puts back what does not do: afterwards those are what has come already.
 */
bool virtqueue_want_notify(struct virtqueue *q);
/* Notifications are of no use while the device is at work. */
void virtqueue_spare_notify(struct virtqueue *q);

/* Did the device put back all that is available? Also of a queue that another works on. */
bool virtqueue_is_idle(const struct virtqueue *q);

/* Of the bytes of a chain, or a part of them; to and from a plain buffer. */

/* From the readable bytes, `skip` of them left out; returns how many there were, up to `bytes`. */
uint32_t virtqueue_read(const struct virtqueue_chain *chain, uint32_t skip, void *to,
			uint32_t bytes);
/* To the writable bytes, the same way. */
uint32_t virtqueue_write(const struct virtqueue_chain *chain, uint32_t skip, const void *from,
			 uint32_t bytes);
/* To be told of by who writes to the segments himself: bytes of the writable ones, from skip on. */
void virtqueue_wrote(const struct virtqueue_chain *chain, uint32_t skip, uint32_t bytes);

#endif
