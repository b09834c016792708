/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VHOST_USER_H
#define VMM_VHOST_USER_H

#include "lib/bits.h"
#include "lib/err.h"
#include "lib/virtqueue.h"
#include "vmm/guestmem.h"

/*
 * The front end's side of vhost-user (QEMU's docs/interop/vhost-user.rst): what a device's driver
 * has set up is told to another process, which works on the rings. Every answer is waited for
 * VHOST_USER_ANSWER_SECONDS at most; what answers wrongly or not is as good as dead. One thread
 * at a time.
 */
#define VHOST_USER_ANSWER_SECONDS 20

struct vhost_user {
	int socket;
	uint64_t features; /* of the back end */
	bool can_log;      /* it notes what it writes, if it is asked to */
	int log_file;      /* where to; -1: nowhere */
	uint64_t log_bytes;
};

/* Says hello: features, and the device's configuration of `bytes` bytes (up to 64). */
enum err vhost_user_begin(struct vhost_user *u, int socket, void *config,
			  uint32_t bytes) MUST_CHECK;

/* Tells the negotiated features and where memory is. No queue runs. */
enum err vhost_user_set_up(struct vhost_user *u, uint64_t features,
			   const struct guestmem *memory) MUST_CHECK;

/*
 * Notes in the log, which is shared memory, what it writes, a bit for each page of 4 KiB from guest
 * address 0: also while a queue runs, whose ring is `setup` then (else NULL). file: -1 for no more.
 */
enum err vhost_user_log(struct vhost_user *u, uint64_t features, int file, uint64_t bytes,
			const struct virtqueue *ring,
			const struct virtqueue_setup *setup) MUST_CHECK;

/*
 * From now on the back end works on the queue, from where the ring stands; eventfds for both
 * directions.
 */
enum err vhost_user_start_queue(struct vhost_user *u, uint32_t index, const struct virtqueue *ring,
				const struct virtqueue_setup *setup, int kick, int call) MUST_CHECK;

/* And no longer; *next: where it stands in the available ring. */
enum err vhost_user_stop_queue(struct vhost_user *u, uint32_t index, uint16_t *next) MUST_CHECK;

#endif
