/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "lib/ring.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

#define VIRTIO_CONSOLE_KEPT_BYTES  16384
#define VIRTIO_CONSOLE_INPUT_BYTES 1024

/*
 * A console device (virtio 1.2, 5.3) with one port. Its other side is a UNIX stream socket that
 * takes one client at a time: the guest never waits for a reader, the newest bytes are kept for
 * the client that has not read them yet, or comes later. Or it is the machine's own console.
 */
struct virtio_console {
	struct virtio virtio;
	struct worker worker;
	const char *path; /* the configuration's */
	bool opened;
	int listener;
	struct virtqueue_chain written; /* under the transmit queue's lock */
	int client;                     /* -1: none. The worker's, as what follows */
	bool receive_waits;
	struct virtqueue_chain chain;
	struct ring kept; /* under the transmit queue's lock */
	uint8_t kept_bytes[VIRTIO_CONSOLE_KEPT_BYTES];

	/* Of the machine's own console; NULL: it is a socket's. */
	const struct virtio_console_own *own;
	atomic_bool tell_size; /* with the next output: Linux looks at it when it is told to */
	pthread_mutex_t input_lock;
	struct ring input; /* under it, to the end */
	bool input_waits;  /* virtio_console_room() was 0 */
	uint8_t input_bytes[VIRTIO_CONSOLE_INPUT_BYTES];
};

/* Called by the device's thread or by a vCPU's; must not wait for the guest. */
struct virtio_console_own {
	void (*output)(void *arg, const uint8_t *bytes, size_t count);
	void (*room)(void *arg); /* after virtio_console_room() was 0 */
	void *arg;
};

/* All zeros before. Tells what is wrong; virtio_console_close() is due in any case. */
enum err virtio_console_open(struct virtio_console *c, struct vm *vm, uint32_t slot,
			     const char *path) MUST_CHECK;
/* The machine's own console. The guest is told its size, 80x24 at first. */
enum err virtio_console_open_own(struct virtio_console *c, struct vm *vm, uint32_t slot,
				 const struct virtio_console_own *own) MUST_CHECK;
void virtio_console_close(struct virtio_console *c);

/* What is more than the virtio device's state; while that is held. */
enum err virtio_console_save(struct virtio_console *c, struct stream *s, uint32_t slot) MUST_CHECK;
enum err virtio_console_load(struct virtio_console *c, struct stream *s,
			     const struct stream_section *section) MUST_CHECK;

/* For the machine's own console; any thread. */
bool virtio_console_is_live(struct virtio_console *c);
size_t virtio_console_room(struct virtio_console *c);
/* No more than there is room for. */
void virtio_console_input(struct virtio_console *c, const uint8_t *bytes, size_t count);
void virtio_console_resize(struct virtio_console *c, uint32_t columns, uint32_t rows);

#endif
