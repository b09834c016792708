/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "vmm/virtio.h"
#include "vmm/worker.h"

/* An entropy device (virtio 1.2, 5.4), fed by Linux's own generator. */
struct virtio_rng {
	struct virtio virtio;
	struct worker worker;
	struct virtqueue_chain chain; /* the worker's */
};

/* All zeros before. Tells what is wrong; virtio_rng_close() is due in any case. */
enum err virtio_rng_open(struct virtio_rng *r, struct vm *vm, uint32_t slot) MUST_CHECK;
void virtio_rng_close(struct virtio_rng *r);

#endif
