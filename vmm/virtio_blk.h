/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include <sys/uio.h>

#include "vmm/config.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

#define BLK_ID_BYTES 20

/*
 * A block device (virtio 1.2, 5.2) on a raw file or a block device of Linux's. A worker does one
 * request after the other, straight between file and guest memory. The file is locked: one
 * writer, or any number of readers.
 */
struct virtio_blk {
	struct virtio virtio;
	struct worker worker;
	const char *path; /* the configuration's */
	int file;
	bool read_only;
	uint64_t sectors;
	char id[BLK_ID_BYTES + 1];
	struct virtqueue_chain chain; /* the worker's, as what follows */
	struct iovec segment[VIRTQUEUE_SEGMENTS_MAX];
};

/* All zeros before. Tells what is wrong; virtio_blk_close() is due in any case. */
enum err virtio_blk_open(struct virtio_blk *b, struct vm *vm, uint32_t slot,
			 const struct disk_config *config) MUST_CHECK;
void virtio_blk_close(struct virtio_blk *b);

/*
 * The disk of a VM that moves (vmm/diskfile.h); the device is held. let_go, and take_back if it
 * comes to nothing: where it was. take_over: where it comes to, of one that was opened `later`.
 * Told, if it fails.
 */
enum err virtio_blk_let_go(struct virtio_blk *b) MUST_CHECK;
void virtio_blk_take_back(struct virtio_blk *b);
enum err virtio_blk_take_over(struct virtio_blk *b) MUST_CHECK;

#endif
