/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "lib/ring.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

#define VIRTIO_CONSOLE_KEPT_BYTES 16384

/*
 * A console device (virtio 1.2, 5.3) with one port, whose other side is a UNIX stream socket that
 * takes one client at a time. The guest never waits for a reader: the newest bytes are kept for
 * the client that has not read them yet, or comes later.
 */
struct virtio_console {
	struct virtio virtio;
	struct worker worker;
	const char *path; /* the configuration's */
	bool opened;
	int listener;
	int client; /* -1: none. The worker's, as what follows */
	bool receive_waits;
	struct virtqueue_chain chain;
	struct ring kept;
	uint8_t kept_bytes[VIRTIO_CONSOLE_KEPT_BYTES];
};

/* All zeros before. Tells what is wrong; virtio_console_close() is due in any case. */
enum err virtio_console_open(struct virtio_console *c, struct vm *vm, uint32_t slot,
			     const char *path) MUST_CHECK;
void virtio_console_close(struct virtio_console *c);

#endif
