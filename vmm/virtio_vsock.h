/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_VSOCK_H
#define VMM_VIRTIO_VSOCK_H

#include "vmm/dirty.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

/*
 * A socket device (virtio 1.2, 5.10), served by the service VM's kernel (/dev/vhost-vsock): it
 * works on the rings itself, this program passes notifications on.
 */
struct virtio_vsock {
	struct virtio virtio;
	struct worker worker;
	struct dirty_source dirty; /* which cannot be tracked */
	bool opened;
	int vhost;
	int kick[2]; /* eventfds, for each queue that the kernel serves */
	int call;
};

/* All zeros before. Tells what is wrong; virtio_vsock_close() is due in any case. */
enum err virtio_vsock_open(struct virtio_vsock *s, struct vm *vm, uint32_t slot,
			   uint32_t cid) MUST_CHECK;
void virtio_vsock_close(struct virtio_vsock *s);

#endif
