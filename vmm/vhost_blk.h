/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VHOST_BLK_H
#define VMM_VHOST_BLK_H

#include "vmm/backend.h"
#include "vmm/config.h"
#include "vmm/vhost_user.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

/*
 * A block device (virtio 1.2, 5.2) on a qcow2 file, served by a process of its own:
 * qemu-storage-daemon, over vhost-user. When that dies the VM ends: requests in flight would
 * never be answered.
 */
struct vhost_blk {
	struct virtio virtio;
	struct worker worker;
	struct backend backend;
	struct vhost_user user;
	const char *path; /* the configuration's */
	bool opened;
	int socket;
	int kick, call; /* eventfds */
	atomic_bool dead;
};

/* All zeros before; vhost_blk_close() is due in any case. */
enum err vhost_blk_open(struct vhost_blk *b, struct vm *vm, uint32_t slot,
			const struct disk_config *config) MUST_CHECK;
void vhost_blk_close(struct vhost_blk *b);

#endif
