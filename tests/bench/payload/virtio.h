/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_VIRTIO_H
#define BENCH_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Just enough of a driver for virtio 1.2 over MMIO (4.2) to read a disk and to send a packet, one
 * request at a time. Each device's interrupt is edge-triggered and goes to CPU 0: a handler has
 * nothing to do but to end it.
 */

#define VIRTIO_BLOCK_BYTES 4096

/* False: there is no such device. */
bool virtio_blk_open(void);
bool virtio_net_open(void);

/* Makes a request ready; returns where to store *value (32 bits) to start it. */
uint64_t virtio_blk_prepare(uint32_t *value);
/* After the interrupt: true if what was to be read is there. */
bool virtio_blk_finish(void);

/* A question of address resolution, which whoever is at the other end answers. */
uint64_t virtio_net_prepare(uint32_t *value);
/* After the interrupt: true if this was the answer. */
bool virtio_net_finish(void);

#endif
