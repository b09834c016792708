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
};

/* Says hello: features, and the device's configuration of `bytes` bytes (up to 64). */
enum err vhost_user_begin(struct vhost_user *u, int socket, void *config,
			  uint32_t bytes) MUST_CHECK;

/* Tells the negotiated features and where memory is. No queue runs. */
enum err vhost_user_set_up(struct vhost_user *u, uint64_t features,
			   const struct guestmem *memory) MUST_CHECK;

/* From now on the back end works on the queue; eventfds for both directions. */
enum err vhost_user_start_queue(struct vhost_user *u, uint32_t index, const struct virtqueue *ring,
				int kick, int call) MUST_CHECK;

/* And no longer. */
enum err vhost_user_stop_queue(struct vhost_user *u, uint32_t index) MUST_CHECK;

#endif
