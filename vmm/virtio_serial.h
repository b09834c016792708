/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_SERIAL_H
#define VMM_VIRTIO_SERIAL_H

#include "lib/ring.h"
#include "lib/vserial.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

#define VIRTIO_SERIAL_KEPT_BYTES KIB(64)

/*
 * A console device (virtio 1.2, 5.3) with one port that has a name, for a program in the guest to
 * talk to one on the host: VIRTIO_CONSOLE_F_MULTIPORT. The host's end is a UNIX stream socket for
 * one client at a time; while there is one, others are let go at once.
 *
 * For the guest the port is always open. What it sends is dropped while there is no client; a
 * client that does not take it for two seconds while no more fits is let go. So what a client gets
 * is whole up to its end, and nobody in the guest waits for long. What a client sends stays in its
 * socket until the guest's program has the port open and there are buffers.
 */
struct virtio_serial {
	struct virtio virtio;
	struct worker worker;
	const char *name; /* of the port */
	bool opened;
	int listener;
	int timer;         /* a timerfd: patience with the client */
	atomic_bool fresh; /* the device was reset: the worker begins anew */
	atomic_bool open;  /* port.open, for others */

	/* The worker's. */
	struct vserial port;
	int client; /* -1: none */
	bool input_ended;
	bool receive_waits; /* for a buffer of the guest's */
	bool held;          /* the guest has output that does not fit */
	bool patient;       /* the timer runs */
	uint32_t done;      /* bytes of the held buffer that were taken */
	struct ring kept;
	struct virtqueue_chain chain;
	uint8_t kept_bytes[VIRTIO_SERIAL_KEPT_BYTES];
};

/* name: static. All zeros before. virtio_serial_close() is due. */
void virtio_serial_open(struct virtio_serial *s, struct vm *vm, uint32_t slot, const char *name);
/* Listens at `path`, and begins to work; no vCPU runs yet. Tells what is wrong. */
enum err virtio_serial_listen(struct virtio_serial *s, const char *path) MUST_CHECK;
void virtio_serial_close(struct virtio_serial *s);

/*
 * What is more than the virtio device's state, while that is held: the port. A client is the
 * host's, and not in it.
 */
enum err virtio_serial_save(struct virtio_serial *s, struct stream *to, uint32_t slot) MUST_CHECK;
enum err virtio_serial_load(struct virtio_serial *s, struct stream *from,
			    const struct stream_section *section) MUST_CHECK;

/* Does a program in the guest have the port open? Any thread. */
bool virtio_serial_is_open(struct virtio_serial *s);

#endif
