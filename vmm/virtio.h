/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "lib/virtqueue.h"
#include "vmm/bus.h"

struct stream;
struct stream_section;
struct vm;

/*
 * What all virtio devices have in common: the registers of the MMIO transport (virtio 1.2, 4.2),
 * negotiation, reset, the interrupt. A kind of device adds what its queues mean.
 *
 * Locks, in this order: `lock` for the driver's slow registers; a queue's lock for who works on
 * its buffers; `state_lock`. A device's thread takes the last two only. To reset means to take
 * each queue's lock once: what is in flight is finished then, and nothing follows, because
 * virtio_take() finds the device not live.
 */

#define VIRTIO_QUEUES_MAX   6
#define VIRTIO_CONFIG_BYTES 64

/* Device types (virtio 1.2, 5). */
#define VIRTIO_ID_NET     1
#define VIRTIO_ID_BLOCK   2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG     4
#define VIRTIO_ID_VSOCK   19

/* Feature bits of all devices (6). */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)

/* Device status (2.1). */
#define VIRTIO_ACKNOWLEDGE 0x01
#define VIRTIO_DRIVER      0x02
#define VIRTIO_DRIVER_OK   0x04
#define VIRTIO_FEATURES_OK 0x08
#define VIRTIO_NEEDS_RESET 0x40
#define VIRTIO_FAILED      0x80

struct virtio;

struct virtio_ops {
	/* The driver is ready: buffers may be used, there may be some. Under `lock`. May be NULL.
	 */
	void (*start)(struct virtio *v);
	/* After start(): on return nothing is used any more. Under `lock`. May be NULL. */
	void (*stop)(struct virtio *v);
	/* The driver has put buffers into a queue of a live device. A vCPU's thread, no lock. */
	void (*notify)(struct virtio *v, uint32_t queue);

	/*
	 * For a device whose rings another works on, or that has more to do; each may be NULL.
	 * hold: after it nobody uses the rings or the memory, and queue[].ring is where they stand.
	 * False: that cannot be had, which was told. go_on: as they stand; anew: after a load. Of a
	 * device that is started, under `lock`, no vCPU runs.
	 */
	bool (*hold)(struct virtio *v);
	void (*go_on)(struct virtio *v, bool anew);
	/*
	 * Does this configuration do, of the same device elsewhere? It may be taken over. NULL: it
	 * must be the same.
	 */
	bool (*take_config)(struct virtio *v, const uint8_t config[VIRTIO_CONFIG_BYTES]);
};

struct virtio_queue {
	pthread_mutex_t lock;
	struct virtqueue ring;        /* under it; not started: not ready */
	struct virtqueue_setup setup; /* what the driver wrote; under virtio.lock */
};

struct virtio {
	struct device device;
	struct vm *vm;
	const struct virtio_ops *ops;
	uint32_t id;
	uint32_t intid;
	uint32_t queues;
	uint64_t features; /* that are offered */
	uint8_t config[VIRTIO_CONFIG_BYTES];

	pthread_mutex_t lock;
	uint32_t device_features_sel, driver_features_sel,
		queue_sel; /* under lock, as up to here */
	uint64_t driver_features;
	bool started;
	struct virtio_queue queue[VIRTIO_QUEUES_MAX];

	pthread_mutex_t state_lock;
	atomic_uint status;        /* changed under state_lock */
	atomic_bool held;          /* nothing is taken from the queues for now */
	uint32_t interrupt_status; /* under state_lock */
	uint32_t generation;       /* of the configuration; under state_lock */
	bool level;                /* of the interrupt, as EL2 knows it; under state_lock */
};

/*
 * A device on the board's slot (0 to MACHINE_VIRTIO_SLOTS - 1), reset. features: without those of
 * the transport and of the rings. config is the caller's to fill.
 */
void virtio_init(struct virtio *v, struct vm *vm, uint32_t slot, uint32_t id, uint32_t queues,
		 uint64_t features, const struct virtio_ops *ops);

/* As the driver can do; no vCPU runs. */
void virtio_reset(struct virtio *v);

/* virtqueue_start(), in the VM's memory. */
enum err virtio_ring_start(const struct virtio *v, struct virtqueue *ring,
			   const struct virtqueue_setup *setup) MUST_CHECK;

/* Was this feature negotiated? Settled once the device is live. */
bool virtio_has(const struct virtio *v, uint64_t feature);

/* Between the driver's readiness and a reset, an error, or the VM's end. */
bool virtio_is_live(struct virtio *v);

/* ---- virtio_state.c: while no vCPU runs ---------------------------------------------------- */

/*
 * What is in flight is finished, and nothing more of the guest's memory is used until
 * virtio_go_on(). False: not so, which was told; virtio_go_on() is due all the same.
 */
bool virtio_hold(struct virtio *v) MUST_CHECK;
void virtio_go_on(struct virtio *v);
/* Of a device that is held. */
enum err virtio_save(struct virtio *v, struct stream *s, uint32_t slot) MUST_CHECK;
/* Of one that was reset; then it is held until virtio_begin(). */
enum err virtio_load(struct virtio *v, struct stream *s,
		     const struct stream_section *section) MUST_CHECK;
void virtio_begin(struct virtio *v);

/* ---- for who works on a queue, under its lock --------------------------------------------- */

/* The next buffer; false: there is none, or the device is not (or no longer) live. */
bool virtio_take(struct virtio *v, struct virtio_queue *q, struct virtqueue_chain *chain);
/* Shows the driver what was put, with an interrupt if it wants one. */
void virtio_signal(struct virtio *v, struct virtio_queue *q);

/*
 * `count` of a chain's segments, from `first` on, as the system calls have them: without `skip`
 * bytes at the start, and no more than `bytes`. Returns how many there are in `to`.
 */
uint32_t virtio_iovec(const struct virtqueue_chain *chain, uint32_t first, uint32_t count,
		      uint32_t skip, uint32_t bytes, struct iovec *to);

/* ---- any thread, any lock of the device's ------------------------------------------------- */

/* Buffers were used. */
void virtio_interrupt(struct virtio *v);
/* A field of the configuration is another. */
void virtio_config_changed(struct virtio *v);
/* The driver did what cannot go on: the device waits for a reset (2.1.2). */
void virtio_break(struct virtio *v);

#endif
