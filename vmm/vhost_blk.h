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
	struct dirty_source dirty;
	const char *path; /* the configuration's */
	bool read_only;
	bool opened;
	bool stopped; /* while the device is held */
	int socket;
	int kick, call; /* eventfds */
	atomic_bool dead;
};

/* All zeros before; vhost_blk_close() is due in any case. */
enum err vhost_blk_open(struct vhost_blk *b, struct vm *vm, uint32_t slot,
			const struct disk_config *config) MUST_CHECK;
void vhost_blk_close(struct vhost_blk *b);

/*
 * Of a VM that moves: the daemon ends, and with it all that is done to the file; and one begins,
 * where it comes to, of one that was opened `later`, or, take_back, if it comes to nothing. The
 * device is held. Both tell what is wrong; then there is no daemon. take_back: nothing if it was
 * not let go; it waits for who has the file still, for up to two minutes.
 */
void vhost_blk_let_go(struct vhost_blk *b);
enum err vhost_blk_take_over(struct vhost_blk *b) MUST_CHECK;
enum err vhost_blk_take_back(struct vhost_blk *b) MUST_CHECK;

#endif
